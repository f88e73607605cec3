import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rmt_hessian import Network, eigenvalues, layer_hessian, subspace_overlap
from rmt_hessian.spectra.eigenvalues import block_eigenvalues, top_eigenspace
from tests.tolerances import EXACT


def orthogonal(n, seed):
    return np.linalg.qr(np.random.default_rng(seed).standard_normal((n, n)))[0]


@given(st.integers(2, 12), st.integers(0, 10**6))
def test_known_spectrum_and_eigenspace(n, seed):
    Q, values = orthogonal(n, seed), np.arange(1.0, n + 1)
    A = (Q * values) @ Q.T
    np.testing.assert_allclose(eigenvalues(A), values, atol=EXACT * 10 * n)
    top = top_eigenspace(A, 2)
    assert subspace_overlap(top, Q[:, -2:]) == pytest.approx(1, abs=1e-10)
    np.testing.assert_allclose(np.abs(top[:, 1] @ Q[:, -1]), 1, atol=1e-10)  # largest last


def test_a_layer_hessian_is_formed(rng):
    H = layer_hessian(Network.random([3, 4], rng), rng.standard_normal((6, 3)), 0, "ce")
    np.testing.assert_array_equal(eigenvalues(H), eigenvalues(H.to_dense()))


@given(st.integers(2, 10), st.integers(0, 10**6), st.data())
def test_overlap_depends_on_the_spaces_only(n, seed, data):
    k = data.draw(st.integers(1, n))
    Q, rotation = orthogonal(n, seed), orthogonal(k, seed + 1)
    U, V = Q[:, :k], orthogonal(n, seed + 2)[:, :k]
    overlap = subspace_overlap(U, V)
    assert 0 <= overlap <= 1
    assert subspace_overlap(U @ rotation, V) == pytest.approx(overlap, abs=1e-10)
    assert subspace_overlap(V, U) == pytest.approx(overlap, abs=1e-10)
    assert subspace_overlap(U, U @ rotation) == pytest.approx(1, abs=1e-10)


def test_random_frames_overlap_by_k_over_n():
    """Mean over 400 pairs; the variance of one is below 2 k (n-k)²/(n⁴ k²)·n ≈ 2e-3."""
    n, k = 20, 5
    overlaps = [
        subspace_overlap(orthogonal(n, 2 * s)[:, :k], orthogonal(n, 2 * s + 1)[:, :k])
        for s in range(400)
    ]
    assert np.mean(overlaps) == pytest.approx(k / n, abs=5 * np.std(overlaps) / 20)


@pytest.mark.parametrize("widths", [[6, 5], [4, 3, 5], [4, 5, 3, 4]])
@pytest.mark.parametrize("loss", ["ce", "mse"])
def test_eigenvalues_of_many_blocks_are_those_of_the_dense_matrix(widths, loss, rng):
    """Blocks of either sign, in any order, one asked for twice."""
    H = layer_hessian(Network.random(widths, rng), rng.standard_normal((9, widths[0])), 0, loss)
    k, p = H.n_blocks, H.block_size
    blocks = H.to_dense().reshape(k, p, k, p)
    i, j = [0, k - 1, 0, 1, 0], [0, 0, -1, 1, 0]
    expected = [np.linalg.eigvalsh(blocks[a, :, b]) for a, b in zip(i, j, strict=True)]
    scale = np.abs(expected).max()
    np.testing.assert_allclose(block_eigenvalues(H, i, j), expected, atol=10 * p * EXACT * scale)


def test_block_eigenvalues_refuse_pairs_that_do_not_match(rng):
    H = layer_hessian(Network.random([3, 4], rng), rng.standard_normal((5, 3)), 0, "ce")
    with pytest.raises(ValueError, match="same length"):
        block_eigenvalues(H, [0, 1], [0])
    with pytest.raises(IndexError, match="units must lie in 0 … 3"):
        block_eigenvalues(H, [4], [0])
