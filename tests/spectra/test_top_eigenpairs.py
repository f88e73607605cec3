"""The largest eigenpairs, from products with the matrix, against a dense solver."""

import numpy as np
import pytest
from scipy.sparse.linalg import aslinearoperator

from rmt_hessian import (
    ReLUNetwork,
    eigenvalues,
    gaussian_inputs,
    layer_hessian,
    top_eigenpairs,
    top_eigenspace,
)
from tests.tolerances import EXACT, ITERATIVE


@pytest.mark.parametrize("k", [1, 4, 12])
def test_top_eigenpairs_from_products(k):
    """A layer of 1600 weights, as a `LayerHessian`, an array and an operator."""
    rng = np.random.default_rng(0)
    net = ReLUNetwork.random([80, 20, 4], rng)
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
    H = layer_hessian(ReLUNetwork.random([160, 10], rng), rng.standard_normal((300, 160)), 0, "mse")
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


def test_top_eigenpairs_of_a_null_space_are_the_same_every_time(rng):
    """5 samples: rank at most 95 of 2000, so that Lanczos restarts inside the null space."""
    H = layer_hessian(ReLUNetwork.random([100, 20], rng), gaussian_inputs(5, 100, rng), 0, "ce")
    (values, vectors), again = top_eigenpairs(H, 120), top_eigenpairs(H, 120)
    np.testing.assert_array_equal(values, again[0])
    np.testing.assert_array_equal(vectors, again[1])
    np.testing.assert_allclose(vectors.T @ vectors, np.eye(120), atol=EXACT)
    np.testing.assert_allclose(H @ vectors, vectors * values, atol=ITERATIVE * values[-1])


def test_operators_are_real_and_square():
    with pytest.raises(ValueError, match="float64"):
        top_eigenpairs(aslinearoperator(1j * np.eye(3)), 1)
    with pytest.raises(ValueError, match="must be square"):
        top_eigenpairs(aslinearoperator(np.ones((3, 2))), 1)
