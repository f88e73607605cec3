"""Matrices ``M_n`` of any kind in the place of an output curvature, known by their rows.

References
----------
``docs/computation.md`` §1.
"""

from dataclasses import dataclass

import numpy as np

from rmt_hessian._rounding import rounding
from rmt_hessian._threads import ALL, CHUNK_SIZE, slices
from rmt_hessian.hessian.gram import add_gram
from rmt_hessian.hessian.kernels import lower_sums
from rmt_hessian.hessian.output_hessians import unit_pairs
from rmt_hessian.hessian.pair_sums import PairSums


class RowCurvature:
    """The questions of `SoftmaxCurvature` that the last layer has, answered from rows.

    A subclass has ``dtype``, ``n_samples``, ``n_classes``, ``chunk_size``, ``apply`` and
    ``rows(units, samples)``, some rows of each ``M_n``, (n, u, k).
    """

    def _chunks(self, n_units):
        """Slices of ``n_units`` units of which the rows of all samples fit a temporary array."""
        return slices(n_units, self.chunk_size // (self.n_samples * self.n_classes))

    def traces(self, classes):
        """``Σ_i (M_n)_ii`` over ``classes``, (N,)."""
        total = np.zeros(self.n_samples, self.dtype)
        for few in self._chunks(len(classes)):
            units = classes[few]
            total += self.rows(units)[:, np.arange(len(units)), units].sum(axis=1)
        return total

    def entries(self, i, j):
        """``(M_n)_ij`` for arrays i, j of the same length, (N, pairs)."""
        out = np.empty((self.n_samples, i.size), self.dtype)
        units, place = np.unique(i, return_inverse=True)
        for few in self._chunks(units.size):
            mine = np.flatnonzero((few.start <= place) & (place < few.stop))
            out[:, mine] = self.rows(units[few])[:, place[mine] - few.start, j[mine]]
        return out

    def weighted_sums(self, w, classes):
        """``Σ_n w_nq M_n``, rows and columns of ``classes``; w (N, q) -> (q, c, c)."""
        sums = np.empty((w.shape[1], len(classes), len(classes)), self.dtype)
        for few in self._chunks(len(classes)):
            rows = self.rows(classes[few])[:, :, classes]
            sums[:, few] = np.tensordot(w, rows, (0, 0))
        return (sums + sums.swapaxes(1, 2)) / 2

    def entry_sums(self, K, classes):
        """`PairSums` of ``K_nm Σ (M_n)_ij (M_m)_ij`` over i = j, and over i ≠ j, in ``classes``."""
        diagonal, upper = np.zeros((2, *K.shape), self.dtype)
        for i, j in unit_pairs(len(classes), self.chunk_size // self.n_samples):
            entries = self.entries(classes[i], classes[j])
            add_gram(diagonal, entries[:, i == j])
            add_gram(upper, entries[:, i != j])
        return PairSums.of(lower_sums(K, diagonal)[0], 2 * lower_sums(K, upper)[0])


@dataclass(frozen=True, eq=False)
class GivenCurvature(RowCurvature):
    """``M_n``, or the ``A_n`` of a loss of one's own, as an array.

    Attributes
    ----------
    matrices : numpy.ndarray, shape (N, k, k)
        Symmetric; of any signs for the layer they belong to. Layers below take roots of ``A_n``.
    chunk_size : int

    References
    ----------
    ``docs/extend.md``, a loss.

    Examples
    --------
    >>> from rmt_hessian.hessian.layer import LayerHessian
    >>> from rmt_hessian.hessian.output_hessians import LastLayerOutputHessians
    >>> M = LastLayerOutputHessians(GivenCurvature(np.full((3, 1, 1), 2.0)), np.arange(1))
    >>> LayerHessian(np.ones((3, 2)), M).to_dense()
    array([[2., 2.],
           [2., 2.]])
    """

    matrices: np.ndarray
    chunk_size: int = CHUNK_SIZE

    @property
    def dtype(self):
        """float64."""
        return self.matrices.dtype

    @property
    def n_samples(self):
        """N."""
        return len(self.matrices)

    @property
    def n_classes(self):
        """The number of units, k."""
        return self.matrices.shape[1]

    def apply(self, F, samples=ALL):
        """``M_n F_n``, (n, q, k) -> (n, q, k)."""
        return F @ self.matrices[samples]

    def rows(self, units, samples=ALL):
        """Some rows of each ``M_n``, (n, u, k)."""
        return self.matrices[samples][:, units]

    def apply_root(self, S, samples=ALL):
        """``R_n S`` with ``R_nᵀ R_n = A_n``; (k, s) -> (n, k, s).

        Raises
        ------
        ValueError
            If a matrix has a negative eigenvalue.
        """
        values, vectors = np.linalg.eigh(self.matrices[samples])
        if values.min() < -rounding(values):
            raise ValueError(f"matrices must have no negative eigenvalues, got {values.min():.1g}")
        return np.sqrt(values.clip(0))[:, :, None] * vectors.swapaxes(1, 2) @ S

    def pull_back(self, S, i, j):
        """``s_iᵀ A_n s_j`` for columns i and j of S, shape (k, s): (N, pairs)."""
        columns, place = np.unique(np.stack([i, j]), return_inverse=True)
        within = S[:, columns].T @ self.matrices @ S[:, columns]
        return within[:, place[0], place[1]]
