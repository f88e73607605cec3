"""Weighted Gram matrices, ``Σ_n w_n z_n z_nᵀ``: the products that blocks and norms are made of.

References
----------
``docs/computation.md`` §5.
"""

import numpy as np
from scipy.linalg import get_blas_funcs

from rmt_hessian._threads import slices
from rmt_hessian.hessian.kernels import pack_symmetric

AT_ONCE = 2**20  # numbers of a product that is added: they stay in the cache


class WeightedGram:
    """``w -> Zᵀ diag(w) Z``, (p, p), for Z (N, p) and weights of either sign (N,).

    As a difference of symmetric products of the rows with ``w_n ≠ 0``, see `pack_symmetric`. It
    works in memory of its own, since fresh memory for each of many products costs a good part of
    their time: a result lasts until the next call.
    """

    def __init__(self, Z):
        self.Z, self.rows = Z, np.empty(Z.shape, Z.dtype)
        self.gram, self.part = np.empty((2, Z.shape[1], Z.shape[1]), Z.dtype)

    def __call__(self, w):
        """The Gram matrix of the weights ``w``, shape (N,)."""
        n_plus, n_minus = pack_symmetric(self.Z, w, self.rows)
        plus, minus = self.rows[:n_plus], self.rows[len(self.rows) - n_minus :]
        np.matmul(plus.T, plus, out=self.gram)
        if n_minus:
            self.gram -= np.matmul(minus.T, minus, out=self.part)
        return self.gram


def add_gram(S, rows):
    """Add ``rows rowsᵀ`` to the lower triangle of S, (N, N) in C order, in place."""
    if rows.size:
        syrk = get_blas_funcs("syrk", (S, rows))
        result = syrk(1.0, rows.T, beta=1.0, c=S.T, trans=1, overwrite_c=1)
        assert np.may_share_memory(result, S), "S must have the order and dtype of BLAS"


def add_product(out, Y, Z):
    """Add ``Yᵀ Z`` to ``out``, (k, p), in place; Y (n, k) and Z (n, p).

    By NumPy's BLAS like the products around it: the threads of another BLAS, SciPy's, would wait
    on the cores for those of this one.
    """
    for rows in slices(len(out), AT_ONCE // Z.shape[1]):
        out[rows] += Y[:, rows].T @ Z
