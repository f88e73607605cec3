"""Matrices ``g_n g_nᵀ`` in the place of an output curvature: those of the gradient covariance.

References
----------
``docs/computation.md`` §1.
"""

from dataclasses import dataclass

import numpy as np

from rmt_hessian._threads import ALL, parallel_map, shares
from rmt_hessian.hessian.gram import WeightedGram, add_gram
from rmt_hessian.hessian.kernels import lower_sums, off_diagonal_sum
from rmt_hessian.hessian.pair_sums import PairSums


@dataclass(frozen=True, eq=False)
class RankOneCurvature:
    """``M_n = g_n g_nᵀ``; the questions of `SoftmaxCurvature` that the last layer has.

    Attributes
    ----------
    vectors : numpy.ndarray, shape (N, k)
        ``g_n``.
    """

    vectors: np.ndarray

    @property
    def dtype(self):
        """float64 or float32."""
        return self.vectors.dtype

    @property
    def n_samples(self):
        """N."""
        return self.vectors.shape[0]

    @property
    def n_classes(self):
        """The number of units, k."""
        return self.vectors.shape[1]

    def apply(self, F, samples=ALL):
        """``g_n (g_nᵀ F_n)``, (n, q, k) -> (n, q, k), in the place of F."""
        g = self.vectors[samples]
        return np.multiply((F @ g[:, :, None]), g[:, None], out=F)

    def traces(self, classes):
        """``Σ_i g_ni²`` over ``classes``, (N,)."""
        return np.square(self.vectors[:, classes]).sum(axis=1)

    def entries(self, i, j):
        """``g_ni g_nj`` for arrays i, j of the same length, (N, pairs)."""
        return self.vectors[:, i] * self.vectors[:, j]

    def weighted_sums(self, w, classes):
        """``Σ_n w_nq g_n g_nᵀ``, rows and columns of ``classes``; w (N, q) -> (q, c, c)."""
        g, columns = self.vectors[:, classes], np.ascontiguousarray(w.T)
        sums = np.empty((len(columns), len(classes), len(classes)), self.dtype)

        def fill(part):
            gram = WeightedGram(g)
            for q in part:
                sums[q] = gram(columns[q])

        parallel_map(fill, shares(len(columns), g.size * len(classes)))
        return sums

    def entry_sums(self, K, classes):
        """`PairSums` of ``K_nm Σ (M_n)_ij (M_m)_ij`` over i = j, and over i ≠ j, in ``classes``.

        For i ≠ j the largest entry of each ``g_n`` is kept out of the sums, see
        `SoftmaxCurvature._confident_entry_sums`: nothing large cancels.
        """
        g = self.vectors[:, classes]
        reference = np.abs(g).argmax(axis=1)
        p = np.ascontiguousarray(g[:, reference])
        rest = g.copy()
        rest[np.arange(len(g)), reference] = 0.0
        D, S, Q = np.zeros((3, *K.shape), self.dtype)
        add_gram(D, np.square(g))
        add_gram(S, rest)
        add_gram(Q, np.square(rest))
        return PairSums.of(lower_sums(K, D)[0], off_diagonal_sum(K, S, Q, p, reference))
