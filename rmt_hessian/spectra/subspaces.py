"""Overlap of eigenspaces, and eigenvectors read as matrices of units × features."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from rmt_hessian._checks.arguments import pair_of_sizes, positive_real
from rmt_hessian._checks.arrays import finite_array
from rmt_hessian._checks.matrices import orthonormal_columns
from rmt_hessian._types import BoolArray, FloatArray

TIE = 1e-9  # relative difference of eigenvalues below which rounding turns their eigenvectors


def separated_dimensions(eigenvalues: ArrayLike, tolerance: float = TIE) -> BoolArray:
    """Which top eigenspaces are determined by their matrix: ``λ_q - λ_{q+1} > tolerance max|λ|``.

    λ_1 is the largest. A dimension q that cuts a multiple eigenvalue has any eigenvectors of it,
    those that the rounding of one machine chose; at a relative gap g it turns them by ε/g, so by
    1e-7 at the tolerance.

    Parameters
    ----------
    eigenvalues : array_like, shape (n,)
        Ascending: all of a matrix, or the n largest.
    tolerance : float

    Returns
    -------
    numpy.ndarray of bool, shape (n-1,)
        Entry q-1: of the q largest, q = 1 … n-1.

    Raises
    ------
    ValueError
        If the eigenvalues are empty, not finite or not ascending.

    References
    ----------
    Davis and Kahan (1970).

    Examples
    --------
    >>> separated_dimensions([1.0, 1.0, 1.0, 2.0])
    array([ True, False, False])
    """
    values = finite_array(eigenvalues, "eigenvalues", ndim=1)
    gaps = np.diff(values)[::-1]
    if (gaps < 0).any():
        raise ValueError(f"eigenvalues must be ascending, got a step of {gaps.min():.2g}")
    return gaps > positive_real(tolerance, "tolerance") * np.abs(values).max()


def two_frames(U: ArrayLike, V: ArrayLike) -> tuple[FloatArray, FloatArray]:
    """Return U and V as orthonormal columns of one shape."""
    shapes = finite_array(U, "U", ndim=2).shape, finite_array(V, "V", ndim=2).shape
    if shapes[0] != shapes[1]:
        raise ValueError(f"U and V must have the same shape, got {shapes[0]} and {shapes[1]}")
    return orthonormal_columns(U, "U"), orthonormal_columns(V, "V")


def subspace_overlap(U: ArrayLike, V: ArrayLike) -> float:
    """Eigenspace overlap ``‖Uᵀ V‖_F² / k`` of two orthonormal frames ([W]).

    1 for the same space, 0 for orthogonal ones; two random k-spaces of Rⁿ give k/n on average.

    Parameters
    ----------
    U, V : array_like, shape (n, k)
        Orthonormal columns.

    Returns
    -------
    float in [0, 1]

    Raises
    ------
    ValueError
        If the shapes differ or the columns of either are not orthonormal (to 1e-8, in float32 to
        6e-5).

    References
    ----------
    ``docs/structure.md`` §4; [W], overlap of eigenspaces.

    Examples
    --------
    >>> subspace_overlap(np.eye(3)[:, :2], np.eye(3)[:, 1:])
    0.5
    """
    U, V = two_frames(U, V)
    return float(min(np.sum((U.T @ V) ** 2) / U.shape[1], 1.0))


def overlap_by_dimension(U: ArrayLike, V: ArrayLike) -> FloatArray:
    """`subspace_overlap` of the top eigenspaces of every dimension, from one product ``Uᵀ V``.

    Parameters
    ----------
    U, V : array_like, shape (n, K)
        Orthonormal eigenvectors, the largest eigenvalue last, as `top_eigenspace` gives them.

    Returns
    -------
    numpy.ndarray, shape (K,)
        Entry q-1: ``‖U_qᵀ V_q‖_F² / q``, of the last q columns of each. Where q cuts a multiple
        eigenvalue of either it is that of the eigenvectors given: see `separated_dimensions`.

    Raises
    ------
    ValueError
        As `subspace_overlap`.

    References
    ----------
    ``docs/structure.md`` §4; [W], overlap of eigenspaces.

    Examples
    --------
    >>> overlap_by_dimension(np.eye(3)[:, [0, 1]], np.eye(3)[:, [1, 0]])
    array([0., 1.])
    """
    squares = correspondence_matrix(U, V)
    sums = squares.cumsum(axis=0).cumsum(axis=1).diagonal()
    return np.minimum(sums / np.arange(1, len(sums) + 1), 1.0)


def correspondence_matrix(U: ArrayLike, V: ArrayLike) -> FloatArray:
    """Squared overlaps ``⟨u_i, v_j⟩²`` of eigenvectors with eigenvectors ([W]), the largest first.

    Of a layer Hessian and of ``E[M] ⊗ E[z zᵀ]``, whose eigenvectors are all ``r_i ⊗ x_a`` in the
    order of the products of eigenvalues, it is the identity as far as these stand for those.

    Parameters
    ----------
    U : array_like, shape (n, K)
        Orthonormal eigenvectors, the largest eigenvalue last, as `top_eigenspace` gives them.
    V : array_like, shape (n, K)
        As U, say `KroneckerProduct.top_eigenspace`.

    Returns
    -------
    numpy.ndarray, shape (K, K)
        Row and column 0 belong to the largest. Rows and columns have sums of at most 1. Where an
        eigenvalue is multiple, its eigenvectors are those given: see `separated_dimensions`.

    Raises
    ------
    ValueError
        As `subspace_overlap`.

    References
    ----------
    ``docs/structure.md`` §8; [W], correspondence of eigenvectors.

    Examples
    --------
    >>> correspondence_matrix(np.eye(3)[:, [0, 1]], np.eye(3)[:, [2, 1]])
    array([[1., 0.],
           [0., 0.]])
    """
    U, V = two_frames(U, V)
    return ((U.T @ V) ** 2)[::-1, ::-1]


def _as_matrices(vectors: ArrayLike, shape: tuple[int, int]) -> FloatArray:
    """Columns (k p, n) as matrices (n, k, p)."""
    vectors = finite_array(vectors, "vectors", ndim=2)
    k, p = shape
    if vectors.shape[0] != k * p:
        raise ValueError(f"vectors must have {k} × {p} = {k * p} rows, got shape {vectors.shape}")
    return vectors.T.reshape(-1, k, p)


@dataclass(frozen=True, eq=False)
class ReshapedEigenvectors:
    """Eigenvectors of a layer as k × p matrices, ``Σ_r σ_r l_r f_rᵀ``.

    Attributes
    ----------
    singular_values : numpy.ndarray, shape (n, min(k, p))
        Descending, a row for each vector.
    left : numpy.ndarray, shape (k, n)
        The leading ``l_1``, a direction of the output units, of each vector.
    right : numpy.ndarray, shape (p, n)
        The leading ``f_1``, a direction of the features.

    References
    ----------
    ``docs/structure.md`` §3; [W], eigenvectors.
    """

    singular_values: FloatArray
    left: FloatArray
    right: FloatArray

    @property
    def rank_one_share(self) -> FloatArray:
        """``σ_1² / Σ σ²``, shape (n,): 1 for a Kronecker product of two vectors."""
        squares = self.singular_values**2
        return squares[:, 0] / squares.sum(axis=1)


def reshape_eigenvectors(vectors: ArrayLike, shape: tuple[int, int]) -> ReshapedEigenvectors:
    """Singular values of eigenvectors of a layer, each read as a k × p matrix ([W]).

    Where the Hessian is close to a Kronecker product its top eigenvectors are close to rank 1.
    Results are in the order of the columns: of `top_eigenspace` the largest eigenvalue is last.

    Parameters
    ----------
    vectors : array_like, shape (k p, n)
        One a column, none zero; entry ``i*p + a`` is unit i, feature a.
    shape : (int, int)
        ``(k, p)``, ``(H.n_blocks, H.block_size)`` of a layer.

    Returns
    -------
    ReshapedEigenvectors

    Raises
    ------
    ValueError
        If the shapes do not match, or a vector is zero or not finite.

    References
    ----------
    ``docs/structure.md`` §3; [W], eigenvectors.

    Examples
    --------
    >>> u = np.array([[1.0, 1.0], [1.0, 0.0], [0.0, 0.0], [0.0, 1.0]])
    >>> reshape_eigenvectors(u, (2, 2)).rank_one_share
    array([1. , 0.5])
    """
    k, p = pair_of_sizes(shape, "shape")
    matrices = _as_matrices(vectors, (k, p))
    if not matrices.any(axis=(1, 2)).all():
        raise ValueError("vectors must not be zero, got a column of zeros")
    left, singular_values, right = np.linalg.svd(matrices, full_matrices=False)
    return ReshapedEigenvectors(singular_values, left[:, :, 0].T, right[:, 0].T)


def kronecker_alignment(vectors: ArrayLike, left: ArrayLike, right: ArrayLike) -> FloatArray:
    """Squared overlaps ``⟨u_q, r_i ⊗ x_a⟩²`` of eigenvectors with Kronecker products.

    In the order of the columns of each; `correspondence_matrix` has the largest first.

    Parameters
    ----------
    vectors : array_like, shape (k p, n)
        ``u_q``, one a column.
    left : array_like, shape (k, r)
        ``r_i``, orthonormal, say eigenvectors of ``E[M]``.
    right : array_like, shape (p, s)
        ``x_a``, orthonormal, say eigenvectors of ``E[z zᵀ]``.

    Returns
    -------
    numpy.ndarray, shape (n, r, s)
        The sum over i and a is at most ``‖u_q‖²``, and equal if r = k and s = p.

    Raises
    ------
    ValueError
        If the shapes do not match, an entry is not finite, or left or right are not orthonormal.

    References
    ----------
    ``docs/structure.md`` §3.

    Examples
    --------
    >>> kronecker_alignment(np.eye(4)[:, :1], np.eye(2), np.eye(2))
    array([[[1., 0.],
            [0., 0.]]])
    """
    left, right = orthonormal_columns(left, "left"), orthonormal_columns(right, "right")
    return (left.T @ _as_matrices(vectors, (len(left), len(right))) @ right) ** 2
