"""Kronecker products close to a layer Hessian: the decoupling of [W], and the nearest one."""

from __future__ import annotations

from itertools import combinations_with_replacement
from typing import overload

import numpy as np
import numpy.typing as npt
from scipy.sparse.linalg import LinearOperator, aslinearoperator

from rmt_hessian._checks.arguments import describe, instance_of, pair_of_sizes, refuse_given
from rmt_hessian._checks.arrays import finite_array
from rmt_hessian._checks.matrices import symmetric_array, symmetric_part
from rmt_hessian._types import FloatArray, RealArray
from rmt_hessian.hessian.layer import LayerHessian
from rmt_hessian.hessian.network import NetworkHessian
from rmt_hessian.hessian.norms import norm
from rmt_hessian.hessian.output_hessians import unit_pairs
from rmt_hessian.kronecker_product import KroneckerProduct
from rmt_hessian.spectra.eigenvalues import top_eigenpairs
from rmt_hessian.spectra.network_kronecker import NetworkKronecker


@overload
def kronecker_approximation(H: LayerHessian) -> KroneckerProduct: ...
@overload
def kronecker_approximation(
    H: NetworkHessian, *, cross_layer: bool | None = None
) -> NetworkKronecker: ...
def kronecker_approximation(
    H: LayerHessian | NetworkHessian, *, cross_layer: bool | None = None
) -> KroneckerProduct | NetworkKronecker:
    """``E[M] ⊗ E[z zᵀ]``: the decoupling of output Hessian and input auto-correlation in [W].

    Exact where ``M_n`` does not depend on n, and for one sample. Of the whole network it is made
    block by block, ``E[M_lm] ⊗ E[z_l z_mᵀ]``, ``M_lm = ∂²ℓ/∂a_l ∂a_m``.

    Parameters
    ----------
    H : LayerHessian or NetworkHessian
    cross_layer : bool, optional
        Of a network: with the blocks between layers, the default, or without.

    Returns
    -------
    KroneckerProduct or NetworkKronecker

    Raises
    ------
    ValueError
        If H is neither, or ``cross_layer`` is given for a layer.

    References
    ----------
    ``docs/structure.md`` §2 and §5; [W], decoupling.

    Examples
    --------
    >>> from rmt_hessian.hessian.from_network import layer_hessian
    >>> from rmt_hessian.model.networks import Network
    >>> H = layer_hessian(Network([np.zeros((2, 1))]), [[2.0], [4.0]], layer=0, loss="ce")
    >>> kronecker_approximation(H).to_dense()
    array([[ 2.5, -2.5],
           [-2.5,  2.5]])
    """
    if not isinstance(H, LayerHessian | NetworkHessian):
        raise ValueError(f"H must be a LayerHessian or a NetworkHessian, got {describe(H)}")
    factors = KroneckerProduct(H.output_hessian(), H.input_autocorrelation())
    if isinstance(H, LayerHessian):
        refuse_given(cross_layer, "cross_layer", "one layer")
        return factors
    units, features = zip(*((H_l.n_blocks, H_l.block_size) for H_l in H.layers), strict=True)
    return NetworkKronecker(factors, units, features, cross_layer is None or cross_layer)


def _weighted_output_hessian(H: LayerHessian, C: RealArray) -> RealArray:
    """``(1/N) Σ_n (z_nᵀ C z_n) M_n``, (k, k): the rearranged H times vec(C)."""
    forms = np.einsum("na,na->n", H.features @ C.astype(H.dtype), H.features)
    return H.output_hessians.weighted_sums(forms[:, None] / H.n_samples)[0]


def _weighted_autocorrelation(H: LayerHessian, B: RealArray) -> RealArray:
    """``(1/N) Σ_n ⟨M_n, B⟩ z_n z_nᵀ``, (p, p): vec(B) times the rearranged H."""
    twice = (B + B.T).astype(H.dtype)
    np.fill_diagonal(twice, B.diagonal())
    products = np.zeros(H.n_samples, H.dtype)
    for i, j in unit_pairs(H.n_blocks, H.chunk_size // H.n_samples):
        products += H.output_hessians.pair_weights(i, j) @ twice[i, j]
    return (H.features.T * products) @ H.features / H.n_samples


def _rearranged(A: LayerHessian | FloatArray, k: int, p: int) -> LinearOperator:
    """The k² × p² operator of ``R vec(C)_{ij} = ⟨A_ij, C⟩``, ``A_ij`` the blocks (p, p) of A."""
    if not isinstance(A, LayerHessian):
        return aslinearoperator(A.reshape(k, p, k, p).swapaxes(1, 2).reshape(k * k, p * p))
    return LinearOperator(
        (k * k, p * p),
        matvec=lambda c: _weighted_output_hessian(A, c.reshape(p, p)).ravel(),
        rmatvec=lambda b: _weighted_autocorrelation(A, b.reshape(k, k)).ravel(),
        dtype=A.dtype,
    )


def nearest_kronecker_product(
    A: LayerHessian | npt.ArrayLike, shape: tuple[int, int] | None = None
) -> KroneckerProduct:
    """The product ``B ⊗ C`` that minimises ``‖A - B ⊗ C‖_F``.

    ``‖A - B ⊗ C‖_F = ‖R - vec(B) vec(C)ᵀ‖_F`` with the rearrangement R of A, whose row (i, j) is
    the block ``A_ij``, so B and C are its leading singular pair. For a layer Hessian,
    ``R = (1/N) Σ_n vec(M_n) vec(z_n z_nᵀ)ᵀ`` is not formed.

    Parameters
    ----------
    A : LayerHessian or array_like, shape (k p, k p)
    shape : (int, int)
        ``(k, p)``; that of a `LayerHessian` is known.

    Returns
    -------
    KroneckerProduct
        With ``‖B‖_F = ‖C‖_F`` and ``tr C >= 0``. Factors are symmetric for a layer Hessian;
        positive semidefinite if A is, unless the leading singular value is multiple. For a
        symmetric indefinite A both may be antisymmetric, as the factors of J ⊗ J, Jᵀ = -J.

    Raises
    ------
    ValueError
        If A is not finite, or the shape is missing or not that of A.
    RuntimeError
        If the iteration does not converge.

    References
    ----------
    Van Loan and Pitsianis (1993).

    Examples
    --------
    >>> product = nearest_kronecker_product([[8.0, 4.0], [4.0, 12.0]], (2, 1))
    >>> product.to_dense().round(9)
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
        B, C = symmetric_part(B), symmetric_part(C)
    return KroneckerProduct(B, C)


def _with_sizes(
    A: LayerHessian | npt.ArrayLike, shape: tuple[int, int] | None
) -> tuple[LayerHessian | FloatArray, int, int]:
    """A as a `LayerHessian` or an array of a checked shape, and its k and p."""
    if isinstance(A, NetworkHessian):
        raise ValueError(f"A must be of one layer, as `layers[0]` of it, got {describe(A)}")
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


def kronecker_error(
    H: LayerHessian | NetworkHessian | npt.ArrayLike,
    product: KroneckerProduct | NetworkKronecker,
) -> float:
    """``‖H - B ⊗ C‖_F / ‖H‖_F``.

    For a layer Hessian nothing of its size is formed: the square is the difference
    ``‖H‖² - 2 ⟨H, B ⊗ C⟩ + ‖B‖² ‖C‖²``, ``⟨H, B ⊗ C⟩ = ⟨B, (1/N) Σ_n (z_nᵀ C z_n) M_n⟩``, so an
    error below about 1e-7 is rounding, below 1e-3 in float32. Of a network the blocks of each pair
    of layers are made, one pair at a time. It may exceed 1: ``‖K‖`` of E[M] ⊗ E[z zᵀ] is larger
    than ``‖H‖`` where large features make samples certain.

    Parameters
    ----------
    H : LayerHessian, NetworkHessian or array_like, shape (k p, k p)
        Symmetric, not zero.
    product : KroneckerProduct
        `NetworkKronecker` for a network.

    Raises
    ------
    ValueError
        If the sizes do not match, or H is zero, not finite or not symmetric.

    References
    ----------
    ``docs/structure.md`` §2.

    Examples
    --------
    >>> kronecker_error(np.diag([3.0, 4.0]), KroneckerProduct(np.diag([3.0, 0.0]), [[1.0]]))
    0.8
    """
    if isinstance(H, NetworkHessian):
        return _network_error(H, instance_of(product, NetworkKronecker, "product"))
    product = instance_of(product, KroneckerProduct, "product")
    B, C = product.left, product.right
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


def _network_error(H: NetworkHessian, product: NetworkKronecker) -> float:
    sizes = [(layer.n_blocks, layer.block_size) for layer in H.layers]
    if (theirs := [*zip(product.units, product.features, strict=True)]) != sizes:
        raise ValueError(f"product must have layers of sizes {sizes}, got {theirs}")
    size, squares = H.frobenius_norm(), 0.0
    for l, m in combinations_with_replacement(range(H.n_layers), 2):
        M, S = product.block_factors(l, m)
        square = norm(H.block(l, m) - np.kron(M, S)) ** 2
        squares += square if l == m else 2 * square
    if size == 0:
        raise ValueError("H must not be zero, got zeros only")
    return float(np.sqrt(squares) / size)
