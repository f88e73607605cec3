"""The Hessian along a training: every column again from the networks of the path."""

import numpy as np
import pytest

import rmt_hessian as rh
from rmt_hessian.measurements.dynamic_force import dynamic_force, exponent, optimum
from rmt_hessian.measurements.structure_of_network import structure_of_network
from rmt_hessian.measurements.trained import TrainingRun
from rmt_hessian.spectra.conditioning import block_preconditioning
from rmt_hessian.sweep.parameters import arguments
from tests import oracles
from tests.measurements.columns import SEED, assert_columns
from tests.tolerances import ITERATIVE

ADAM = {"optimiser": "adam", "learning_rate": 0.02, "steps": 40, "n_checkpoints": 5}
CASES = [
    {"widths": [5, 4, 3], "loss": "ce", "inputs": "clusters"},
    {"widths": [5, 4, 3, 3], "loss": "mse", "inputs": "gaussian", "weight_decay": 0.01},
    {"widths": [4, 3], "loss": "ce", "inputs": "gaussian"},
]


def run_of(case, **others):
    return TrainingRun(**{"n_samples": 14, **ADAM, **case, **others})


def mean_loss(net, X, y, loss):
    rows = np.eye(net.widths[-1])[y]
    if loss == "mse":
        return np.mean(np.sum((net(X) - rows) ** 2, axis=1)) / 2
    return -np.mean(np.log(oracles.softmax(net(X))[rows == 1]))


def accuracy(logits, labels):
    """A label is found where no other logit is as large."""
    pairs = zip(logits, labels, strict=True)
    return np.mean([np.count_nonzero(f >= f[label]) == 1 for f, label in pairs])


def totals(columns):
    """Norms of all that lies between layers, of one checkpoint."""
    kinds = ("cross", "residual", "curvature")
    norms = {kind: np.linalg.norm(columns[f"{kind}_norm"]) for kind in kinds}
    layers = columns["layer_norm"]
    pairs = [(l, m) for l in range(len(layers)) for m in range(l + 1, len(layers))]
    means = np.sqrt(sum(layers[l] * layers[m] for l, m in pairs))
    found = {"all_residual_share": np.nan}
    if pairs:
        share = norms["residual"] ** 2 / (norms["residual"] ** 2 + norms["curvature"] ** 2)
        found = {"all_residual_share": share}
    for kind, value in norms.items():
        found[f"all_{kind}_norm"] = value if pairs else np.nan
        found[f"all_{kind}_relative"] = value / means if pairs else np.nan
    return found


def expected(run):
    done = run.train(np.random.default_rng(SEED))
    nets, loss = done.path.networks, run.loss
    samples = {"": (done.X, done.y), "fresh_": (done.fresh_X, done.fresh_y)}
    norms = [np.sqrt(sum(np.sum(W**2) for W in net.weights)) for net in nets]
    found = {"checkpoints": done.path.steps, "weight_norms": norms}
    for prefix, (X, y) in samples.items():
        rows = [structure_of_network(net, X, y, loss) for net in nets]
        rows = [row | totals(row) for row in rows]
        found |= {f"{prefix}{name}": [row[name] for row in rows] for name in rows[0]}
        found[f"{prefix}losses"] = [mean_loss(net, X, y, loss) for net in nets]
        found[f"{prefix}accuracies"] = [accuracy(net(X), y) for net in nets]
    penalties = run.weight_decay / 2 * np.square(norms)
    found["gaps"] = np.array(found["losses"]) + penalties - optimum(done)
    for name in ("cross", "residual", "curvature"):
        of_path = exponent(found["gaps"], found[f"all_{name}_norm"])
        found[f"{name}_exponent"] = of_path
    names = {"loss": "losses", "accuracy": "accuracies"}
    names |= {f"fresh_{name}": f"fresh_{of_path}" for name, of_path in names.items()}
    names |= {"gap": "gaps", "weight_norm": "weight_norms"}
    kinds = ("cross", "residual", "curvature")
    of_pairs = [f"{kind}_{what}" for kind in kinds for what in ("norm", "relative")]
    for prefix in ("", "fresh_"):
        names |= {
            f"{prefix}{name}": f"{prefix}all_{name}" for name in (*of_pairs, "residual_share")
        }
        for population in ("", "population_"):
            for by in ("unit", "layer"):
                name = f"{prefix}{population}share_by_{by}"
                names[name] = name
    layers = [f"{p}{q}{name}" for p in ("", "fresh_") for q in ("", "population_")
              for name in ("ratio", "share")]  # fmt: skip
    for when, place in (("initial", 0), ("final", -1)):
        found |= {f"{when}_{name}": found[of_path][place] for name, of_path in names.items()}
        for name in layers:
            for layer, value in enumerate(found[name][place]):
                found[f"{when}_{name}_{layer}"] = value
        H = rh.network_hessian(nets[place], *samples[""], loss)
        units, of_layers = (block_preconditioning(H, by=by) for by in ("unit", "layer"))
        found[f"{when}_condition"], found[f"{when}_rank"] = units.before, units.rank
        found[f"{when}_condition_by_unit"] = units.after
        found[f"{when}_condition_by_layer"] = of_layers.after
    return found


@pytest.mark.parametrize("case", CASES)
def test_every_column(case):
    run = run_of(case)
    result = dynamic_force(np.random.default_rng(SEED), run=run)
    assert len(result["checkpoints"]) == len(result["fresh_share"]) > 3
    assert_columns(result, expected(run), ITERATIVE)


def test_wide_networks_have_no_condition_number():
    result = dynamic_force(
        np.random.default_rng(SEED),
        run=run_of(CASES[0], widths=[5, 88, 3], steps=1, n_checkpoints=1),
    )
    assert np.isnan([result["initial_condition"], result["final_condition_by_unit"]]).all()


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"n_samples": 1}, "n_samples must be at least 3, got 1"),
        ({"n_samples": 2}, "n_samples must be at least 3, got 2"),
        (
            {"inputs": "digits", "widths": [64, 10], "n_samples": 1795},
            "n_samples must be at most 1794, so that 3 of digits are unseen, got 1795",
        ),
        ({"inputs": "mnist", "widths": [784, 10], "n_samples": 4998}, "must be at most 4997, so"),
    ],
)
def test_too_few_samples_are_refused_before_the_training(change, told):
    with pytest.raises(ValueError, match=told):
        arguments(dynamic_force, CASES[2] | ADAM | {"n_samples": 14} | change)


@pytest.mark.parametrize(
    "least",
    [{"n_samples": 3}, {"inputs": "digits", "widths": [64, 10], "n_samples": 1794}],
    ids=["samples", "fresh"],
)
def test_three_samples_are_enough(least):
    values = CASES[2] | ADAM | {"steps": 1, "n_checkpoints": 1} | least
    found = dynamic_force(np.random.default_rng(SEED), **arguments(dynamic_force, values))
    errors = [found[f"{sample}population_share_error"] for sample in ("", "fresh_")]
    assert np.isfinite(errors).all()


# --- the optimum --------------------------------------------------------------------------------


def test_fitted_labels_have_the_optimum_zero():
    """Of CE; not of MSE, and not with weight decay."""
    case = CASES[0] | {"steps": 300}
    done = run_of(case).train(np.random.default_rng(SEED))
    assert np.mean(done.path.network(done.X).argmax(axis=1) == done.y) == 1
    assert optimum(done) == 0
    last = done.path.network
    grown = rh.Network([*last.weights[:-1], 1e3 * last.weights[-1]])
    assert mean_loss(grown, done.X, done.y, "ce") < 1e-12
    decayed = run_of(case, weight_decay=0.01).train(np.random.default_rng(SEED))
    assert optimum(decayed) > 0.01


@pytest.mark.parametrize("loss", ["ce", "mse"])
def test_the_optimum_of_labels_that_are_not_fitted(loss):
    """Convex: of a linear model, that of any start."""
    run = run_of({"widths": [3, 3], "loss": loss, "inputs": "gaussian", "n_samples": 40})
    done = run.train(np.random.default_rng(SEED))
    best = rh.train(rh.Network([np.zeros((3, 3))]), done.X, done.y, loss).losses[-1]
    assert optimum(done) == pytest.approx(best, rel=1e-9)
    assert done.path.losses[-1] > best * (1 + 1e-6)


def test_exponents_are_of_the_late_checkpoints_and_need_three():
    gaps = np.array([1.0, 0.5, 0.2, 0.1, 0.01, 0.0])
    norms = np.array([77.0, 55.0, *np.sqrt(gaps[2:])])
    assert exponent(gaps, norms) == pytest.approx(0.5)
    assert np.isnan(exponent(gaps[:4], norms[:4]))
    assert np.isnan(exponent(gaps, 0 * norms))


def test_late_is_below_a_quarter_of_the_first_gap():
    gaps = np.array([8.0, 2.01, 2.0, 1.99, 1.0, 0.5])
    norms = np.array([1.0, 500.0, 500.0, *gaps[3:] ** 2])  # not below: of no power
    assert exponent(gaps, norms) == pytest.approx(2.0)
    assert np.isnan(exponent(gaps[:5], norms[:5]))
