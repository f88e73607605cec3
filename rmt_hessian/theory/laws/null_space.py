"""A law with a null space added: a share of eigenvalues that are exactly 0."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from rmt_hessian._checks.arguments import instance_of
from rmt_hessian._checks.arrays import complex_array
from rmt_hessian._checks.distributions import probability
from rmt_hessian._types import Elementwise, FloatArray, Intervals
from rmt_hessian.theory.laws.spectral_law import SpectralLaw


class WithNullSpace(SpectralLaw):
    """``(1 - mass) · law + mass · δ_0``.

    Parameters
    ----------
    law : SpectralLaw
    mass : float
        Share of the null space, in [0, 1).

    Raises
    ------
    ValueError
        If the law is none of this package, or the mass not in [0, 1).

    References
    ----------
    ``docs/laws.md`` §4.

    Examples
    --------
    >>> from rmt_hessian.theory import MarchenkoPastur
    >>> law = WithNullSpace(MarchenkoPastur(2.0), 0.5)
    >>> law.atom_at_zero, law.mean()
    (0.75, 0.5)
    """

    def __init__(self, law: SpectralLaw, mass: float) -> None:
        self.law = instance_of(law, SpectralLaw, "law")
        self.mass = probability(mass, "mass", below_one=True)
        self.atom_at_zero = self.mass + (1 - self.mass) * law.atom_at_zero

    def components(self) -> Intervals:  # noqa: D102
        return self.law.components()

    def component_masses(self) -> FloatArray:  # noqa: D102
        return (1 - self.mass) * self.law.component_masses()

    def moment(self, k: int) -> float:  # noqa: D102
        return (1 - self.mass) * self.law.moment(k) + (self.mass if k == 0 else 0.0)

    def _variance(self) -> tuple[float, int]:
        inner, exponent = self.law._variance()
        mean = np.ldexp(self.law.mean(), -exponent)
        return float((1 - self.mass) * (inner + self.mass * mean**2)), exponent

    def stieltjes(self, z: ArrayLike) -> Elementwise:  # noqa: D102
        z = complex_array(z, "z")
        with np.errstate(divide="ignore", invalid="ignore"):
            of_zero = self.mass / z if self.mass > 0 else 0.0  # not 0/0 at z = 0
            s = (1 - self.mass) * self.law.stieltjes(z) - of_zero
        return np.where((z == 0) & (self.atom_at_zero > 0), np.inf, s)[()]

    def log_potential(self, z: ArrayLike) -> Elementwise:
        """``∫ log|z - x| dμ(x)``, where the law without the null space has it."""
        z = complex_array(z, "z")
        with np.errstate(divide="ignore"):
            own = self.mass * np.log(np.abs(z)) if self.mass > 0 else 0.0
        return (1 - self.mass) * self.law.log_potential(z) + own  # type: ignore[attr-defined]

    def _density(self, x: FloatArray) -> FloatArray:
        return (1 - self.mass) * self.law.pdf(x)

    def _distribution(self, x: FloatArray) -> FloatArray:
        return (1 - self.mass) * self.law.cdf(x) + np.where(x >= 0, self.mass, 0.0)

    def _quantile(self, q: FloatArray) -> FloatArray:
        at_zero = (1 - self.mass) * self.law.cdf(0.0) + self.mass
        below = at_zero - self.atom_at_zero
        inner = np.where(q <= below, q, np.maximum(q - self.mass, below)) / (1 - self.mass)
        x = self.law.ppf(np.clip(inner, 0.0, 1.0))
        return np.where((below < q) & (q <= at_zero), 0.0, x)
