"""The laws that are compared, and the points at which they are evaluated."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from rmt_hessian import theory

ATOMS = (2, 8, 64, 1000, 10_000)
N_POINTS = 1000


@dataclass(frozen=True, eq=False)
class Case:
    """A law: weights of equal probability, and the family (plain or compound) it belongs to."""

    name: str
    family: str
    weights: np.ndarray
    aspect_ratio: float

    def __str__(self):
        return f"{self.name} weights, K = {self.weights.size}, γ = {self.aspect_ratio}"

    @property
    def probabilities(self):
        """Equal probabilities."""
        return np.full(self.weights.size, 1.0 / self.weights.size)

    @cached_property
    def law(self):
        """The law by this package: it gives the support, on which the points are chosen."""
        return theory.GeneralizedMarchenkoPastur(
            self.weights, self.probabilities, self.aspect_ratio
        )


def cases(atoms=ATOMS):
    """Plain laws, then positive and signed weights evenly spread over [½, 2] and [-1, 2]."""
    result = [Case("plain", "plain", np.ones(1), gamma) for gamma in (0.25, 0.5, 2.0)]
    for name, lo, hi in (("positive", 0.5, 2.0), ("signed", -1.0, 2.0)):
        for gamma in (0.3, 2.0):
            for n in atoms:
                weights = lo + (hi - lo) * (np.arange(n) + 0.5) / n
                result.append(Case(name, "compound", weights, gamma))
    return result


def density_points(law, n=N_POINTS):
    """Points of each interval of the support in proportion to its mass, 2 % away from its ends.

    Returns the points (n,) and the width (n,) of the interval of each.
    """
    share = np.cumsum(law.component_masses())
    owner = np.searchsorted(share / share[-1], (np.arange(n) + 0.5) / n)
    x, width = np.empty(n), np.empty(n)
    for k, (lo, hi) in enumerate(law.components()):
        mine = np.flatnonzero(owner == k)
        x[mine] = lo + (hi - lo) * (0.02 + 0.96 * (np.arange(mine.size) + 0.5) / max(mine.size, 1))
        width[mine] = hi - lo
    return x, width


def distribution_points(law, n=N_POINTS):
    """Evenly spread points of the whole support: gaps and the space beside the atom are in it."""
    lo, hi = law.support()
    return lo + (hi - lo) * (np.arange(n) + 0.5) / n
