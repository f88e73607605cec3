import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rmt_hessian import Network, layer_hessian, network_hessian
from rmt_hessian.spectra.kronecker import (
    KroneckerProduct,
    kronecker_approximation,
    kronecker_error,
    nearest_kronecker_product,
)
from rmt_hessian.spectra.network_kronecker import NetworkKronecker
from tests.strategies import cases
from tests.tolerances import EXACT, ITERATIVE

sizes = st.integers(1, 5)
seeds = st.integers(0, 10**6)


def symmetric(n, rng):
    A = rng.standard_normal((n, n))
    return A + A.T


def rearranged(A, k, p):
    """Row (i, j) is the block ``A_ij``, read off entry by entry."""
    return np.array(
        [A[i * p : (i + 1) * p, j * p : (j + 1) * p].ravel() for i in range(k) for j in range(k)]
    )


def frobenius_distance(A, B, C):
    return np.linalg.norm(A - np.kron(B, C))


# --- the product --------------------------------------------------------------------------------


@given(sizes, sizes, seeds, st.data())
def test_a_product_is_its_dense_matrix(k, p, seed, data):
    rng = np.random.default_rng(seed)
    product = KroneckerProduct(symmetric(k, rng), symmetric(p, rng))
    dense = np.array([[product.left[i // p, j // p] * product.right[i % p, j % p]
                       for j in range(k * p)] for i in range(k * p)])  # fmt: skip
    scale = np.abs(dense).max()
    np.testing.assert_allclose(product.to_dense(), dense, atol=EXACT * scale)
    assert product.shape == dense.shape
    assert product.frobenius_norm() == pytest.approx(np.linalg.norm(dense), rel=EXACT)
    v = rng.standard_normal((k * p, 3))
    np.testing.assert_allclose(product @ v, dense @ v, atol=100 * EXACT * scale)
    np.testing.assert_allclose(product @ v[:, 0], dense @ v[:, 0], atol=100 * EXACT * scale)

    n = data.draw(st.integers(1, k * p))
    values, U = product.top_eigenvalues(n), product.top_eigenspace(n)
    tolerance = 10 * k * p * EXACT * scale
    np.testing.assert_allclose(values, np.linalg.eigvalsh(dense)[-n:], atol=tolerance)
    np.testing.assert_allclose(U.T @ U, np.eye(n), atol=100 * EXACT)
    np.testing.assert_allclose(dense @ U, U * values, atol=tolerance)
    of_pairs, i, a = product.top_pairs(n)
    left, right = np.linalg.eigvalsh(product.left), np.linalg.eigvalsh(product.right)
    np.testing.assert_allclose(left[i] * right[a], of_pairs, atol=tolerance)


def test_equal_products_come_in_the_order_of_their_places():
    _, i, a = KroneckerProduct(np.eye(2), np.eye(3)).top_pairs(6)
    assert list(zip(i, a, strict=True)) == [(0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (1, 2)]


# --- the decoupling -----------------------------------------------------------------------------


@given(cases())
def test_decoupling_is_the_product_of_the_means(case):
    H = layer_hessian(case.net, case.X, case.layer, case.loss)
    k, N = H.n_blocks, H.n_samples
    M = np.array([[H.block_weights(i, j).mean() for j in range(k)] for i in range(k)])
    C = sum(np.outer(z, z) for z in H.features) / N
    expected = np.kron(M, C)
    atol = 10 * EXACT * np.abs(expected).max()
    np.testing.assert_allclose(kronecker_approximation(H).to_dense(), expected, atol=atol)


def test_decoupling_is_exact_where_it_must_be(rng):
    """MSE: ``M_n = I``; one sample: ``M ⊗ z zᵀ``. The error is the root of rounding: 1e-7."""
    linear = layer_hessian(Network.random([6, 3], rng), rng.standard_normal((40, 6)), 0, "mse")
    net = Network.random([6, 5, 3], rng)
    single = layer_hessian(net, rng.standard_normal((1, 6)), 0, "ce")
    many = layer_hessian(net, rng.standard_normal((40, 6)), 0, "ce")
    for H in (linear, single):
        assert kronecker_error(H, kronecker_approximation(H)) < ITERATIVE
        assert kronecker_error(H.to_dense(), kronecker_approximation(H)) < 100 * EXACT
        assert kronecker_error(H, nearest_kronecker_product(H)) < ITERATIVE
    assert kronecker_error(many, kronecker_approximation(many)) > 0.05


# --- the nearest product ------------------------------------------------------------------------


@given(cases())
def test_nearest_product_of_a_layer(case):
    """Eckart–Young on the explicit rearrangement; factors symmetric, PSD, of equal norms."""
    H = layer_hessian(case.net, case.X, case.layer, case.loss)
    k, p, A = H.n_blocks, H.block_size, H.to_dense()
    size = np.linalg.norm(A)
    if size < 1e-150:  # squares underflow
        return
    product = nearest_kronecker_product(H)
    B, C = product.left, product.right
    singular_values = np.linalg.svd(rearranged(A, k, p), compute_uv=False)
    best = np.linalg.norm(singular_values[1:])
    assert frobenius_distance(A, B, C) == pytest.approx(best, abs=ITERATIVE * size)
    assert np.linalg.norm(B) == pytest.approx(np.linalg.norm(C), rel=ITERATIVE)
    for factor in (B, C):
        scale = np.linalg.norm(factor)
        np.testing.assert_allclose(factor, factor.T, atol=ITERATIVE * scale)
        assert np.linalg.eigvalsh(factor)[0] >= -ITERATIVE * scale
    dense = nearest_kronecker_product(A, (k, p)).to_dense()
    if best < 0.9 * size:  # a leading pair that stands apart
        np.testing.assert_allclose(np.kron(B, C), dense, atol=ITERATIVE * size)


@given(cases())
def test_error_of_a_layer_is_that_of_its_dense_matrix(case):
    H = layer_hessian(case.net, case.X, case.layer, case.loss)
    A = H.to_dense()
    if np.linalg.norm(A) < 1e-150:  # squares underflow
        return
    products = [
        kronecker_approximation(H),
        KroneckerProduct(symmetric(H.n_blocks, case.rng), symmetric(H.block_size, case.rng)),
    ]
    for product in products:
        expected = frobenius_distance(A, product.left, product.right) / np.linalg.norm(A)
        assert kronecker_error(A, product) == pytest.approx(expected, rel=1e-9, abs=EXACT)
        # rounding of a difference of squares: 1e-14 of (1 + ‖B ⊗ C‖/‖H‖)² gives its root, 1e-7
        scale = 1 + product.frobenius_norm() / np.linalg.norm(A)
        assert kronecker_error(H, product) == pytest.approx(expected, abs=ITERATIVE * scale)


@given(cases(), st.booleans())
def test_error_of_a_network_is_that_of_its_dense_matrix(case, cross_layer):
    H = network_hessian(case.net, case.X, np.zeros(len(case.X), int), case.loss)
    A, product = H.to_dense(), kronecker_approximation(H, cross_layer=cross_layer)
    if np.linalg.norm(A) < 1e-150:  # squares underflow
        return
    expected = np.linalg.norm(A - product.to_dense()) / np.linalg.norm(A)
    assert kronecker_error(H, product) == pytest.approx(expected, rel=1e-9, abs=EXACT)


@given(sizes, sizes, seeds)
def test_a_kronecker_product_is_recovered(k, p, seed):
    """Symmetric or not; J ⊗ J of antisymmetric J is symmetric with antisymmetric factors."""
    rng = np.random.default_rng(seed)
    A = np.kron(rng.standard_normal((k, k)), rng.standard_normal((p, p)))
    product = nearest_kronecker_product(A, (k, p))
    B, C = product.left, product.right
    np.testing.assert_allclose(np.kron(B, C), A, atol=100 * EXACT * np.abs(A).max())
    assert np.trace(C) >= 0
    J = np.array([[0.0, 1.0], [-1.0, 0.0]])
    product = nearest_kronecker_product(np.kron(J, J), (2, 2))
    B, C = product.left, product.right
    np.testing.assert_allclose(np.kron(B, C), np.kron(J, J), atol=EXACT)


@given(sizes, sizes, seeds)
def test_no_other_product_is_nearer(k, p, seed):
    rng = np.random.default_rng(seed)
    A = rng.standard_normal((k * p, k * p))
    product = nearest_kronecker_product(A, (k, p))
    B, C = product.left, product.right
    best = frobenius_distance(A, B, C)
    for _ in range(5):
        dB, dC = 0.1 * rng.standard_normal((k, k)), 0.1 * rng.standard_normal((p, p))
        assert frobenius_distance(A, B + dB, C + dC) >= best * (1 - EXACT)


@pytest.mark.parametrize("widths", [[20, 25, 4], [30, 22, 4]])
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_nearest_product_by_iteration(widths, dtype):
    """More units than features and fewer, both beyond the dense solver; twice the same."""
    rng = np.random.default_rng(0)
    net, X = Network.random(widths, rng), rng.standard_normal((300, widths[0]))
    H = layer_hessian(net, X, 0, "ce", dtype=dtype)
    A, k, p = H.to_dense().astype(float), H.n_blocks, H.block_size
    U, s, Vt = np.linalg.svd(rearranged(A, k, p), full_matrices=False)
    best = np.kron(U[:, 0].reshape(k, k), Vt[0].reshape(p, p)) * s[0]
    product = nearest_kronecker_product(H)
    B, C = product.left, product.right
    tolerance = {"float64": 1e-10, "float32": 1e-4}[dtype]  # residuals of 1000 rounding errors
    np.testing.assert_allclose(np.kron(B, C), best, atol=tolerance * s[0])
    np.testing.assert_array_equal(B, nearest_kronecker_product(H, (k, p)).left)
    product.to_operator()  # which wants symmetric factors, in float32 too
    assert np.linalg.eigvalsh(B)[0] > -tolerance * np.linalg.norm(B)
    # the decoupling of the means is another product, and not as near
    assert np.linalg.norm(A - kronecker_approximation(H).to_dense()) > 1.01 * np.linalg.norm(
        A - best
    )


PRODUCT = KroneckerProduct(np.eye(2), np.eye(3))
LAYER = layer_hessian(Network([np.ones((2, 3))]), np.ones((4, 3)), 0, "ce")
WHOLE = network_hessian(Network([np.ones((2, 3))]), np.ones((4, 3)), [0, 1, 0, 1], "ce")
OTHER = NetworkKronecker(KroneckerProduct(np.eye(3), np.eye(2)), (3,), (2,))
BAD = {
    "not symmetric": (
        lambda: KroneckerProduct([[0, 1], [2, 0]], [[1]]).to_operator(),
        "left must be symmetric",
    ),
    "no eigenpairs": (
        lambda: KroneckerProduct([[1]], [[0, 1], [2, 0]]).top_pairs(1),
        "right must be symmetric",
    ),
    "not square": (lambda: KroneckerProduct([[1]], [[1, 2]]), "right must be square"),
    "too many pairs": (lambda: PRODUCT.top_pairs(7), "n must be at most 6, got 7"),
    "vector": (lambda: PRODUCT @ np.ones(5), r"v must have shape \(6,\)"),
    "no shape": (
        lambda: nearest_kronecker_product(np.eye(6)),
        "must be a pair of integers, got None",
    ),
    "wrong shape": (lambda: nearest_kronecker_product(np.eye(6), (2, 2)), r"must have shape \(4"),
    "layer shape": (lambda: nearest_kronecker_product(LAYER, (3, 2)), r"must be \(2, 3\)"),
    "NaN": (lambda: nearest_kronecker_product([[np.nan]], (1, 1)), "must be finite"),
    "a network": (lambda: nearest_kronecker_product(WHOLE), "A must be of one layer, as `layers"),
    "a layer's product": (lambda: kronecker_error(WHOLE, PRODUCT), "must be a NetworkKronecker"),
    "a network's product": (lambda: kronecker_error(LAYER, OTHER), "must be a KroneckerProduct"),
    "layers": (lambda: kronecker_error(WHOLE, OTHER), r"sizes \[\(2, 3\)\], got \[\(3, 2\)\]"),
    "sizes": (lambda: kronecker_error(np.eye(4), PRODUCT), r"must have shape \(6, 6\)"),
    "zero": (lambda: kronecker_error(np.zeros((6, 6)), PRODUCT), "must not be zero"),
}


@pytest.mark.parametrize(("call", "message"), BAD.values(), ids=BAD.keys())
def test_bad_input(call, message):
    with pytest.raises(ValueError, match=message):
        call()
