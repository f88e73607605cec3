"""The interface of every limiting law of a spectrum: SciPy's verbs, intervals, one atom at 0.

A law consists of a continuous part on finitely many intervals and at most an atom at 0. A
subclass says what is its own: `components`, `component_masses`, `atom_at_zero`, `moment`,
`stieltjes`, and the elementwise ``_density``, ``_distribution`` and ``_quantile`` of arrays with
one axis. `rmt_hessian.ks_distance`, `rmt_hessian.wasserstein_distance` and the plots take any.
"""

from abc import ABC, abstractmethod

import numpy as np

from rmt_hessian._random import random_generator
from rmt_hessian._validation import real_array, shape_of


class SpectralLaw(ABC):
    """A probability law on the real line with an atom at 0 at most.

    Attributes
    ----------
    atom_at_zero : float
        Mass of the atom at 0.
    """

    atom_at_zero: float

    @abstractmethod
    def components(self):
        """Intervals ``(lo, hi)`` of the continuous part, ascending, the atom excluded."""

    @abstractmethod
    def component_masses(self):
        """Mass of each interval of `components`; with the atom they sum to 1."""

    @abstractmethod
    def moment(self, k):
        """``E[X^k]``, k >= 0.

        Raises
        ------
        ValueError
            If k is not an integer of at least 0.
        """

    @abstractmethod
    def stieltjes(self, z):
        """Stieltjes transform ``s(z) = ∫ dμ(x)/(x - z)`` at complex z (any shape), complex.

        On the support it is the limit from above, so that ``Im s/π`` is the density; infinite at
        the atom.

        Raises
        ------
        ValueError
            If a z is not finite.
        """

    @abstractmethod
    def _density(self, x):
        """Density of the continuous part at finite or infinite x."""

    @abstractmethod
    def _distribution(self, x):
        """``P(X <= x)``, the atom included."""

    @abstractmethod
    def _quantile(self, q):
        """``inf {x : P(X <= x) >= q}`` for 0 < q < 1."""

    def support(self):
        """``(lo, hi)`` of everything, the atom included."""
        ends = [x for interval in self.components() for x in interval]
        if self.atom_at_zero > 0 or not ends:
            ends.append(0.0)
        return min(ends), max(ends)

    def pdf(self, x):
        """Density of the continuous part at x (any shape); 0 at the ends, the atom is not in it."""
        return _elementwise(self._density, x)

    def cdf(self, x):
        """``P(X <= x)``, the atom included, at x (any shape); right-continuous."""
        return _elementwise(self._distribution, x)

    def ppf(self, q):
        """Quantile function ``inf {x : cdf(x) >= q}`` at q in [0, 1] (any shape).

        Raises
        ------
        ValueError
            If a q lies outside [0, 1].
        """
        q = real_array(q, "q")
        if not ((q >= 0) & (q <= 1)).all():
            raise ValueError(f"q must lie in [0, 1], got {q[~((q >= 0) & (q <= 1))][0]:g}")
        lo, hi = self.support()
        x = np.where(q == 0, lo, hi)
        inner = (q > 0) & (q < 1)
        x[inner] = self._quantile(q[inner])
        return x[()]

    def rvs(self, size=None, rng=None):
        """Independent draws from the law, by inversion.

        ``rng`` is None for a fresh generator, an int, a `SeedSequence` or a `Generator`.
        """
        return self.ppf(random_generator(rng).random(shape_of(size, "size")))

    def mean(self):
        """``E X``."""
        return self.moment(1)

    def var(self):
        """``Var X``."""
        return self.moment(2) - self.moment(1) ** 2


def _elementwise(function, x):
    x = real_array(x, "x")
    flat = x.ravel()
    values = np.full(flat.shape, np.nan)
    known = ~np.isnan(flat)
    values[known] = function(flat[known])
    return values.reshape(x.shape)[()]
