"""Last layers trained above fixed features, random or real, beside what theory predicts.

Theory takes features of a class as Gaussian about its mean, with one covariance for all classes.
"""

from dataclasses import KW_ONLY, dataclass
from typing import Literal

import numpy as np

from rmt_hessian.compare import ks_distance
from rmt_hessian.ensemble import Ensemble
from rmt_hessian.hessian.from_network import layer_hessian
from rmt_hessian.measurements.blocks import BLOCKS
from rmt_hessian.measurements.parameters import Count, NotNegative, Positive
from rmt_hessian.measurements.registry import measurement
from rmt_hessian.measurements.trained import DATA, TrainingRun
from rmt_hessian.measurements.trained_laws import (
    LAWS,
    RANKS,
    optimum,
    predicted_numbers,
    trained_numbers,
)
from rmt_hessian.mixture import Mixture
from rmt_hessian.model.mixtures import draw_mixture, mixture_means
from rmt_hessian.model.networks import Network
from rmt_hessian.theory import trained_head, trained_softmax

MEASURED = 20_000  # samples of a drawn mixture from which moments of features are measured


@dataclass(frozen=True)
class HeadRun:
    """What a head is trained on.

    ``features``: "random", ReLU units of random weights, on a mixture of this separation (0: labels
    independent of the inputs); "trained", ReLU units of a network that Adam has trained on the
    same samples; "inputs" themselves. ``data``: "mixture", or the digits or MNIST images, each
    pixel standardised.
    """

    _: KW_ONLY
    features: Literal["random", "trained", "inputs"]
    data: Literal["mixture", "digits", "mnist"]
    n_samples: Count
    ridge: Positive
    n_units: Count | None = None
    n_inputs: Count | None = None
    n_classes: Count | None = None
    separation: NotNegative | None = None
    training_steps: Count | None = None

    def __post_init__(self):
        own, features = self.data == "mixture", self.features
        wanted = {"n_units": features != "inputs", "training_steps": features == "trained"}
        wanted |= {"n_inputs": own, "n_classes": own, "separation": own}
        for name, needed in wanted.items():
            if needed != (getattr(self, name) is not None):
                must = "be given" if needed else "not be given"
                of = f"features = {self.features!r} and data = {self.data!r}"
                raise ValueError(f"{name} must {must} with {of}, got {getattr(self, name)}")
        if self.data == "mixture" and self.features == "inputs":
            raise ValueError("features must not be inputs of a mixture: measure trained_laws")
        self.training_run()

    @property
    def widths(self):
        """Of the network below and with the head."""
        d, K = self.n_inputs, self.n_classes
        if self.data != "mixture":
            d, K = DATA[self.data][2], 10
        return [d, K] if self.n_units is None else [d, self.n_units, K]

    def training_run(self):
        """The `TrainingRun` that draws data, and trains what is below the head."""
        steps = self.training_steps or 1
        separation = 0.0 if self.separation is None else self.separation
        return TrainingRun(
            widths=self.widths,
            loss="ce",
            n_samples=self.n_samples,
            inputs=self.data,
            steps=steps,
            separation=separation,
            learning_rate=0.003,
            schedule="cosine",
            n_checkpoints=1,
        )


@measurement(version=1)
def trained_heads(rng, *, run: HeadRun):
    """Train a head to its optimum above fixed features; numbers as in `trained_laws`.

    Moments are exact for random features of inputs without classes; else measured, on more samples
    of a mixture, and on all images of real data, those that the head is trained on among them.
    """
    seen, new, trained = _features(run, rng)
    net = optimum(*seen, run.widths[-1], run.ridge)
    H = layer_hessian(net, seen[0], 0, "ce")
    result = trained_numbers(net, H, seen, new)
    result |= {f"predicted_{name}": value for name, value in predicted_numbers(trained).items()}
    for name, block in BLOCKS.items():
        values = np.linalg.eigvalsh(H.block(*block))
        result[f"{name}_eigenvalues"] = values
        for prefix, fresh in LAWS.items():
            law = trained.block_law(*block, fresh=fresh)
            result[f"ks_{prefix}{name}"] = ks_distance(values, law)
            result[f"{name}_{prefix}quantiles"] = law.ppf(RANKS)
    return result


def _features(run, rng):
    """Features with labels of training and of new samples, and the theory."""
    K = run.widths[-1]
    if run.data != "mixture":
        trained = run.training_run().train(rng)
        net = trained.path.networks[0 if run.features == "random" else -1]
        seen = _above(net, run, trained.X), trained.y
        new = _above(net, run, trained.fresh_X), trained.fresh_y
        both = np.concatenate([seen[0], new[0]]), np.concatenate([seen[1], new[1]])
        return seen, new, _theory(run, *both)
    d = run.n_inputs
    means = mixture_means(Mixture(run.separation), K, d, rng)
    mixture = Mixture(run.separation, means=means)
    net = Network.random(run.widths, rng)
    sizes = run.n_samples, run.n_samples, MEASURED
    (X, y), (fresh_X, fresh_y), (more_X, more_y) = (
        draw_mixture(mixture, n, d, K, rng) for n in sizes
    )
    if run.features == "trained":
        net = run.training_run().path(net, X, y, rng).network
    seen, new = (_above(net, run, X), y), (_above(net, run, fresh_X), fresh_y)
    if run.separation == 0 and run.features == "random":
        ens = Ensemble(run.widths, -1, "ce", run.n_samples).given(net, [0])
        return seen, new, trained_softmax(ens, ridge=run.ridge)
    return seen, new, _theory(run, _above(net, run, more_X), more_y)


def _above(net, run, X):
    """Features of the head."""
    return X if run.features == "inputs" else np.maximum(X @ net.weights[0].T, 0.0)


def _theory(run, Z, y):
    """Of the measured class means, the pooled covariance within classes and the frequencies."""
    K = run.widths[-1]
    counts = np.bincount(y, minlength=K)
    means = np.stack([Z[y == k].mean(axis=0) for k in range(K)])
    within = Z - means[y]
    covariance = within.T @ within / (len(Z) - K)
    return trained_head(means, covariance, run.n_samples, ridge=run.ridge, frequencies=counts)
