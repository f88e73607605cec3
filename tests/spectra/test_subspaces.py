import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rmt_hessian import subspace_overlap
from rmt_hessian.spectra.subspaces import (
    correspondence_matrix,
    kronecker_alignment,
    overlap_by_dimension,
    reshape_eigenvectors,
    separated_dimensions,
)
from tests.tolerances import EXACT


def orthogonal(n, rng):
    return np.linalg.qr(rng.standard_normal((n, n)))[0]


@given(st.integers(1, 10), st.integers(0, 10**6), st.data())
def test_overlap_by_dimension_is_the_overlap_of_the_last_columns(n, seed, data):
    rng, K = np.random.default_rng(seed), data.draw(st.integers(1, n))
    U, V = orthogonal(n, rng)[:, :K], orthogonal(n, rng)[:, :K]
    overlaps = overlap_by_dimension(U, V)
    expected = [subspace_overlap(U[:, K - q :], V[:, K - q :]) for q in range(1, K + 1)]
    np.testing.assert_allclose(overlaps, expected, atol=10 * EXACT)
    np.testing.assert_allclose(overlap_by_dimension(U, U), 1, atol=10 * EXACT)


@given(st.integers(1, 10), st.integers(0, 10**6), st.data())
def test_correspondence_is_of_every_pair_the_largest_first(n, seed, data):
    rng, K = np.random.default_rng(seed), data.draw(st.integers(1, n))
    U, V = orthogonal(n, rng)[:, :K], orthogonal(n, rng)[:, :K]
    matrix = correspondence_matrix(U, V)
    for i, j in np.ndindex(K, K):
        assert matrix[i, j] == pytest.approx((U[:, K - 1 - i] @ V[:, K - 1 - j]) ** 2, abs=EXACT)
    assert matrix.sum(axis=0).max() < 1 + 10 * EXACT > matrix.sum(axis=1).max()
    np.testing.assert_allclose(correspondence_matrix(U, U), np.eye(K), atol=10 * EXACT)


@given(st.integers(1, 5), st.integers(1, 5), st.integers(0, 10**6))
def test_reshaped_eigenvectors(k, p, seed):
    rng = np.random.default_rng(seed)
    vectors = orthogonal(k * p, rng)
    reshaped = reshape_eigenvectors(vectors, (k, p))
    assert reshaped.singular_values.shape == (k * p, min(k, p))
    assert (reshaped.left.shape, reshaped.right.shape) == ((k, k * p), (p, k * p))
    for q, vector in enumerate(vectors.T):
        matrix = np.array([[vector[i * p + a] for a in range(p)] for i in range(k)])
        singular_values = np.linalg.svd(matrix, compute_uv=False)
        np.testing.assert_allclose(reshaped.singular_values[q], singular_values, atol=EXACT)
        leading = reshaped.left[:, q] @ matrix @ reshaped.right[:, q]
        assert leading == pytest.approx(singular_values[0], abs=EXACT)
        assert reshaped.rank_one_share[q] == pytest.approx(singular_values[0] ** 2, abs=EXACT)


@given(st.integers(1, 5), st.integers(1, 5), st.integers(0, 10**6))
def test_products_have_rank_one_and_align_with_themselves(k, p, seed):
    rng = np.random.default_rng(seed)
    left, right = orthogonal(k, rng), orthogonal(p, rng)
    products = np.kron(left, right)  # column i p + a is r_i ⊗ x_a
    np.testing.assert_allclose(reshape_eigenvectors(products, (k, p)).rank_one_share, 1, atol=EXACT)
    alignment = kronecker_alignment(products, left, right)
    np.testing.assert_allclose(alignment.reshape(k * p, k * p), np.eye(k * p), atol=10 * EXACT)


@given(st.integers(1, 5), st.integers(1, 5), st.integers(0, 10**6), st.data())
def test_alignment_is_the_squared_overlap(k, p, seed, data):
    rng = np.random.default_rng(seed)
    r, s = data.draw(st.integers(1, k)), data.draw(st.integers(1, p))
    vectors = orthogonal(k * p, rng)
    left, right = orthogonal(k, rng), orthogonal(p, rng)
    expected = (vectors.T @ np.kron(left[:, :r], right[:, :s])) ** 2
    alignment = kronecker_alignment(vectors, left[:, :r], right[:, :s])
    assert alignment.shape == (k * p, r, s)
    np.testing.assert_allclose(alignment.reshape(k * p, r * s), expected, atol=10 * EXACT)
    total = kronecker_alignment(vectors, left, right).sum(axis=(1, 2))
    np.testing.assert_allclose(total, 1, atol=10 * EXACT)


def test_separated_dimensions_by_hand():
    """3 | 2 2 | 1 1 1 | 0: the top eigenspace is one at 1, 3 and 6."""
    separated = separated_dimensions([0.0, 1.0, 1.0, 1.0, 2.0, 2.0, 3.0])
    assert (np.flatnonzero(separated) + 1).tolist() == [1, 3, 6]
    assert separated_dimensions([1.0]).shape == (0,)
    assert not separated_dimensions(np.zeros(4)).any()


@given(st.lists(st.integers(-9, 9), min_size=2, max_size=9), st.integers(0, 10**6), st.data())
def test_separated_eigenspaces_are_those_of_every_machine(values, seed, data):
    """Of a matrix turned, and perturbed by rounding: projectors agree where separated."""
    rng, n = np.random.default_rng(seed), len(values)
    Q = orthogonal(n, rng)
    A = (Q * np.sort(values)) @ Q.T
    noise = rng.standard_normal((n, n))
    perturbed = A + 1e-15 * np.abs(values).max() * (noise + noise.T)
    (lam, U), (mu, V) = np.linalg.eigh((A + A.T) / 2), np.linalg.eigh((perturbed + perturbed.T) / 2)
    separated = separated_dimensions(lam)
    np.testing.assert_array_equal(separated, np.diff(np.sort(values))[::-1] > 0)
    np.testing.assert_array_equal(separated, separated_dimensions(mu))
    overlaps = overlap_by_dimension(U, V)[: n - 1]
    np.testing.assert_allclose(overlaps[separated], 1, atol=1e-12)


BAD = {
    "no spectrum": (lambda: separated_dimensions([]), "eigenvalues must not be empty"),
    "not ascending": (lambda: separated_dimensions([2.0, 1.0]), "ascending"),
    "frames differ": (lambda: overlap_by_dimension(np.eye(3), np.eye(2)), "same shape"),
    "not orthonormal": (lambda: overlap_by_dimension(np.ones((2, 1)), np.ones((2, 1))), "defect"),
    "rows": (lambda: reshape_eigenvectors(np.eye(5), (2, 2)), "must have 2 × 2 = 4 rows"),
    "shape": (lambda: reshape_eigenvectors(np.eye(5), (0, 2)), r"shape\[0\] must be at least 1"),
    "zero": (lambda: reshape_eigenvectors(np.zeros((4, 1)), (2, 2)), "must not be zero"),
    "left": (lambda: kronecker_alignment(np.eye(4), np.ones((2, 1)), np.eye(2)), "left must have"),
    "sizes": (lambda: kronecker_alignment(np.eye(4), np.eye(2), np.eye(3)), "2 × 3 = 6 rows"),
}


@pytest.mark.parametrize(("call", "message"), BAD.values(), ids=BAD.keys())
def test_bad_input(call, message):
    with pytest.raises(ValueError, match=message):
        call()
