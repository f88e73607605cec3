"""``B ⊗ C``: what a layer Hessian is close to, measured or predicted."""

from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from scipy.linalg import eigh

from rmt_hessian._checks.arguments import positive_integer
from rmt_hessian._checks.matrices import square_array, symmetric_array
from rmt_hessian._types import FloatArray, IntArray, RealArray
from rmt_hessian.operators import LazyMatrix, SymmetricOperator


@dataclass(frozen=True, eq=False, repr=False)
class KroneckerProduct(LazyMatrix):
    """``B ⊗ C`` of two square matrices, never formed unless asked.

    Of a layer Hessian ``B = E[M]``, the output Hessian, and ``C = E[z zᵀ]``, the input
    auto-correlation: both symmetric, as products and eigenpairs want them. These are ``(λ_i μ_a,
    u_i ⊗ x_a)``, from those of the factors. What is symmetric but for rounding is made so.

    Parameters
    ----------
    left : array_like, shape (k, k)
        B, on the output units.
    right : array_like, shape (p, p)
        C, on the features.

    Raises
    ------
    ValueError
        If a factor is not square and finite; from products and eigenpairs, if one is not symmetric
        (to 1e-10 of its largest entry).

    References
    ----------
    ``docs/structure.md`` §2; Van Loan (2000).

    Examples
    --------
    >>> product = KroneckerProduct(np.diag([1.0, 2.0]), np.diag([3.0, 5.0]))
    >>> product.top_eigenvalues(3)
    array([ 5.,  6., 10.])
    >>> product @ np.ones(4)
    array([ 3.,  5.,  6., 10.])
    """

    left: RealArray
    right: RealArray

    def __post_init__(self) -> None:
        for name in ("left", "right"):
            factor = square_array(getattr(self, name), name)
            with suppress(ValueError):  # the nearest product of any matrix has any factors
                factor = symmetric_array(getattr(self, name), name)
            object.__setattr__(self, name, factor)

    def __repr__(self) -> str:
        return f"KroneckerProduct({self.left.shape} ⊗ {self.right.shape})"

    @property
    def dtype(self) -> np.dtype[Any]:
        """float64, whatever the factors were made from."""
        return self.left.dtype

    @property
    def shape(self) -> tuple[int, int]:
        """``(k p, k p)``."""
        return (len(self.left) * len(self.right),) * 2

    def to_dense(self) -> RealArray:
        """``B ⊗ C``, shape (k p, k p)."""
        return np.kron(self.left, self.right)

    def diagonal(self) -> RealArray:
        """The diagonal of ``B ⊗ C``, shape (k p,)."""
        return np.kron(self.left.diagonal(), self.right.diagonal())

    def trace(self) -> float:
        """``tr B tr C``."""
        return float(np.trace(self.left) * np.trace(self.right))

    def frobenius_norm(self) -> float:
        """``‖B‖_F ‖C‖_F``."""
        return float(np.linalg.norm(self.left) * np.linalg.norm(self.right))

    @cached_property
    def _left_pairs(self) -> tuple[FloatArray, FloatArray]:
        return eigh(symmetric_array(self.left, "left"))

    @cached_property
    def _right_pairs(self) -> tuple[FloatArray, FloatArray]:
        return eigh(symmetric_array(self.right, "right"))

    def top_pairs(self, n: int) -> tuple[FloatArray, IntArray, IntArray]:
        """The n largest products of an eigenvalue ``λ_i`` of B and one ``μ_a`` of C.

        Returns
        -------
        values : numpy.ndarray, shape (n,)
            ``λ_i μ_a``, ascending; equal ones in the order of (i, a). Of products that are equal
            but for rounding another machine may choose others, as of eigenvectors of a multiple
            eigenvalue: see `rmt_hessian.spectra.subspaces.separated_dimensions`.
        i, a : numpy.ndarray of int, shape (n,)
            Places in the ascending eigenvalues of B and of C.

        Raises
        ------
        ValueError
            If n is not in 1 … k p.
        """
        n = positive_integer(n, "n")
        if n > self.shape[0]:
            raise ValueError(f"n must be at most {self.shape[0]}, got {n}")
        products = np.outer(self._left_pairs[0], self._right_pairs[0])
        places = np.argsort(products, axis=None, kind="stable")[-n:]
        i, a = np.unravel_index(places, products.shape)
        return products.ravel()[places], i, a

    def top_eigenvalues(self, n: int) -> FloatArray:
        """The n largest eigenvalues, ascending; errors as `top_pairs`."""
        return self.top_pairs(n)[0]

    def top_eigenspace(self, n: int) -> FloatArray:
        """Their eigenvectors ``u_i ⊗ x_a``, shape (k p, n), the largest last."""
        return self.top_eigenpairs(n)[1]

    def top_eigenpairs(self, n: int) -> tuple[FloatArray, FloatArray]:
        """`top_eigenvalues` and `top_eigenspace`."""
        values, i, a = self.top_pairs(n)
        u, x = self._left_pairs[1][:, i], self._right_pairs[1][:, a]
        return values, (u[:, None] * x).reshape(-1, values.size)

    def to_operator(self) -> SymmetricOperator:
        """``B ⊗ C`` as a symmetric `scipy.sparse.linalg.LinearOperator`."""
        for name in ("left", "right"):
            symmetric_array(getattr(self, name), name)
        return SymmetricOperator(self._product, self.shape[0], np.float64)

    def _product(self, v: FloatArray) -> FloatArray:
        """``(B ⊗ C) vec(U) = vec(B U Cᵀ)``, (k p, q) -> (k p, q)."""
        U = v.T.reshape(-1, len(self.left), len(self.right))
        return (self.left @ U @ self.right.T).reshape(v.T.shape).T
