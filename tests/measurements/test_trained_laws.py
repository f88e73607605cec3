"""Measurements of trained softmax regression, heads and paths: columns, oracles, refusals."""

import numpy as np
import pytest

import rmt_hessian as rh
from rmt_hessian.compare import ks_distance
from rmt_hessian.measurements.trained_heads import HeadRun, trained_heads
from rmt_hessian.measurements.trained_laws import (
    RANKS,
    SoftmaxRun,
    optimum,
    response,
    trained_laws,
    trained_numbers,
)
from rmt_hessian.measurements.trained_paths import PathsRun, trained_paths
from rmt_hessian.theory import trained_softmax

RUN = SoftmaxRun(n_inputs=40, n_classes=3, n_samples=160, ridge=0.05, separation=2.5)
PATHS = PathsRun(
    n_inputs=30,
    n_classes=3,
    n_samples=120,
    separation=2.0,
    largest_ridge=1.0,
    smallest_ridge=0.01,
    n_ridges=3,
    gradient_steps=30,
    learning_rate=0.5,
)
HEADS = {
    "random": {
        "features": "random",
        "data": "mixture",
        "n_inputs": 20,
        "n_classes": 3,
        "n_units": 15,
        "separation": 0.0,
    },
    "random of classes": {
        "features": "random",
        "data": "mixture",
        "n_inputs": 20,
        "n_classes": 3,
        "n_units": 15,
        "separation": 3.0,
    },
    "trained": {
        "features": "trained",
        "data": "mixture",
        "n_inputs": 20,
        "n_classes": 3,
        "n_units": 15,
        "separation": 3.0,
        "training_steps": 20,
    },
    "pixels": {"features": "inputs", "data": "digits"},
    "random of digits": {"features": "random", "data": "digits", "n_units": 12},
    "trained on digits": {
        "features": "trained",
        "data": "digits",
        "n_units": 12,
        "training_steps": 20,
    },
}


def test_columns_and_what_they_are():
    result = trained_laws(np.random.default_rng(1), run=RUN)
    rng = np.random.default_rng(1)
    means, seen, new = RUN.samples(rng)
    net = optimum(*seen, 3, RUN.ridge)
    H = rh.layer_hessian(net, seen[0], 0, "ce")
    numbers = trained_numbers(net, H, seen, new) | response(net.weights[0], means)
    trained = trained_softmax(RUN.ensemble(), ridge=RUN.ridge)
    for name, value in numbers.items():
        assert result[name] == pytest.approx(value, rel=1e-6)
    assert result["predicted_train_loss"] == trained.train_loss
    assert result["predicted_q"] == pytest.approx(trained.logit_variance)
    assert result["predicted_a"] == pytest.approx(trained.mean_response)
    assert result["predicted_ratio"] == trained.block_norms().ratio
    for name, matrix, law, fresh in (
        ("diagonal", H.block(0, 0), trained.block_law(0, 0), trained.block_law(0, 0, fresh=True)),
        (
            "off_diagonal",
            H.block(0, 1),
            trained.block_law(0, 1),
            trained.block_law(0, 1, fresh=True),
        ),
        ("layer", H.to_dense(), trained.layer_law(), trained.layer_law(fresh=True)),
    ):
        values = np.linalg.eigvalsh(matrix)
        np.testing.assert_allclose(result[f"{name}_eigenvalues"], values, atol=1e-12)
        assert result[f"ks_{name}"] == pytest.approx(ks_distance(values, law), abs=1e-9)
        other = ks_distance(values, fresh)
        assert result[f"ks_without_prox_{name}"] == pytest.approx(other, abs=1e-9)
        np.testing.assert_allclose(result[f"{name}_quantiles"], law.ppf(RANKS))
    outliers = trained.layer_outliers()
    farthest = max(outliers, key=lambda o: o.place)
    assert result["layer_predicted_place"] == farthest.place
    assert result["layer_predicted_multiplicity"] == farthest.multiplicity == 2
    top = np.linalg.eigvalsh(H.to_dense())[-2:]
    assert result["layer_place"] == pytest.approx(top.mean())
    vectors = np.linalg.eigh(H.to_dense())[1][:, -2:]
    Q = np.linalg.qr(means.T)[0]
    overlap = np.mean([np.sum((v.reshape(3, 40) @ Q) ** 2) for v in vectors.T])
    assert result["layer_means_overlap"] == pytest.approx(overlap)
    assert result["layer_overlap"] >= result["layer_means_overlap"]


def test_the_optimum_has_no_gradient():
    _, (X, y), _ = RUN.samples(np.random.default_rng(3))
    (V,) = optimum(X, y, 3, RUN.ridge).weights
    f = X @ V.T
    p = np.exp(f - f.max(axis=1, keepdims=True))
    p /= p.sum(axis=1, keepdims=True)
    p[np.arange(len(y)), y] -= 1
    assert np.abs(p.T @ X / len(y) + RUN.ridge * V).max() < 1e-7


def test_an_outlier_between_the_bulk_and_zero_is_paired_with_that_end():
    """Off the diagonal the bulk is negative: its end near 0 is the upper one."""
    run = SoftmaxRun(n_inputs=60, n_classes=3, n_samples=1500, ridge=0.003, separation=0.0)
    result = trained_laws(np.random.default_rng(0), run=run)
    place = result["off_diagonal_predicted_place"]
    hi = result["off_diagonal_edges"][1]
    values = result["off_diagonal_eigenvalues"]
    if np.isfinite(place):
        assert result["off_diagonal_place"] == (values[-1] if place > hi else values[0])
    layer = result["layer_predicted_place"]
    if np.isfinite(layer) and layer < result["layer_edges"][0]:
        n = result["layer_predicted_multiplicity"]
        some = result["layer_eigenvalues"]
        assert result["layer_place"] == pytest.approx(some[some > 1e-9][:n].mean())


def test_separation_zero_has_labels_of_one_size():
    run = SoftmaxRun(n_inputs=12, n_classes=4, n_samples=40, ridge=0.1)
    _, (X, y), (_, new) = run.samples(np.random.default_rng(0))
    assert np.bincount(y).tolist() == [10] * 4
    assert X.shape == (40, 12)
    assert len(new) == 160


def test_noise_of_weights_is_scaled_to_all_dimensions():
    rng = np.random.default_rng(0)
    means = np.linalg.qr(rng.standard_normal((12, 4)))[0].T
    V = 3 * rng.standard_normal((4, 12))
    V = V - V.mean(axis=0)
    across = V @ (np.eye(12) - means.T @ means)
    found = response(V, means)
    assert found["q"] == pytest.approx(np.trace(across @ across.T) / 3 * 12 / 8)
    assert response(2.0 * means, means)["a"] == pytest.approx(2.0)


def test_paths():
    result = trained_paths(np.random.default_rng(0), run=PATHS)
    for path in ("predicted", "ridge"):
        assert result[f"{path}_train_loss"].shape == (3,)
        assert (np.diff(result[f"{path}_weight_norm"]) > 0).all()
        assert (np.diff(result[f"{path}_train_loss"]) < 0).all()
    assert (np.diff(result["descent_weight_norm"]) > 0).all()
    known, at = result["predicted_weight_norm"], result["descent_weight_norm"]
    inside = (at >= known[0]) & (at <= known[-1])
    there = np.exp(np.interp(np.log(at), np.log(known), np.log(result["predicted_train_loss"])))
    expected = np.abs(result["descent_train_loss"] / there - 1)[inside].max()
    assert result["deviation_train_loss"] == pytest.approx(expected)


@pytest.mark.parametrize("name", HEADS)
def test_heads(name):
    run = HeadRun(**HEADS[name], n_samples=200, ridge=0.05)
    result = trained_heads(np.random.default_rng(2), run=run)
    p = run.widths[-2]
    assert result["diagonal_eigenvalues"].shape == (p,)
    for of in ("train_loss", "test_loss", "test_accuracy", "weight_norm", "ratio", "share"):
        assert np.isfinite(result[of])
        assert result[f"predicted_{of}"] == pytest.approx(result[of], rel=0.6, abs=0.1)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"separation": -1.0}, "separation"),
        ({"n_inputs": 3}, "n_inputs must be above n_classes, 3, got 3"),
        ({"correlation": 0.5}, "correlation means nothing without n_groups, got 0.5"),
        ({"n_groups": 2}, "n_classes must be a multiple of the 2 groups, got 3"),
    ],
)
def test_runs_that_cannot_be(change, message):
    parameters = {"n_inputs": 40, "n_classes": 3, "n_samples": 160, "ridge": 0.05}
    with pytest.raises(ValueError, match=message):
        SoftmaxRun(**parameters | change)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"n_units": None},
            "n_units must be given with features = 'random' and data = 'mixture', got None",
        ),
        ({"training_steps": 3}, "training_steps must not be given with features = 'random'"),
        ({"features": "inputs", "n_units": None}, "features must not be inputs of a mixture"),
        (
            {"data": "digits"},
            "n_inputs must not be given with features = 'random' and data = 'digits', got 20",
        ),
    ],
)
def test_heads_that_cannot_be(change, message):
    with pytest.raises(ValueError, match=message):
        HeadRun(**HEADS["random"] | change, n_samples=200, ridge=0.05)
