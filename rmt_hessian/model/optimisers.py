"""Ways to lower a function of parameters: each records them step by step.

References
----------
Liu and Nocedal (1989): L-BFGS; Kingma and Ba, arXiv 1412.6980: Adam.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from dataclasses import MISSING, dataclass, fields
from typing import Any, Literal, Protocol, TypeAlias

import numpy as np
from scipy.optimize import minimize

from rmt_hessian._checks.arguments import (
    one_of,
    positive_integer,
    positive_real,
    real_number,
    refuse_given,
)
from rmt_hessian._types import FloatArray, IntArray

Schedule: TypeAlias = Literal["constant", "cosine"]
Record: TypeAlias = Callable[[int, FloatArray], object]  # record(step, θ), StopIteration ends

MEMORY = 20  # pairs of steps and gradients that L-BFGS keeps
RESTART = 1e-9  # relative decrease that makes another search worth while
MOST = 10_000  # iterations of L-BFGS where nobody says how many
DECAY = 0.9, 0.999  # of Adam's moments
SMALL = 1e-8  # added to its root mean square


class Differentiable(Protocol):
    """What is lowered: `Objective`, or another mean over samples."""

    @property
    def start(self) -> FloatArray:
        """The first parameters."""

    @property
    def n_samples(self) -> int:
        """N."""

    def gradient(self, theta: FloatArray, samples: IntArray | None = None) -> FloatArray:
        """Of the mean over some samples, or over all."""


class WithValue(Differentiable, Protocol):
    """What a line search needs besides."""

    def value_and_gradient(self, theta: FloatArray) -> tuple[float, FloatArray]:
        """Over all samples."""


@dataclass(frozen=True)
class LBFGS:
    """SciPy's L-BFGS, to the optimum: steps are iterations, each a line search.

    Where the search finds no lower value, at a kink of ReLU or because of rounding, it begins anew
    without its memory, as long as that lowers the objective by 1e-9 of it.

    Attributes
    ----------
    steps : int
        At most so many.
    tolerance : float
        It ends where no entry of the gradient is larger.
    """

    tolerance: float
    steps: int = MOST

    def run(self, objective: WithValue, record: Record, rng: np.random.Generator | None) -> None:
        """Minimise from ``objective.start``."""
        step, ended = 0, False

        def after_iteration(intermediate_result: object) -> None:
            nonlocal step, ended
            step += 1
            try:
                record(step, np.array(intermediate_result.x))  # type: ignore[attr-defined]
            except StopIteration:  # which SciPy swallows
                ended = True
                raise

        theta, before = objective.start, np.inf
        while step < self.steps:
            most = self.steps - step
            found = minimize(
                objective.value_and_gradient,
                theta,
                jac=True,
                method="L-BFGS-B",
                callback=after_iteration,
                options={
                    "maxcor": MEMORY,
                    "maxiter": most,
                    "maxfun": 100 * most,
                    "maxls": 50,
                    "gtol": self.tolerance,
                    "ftol": 0.0,
                },
            )
            stuck = found.nit == 0 or found.fun > before - RESTART * abs(before)
            if ended or stuck or np.abs(found.jac).max() <= self.tolerance:
                return
            theta, before = found.x, found.fun


@dataclass(frozen=True)
class _FirstOrder(ABC):
    """Steps ``θ ← θ - η_k u_k`` with u made of the gradients so far.

    Attributes
    ----------
    tolerance : float
        As of L-BFGS; looked at where the path is recorded.
    steps : int
    learning_rate : float
        η, in the first step.
    schedule : {"constant", "cosine"}
        ``η_k = η``, or ``η (1 + cos(πk/steps))/2`` for k = 0 … steps-1.
    batch_size : int or None
        Samples of a step: those of an epoch are a random order of all, the last batch may be
        smaller. None for all of them.
    """

    tolerance: float
    steps: int
    learning_rate: float
    schedule: Schedule = "constant"
    batch_size: int | None = None

    def rate(self, k: int) -> float:
        """``η_k``."""
        if self.schedule == "constant":
            return self.learning_rate
        return self.learning_rate * (1.0 + np.cos(np.pi * k / self.steps)) / 2.0

    def batches(self, n_samples: int, rng: np.random.Generator | None) -> Iterator[IntArray | None]:
        """The samples of each step."""
        while self.batch_size is None or rng is None:
            yield None
        while True:
            order = rng.permutation(n_samples)
            for start in range(0, n_samples, self.batch_size):
                yield order[start : start + self.batch_size]

    @abstractmethod
    def directions(self) -> Callable[[FloatArray], FloatArray]:
        """A function of each gradient in turn that returns u."""

    def run(
        self, objective: Differentiable, record: Record, rng: np.random.Generator | None
    ) -> None:
        """Take the steps from ``objective.start``."""
        theta, direction = objective.start, self.directions()
        batches = self.batches(objective.n_samples, rng)
        for k in range(self.steps):
            with np.errstate(over="ignore", invalid="ignore"):  # the next pass would see it
                theta = theta - self.rate(k) * direction(objective.gradient(theta, next(batches)))
            record(k + 1, theta)


@dataclass(frozen=True)
class GradientDescent(_FirstOrder):
    """``u_k = β u_{k-1} + g_k``: momentum β (Polyak's heavy ball), 0 for none."""

    momentum: float = 0.0

    def directions(self) -> Callable[[FloatArray], FloatArray]:  # noqa: D102
        u: FloatArray | float = 0.0

        def direction(g: FloatArray) -> FloatArray:
            nonlocal u
            u = self.momentum * u + g
            return u

        return direction


@dataclass(frozen=True)
class Adam(_FirstOrder):
    """Adam (Kingma and Ba, arXiv 1412.6980): ``u = m̂/(√v̂ + 1e-8)``.

    m and v are running means of g and g², 0.9 and 0.999, without their bias towards 0.
    """

    def directions(self) -> Callable[[FloatArray], FloatArray]:  # noqa: D102
        m: FloatArray | float = 0.0
        v: FloatArray | float = 0.0
        k, (a, b) = 0, DECAY

        def direction(g: FloatArray) -> FloatArray:
            nonlocal m, v, k
            k += 1
            m, v = a * m + (1 - a) * g, b * v + (1 - b) * (g * g)
            return (m / (1 - a**k)) / (np.sqrt(v / (1 - b**k)) + SMALL)

        return direction


Optimiser: TypeAlias = LBFGS | GradientDescent | Adam
OPTIMISERS = {"lbfgs": LBFGS, "gd": GradientDescent, "adam": Adam}


def get_optimiser(name: str, **options: Any) -> Optimiser:
    """The optimiser of a name with its options, of which those that are None are not given.

    Raises
    ------
    ValueError
        If the name is unknown, an option is needed, means nothing for it, or is out of its range.
    """
    kind = OPTIMISERS[one_of(name, tuple(OPTIMISERS), "optimiser")]
    own = {field.name: field for field in fields(kind)}
    given = {}
    for option, value in options.items():
        if option not in own:
            refuse_given(value, option, f"optimiser {name!r}")
        elif value is not None:
            given[option] = _CHECKS[option](value, option)
        elif own[option].default is MISSING:
            raise ValueError(f"{option} must be given for optimiser {name!r}, got None")
    return kind(**given)


def refuse_larger_batches(batch_size: int | None, n_samples: int) -> None:
    """Raise ValueError if a batch would have more samples than there are."""
    if batch_size is not None and batch_size > n_samples:
        raise ValueError(f"batch_size must be at most {n_samples}, all samples, got {batch_size}")


def _schedule(value: Any, name: str) -> Any:
    return one_of(value, ("constant", "cosine"), name)


def _momentum(value: Any, name: str) -> float:
    beta = real_number(value, name)
    if not 0 <= beta < 1:
        raise ValueError(f"{name} must be at least 0 and below 1, got {value!r}")
    return beta


_CHECKS = {
    "tolerance": positive_real,
    "steps": positive_integer,
    "learning_rate": positive_real,
    "schedule": _schedule,
    "momentum": _momentum,
    "batch_size": positive_integer,
}
