"""The factors M of a trained layer, Hessian or gradient covariance: diagonal plus rank one.

References
----------
``docs/trained.md`` §3.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Self

import numpy as np

from rmt_hessian._types import FloatArray
from rmt_hessian.theory.trained.samples import TrainedSample

Matrix = Literal["hessian", "gradient_covariance"]
MATRICES = ("hessian", "gradient_covariance")


@dataclass(frozen=True, eq=False)
class DiagonalPlusRankOne:
    """``diag(δ_n) + σ_n b_n b_nᵀ`` of each sample, with 1 in the null space.

    Attributes
    ----------
    diagonal, vector : numpy.ndarray, shape (n, K)
    factor : numpy.ndarray, shape (n,)
    """

    diagonal: FloatArray
    vector: FloatArray
    factor: FloatArray

    @classmethod
    def resolved(cls, sample: TrainedSample, matrix: Matrix, t: float = 0.0) -> Self:
        """``M (I + t M)^{-1}``, by Sherman–Morrison; M itself at t = 0.

        Of the Hessian ``M = diag(p) - p pᵀ``: ``diag(q) - q qᵀ/Σq`` with ``q = p/(1 + t p)``. Of
        the gradient covariance ``M = g gᵀ``: ``g gᵀ/(1 + t ‖g‖²)``.
        """
        if matrix == "hessian":
            q = sample.fitted.probabilities
            q = q / (1 + t * q)
            return cls(q, q, -1 / q.sum(axis=1))
        g = sample.fitted.gradients
        return cls(np.zeros_like(g), g, 1 / (1 + t * (g**2).sum(axis=1)))

    def traces(self) -> FloatArray:
        """``tr``, (n,)."""
        return self.entries().sum(axis=1)

    def entries(self) -> FloatArray:
        """Those of the diagonal, (n, K)."""
        return self.diagonal + self.factor[:, None] * self.vector**2

    def block(self, i: int, j: int) -> FloatArray:
        """Entry (i, j), (n,)."""
        entry = self.factor * self.vector[:, i] * self.vector[:, j]
        return entry + self.diagonal[:, i] if i == j else entry

    def form(self, left: FloatArray, right: FloatArray) -> FloatArray:
        """``leftᵀ M right`` of each sample, (n,)."""
        products = (self.vector * left).sum(axis=1) * (self.vector * right).sum(axis=1)
        return (self.diagonal * left * right).sum(axis=1) + self.factor * products

    def to_dense(self) -> FloatArray:
        """Shape (n, K, K)."""
        K = self.diagonal.shape[1]
        outer = self.vector[:, :, None] * self.vector[:, None, :]
        dense: FloatArray = self.factor[:, None, None] * outer
        dense[:, np.arange(K), np.arange(K)] += self.diagonal
        return dense
