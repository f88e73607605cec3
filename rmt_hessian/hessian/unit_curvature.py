"""The output curvature of the squared error: the identity.

References
----------
``docs/laws.md`` §1.
"""

from dataclasses import dataclass

import numpy as np

from rmt_hessian._threads import ALL
from rmt_hessian.hessian.kernels import lower_sums
from rmt_hessian.hessian.pair_sums import PairSums


@dataclass(frozen=True)
class UnitCurvature:
    """``A_n = I_C``, of the squared error ``½‖f - y‖²``; the questions of `SoftmaxCurvature`."""

    n_samples: int
    n_classes: int
    dtype: np.dtype

    @classmethod
    def from_logits(cls, logits, chunk_size):
        """Only the sizes matter."""
        return cls(*logits.shape, logits.dtype)

    def apply(self, F, samples=ALL):
        """``A_n F_n``, (n, q, C) -> (n, q, C), in the place of F."""
        return F

    def apply_root(self, S, samples=ALL):
        """``R_n S``, ``R_n = I``, ``R_nᵀ R_n = A_n``; (C, s) -> (n, C, s)."""
        n = np.arange(self.n_samples)[samples].size
        return np.tile(S, (n, 1, 1))

    def traces(self, classes):
        """``Σ_c (A_n)_cc`` over ``classes``, (N,)."""
        return np.full(self.n_samples, float(len(classes)))

    def entries(self, i, j):
        """``(A_n)_ij`` for classes i and j, arrays of the same length, (N, pairs)."""
        return np.broadcast_to((i == j).astype(self.dtype), (self.n_samples, i.size))

    def pull_back(self, S, i, j):
        """``s_iᵀ A_n s_j`` for columns i and j of S, shape (C, s): (N, pairs)."""
        columns, place = np.unique(np.stack([i, j]), return_inverse=True)
        S = S[:, columns]
        return np.broadcast_to((S.T @ S)[place[0], place[1]], (self.n_samples, i.size))

    def weighted_sums(self, w, classes):
        """``Σ_n w_nq A_n``, rows and columns of ``classes``; w (N, q) -> (q, c, c)."""
        return np.sum(w, axis=0)[:, None, None] * np.eye(len(classes), dtype=self.dtype)

    def entry_sums(self, K, classes):
        """``Σ_nm K_nm Σ (A_n)_ij (A_m)_ij`` over i = j, and i ≠ j, in ``classes``: `PairSums`."""
        diagonal = len(classes) * lower_sums(K, np.ones_like(K))[0]
        return PairSums.of(diagonal, np.zeros_like(diagonal))
