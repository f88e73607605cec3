"""Measurements of PAC-Bayes bounds: their columns by hand, refusals, files of one's own."""

import numpy as np
import pytest
from scipy.stats import spearmanr

import rmt_hessian as rh
from rmt_hessian.bounds.curvature import curvatures
from rmt_hessian.bounds.prior import PriorVariances
from rmt_hessian.bounds.quadratic import quadratic_optimum
from rmt_hessian.measurements import bounds_run
from rmt_hessian.measurements.bounds_run import BoundsRun
from rmt_hessian.measurements.pac_bayes import FAMILIES, N_AVERAGED, N_FRESH_DRAWS, pac_bayes
from rmt_hessian.measurements.pac_bayes_search import SEARCHED, STARTS, pac_bayes_search
from rmt_hessian.model.parameter_vector import parameter_vector

RUN = {"widths": [64, 5, 2], "images": "digits", "n_samples": 200, "training_steps": 40}
QUICK = {"steps": 30, "n_draws": 20}
TERMS = ["bound", "mcallester", "risk", "sampling", "kl", "complexity", "prior_variance"]


@pytest.fixture(scope="module")
def measured():
    return pac_bayes(np.random.default_rng(0), run=BoundsRun(**RUN, **QUICK))


def test_terms_are_those_of_the_bound(measured):
    """The first families again, step by step with the same generator."""
    rng, run = np.random.default_rng(0), BoundsRun(**RUN, **QUICK)
    initial, trained, seen, fresh = run.train(rng)
    assert measured["trained_risk"] == np.mean(trained(seen[0]).argmax(axis=1) != seen[1])
    assert measured["trained_test_risk"] == np.mean(trained(fresh[0]).argmax(axis=1) != fresh[1])
    assert measured["n_parameters"] == 64 * 5 + 5 * 2
    for name in ("isotropic", "standard", "kronecker"):
        found = run.bound(initial, trained, seen, rng, **FAMILIES[name])
        q = found.posterior
        expected = [found.bound, found.mcallester, found.empirical_risk, found.sampling_term]
        expected += [found.kl, found.complexity, found.prior_variance]
        np.testing.assert_array_equal([measured[f"{name}_{term}"] for term in TERMS], expected)
        risks = q.risks(*fresh, N_FRESH_DRAWS, rng)
        assert measured[f"{name}_test_risk"] == risks.mean()
        moved = parameter_vector(q.network) - parameter_vector(initial)
        assert measured[f"{name}_distance"] == pytest.approx(np.linalg.norm(moved))
        averaged = np.mean(
            [curvatures(q.draw(rng), seen[0], q.basis) for _ in range(N_AVERAGED)], axis=0
        )
        at = {
            "at_trained": curvatures(trained, seen[0], q.basis),
            "at_mean": curvatures(q.network, seen[0], q.basis),
            "averaged": averaged,
        }
        if name == "isotropic":
            at = {key: np.full_like(h, h.mean()) for key, h in at.items()}
        for key, h in at.items():
            ratio = np.log(q.variances / found.quadratic_variances(h))
            assert measured[f"{name}_{key}"] == pytest.approx(np.sqrt(np.mean(ratio**2)))
        distance = np.sum((parameter_vector(trained) - parameter_vector(initial)) ** 2)
        best = quadratic_optimum(at["at_trained"], distance, found.penalty, found.loss_scale)
        assert measured[f"{name}_predicted_kl"] == pytest.approx(best.cost.kl)
        found_there = (at["averaged"], q.squared_distance, found.penalty, found.loss_scale)
        expected = quadratic_optimum(*found_there).cost.kl
        assert measured[f"{name}_averaged_kl"] == pytest.approx(expected)
        assert measured[f"{name}_predicted_excess"] == pytest.approx(best.excess_loss)
        free = q.variances < 0.9 * found.prior_variance
        assert measured[f"{name}_free_share"] == np.mean(free)
        if name == "isotropic":
            assert np.isnan(measured["isotropic_alignment"])
        elif free.sum() > 2:  # all directions are shown: 330
            expected = spearmanr(1 / q.variances[free], averaged[free])[0]
            assert measured[f"{name}_alignment"] == pytest.approx(expected)
        np.testing.assert_allclose(np.sort(measured[f"{name}_variances"]), np.sort(q.variances))
        assert np.all(np.diff(measured[f"{name}_curvatures"]) >= 0)


def test_exact_where_it_fits(measured):
    assert "exact_bound" in measured
    run = BoundsRun(**RUN, **QUICK)
    without = pac_bayes(np.random.default_rng(0), run=run, largest_exact=319)
    assert "exact_bound" not in without
    assert without["recomputed_bound"] == measured["recomputed_bound"]


def test_search_doubles_its_steps():
    run = BoundsRun(**RUN, steps=5, n_draws=20)
    found = pac_bayes_search(np.random.default_rng(0), run=run, n_doublings=2)
    np.testing.assert_array_equal(found["all_steps"], [5, 10, 20])
    rng = np.random.default_rng(0)
    initial, trained, seen, _ = run.train(rng)
    first = run.bound(initial, trained, seen, rng, steps=5, basis="standard", start="curvature")
    assert found["standard_curvature_bounds"][0] == first.bound
    for name in SEARCHED:
        for start in STARTS:
            assert found[f"{name}_{start}_bound"] == found[f"{name}_{start}_bounds"][-1]
            assert found[f"{name}_{start}_bounds"].shape == (3,)


def test_samples():
    """Grey values, digits or even and odd, random labels; those unseen are the others."""
    X, digits = rh.digits()
    rows = {row.tobytes(): label for row, label in zip(X, digits, strict=True)}
    for n_classes in (2, 10):
        run = BoundsRun(**RUN | {"widths": [64, n_classes]})
        initial, trained, (X0, y0), (X1, y1) = run.train(np.random.default_rng(1))
        assert (X0.shape, len(X1)) == ((200, 64), 1597)
        assert not np.array_equal(X0, X[:200])  # MNIST lies class by class
        labels = [rows[x.tobytes()] for x in np.concatenate([X0, X1])]
        np.testing.assert_array_equal(np.concatenate([y0, y1]), np.array(labels) % n_classes)
        assert not np.array_equal(initial.weights[0], trained.weights[0])
    run = BoundsRun(**RUN, random_labels=True)
    _, _, (X0, y0), _ = run.train(np.random.default_rng(1))
    labels = np.array([rows[x.tobytes()] for x in X0]) % 2
    assert 0.3 < np.mean(labels == y0) < 0.7


def test_files_of_ones_own(tmp_path, rng):
    images, labels = rng.integers(256, size=(60, 4, 4)), np.arange(60) % 10
    for name, array in (("images-idx3", images), ("labels-idx1", labels)):
        sizes = b"".join(int(n).to_bytes(4) for n in array.shape)
        raw = bytes([0, 0, 8, array.ndim]) + sizes + array.astype(np.uint8).tobytes()
        (tmp_path / f"train-{name}-ubyte").write_bytes(raw)
    files = {"images": "files", "folder": str(tmp_path), "n_samples": 40, "training_steps": 5}
    run = BoundsRun(widths=[16, 10], **files, **QUICK, training_batch=10, batch_size=20)
    found = pac_bayes(np.random.default_rng(0), run=run)
    assert 0 < found["kronecker_bound"] <= 1
    for changed, match in (
        ({"widths": [15, 10]}, "images must have 15 pixels, got 16"),
        ({"n_samples": 60}, "images must be more than 60, got 60"),
    ):
        with pytest.raises(ValueError, match=match):
            BoundsRun(**{"widths": [16, 10]} | files | changed).train(np.random.default_rng(0))


@pytest.mark.parametrize(
    ("changed", "match"),
    [
        ({"widths": [63, 2]}, "widths must begin with 64, as digits have, got 63"),
        ({"widths": [64, 3]}, "widths must end with 2 or 10, got 3"),
        ({"images": "mnist"}, "widths must begin with 784"),
        ({"images": "files"}, "folder must be given with images = 'files'"),
        ({"folder": "here"}, "folder must not be given with images = 'digits', got here"),
        ({"n_samples": 1797}, "n_samples must be below 1797"),
        ({"steps": 4}, "steps must be at least 5, got 4"),
        ({"batch_size": 201}, "batch_size must be at most n_samples, 200, got 201"),
        ({"training_batch": 201}, "training_batch must be at most n_samples, 200, got 201"),
    ],
)
def test_runs_are_checked(changed, match):
    with pytest.raises(ValueError, match=match):
        BoundsRun(**RUN | changed)


def test_options_go_where_they_belong(monkeypatch):
    """Of a run whose every field is unusual."""
    given = {}
    train = bounds_run.train

    def trained(*arguments, **options):
        given.update(training=options)
        return train(*arguments, **options)

    monkeypatch.setattr(bounds_run, "train", trained)
    monkeypatch.setattr(bounds_run, "pac_bayes_bound", lambda *a, **options: given.update(options))
    options = {"training_rate": 0.003, "training_batch": 7, "steps": 17, "learning_rate": 0.07}
    options |= {"batch_size": 9, "n_draws": 11, "largest_prior_variance": 0.6}
    run, rng = BoundsRun(**RUN, **options, activation="tanh"), np.random.default_rng(0)
    initial, network, seen, _ = run.train(rng)
    run.bound(initial, network, seen, rng, basis="exact")
    training = given.pop("training")
    assert (training["learning_rate"], training["batch_size"], training["steps"]) == (0.003, 7, 40)
    assert (training["optimiser"], training["schedule"]) == ("adam", "cosine")
    assert initial.activation.name == "tanh"
    assert given.pop("prior") == PriorVariances(0.6)
    assert given.pop("rng") is rng
    assert given == {
        "steps": 17,
        "learning_rate": 0.07,
        "batch_size": 9,
        "n_draws": 11,
        "basis": "exact",
    }
