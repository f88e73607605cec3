"""The output curvature of a loss that samples enter with weights, ``ω_n A_n``.

References
----------
``docs/computation.md`` §1.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from rmt_hessian._threads import ALL


@dataclass(frozen=True, eq=False)
class ScaledCurvature:
    """``ω_n A_n``; the questions of `SoftmaxCurvature`.

    Attributes
    ----------
    curvature : SoftmaxCurvature, UnitCurvature or RankOneCurvature
        ``A_n``.
    scale : numpy.ndarray, shape (N,)
        ``ω_n > 0``: weights of samples, one over the square of a temperature.
    """

    curvature: Any
    scale: np.ndarray

    @property
    def dtype(self):
        """float64 or float32."""
        return self.curvature.dtype

    @classmethod
    def of(cls, curvature, factor):
        """``factor`` times a curvature, which may be scaled already; ``factor > 0``."""
        if isinstance(curvature, cls):
            return cls(curvature.curvature, factor * curvature.scale)
        return cls(curvature, np.full(curvature.n_samples, factor, curvature.dtype))

    @property
    def n_samples(self):
        """N."""
        return self.curvature.n_samples

    @property
    def n_classes(self):
        """C."""
        return self.curvature.n_classes

    def apply(self, F, samples=ALL):
        """``ω_n A_n F_n``, (n, q, C) -> (n, q, C), in the place of F."""
        F = self.curvature.apply(F, samples)
        F *= self.scale[samples][:, None, None]
        return F

    def apply_root(self, S, samples=ALL):
        """``R_n S`` with ``R_nᵀ R_n = ω_n A_n``; (C, s) -> (n, C, s)."""
        out = self.curvature.apply_root(S, samples)
        out *= np.sqrt(self.scale[samples])[:, None, None]
        return out

    def traces(self, classes):
        """``ω_n Σ_c (A_n)_cc`` over ``classes``, (N,)."""
        return self.scale * self.curvature.traces(classes)

    def entries(self, i, j):
        """``ω_n (A_n)_ij`` for classes i and j, arrays of the same length, (N, pairs)."""
        return self.scale[:, None] * self.curvature.entries(i, j)

    def pull_back(self, S, i, j):
        """``ω_n s_iᵀ A_n s_j`` for columns i and j of S, shape (C, s): (N, pairs)."""
        return self.scale[:, None] * self.curvature.pull_back(S, i, j)

    def weighted_sums(self, w, classes):
        """``Σ_n w_nq ω_n A_n``, rows and columns of ``classes``; w (N, q) -> (q, c, c)."""
        return self.curvature.weighted_sums(w * self.scale[:, None], classes)

    def entry_sums(self, K, classes):
        """As `SoftmaxCurvature.entry_sums`, with ``K_nm ω_n ω_m`` for K."""
        return self.curvature.entry_sums(K * self.scale * self.scale[:, None], classes)
