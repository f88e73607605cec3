"""The largest eigenpairs, from products with the matrix, against a dense solver."""

import numpy as np
import pytest
from scipy.sparse.linalg import LinearOperator, aslinearoperator

from rmt_hessian import Network, eigenvalues, layer_hessian, top_eigenpairs
from rmt_hessian.spectra.eigenvalues import top_eigenspace
from tests.spectra.matrices import with_spectrum
from tests.tolerances import EXACT, ITERATIVE


@pytest.mark.parametrize("k", [1, 4, 12])
def test_top_eigenpairs_from_products(k):
    """A layer of 1600 weights, as a `LayerHessian`, an array and an operator."""
    rng = np.random.default_rng(0)
    net = Network.random([80, 20, 4], rng)
    H = layer_hessian(net, rng.standard_normal((400, 80)), 0, "ce")
    A = H.to_dense()
    expected = eigenvalues(A)[-k:]
    for matrix in (H, A, H.to_operator()):
        values, U = top_eigenpairs(matrix, k)
        np.testing.assert_allclose(values, expected, rtol=100 * EXACT)
        np.testing.assert_allclose(U.T @ U, np.eye(k), atol=100 * EXACT)
        np.testing.assert_allclose(A @ U, U * values, atol=100 * EXACT * values[-1])
    np.testing.assert_array_equal(U, top_eigenspace(H.to_operator(), k))


@pytest.mark.parametrize("k", [3, 10, 21])
def test_no_copy_of_a_multiple_eigenvalue_is_missed(k):
    """Linear MSE, every eigenvalue 10-fold: Lanczos alone gives wrong values for some k."""
    rng = np.random.default_rng(0)
    H = layer_hessian(Network.random([160, 10], rng), rng.standard_normal((300, 160)), 0, "mse")
    expected = np.sort(np.repeat(eigenvalues(H.input_autocorrelation()), 10))[-k:]
    values, U = top_eigenpairs(H, k)
    np.testing.assert_allclose(values, expected, rtol=100 * EXACT)
    np.testing.assert_allclose(U.T @ U, np.eye(k), atol=100 * EXACT)


def test_top_eigenpairs_of_zero_and_of_low_rank():
    n = 1600
    values, U = top_eigenpairs(np.zeros((n, n)), 3)
    np.testing.assert_array_equal(values, 0)
    np.testing.assert_array_equal(U.T @ U, np.eye(3))
    values, U = top_eigenpairs(np.full((n, n), 1 / n), 3)
    np.testing.assert_allclose(values, [0, 0, 1], atol=100 * EXACT)
    np.testing.assert_allclose(U.T @ U, np.eye(3), atol=100 * EXACT)


@pytest.mark.parametrize("scale", [1e-26, 1e-150, 1e150])
def test_residuals_are_relative_to_the_matrix(scale):
    rng = np.random.default_rng(1)
    A = rng.standard_normal((1600, 1600))
    A += A.T
    values, U = top_eigenpairs(scale * A, 5)
    np.testing.assert_allclose(values / scale, np.linalg.eigvalsh(A)[-5:], rtol=100 * EXACT)
    residual = A @ U - U * (values / scale)
    assert np.abs(residual).max() < 1e3 * np.finfo(float).eps * values[-1] / scale


def test_float32_at_a_small_scale():
    """Inputs of 1e-4: λ₁ = 2e-9. Residuals of 1000 rounding errors of float32, so 1e-4 of it."""
    rng = np.random.default_rng(0)
    net, X = Network.random([100, 40, 10], rng), 1e-4 * rng.standard_normal((300, 100))
    single = layer_hessian(net, X, 0, "ce", dtype="float32")
    exact = eigenvalues(layer_hessian(net, X, 0, "ce"))[-3:]
    np.testing.assert_allclose(top_eigenpairs(single, 3)[0], exact, rtol=1e-4)


@pytest.mark.parametrize("k", [2, 7])
def test_copies_and_negative_eigenvalues(k):
    """Five copies of the largest and of the next; all of a matrix that is negative definite."""
    spectrum = np.concatenate([np.full(5, 3.0), np.full(5, 2.99), np.linspace(0, 2.9, 1990)])
    for shift in (0.0, -10.0):
        values, U = top_eigenpairs(np.diag(spectrum + shift), k)
        np.testing.assert_allclose(values, np.sort(spectrum)[-k:] + shift, atol=1e-10)
        np.testing.assert_allclose(U.T @ U, np.eye(k), atol=100 * EXACT)


NULL_SPACES = {
    "rank 1": np.ones((2000, 2000)),
    "rank 5": np.diag(np.concatenate([np.arange(1.0, 6.0), np.zeros(1995)])),
}


@pytest.mark.parametrize("A", NULL_SPACES.values(), ids=NULL_SPACES.keys())
def test_eigenvectors_of_a_null_space_are_the_same_every_time(A):
    """Lanczos restarts inside the null space, from a vector that must not be drawn afresh."""
    (values, vectors), again = top_eigenpairs(A, 8), top_eigenpairs(A, 8)
    np.testing.assert_array_equal(values, again[0])
    np.testing.assert_array_equal(vectors, again[1])
    np.testing.assert_allclose(vectors.T @ vectors, np.eye(8), atol=100 * EXACT)
    np.testing.assert_allclose(A @ vectors, vectors * values, atol=ITERATIVE * values[-1])


def test_operators_are_real_and_square():
    with pytest.raises(ValueError, match="matrix must be real, got dtype complex128"):
        top_eigenpairs(aslinearoperator(1j * np.eye(3)), 1)
    with pytest.raises(ValueError, match="must be square"):
        top_eigenpairs(aslinearoperator(np.ones((3, 2))), 1)
    with pytest.raises(ValueError, match="matrix must be finite"):
        top_eigenpairs(aslinearoperator(np.full((100, 100), np.nan)), 1)


@pytest.mark.parametrize("which", ["largest", "smallest", "magnitude"])
@pytest.mark.parametrize("scale", [1e-150, 1.0, 1e150])
def test_which_and_in_what_order(which, scale):
    """By a dense solver, and from products: 300 eigenvalues, some of them ± pairs and multiple."""
    spectrum = np.concatenate([np.linspace(-1, 1, 288), [-9, -7, -7, -5, -3, -2, 2, 3, 5, 5, 7, 9]])
    rng = np.random.default_rng(0)
    A = scale * with_spectrum(spectrum, rng)[0]
    ascending = np.sort(spectrum)
    expected = {
        "largest": ascending[-5:],
        "smallest": ascending[:5],
        "magnitude": [7.0, 7.0, 7.0, 9.0, 9.0],
    }[which]
    for matrix in (A, aslinearoperator(A)):
        values, U = top_eigenpairs(matrix, 5, which=which)
        values = values / scale
        sizes = np.abs(values) if which == "magnitude" else values
        np.testing.assert_allclose(sizes, expected, atol=1e-11)
        np.testing.assert_allclose((A / scale) @ U, U * values, atol=1e-11)
        np.testing.assert_allclose(U.T @ U, np.eye(5), atol=100 * EXACT)
        np.testing.assert_array_equal(U, top_eigenspace(matrix, 5, which=which))


def edge_heavy(n):
    """Eigenvalues so close at the upper end that Lanczos takes thousands of products."""
    return np.diag(1 - np.linspace(0, 1, n) ** 3)


def test_a_dense_solver_takes_over_where_products_do_not_converge():
    n = 2100
    A = edge_heavy(n)
    products = []
    operator = LinearOperator(
        (n, n), lambda v: (products.append(1), A @ v)[1], matmat=lambda V: A @ V, dtype=float
    )
    for matrix in (A, operator):
        told = []
        values, U = top_eigenpairs(
            matrix, 4, progress=lambda *counts, told=told: told.append(counts)
        )
        np.testing.assert_allclose(values, np.sort(A.diagonal())[-4:], atol=EXACT)
        np.testing.assert_allclose(A @ U, U * values, atol=EXACT)
        assert len(told) > 10
        assert told[-1] == (4, 4)
    assert n <= len(products) < 1.1 * n


def test_failure_says_what_was_reached():
    A = edge_heavy(9000).diagonal()
    operator = LinearOperator((9000, 9000), lambda v: A * v.ravel(), dtype=float)
    message = (
        "max_iterations must be more than 100 for this matrix, 0 of 4 eigenpairs converged in "
        r"\d+ products, residuals up to .* of \|matrix\|, tol = 1e-10"
    )
    with pytest.raises(RuntimeError, match=message):
        top_eigenpairs(operator, 4, max_iterations=100, tol=1e-10)


def test_a_loose_tolerance_bounds_the_residuals():
    A = edge_heavy(3000)
    products = []
    operator = LinearOperator((3000, 3000), lambda v: (products.append(1), A @ v)[1], dtype=float)
    values, U = top_eigenpairs(operator, 3, tol=1e-3)
    assert (np.linalg.norm(A @ U - U * values, axis=0) < 1e-3).all()
    np.testing.assert_allclose(values, 1, atol=1e-3)
    assert len(products) < 600


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"which": "LA"}, "which must be one of 'largest', 'smallest', 'magnitude', got 'LA'"),
        ({"tol": 0.0}, "tol must be positive and finite, got 0"),
        ({"tol": "small"}, "tol must be a number, got 'small'"),
        ({"max_iterations": 0}, "max_iterations must be at least 1, got 0"),
        ({"progress": True}, "progress must be callable as .*, got True"),
    ],
)
def test_bad_options(options, message):
    for call in (top_eigenpairs, top_eigenspace):
        with pytest.raises(ValueError, match=message):
            call(np.eye(3), 1, **options)


def test_progress_may_end_the_work():
    def stop(done, total):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        top_eigenpairs(aslinearoperator(edge_heavy(400)), 3, progress=stop)


def test_nothing_but_products_with_vectors():
    """A large operator that takes one vector at a time and integers for its type."""
    d = np.arange(20_000) % 1000
    operator = LinearOperator(d.shape * 2, lambda v: d * v.ravel(), dtype=np.int64)
    values, _ = top_eigenpairs(operator, 25)
    np.testing.assert_allclose(values, np.repeat([998, 999], [5, 20]), rtol=1e-11)
