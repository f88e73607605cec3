"""The path of a training: which networks along it are kept, and what is kept of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from rmt_hessian._checks.arguments import list_of, positive_integer
from rmt_hessian._types import FloatArray, IntArray, Progress
from rmt_hessian.model.gradients import Objective
from rmt_hessian.model.networks import Network

Callback: TypeAlias = Callable[[int, Network, float], object]  # callback(step, network, loss)


@dataclass(frozen=True, eq=False, repr=False)
class TrainingPath:
    """Networks along a training, the first before it, the last at its end.

    Attributes
    ----------
    networks : tuple of Network, length K
    steps : numpy.ndarray of int, shape (K,)
        After how many steps, ascending from 0.
    losses : numpy.ndarray, shape (K,)
        Mean loss over the samples, without weight decay.
    gradient_norms : numpy.ndarray, shape (K,)
        Largest entry in size of the gradient of what is minimised, over all samples and with weight
        decay.
    converged : bool
        Whether the last of them is at most the tolerance.
    """

    networks: tuple[Network, ...]
    steps: IntArray
    losses: FloatArray
    gradient_norms: FloatArray
    converged: bool

    @property
    def network(self) -> Network:
        """The last."""
        return self.networks[-1]

    def __repr__(self) -> str:
        told = f"{len(self.networks)} networks, {self.steps[-1]} steps"
        return f"TrainingPath({told}, loss {self.losses[0]:.3g} to {self.losses[-1]:.3g})"


def checkpoint_steps(checkpoints: int | Sequence[int], total: int) -> set[int]:
    """After which steps a network is kept, beside the first and the last one."""
    if not hasattr(checkpoints, "__len__") or getattr(checkpoints, "ndim", 1) == 0:
        number = positive_integer(checkpoints, "checkpoints")
        return set(np.round(np.geomspace(1, total, number)).astype(int).tolist())
    steps = list_of(checkpoints, "checkpoints", "steps")
    return {positive_integer(k, f"checkpoints[{n}]", minimum=0) for n, k in enumerate(steps)}


@dataclass(eq=False)
class Recorder:
    """What is called after each step; keeps some of the networks.

    Attributes
    ----------
    last : tuple
        Step and parameters of the last call.
    """

    objective: Objective
    total: int
    kept_steps: set[int]
    callback: Callback | None
    progress: Progress | None

    def __post_init__(self) -> None:
        self.last = 0, self.objective.start
        self.rows: list[tuple[int, Network, float, float]] = []

    def __call__(self, step: int, theta: FloatArray) -> None:
        """After each step."""
        self.last = step, theta
        if self.progress is not None:
            self.progress(step, self.total)
        if step in self.kept_steps:
            self.keep(step, theta)

    def keep(self, step: int, theta: FloatArray) -> None:
        """Once for each step."""
        if self.rows and self.rows[-1][0] == step:
            return
        loss = self.objective.mean_loss(theta)
        slope = float(np.abs(self.objective.gradient(theta)).max())
        network = self.objective.network(theta)
        self.rows.append((step, network, loss, slope))
        if self.callback is not None:
            self.callback(step, network, loss)

    def path(self, tolerance: float) -> TrainingPath:
        """Of the networks that were kept."""
        steps, networks, losses, slopes = zip(*self.rows, strict=True)
        converged = slopes[-1] <= tolerance
        return TrainingPath(
            networks, np.array(steps), np.array(losses), np.array(slopes), converged
        )
