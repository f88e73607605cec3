"""Sums over pairs of samples: what squared norms of the Hessian are made of.

H is a mean over samples, so that every squared norm of its parts is ``Σ_nm h(n, m)``. The terms n =
m are those of one sample with itself, of order 1/N of the others; the pairs n ≠ m alone are, up to
a factor, an unbiased estimate for N → ∞.

References
----------
``docs/computation.md`` §2; Hoeffding (1948).
"""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, eq=False)
class PairSums:
    """Sums of a symmetric ``h(n, m)`` over the other sample.

    Attributes
    ----------
    rows : numpy.ndarray, shape (…, N)
        ``Σ_{m≠n} h(n, m)``.
    own : numpy.ndarray, shape (…, N)
        ``h(n, n)``.
    """

    rows: np.ndarray
    own: np.ndarray

    @classmethod
    def of(cls, diagonal, off_diagonal):
        """Of blocks on the diagonal and off it, from arrays (2, N): rows, own terms."""
        return cls(*np.stack([diagonal, off_diagonal], axis=1))

    @property
    def total(self):
        """``Σ_nm h(n, m)``, shape (…)."""
        return self.of_different + self.own.sum(axis=-1)

    @property
    def of_different(self):
        """``Σ_{n≠m} h(n, m)``, shape (…)."""
        return self.rows.sum(axis=-1)


def add_scaled(parts):
    """``Σ values s²`` of pairs (values, s), s >= 0, as one such pair: no square of s is formed."""
    total, scale = 0.0, 0.0
    for values, s in parts:
        largest = max(scale, s) or 1.0
        total = total * (scale / largest) ** 2 + values * (s / largest) ** 2
        scale = largest
    return total, scale
