"""The bars of a spectrum: its eigenvalues, or an estimate of their distribution."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from rmt_hessian._rounding import rounding
from rmt_hessian._types import FloatArray
from rmt_hessian.plotting.eigenvalues import eigenvalues_of
from rmt_hessian.plotting.view import LONG, beyond
from rmt_hessian.spectra.slq import SpectralDensity

CENTRAL = 0.99  # share of the eigenvalues that is shown where tails are long
ZERO = 1e-10  # of the largest node of an estimated density: what is smaller is 0


@dataclass(frozen=True, eq=False)
class Spectrum:
    """A spectrum without its null space.

    Attributes
    ----------
    points : numpy.ndarray, shape (m,)
        Ascending: eigenvalues, or nodes of a `SpectralDensity`.
    weights : numpy.ndarray, shape (m,)
        They sum to ``1 - at_zero``.
    at_zero : float
        Share of the eigenvalues that are 0 within rounding.
    n : int
        Number of eigenvalues; 0 of a density.
    density : SpectralDensity or None
    """

    points: FloatArray
    weights: FloatArray
    at_zero: float
    n: int
    density: SpectralDensity | None = None

    @classmethod
    def of(cls, eigenvalues: Any) -> Spectrum:
        """Of eigenvalues, a symmetric matrix, or a `SpectralDensity`."""
        if isinstance(eigenvalues, SpectralDensity):
            x = np.concatenate(eigenvalues.nodes)
            w = np.concatenate(eigenvalues.weights) / eigenvalues.n_probes
            n, zero = 0, ZERO * np.abs(x).max()
        else:
            x = eigenvalues_of(eigenvalues)
            n, w = x.size, np.full(x.size, 1 / x.size)
            zero = rounding(x)
        order = np.argsort(x)
        x, w = x[order].astype(np.float64), w[order]
        bulk = np.abs(x) > zero
        return cls(x[bulk], w[bulk], float(w[~bulk].sum()), n, None if n else eigenvalues)

    def positive(self) -> Spectrum:
        """Without the negative eigenvalues, whose share is then missing from the weights."""
        above = self.points > 0
        return Spectrum(self.points[above], self.weights[above], self.at_zero, self.n, self.density)

    def range(self, coverage: float | None) -> tuple[float, float]:
        """What bars span: the central share, by default all unless tails are long."""
        x, first, last = self.points, self.points[0], self.points[-1]
        share = CENTRAL if coverage is None else coverage
        cumulative = np.cumsum(self.weights) / self.weights.sum()
        tails = np.array([1 - share, 1 + share]) / 2
        lo, hi = x[np.minimum(np.searchsorted(cumulative, tails, "left"), x.size - 1)]
        if coverage is None and last - first <= LONG * (hi - lo):
            lo, hi = first, last
        margin = 0.05 * (hi - lo if hi > lo else abs(hi))
        if first == last:
            return first - margin, last + margin
        return max(lo - margin, first), min(hi + margin, last)

    def masses(self, edges: FloatArray) -> FloatArray:
        """Shares of the eigenvalues between edges, the first one included."""
        if self.density is None:
            return np.histogram(self.points, edges, weights=self.weights)[0]
        F = self.density.cdf(np.concatenate([[np.nextafter(edges[0], -np.inf)], edges[1:]]))
        masses = np.diff(F)
        masses[(edges[:-1] < 0) & (edges[1:] >= 0)] -= self.at_zero
        return np.maximum(masses, 0.0)

    def outside(self, lo: float, hi: float) -> list[str]:
        """Short lines on what lies beyond, if anything does: how much, and where on each side."""
        out = (self.points < lo) | (self.points > hi)
        if not out.any():
            return []
        share = f"{self.weights[out].sum():.2%}".replace("%", " %")
        told = f"{np.count_nonzero(out)} of {self.n}" if self.n else share
        return [f"{told} outside:", *beyond(self.points, lo, hi)]
