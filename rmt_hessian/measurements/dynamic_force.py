"""[D]'s dynamic force: the structure of the Hessian along a training."""

from typing import Annotated

import numpy as np

from rmt_hessian.hessian.from_network import network_hessian
from rmt_hessian.measurements.layer_pairs import pairs_of_layers
from rmt_hessian.measurements.registry import measurement
from rmt_hessian.measurements.structure_of_network import (
    conditioning,
    quotient,
    structure_of_network,
    three_samples,
)
from rmt_hessian.measurements.trained import DATA, TrainingRun
from rmt_hessian.model.accuracy import accuracy, fitted
from rmt_hessian.model.training import mean_loss, train

MOST_WEIGHTS = 700  # of a network whose condition numbers are computed: 0.3 s
LONGEST = 2000  # iterations of L-BFGS from the last network to its optimum
PARTS = ("cross", "residual", "curvature")
OF_LAYERS = ("ratio", "share", "population_ratio", "population_share")  # scalars, layer by layer
OF_NETWORK = ("share_by_unit", "share_by_layer")


def three_fresh_samples(run):
    """Refuse a run that leaves less than 3 of the data unseen: see `three_samples`."""
    if run.inputs in DATA and run.n_samples > (most := DATA[run.inputs][1] - 3):
        wanted = f"at most {most}, so that 3 of {run.inputs} are unseen"
        raise ValueError(f"n_samples must be {wanted}, got {run.n_samples}")


@measurement(version=2, stream=1)
def dynamic_force(rng, *, run: Annotated[TrainingRun, three_samples, three_fresh_samples]):
    """Shares and norms of the parts of the Hessian, checkpoint by checkpoint.

    Arrays, the first axis the checkpoint: ``checkpoints``, after which step; ``losses``, ``gaps``,
    ``accuracies``, ``weight_norms``; the columns of `structure_of_network`. With ``fresh_`` in
    front: at the same weights, of samples that the training has not seen, as many, or the rest of
    the data. Trained weights depend on those that it has seen, so that pairs of different ones are
    not independent.

    A gap is what is minimised minus `optimum`. Scalars: ``initial_`` and ``final_`` values; those
    of a layer end in its number; between layers the root of the sum over pairs of squared norms,
    relative: over that of the geometric means. ``…_exponent``: of norms in the gap, `exponent`.
    Condition numbers are NaN of more than 700 weights.
    """
    done = run.train(rng)
    path, loss = done.path, run.loss
    samples = {"": (done.X, done.y), "fresh_": (done.fresh_X, done.fresh_y)}
    found = {"checkpoints": path.steps, "losses": path.losses}
    found["weight_norms"] = np.sqrt([sum(np.sum(W**2) for W in n.weights) for n in path.networks])
    decay = run.weight_decay / 2 * found["weight_norms"] ** 2
    found["gaps"] = np.maximum(path.losses + decay - optimum(done), 0.0)
    for prefix, (X, y) in samples.items():
        rows = [structure_of_network(net, X, y, loss) for net in path.networks]
        found |= {f"{prefix}{name}": np.array([row[name] for row in rows]) for name in rows[0]}
        found[f"{prefix}accuracies"] = np.array([accuracy(n, X, y) for n in path.networks])
        found |= {f"{prefix}{name}": value for name, value in _of_all_pairs(found, prefix).items()}
    found["fresh_losses"] = np.array(
        [mean_loss(n, *samples["fresh_"], loss) for n in path.networks]
    )
    return _scalars(found) | _exponents(found) | _conditions(done) | found


def optimum(done):
    """The lowest value, near the last network, of what is minimised.

    Of CE without weight decay 0 where the network fits all labels: its last layer times t → ∞ gets
    there. Else the value where L-BFGS ends that starts there, at most 2,000 iterations later.
    """
    run, net = done.run, done.path.network
    if run.loss == "ce" and run.weight_decay == 0.0 and fitted(net(done.X), done.y).all():
        return 0.0
    mu = run.weight_decay
    path = train(net, done.X, done.y, run.loss, weight_decay=mu, steps=LONGEST, checkpoints=[])
    decay = (sum(np.sum(W**2) for W in n.weights) for n in path.networks)
    return min(L + mu / 2 * square for L, square in zip(path.losses, decay, strict=True))


def exponent(gaps, norms):
    """Slope of the logarithms, where the gap is positive and below a quarter of that at the start.

    NaN where fewer than 3 checkpoints are such, or a norm is 0 there.

    Examples
    --------
    >>> round(exponent([9.0, 2.0, 1.0, 0.5], [100.0, 4.0, 1.0, 0.25]), 12)
    2.0
    """
    gaps, norms = np.asarray(gaps), np.asarray(norms)
    late = (gaps > 0) & (gaps < gaps[0] / 4)
    if late.sum() < 3 or not (norms[late] > 0).all():
        return np.nan
    return float(np.polyfit(np.log(gaps[late]), np.log(norms[late]), 1)[0])


def _of_all_pairs(found, prefix):
    """Norms of all that lies between layers, (checkpoints,); NaN of a single layer."""
    norms = {part: found[f"{prefix}{part}_norm"] for part in PARTS}
    if norms["cross"].shape[1] == 0:
        names = [f"all_{part}_{kind}" for part in PARTS for kind in ("norm", "relative")]
        return dict.fromkeys([*names, "all_residual_share"], np.full(len(norms["cross"]), np.nan))
    squares = {part: np.sum(of_pairs**2, axis=1) for part, of_pairs in norms.items()}
    layers = found[f"{prefix}layer_norm"]
    means = sum(layers[:, l] * layers[:, m] for l, m in pairs_of_layers(layers.shape[1]))
    both = squares["residual"] + squares["curvature"]
    totals = {"all_residual_share": quotient(squares["residual"], both)}
    for part, square in squares.items():
        totals[f"all_{part}_norm"] = np.sqrt(square)
        totals[f"all_{part}_relative"] = np.sqrt(quotient(square, means))
    return totals


def _scalars(found):
    """First and last values."""
    scalars = {}
    for when, place in (("initial", 0), ("final", -1)):
        for name, singular in (
            ("losses", "loss"),
            ("fresh_losses", "fresh_loss"),
            ("accuracies", "accuracy"),
            ("fresh_accuracies", "fresh_accuracy"),
            ("gaps", "gap"),
            ("weight_norms", "weight_norm"),
        ):
            scalars[f"{when}_{singular}"] = found[name][place]
        for prefix in ("", "fresh_"):
            of_pairs = [f"{part}_{kind}" for part in PARTS for kind in ("norm", "relative")]
            for name in (*of_pairs, "residual_share"):
                scalars[f"{when}_{prefix}{name}"] = found[f"{prefix}all_{name}"][place]
            for name in OF_NETWORK:
                for kind in ("", "population_"):
                    scalars[f"{when}_{prefix}{kind}{name}"] = found[f"{prefix}{kind}{name}"][place]
            for name in OF_LAYERS:
                for layer, value in enumerate(found[f"{prefix}{name}"][place]):
                    scalars[f"{when}_{prefix}{name}_{layer}"] = value
    return scalars


def _exponents(found):
    return {
        f"{part}_exponent": exponent(found["gaps"], found[f"all_{part}_norm"]) for part in PARTS
    }


def _conditions(done):
    """Condition numbers of the first and the last network."""
    scalars = {}
    for when, place in (("initial", 0), ("final", -1)):
        net = done.path.networks[place]
        H = network_hessian(net, done.X, done.y, done.run.loss)
        if H.shape[0] <= MOST_WEIGHTS:
            values = conditioning(H)
        else:
            names = ("condition", "condition_by_unit", "condition_by_layer", "rank")
            values = dict.fromkeys(names, np.nan)
        scalars |= {f"{when}_{name}": value for name, value in values.items()}
    return scalars
