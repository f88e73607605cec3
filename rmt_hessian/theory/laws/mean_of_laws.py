"""The mean of laws: spectra of equally many eigenvalues each, taken together."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from rmt_hessian._checks.arguments import instance_of, list_of
from rmt_hessian._checks.arrays import complex_array
from rmt_hessian._types import Elementwise, FloatArray, Intervals
from rmt_hessian.theory.laws.identity import of_components
from rmt_hessian.theory.laws.scaling import exponent_of
from rmt_hessian.theory.laws.spectral_law import SpectralLaw


class MeanOfLaws(SpectralLaw):
    """``(1/n) Σ_k law_k``: what a layer follows if it is its diagonal blocks and nothing else.

    Parameters
    ----------
    laws : sequence of SpectralLaw
        At least one.

    Raises
    ------
    ValueError
        If there is none, or something else among them.

    References
    ----------
    Definition.

    Examples
    --------
    >>> from rmt_hessian.theory import MarchenkoPastur
    >>> law = MeanOfLaws([MarchenkoPastur(0.25), MarchenkoPastur(0.25, scale=3.0)])
    >>> law.mean(), len(law.components())  # which overlap
    (2.0, 1)
    """

    def __init__(self, laws: Sequence[SpectralLaw]) -> None:
        self.laws = [
            instance_of(law, SpectralLaw, "laws") for law in list_of(laws, "laws", "a list of laws")
        ]
        if not self.laws:
            raise ValueError("laws must hold at least one law, got none")
        self.atom_at_zero = float(np.mean([law.atom_at_zero for law in self.laws]))
        self.error = float(np.mean([law.error for law in self.laws]))

    def _summary(self) -> str:
        return f"{len(self.laws)} laws, {of_components(self)}"

    def components(self) -> Intervals:
        """Those of all laws, joined where they overlap."""
        joined: Intervals = []
        for lo, hi in sorted(pair for law in self.laws for pair in law.components()):
            if joined and lo <= joined[-1][1]:
                joined[-1] = joined[-1][0], max(joined[-1][1], hi)
            else:
                joined.append((lo, hi))
        return joined

    def component_masses(self) -> FloatArray:  # noqa: D102
        joined = self.components()
        lefts, masses = np.array([lo for lo, _ in joined]), np.zeros(len(joined))
        for law in self.laws:
            for (lo, _), mass in zip(law.components(), law.component_masses(), strict=True):
                masses[np.searchsorted(lefts, lo, side="right") - 1] += mass / len(self.laws)
        return masses

    def moment(self, k: int) -> float:  # noqa: D102
        return float(np.mean([law.moment(k) for law in self.laws]))

    def _variance(self) -> tuple[float, int]:
        """The mean of the variances, and the variance of the means."""
        exponent = exponent_of(*self.support())
        means = np.ldexp([law.mean() for law in self.laws], -exponent)
        inner = [v * 4.0 ** (e - exponent) for v, e in (law._variance() for law in self.laws)]
        return float(np.mean(inner) + np.var(means)), exponent

    def stieltjes(self, z: ArrayLike) -> Elementwise:  # noqa: D102
        z = complex_array(z, "z")
        with np.errstate(invalid="ignore"):  # infinities of atoms at 0
            s = np.mean([law.stieltjes(z) for law in self.laws], axis=0)
        return np.where((z == 0) & (self.atom_at_zero > 0), np.inf, s)[()]

    def _density(self, x: FloatArray) -> FloatArray:
        return np.mean([law.pdf(x) for law in self.laws], axis=0)

    def _distribution(self, x: FloatArray) -> FloatArray:
        return np.mean([law.cdf(x) for law in self.laws], axis=0)

    def _quantile(self, q: FloatArray) -> FloatArray:
        """By halving, to neighbouring numbers, from the least and the largest of the laws' own."""
        quantiles = [law.ppf(q) for law in self.laws]
        lo, hi = np.min(quantiles, axis=0), np.max(quantiles, axis=0)
        up_to_zero = float(self._distribution(np.zeros(1))[0])
        hi = np.where(q <= up_to_zero, np.minimum(hi, 0.0), hi)
        lo = np.where(q > up_to_zero - self.atom_at_zero, np.maximum(lo, 0.0), lo)
        while True:
            middle = _middle(lo, hi)
            if not ((lo < middle) & (middle < hi)).any():
                return hi
            enough = self._distribution(middle) >= q
            lo, hi = np.where(enough, lo, middle), np.where(enough, middle, hi)


def _middle(lo: FloatArray, hi: FloatArray) -> FloatArray:
    """Halfway in the exponent where the ends differ in it, so that laws may differ in scale."""
    far = (lo * hi > 0) & (np.maximum(abs(lo), abs(hi)) > 2 * np.minimum(abs(lo), abs(hi)))
    return np.where(far, np.sign(hi) * np.sqrt(abs(lo)) * np.sqrt(abs(hi)), lo + (hi - lo) / 2)
