"""Every member of a Hessian beside its matrix (`tests.expected`)."""

from dataclasses import replace

import numpy as np
import pytest

import rmt_hessian as rh
from tests.tolerances import EXACT


def near(found, expected, atol):
    np.testing.assert_allclose(found, expected, rtol=0, atol=atol)


def compare_layer(H, expected, tolerance=EXACT, parts=True):
    """A `LayerHessian`: sizes, blocks, norms, scalars, products, and those of some units."""
    dense, M, Z = expected.dense, expected.M, expected.Z
    k, p = M.shape[1], Z.shape[1]
    rng = np.random.default_rng(k * p)
    atol = tolerance * expected.size + expected.error
    of_M = tolerance * (np.abs(M).max() + expected.size) + expected.error
    of_Z = 10 * tolerance * max(np.abs(Z).max(), 1.0)

    assert (H.n_blocks, H.block_size, H.shape) == (k, p, (k * p, k * p))
    assert H.n_samples == len(Z)
    near(H.to_dense(), dense, atol)
    np.testing.assert_array_equal(H.to_dense(), H.to_dense().T)
    near(H.features, Z, of_Z)

    blocks = dense.reshape(k, p, k, p).transpose(0, 2, 1, 3)
    i, j = np.indices((k, k)).reshape(2, -1)
    for a, b, block in zip(i, j, H.blocks(i, j), strict=True):
        near(block, blocks[a, b], atol)
        near(H.block(a, b), blocks[a, b], atol)
        near(H.block_weights(a, b), M[:, a, b], of_M)

    squares = np.sum(blocks**2, axis=(2, 3))
    of_squares = 4 * p**2 * atol * (expected.size + np.abs(dense).max())
    near(H.block_norms() ** 2, squares, of_squares)
    diagonal, off_diagonal = H.mean_squared_block_norms()
    near(diagonal, squares.diagonal().mean(), of_squares)
    if k > 1:
        near(off_diagonal, (squares.sum() - squares.trace()) / (k * (k - 1)), of_squares)
    else:
        assert np.isnan(off_diagonal)
    near(H.frobenius_norm() ** 2, squares.sum(), k**2 * of_squares)
    near(H.trace(), np.trace(dense), k * p * atol)
    near(H.diagonal(), dense.diagonal(), atol)
    compare_shares(H, expected, squares, k**2 * of_squares)

    units = rng.permutation(k)[: rng.integers(1, k + 1)]
    for some in (units, slice(k // 2, None)) if parts else ():
        part = of_units(expected, np.arange(k)[some])
        compare_layer(H.restrict(some), part, tolerance, parts=False)

    near(H.output_hessian(), M.mean(axis=0), of_M)
    near(H.input_autocorrelation(), (expected.shares * Z.T) @ Z, of_Z * max(np.abs(Z).max(), 1.0))
    compare_products(H, dense, atol, rng)


def compare_shares(H, expected, squares, error):
    """Shares off the diagonal, of the sample and of its pairs n ≠ m; ``error``: of a sum."""
    total = squares.sum()
    if error < 1e-6 * total:
        near(H.off_diagonal_share(), 1 - squares.trace() / total, 4 * error / total)
        near(H.off_diagonal_norm_ratio() ** 2, 1 - squares.trace() / total, 4 * error / total)
    M, K, N = expected.M, np.square(expected.Z @ expected.Z.T), len(expected.Z)
    np.fill_diagonal(K, 0.0)
    of_pairs = np.einsum("nij,mij,nm->ij", M, M, K) / N**2
    if N > 2 and error < 1e-6 * of_pairs.sum():
        expected = 1 - of_pairs.trace() / of_pairs.sum()
        near(H.off_diagonal_share(population=True)[0], expected, 4 * error / of_pairs.sum())


def of_units(expected, units):
    """What is expected of some units of a layer."""
    p = expected.Z.shape[1]
    rows = (units[:, None] * p + np.arange(p)).ravel()
    dense, M = expected.dense[np.ix_(rows, rows)], expected.M[:, units][:, :, units]
    return replace(expected, dense=dense, M=M)


def compare_network(H, expected, tolerance=EXACT):
    """A `NetworkHessian`; its output Hessian and autocorrelation are of all layers side by side."""
    dense, M, Z = expected.dense, expected.M, expected.Z
    P, rng = len(dense), np.random.default_rng(len(dense))
    atol = tolerance * expected.size + expected.error
    assert (H.shape, H.n_samples) == ((P, P), len(Z))
    near(H.to_dense(), dense, atol)
    np.testing.assert_array_equal(H.to_dense(), H.to_dense().T)
    near(H.diagonal(), dense.diagonal(), atol)
    near(H.trace(), np.trace(dense), P * atol)
    norms, of_squares = H.block_norms(), 4 * P**2 * atol * (expected.size + np.abs(dense).max())
    for l, m in np.ndindex(norms.shape):
        block = dense[H.places[l], H.places[m]]
        near(H.block(l, m), block, atol)
        near(norms[l, m] ** 2, np.sum(block**2), of_squares)
    assert H.frobenius_norm() ** 2 == pytest.approx(np.sum(dense**2), rel=0, abs=of_squares)
    compare_products(H, dense, atol, rng)
    S, factors = (expected.shares * Z.T) @ Z, rh.kronecker_approximation(H).factors
    of_M = tolerance * (np.abs(M).max() + expected.size) + expected.error
    of_S = 10 * tolerance * max(np.abs(Z).max(), 1.0) ** 2
    for left, right in (
        (H.output_hessian(), H.input_autocorrelation()),
        (factors.left, factors.right),
    ):
        near(left, M, of_M)
        near(right, S, of_S)


def compare_products(H, dense, atol, rng):
    """With a vector, a matrix, one in Fortran's order, and through `to_operator`."""
    v = rng.standard_normal((len(dense), 3)).astype(H.dtype)
    scale = len(dense) * np.abs(v).max()
    for argument in (v[:, 0], v, np.asfortranarray(v), v[:, :1]):
        product = H @ argument
        assert product.shape == argument.shape
        near(product, dense @ argument, atol * scale)
    near(H.to_operator() @ v, dense @ v, atol * scale)
