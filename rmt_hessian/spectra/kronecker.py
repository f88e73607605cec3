"""Kronecker products close to a layer Hessian: the decoupling of [W], and the nearest one."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.linalg import eigh
from scipy.sparse.linalg import LinearOperator, aslinearoperator

from rmt_hessian._arrays import finite_array
from rmt_hessian._matrices import symmetric_array
from rmt_hessian._validation import instance_of, pair_of_sizes, positive_integer
from rmt_hessian.hessian.layer import LayerHessian
from rmt_hessian.hessian.operators import SymmetricOperator
from rmt_hessian.hessian.output_hessians import unit_pairs
from rmt_hessian.spectra.eigenvalues import top_eigenpairs


@dataclass(frozen=True, eq=False)
class KroneckerProduct:
    """``B ⊗ C`` of two symmetric matrices, never formed unless asked.

    Its eigenpairs are ``(λ_i μ_a, u_i ⊗ x_a)``, from those of the factors.

    Parameters
    ----------
    left : array_like, shape (k, k)
        B, on the output units.
    right : array_like, shape (p, p)
        C, on the features.

    Raises
    ------
    ValueError
        If a factor is not square, finite and symmetric (to 1e-10 of its largest entry).

    Examples
    --------
    >>> product = KroneckerProduct(np.diag([1.0, 2.0]), np.diag([3.0, 5.0]))
    >>> product.top_eigenvalues(3)
    array([ 5.,  6., 10.])
    >>> product @ np.ones(4)
    array([ 3.,  5.,  6., 10.])
    """

    left: np.ndarray
    right: np.ndarray

    def __post_init__(self):
        for name in ("left", "right"):
            object.__setattr__(self, name, symmetric_array(getattr(self, name), name))

    @property
    def shape(self):
        """``(k p, k p)``."""
        return (len(self.left) * len(self.right),) * 2

    def to_dense(self):
        """``B ⊗ C``, shape (k p, k p)."""
        return np.kron(self.left, self.right)

    def frobenius_norm(self):
        """``‖B‖_F ‖C‖_F``."""
        return float(np.linalg.norm(self.left) * np.linalg.norm(self.right))

    @cached_property
    def _left_pairs(self):
        return eigh(self.left)

    @cached_property
    def _right_pairs(self):
        return eigh(self.right)

    def top_pairs(self, n):
        """The n largest products of an eigenvalue ``λ_i`` of B and one ``μ_a`` of C.

        Returns
        -------
        values : numpy.ndarray, shape (n,)
            ``λ_i μ_a``, ascending; equal ones in the order of (i, a). Of products that are equal
            but for rounding another machine may choose others, as of eigenvectors of a multiple
            eigenvalue: see `separated_dimensions`.
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
        return products.ravel()[places], *np.unravel_index(places, products.shape)

    def top_eigenvalues(self, n):
        """The n largest eigenvalues, ascending; errors as `top_pairs`."""
        return self.top_pairs(n)[0]

    def top_eigenspace(self, n):
        """Their eigenvectors ``u_i ⊗ x_a``, shape (k p, n), the largest last."""
        return self.top_eigenpairs(n)[1]

    def top_eigenpairs(self, n):
        """`top_eigenvalues` and `top_eigenspace`."""
        values, i, a = self.top_pairs(n)
        u, x = self._left_pairs[1][:, i], self._right_pairs[1][:, a]
        return values, (u[:, None] * x).reshape(-1, values.size)

    def to_operator(self):
        """``B ⊗ C`` as a symmetric `scipy.sparse.linalg.LinearOperator`."""
        return SymmetricOperator(self._product, self.shape[0], np.float64)

    def _product(self, v):
        """``(B ⊗ C) vec(U) = vec(B U Cᵀ)``, (k p, q) -> (k p, q)."""
        U = v.T.reshape(-1, len(self.left), len(self.right))
        return (self.left @ U @ self.right.T).reshape(v.T.shape).T

    def __matmul__(self, v):
        """``(B ⊗ C) v`` for a vector (k p,), a matrix (k p, q) or a stack (…, k p, q)."""
        return self.to_operator() @ v


def kronecker_approximation(H):
    """``E[M] ⊗ E[z zᵀ]``: the decoupling of output Hessian and input auto-correlation in [W].

    Exact where ``M_n`` does not depend on n, and for one sample.

    Parameters
    ----------
    H : LayerHessian

    Returns
    -------
    KroneckerProduct

    Examples
    --------
    >>> from rmt_hessian.hessian.layer import layer_hessian
    >>> from rmt_hessian.model.networks import Network
    >>> H = layer_hessian(Network([np.zeros((2, 1))]), [[2.0], [4.0]], layer=0, loss="ce")
    >>> kronecker_approximation(H).to_dense()
    array([[ 2.5, -2.5],
           [-2.5,  2.5]])
    """
    instance_of(H, LayerHessian, "H")
    return KroneckerProduct(H.output_hessian(), H.input_autocorrelation())


def _weighted_output_hessian(H, C):
    """``(1/N) Σ_n (z_nᵀ C z_n) M_n``, (k, k): the rearranged H times vec(C)."""
    forms = np.einsum("na,na->n", H.features @ C.astype(H.dtype), H.features)
    return H.output_hessians.weighted_sums(forms[:, None] / H.n_samples)[0]


def _weighted_autocorrelation(H, B):
    """``(1/N) Σ_n ⟨M_n, B⟩ z_n z_nᵀ``, (p, p): vec(B) times the rearranged H."""
    twice = (B + B.T).astype(H.dtype)
    np.fill_diagonal(twice, B.diagonal())
    products = np.zeros(H.n_samples, H.dtype)
    for i, j in unit_pairs(H.n_blocks, H.chunk_size // H.n_samples):
        products += H.output_hessians.pair_weights(i, j) @ twice[i, j]
    return (H.features.T * products) @ H.features / H.n_samples


def _rearranged(A, k, p):
    """The k² × p² operator of ``R vec(C)_{ij} = ⟨A_ij, C⟩``, ``A_ij`` the blocks (p, p) of A."""
    if not isinstance(A, LayerHessian):
        return aslinearoperator(A.reshape(k, p, k, p).swapaxes(1, 2).reshape(k * k, p * p))
    return LinearOperator(
        (k * k, p * p),
        matvec=lambda c: _weighted_output_hessian(A, c.reshape(p, p)).ravel(),
        rmatvec=lambda b: _weighted_autocorrelation(A, b.reshape(k, k)).ravel(),
        dtype=A.dtype,
    )


def nearest_kronecker_product(A, shape=None):
    """B and C that minimise ``‖A - B ⊗ C‖_F``.

    ``‖A - B ⊗ C‖_F = ‖R - vec(B) vec(C)ᵀ‖_F`` with the rearrangement R of A, whose row (i, j) is
    the block ``A_ij`` (Van Loan & Pitsianis 1993), so B and C are its leading singular pair. For a
    layer Hessian, ``R = (1/N) Σ_n vec(M_n) vec(z_n z_nᵀ)ᵀ`` is not formed.

    Parameters
    ----------
    A : LayerHessian or array_like, shape (k p, k p)
    shape : (int, int)
        ``(k, p)``; that of a `LayerHessian` is known.

    Returns
    -------
    B, C : numpy.ndarray, shapes (k, k) and (p, p)
        ``‖B‖_F = ‖C‖_F`` and ``tr C >= 0``. Symmetric for a layer Hessian; positive semidefinite
        if A is, unless the leading singular value is multiple. For a symmetric indefinite A both
        may be antisymmetric, as the factors of J ⊗ J, Jᵀ = -J.

    Raises
    ------
    ValueError
        If A is not finite, or the shape is missing or not that of A.
    RuntimeError
        If the iteration does not converge.

    Examples
    --------
    >>> B, C = nearest_kronecker_product(np.kron([[2.0, 1.0], [1.0, 3.0]], [[4.0]]), (2, 1))
    >>> np.round(np.kron(B, C), 9)
    array([[ 8.,  4.],
           [ 4., 12.]])
    """
    A, k, p = _with_sizes(A, shape)
    R = _rearranged(A, k, p)
    if k > p:  # the eigenvectors of the smaller of R Rᵀ and Rᵀ R
        c = top_eigenpairs(R.T @ R, 1)[1][:, 0]
        b = R @ c
        size = np.linalg.norm(b)
        b, c = b / np.sqrt(size or 1.0), c * np.sqrt(size)
    else:
        b = top_eigenpairs(R @ R.T, 1)[1][:, 0]
        c = R.T @ b
        size = np.linalg.norm(c)
        b, c = b * np.sqrt(size), c / np.sqrt(size or 1.0)
    sign = 1.0 if c[:: p + 1].sum() >= 0 else -1.0
    B, C = sign * b.reshape(k, k), sign * c.reshape(p, p)
    if isinstance(A, LayerHessian):  # take off the asymmetry of rounding
        B, C = (B + B.T) / 2, (C + C.T) / 2
    return B, C


def _with_sizes(A, shape):
    """A as a `LayerHessian` or an array of a checked shape, and its k and p."""
    if isinstance(A, LayerHessian):
        known = (A.n_blocks, A.block_size)
        if shape is not None and tuple(shape) != known:
            raise ValueError(f"shape must be {known}, that of the layer, got {tuple(shape)}")
        return A, *known
    A = finite_array(A, "A", ndim=2)
    k, p = pair_of_sizes(shape, "shape")
    if A.shape != (k * p, k * p):
        raise ValueError(f"A must have shape {(k * p, k * p)}, got {A.shape}")
    return A, k, p


def kronecker_error(H, product):
    """``‖H - B ⊗ C‖_F / ‖H‖_F``.

    For a layer Hessian nothing of its size is formed: the square is the difference
    ``‖H‖² - 2 ⟨H, B ⊗ C⟩ + ‖B‖² ‖C‖²``, ``⟨H, B ⊗ C⟩ = ⟨B, (1/N) Σ_n (z_nᵀ C z_n) M_n⟩``, so an
    error below about 1e-7 is rounding, below 1e-3 in float32.

    Parameters
    ----------
    H : LayerHessian or array_like, shape (k p, k p)
        Symmetric, not zero.
    product : KroneckerProduct

    Raises
    ------
    ValueError
        If the sizes do not match, or H is zero, not finite or not symmetric.

    Examples
    --------
    >>> kronecker_error(np.diag([3.0, 4.0]), KroneckerProduct(np.diag([3.0, 0.0]), [[1.0]]))
    0.8
    """
    B, C = instance_of(product, KroneckerProduct, "product").left, product.right
    if not isinstance(H, LayerHessian):
        H = symmetric_array(H, "H")
    H, k, p = _with_sizes(H, (len(B), len(C)))
    if isinstance(H, LayerHessian):
        size = H.frobenius_norm()
        inner = np.sum(B * _weighted_output_hessian(H, C))
        square = size**2 - 2 * inner + product.frobenius_norm() ** 2
    else:
        size = np.linalg.norm(H)
        blocks = H.reshape(k, p, k, p)
        square = sum(np.sum((blocks[i, :, j] - B[i, j] * C) ** 2) for i, j in np.ndindex(k, k))
    if size == 0:
        raise ValueError("H must not be zero, got zeros only")
    return float(np.sqrt(max(square, 0.0)) / size)
