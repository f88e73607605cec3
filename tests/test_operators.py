"""Every operator of the package is the matrix that it stands for, whatever it is multiplied by."""

import copy
import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse.linalg import aslinearoperator

import rmt_hessian as rh
from rmt_hessian.operators import SymmetricOperator
from tests.tolerances import EXACT

RNG = np.random.default_rng(5)
NET = rh.Network.random([3, 4, 2], RNG)
X = RNG.standard_normal((6, 3))
Y = [0, 1, 1, 0, 1, 0]
LAYER = rh.layer_hessian(NET, X, 0, "ce")
WHOLE = rh.network_hessian(NET, X, Y, "ce")
FACTORS = rh.kronecker_approximation(WHOLE)
OPERATORS = {
    "hidden layer": (LAYER.to_operator(), LAYER.to_dense()),
    "last layer": (
        rh.layer_hessian(NET, X, 1, "ce").to_operator(),
        rh.layer_hessian(NET, X, 1, "ce").to_dense(),
    ),
    "single precision": (
        rh.layer_hessian(NET, X, 0, "mse", dtype="float32").to_operator(),
        rh.layer_hessian(NET, X, 0, "mse").to_dense(),
    ),
    "network": (WHOLE.to_operator(), WHOLE.to_dense()),
    "Kronecker product": (
        rh.kronecker_approximation(LAYER).to_operator(),
        rh.kronecker_approximation(LAYER).to_dense(),
    ),
    "Khatri–Rao product": (FACTORS.to_operator(), FACTORS.to_dense()),
    "one number": (SymmetricOperator(lambda v: 3.0 * v, 1, np.float64), np.array([[3.0]])),
}
parametrize = pytest.mark.parametrize(
    ("operator", "dense"), OPERATORS.values(), ids=OPERATORS.keys()
)


def assert_equal(result, expected, operator):
    tolerance = 100 * EXACT if operator.dtype == np.float64 else 1e-5
    assert result.shape == expected.shape
    scale = np.abs(expected).max(initial=1.0)
    np.testing.assert_allclose(result, expected, rtol=0, atol=tolerance * scale)


@parametrize
@given(stack=st.lists(st.integers(0, 3), max_size=3), q=st.integers(0, 3), seed=st.integers(0, 9))
def test_stacks(operator, dense, stack, q, seed):
    """NumPy's ``dense @ v``, for matrices and stacks of them, empty ones and of one column too."""
    v = np.random.default_rng(seed).standard_normal((*stack, len(dense), q))
    assert_equal(operator @ v, dense @ v, operator)
    assert_equal(operator.dot(v), dense @ v, operator)
    turned = v.swapaxes(-1, -2)
    assert_equal(turned @ operator, turned @ dense, operator)


@parametrize
@pytest.mark.parametrize("kind", [float, np.float32, int, bool])
def test_vectors_and_matrices(operator, dense, kind):
    n = len(dense)
    v = (2 * np.arange(3 * n).reshape(n, 3) % 7 % 2).astype(kind)
    for argument in (v, v[:, :1], v[:, 0], np.asfortranarray(v), v[:, ::2]):
        product = dense @ argument.astype(float)
        assert_equal(operator @ argument, product, operator)
        assert_equal(operator * argument, product, operator)
        assert_equal(operator(argument), product, operator)
        assert_equal(operator.T @ argument, product, operator)
        assert_equal(operator.H @ argument, product, operator)
        assert_equal(argument.T @ operator, product.T, operator)
    assert_equal(operator.matvec(v[:, 0]), dense @ v[:, 0].astype(float), operator)
    assert_equal(operator.rmatvec(v[:, 0]), dense @ v[:, 0].astype(float), operator)
    assert_equal(operator.matmat(v), dense @ v.astype(float), operator)
    assert_equal(operator.rmatmat(v), dense @ v.astype(float), operator)


@parametrize
def test_what_scipy_does_for_a_matrix_it_does_for_the_operator(operator, dense):
    v = RNG.standard_normal((len(dense), 2))
    of_matrix = aslinearoperator(dense)
    for make in (
        lambda A: (2 * A) @ v,
        lambda A: (A * 2) @ v,
        lambda A: (-A) @ v,
        lambda A: (A + A) @ v,
        lambda A: (A - 3 * A) @ v,
        lambda A: (A / 2) @ v,
        lambda A: (A @ A) @ v,
        lambda A: (A**2) @ v,
    ):
        assert_equal(make(operator), make(of_matrix), operator)


def test_a_stack_of_columns_in_a_small_case():
    """diag(1, 0, 1, 0): SciPy 1.18 hands stacks to an operator, which once shuffled them."""
    H = rh.layer_hessian(rh.Network([np.eye(2)]), [[1.0, 0.0]], 0, "mse")
    product = H @ np.arange(8.0).reshape(2, 4, 1)
    np.testing.assert_array_equal(product.ravel(), [0, 0, 2, 0, 4, 0, 6, 0])


@parametrize
@pytest.mark.parametrize("restore", [lambda A: pickle.loads(pickle.dumps(A)), copy.deepcopy])
def test_pickles(operator, dense, restore):
    if dense.size == 1:
        operator = SymmetricOperator(np.negative, 1, np.float64)
    v = RNG.standard_normal((len(dense), 2))
    np.testing.assert_array_equal(restore(operator) @ v, operator @ v)


@parametrize
def test_other_shapes_are_refused(operator, dense):
    n = len(dense)
    for shape in ((n + 1,), (n + 1, 2), (2, n + 1, 1)):
        v = np.ones(shape)
        with pytest.raises(ValueError, match=rf"v must have shape \({n},\) or \(…, {n}, q\), got"):
            operator @ v
        with pytest.raises(ValueError, match=rf"v must have shape \({n},\) or \(…, q, {n}\), got"):
            v.swapaxes(-1, -2) @ operator if v.ndim > 1 else v @ operator
    with pytest.raises(ValueError, match="v must be real, got complex128"):
        operator @ np.full(n, 1j)
    with pytest.raises(ValueError, match="v must be an array of numbers, got"):
        operator @ np.full(n, "x")


def test_an_overflow_is_said():
    """Float32 products overflow at 3e38."""
    H = rh.layer_hessian(rh.Network([np.eye(2)]), [[1e15, 1.0]], 0, "mse", dtype="float32")
    with pytest.raises(ValueError, match="v must not make the product overflow float32"):
        H @ np.full(4, 1e20)
    assert np.isnan(H @ np.array([np.nan, 0, 0, 0])).any()
