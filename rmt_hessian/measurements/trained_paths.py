"""The path of gradient descent beside the optima of falling ridges, and what theory predicts."""

from dataclasses import KW_ONLY, dataclass

import numpy as np

from rmt_hessian.hessian.from_network import layer_hessian
from rmt_hessian.measurements.parameters import Classes, Count, NotNegative, Positive
from rmt_hessian.measurements.registry import measurement
from rmt_hessian.measurements.trained_laws import (
    SoftmaxRun,
    optimum,
    predicted_numbers,
    trained_numbers,
)
from rmt_hessian.model.networks import Network
from rmt_hessian.model.training import train
from rmt_hessian.theory import trained_softmax


@dataclass(frozen=True)
class PathsRun:
    """Gradient descent from zero beside optima of ridges: which inputs, how many steps."""

    _: KW_ONLY
    n_inputs: Count
    n_classes: Classes
    n_samples: Count
    separation: NotNegative
    largest_ridge: Positive
    smallest_ridge: Positive
    n_ridges: Count
    gradient_steps: Count
    learning_rate: Positive

    def at(self, ridge):
        """The `SoftmaxRun` of one ridge."""
        names = "n_inputs", "n_classes", "n_samples", "separation"
        return SoftmaxRun(ridge=ridge, **{name: getattr(self, name) for name in names})

    @property
    def ridges(self):
        """From the largest down, evenly in the logarithm."""
        return np.geomspace(self.largest_ridge, self.smallest_ridge, self.n_ridges).tolist()

    def __post_init__(self):
        self.at(self.largest_ridge)


@measurement(version=1)
def trained_paths(rng, *, run: PathsRun):
    """One sample, two paths: optima of falling ridges, and gradient descent without a ridge.

    Arrays along each of the numbers of `trained_numbers`: ``ridge_`` and ``descent_``, and of the
    optima ``predicted_``. Scalars: the largest relative deviation of gradient descent from the
    predicted optima at equal ‖V‖, of losses and R, where both are between the ends of the optima.
    """
    _, seen, new = run.at(run.largest_ridge).samples(rng)
    predicted, optima, V = [], [], None
    for ridge in run.ridges:
        net = optimum(*seen, run.n_classes, ridge, start=V)
        V = net.weights[0]
        optima.append(trained_numbers(net, _hessian(net, seen), seen, new))
        trained = trained_softmax(run.at(ridge).ensemble(), ridge=ridge)
        predicted.append(predicted_numbers(trained))
    path = train(
        Network([np.zeros_like(V)]),
        *seen,
        "ce",
        optimiser="gd",
        steps=run.gradient_steps,
        learning_rate=run.learning_rate,
    )
    descent = [
        trained_numbers(net, _hessian(net, seen), seen, new)
        for net, step in zip(path.networks, path.steps, strict=True)
        if step > 0
    ]
    result = {}
    for prefix, rows in (("predicted", predicted), ("ridge", optima), ("descent", descent)):
        result |= {f"{prefix}_{name}": np.array([row[name] for row in rows]) for name in rows[0]}
    return result | {
        f"deviation_{name}": _deviation(result, name)
        for name in ("train_loss", "test_loss", "ratio")
    }


def _hessian(net, seen):
    return layer_hessian(net, seen[0], 0, "ce")


def _deviation(paths, name):
    """Largest relative difference of gradient descent from the prediction at equal ‖V‖."""
    known, at = paths["predicted_weight_norm"], paths["descent_weight_norm"]
    within = (known.min() <= at) & (at <= known.max())
    if not within.any():
        return np.nan
    order, values = np.argsort(known), np.log(paths[f"predicted_{name}"])
    there = np.interp(np.log(at[within]), np.log(known[order]), values[order])
    return float(np.abs(paths[f"descent_{name}"][within] / np.exp(there) - 1).max())
