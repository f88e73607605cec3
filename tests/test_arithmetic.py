"""Multiples, sums and shifts of Hessians are those of the matrices; no array is made silently."""

import pickle

import numpy as np
import pytest
import scipy.sparse
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse.linalg import LinearOperator, aslinearoperator, eigsh

import rmt_hessian as rh
from rmt_hessian.operators import SymmetricOperator
from tests.tolerances import EXACT

RNG = np.random.default_rng(3)
NET = rh.Network.random([3, 4, 2], RNG)
X, Y = RNG.standard_normal((6, 3)), [0, 1, 1, 0, 1, 0]
LAYER = rh.layer_hessian(NET, X, 0, "ce")
WHOLE = rh.network_hessian(NET, X, Y, "ce")
MATRICES = {
    "layer": LAYER,
    "network": WHOLE,
    "Kronecker product": rh.kronecker_approximation(LAYER),
    "Khatri–Rao product": rh.kronecker_approximation(WHOLE),
}
parametrize = pytest.mark.parametrize("H", MATRICES.values(), ids=MATRICES.keys())
numbers = st.floats(-1e3, 1e3)


def assert_is(operator, dense):
    assert isinstance(operator, SymmetricOperator)
    assert operator.shape == dense.shape
    v = np.random.default_rng(0).standard_normal((2, len(dense), 3))
    scale = len(dense) * max(np.abs(dense).max(), 1.0) * 5
    np.testing.assert_allclose(operator @ v, dense @ v, rtol=0, atol=EXACT * scale)
    np.testing.assert_allclose(v[0].T @ operator, v[0].T @ dense, rtol=0, atol=EXACT * scale)


@parametrize
@given(factor=numbers, shift=numbers)
def test_multiples_and_shifts(H, factor, shift):
    """A number stands for that multiple of the identity where it is added."""
    A, eye = H.to_dense(), np.eye(H.shape[0])
    assert_is(-H, -A)
    for number in (factor, np.float64(factor), np.array(factor)):
        assert_is(number * H, factor * A)
        assert_is(H * number, factor * A)
        assert_is(H + number, A + factor * eye)
        assert_is(number + H, A + factor * eye)
        assert_is(H - number, A - factor * eye)
        assert_is(number - H, factor * eye - A)
    assert_is(H / 4, A / 4)
    assert_is(2 * (factor * H - shift) / 3 + H, 2 * (factor * A - shift * eye) / 3 + A)


@parametrize
def test_sums(H):
    A = H.to_dense()
    D = np.diag(np.arange(1.0, 1 + len(A)))
    for other in (D, scipy.sparse.csr_array(D), SymmetricOperator(D.__matmul__, len(D), D.dtype)):
        assert_is(H + other, A + D)
        assert_is(H - other, A - D)
        if not scipy.sparse.issparse(other):  # whose own sum comes first
            assert_is(other + H, A + D)
            assert_is(other - H, D - A)
    assert_is(H + H, 2 * A)
    assert_is(H - 2 * H, -A)
    values = rh.eigenvalues(H - D)
    np.testing.assert_allclose(values, np.linalg.eigvalsh(A - D), atol=100 * EXACT * len(A))


@parametrize
def test_an_operator_of_another_make_is_added_as_scipy_does(H):
    A, B = H.to_dense(), RNG.standard_normal(H.shape)  # not symmetric
    for sum_, expected in (
        (H + aslinearoperator(B), A + B),
        (H - aslinearoperator(B), A - B),
        (H.to_operator() + aslinearoperator(B), A + B),
        (aslinearoperator(B) + H, A + B),
    ):
        assert isinstance(sum_, LinearOperator)
        np.testing.assert_allclose(sum_ @ np.eye(len(A)), expected, atol=10 * EXACT)
        np.testing.assert_allclose(sum_.rmatmat(np.eye(len(A))), expected.T, atol=10 * EXACT)


@parametrize
def test_products_from_both_sides(H):
    A, v = H.to_dense(), RNG.standard_normal((H.shape[0], 2))
    for w in (v, v[:, 0], v[None]):
        np.testing.assert_allclose(H @ w, A @ w, atol=10 * EXACT)
    for w in (v.T, v[:, 0], v.T[None]):
        np.testing.assert_allclose(w @ H, w @ A, atol=10 * EXACT)


@parametrize
def test_it_is_no_array_and_says_what_to_call(H):
    for use in (np.asarray, np.linalg.norm, np.linalg.eigvalsh, lambda H: np.array([H])):
        with pytest.raises(TypeError, match=r"is no array: to_dense\(\) makes one"):
            use(H)
    for matrix in (H.to_operator(), 2 * H + 1):
        with pytest.raises(TypeError, match="SymmetricOperator is no array: its product with"):
            np.asarray(matrix)
    for use in (lambda H: H * np.ones(3), lambda H: np.ones(3) * H, lambda H: H * "x"):
        with pytest.raises(ValueError, match="the factor must be a number"):
            use(H)


@parametrize
def test_scalars_and_diagonals(H):
    A = H.to_dense()
    np.testing.assert_allclose(H.diagonal(), A.diagonal(), atol=10 * EXACT)
    assert H.trace() == pytest.approx(np.trace(A), rel=100 * EXACT)
    assert H.frobenius_norm() == pytest.approx(np.linalg.norm(A), rel=100 * EXACT)


@parametrize
def test_scipy_takes_it_as_it_is(H):
    values = np.linalg.eigvalsh(H.to_dense())
    for matrix, expected in ((H, values[-2:]), (-H, -values[1::-1])):
        top = eigsh(matrix, 2, which="LA", return_eigenvectors=False, v0=np.ones(H.shape[0]))
        np.testing.assert_allclose(np.sort(top), expected, atol=1e-7)
    assert aslinearoperator(H).dtype == H.dtype == np.float64
    assert len(repr(H)) < 100


def test_precision_and_pickles():
    single = rh.layer_hessian(NET, X, 0, "ce", dtype="float32")
    v = np.ones(single.shape[0], np.float32)
    assert (2 * single + 1).dtype == ((2 * single + 1) @ v).dtype == np.float32
    assert (single + LAYER).dtype == (single + np.eye(12)).dtype == np.float64
    assert (single + np.eye(12, dtype=np.float32)).dtype == np.float32
    for kind in (np.float32, np.float16, int):  # a shift is exact whatever the type of v
        w = np.ones(12, kind)
        np.testing.assert_allclose((LAYER + 1e6) @ w, LAYER @ np.ones(12) + 1e6, rtol=EXACT)
        np.testing.assert_allclose((LAYER + 0.1) @ w, LAYER @ np.ones(12) + 0.1, rtol=10 * EXACT)
    for operator in (-LAYER, 2 * WHOLE + 0.5, WHOLE - WHOLE.to_dense()):
        w = RNG.standard_normal(operator.shape[0])
        np.testing.assert_array_equal(pickle.loads(pickle.dumps(operator)) @ w, operator @ w)


def test_a_sum_of_many_and_a_matrix_that_changes_later():
    total, D = LAYER + 0.0, np.diag(np.arange(12.0))
    for _ in range(2000):
        total = total + 0.001 * LAYER
    A = LAYER.to_dense()
    np.testing.assert_allclose(pickle.loads(pickle.dumps(total)) @ np.eye(12), 3 * A, atol=1e-9)
    dense, sparse = D.copy(), scipy.sparse.csr_array(D)
    totals = LAYER + dense, LAYER + sparse
    dense[...], sparse.data[...] = 0, 0
    for total in totals:
        np.testing.assert_allclose(total @ np.eye(12), A + D, atol=10 * EXACT)


SPARSE = scipy.sparse.csr_array(np.eye(12))
BAD = {
    "not symmetric, sparse": (
        lambda: LAYER + scipy.sparse.csr_array(np.triu(np.ones((12, 12)))),
        "matrix must be symmetric",
    ),
    "one axis": (lambda: LAYER + scipy.sparse.coo_array(np.arange(12.0)), "must be square, got"),
    "not square": (lambda: LAYER + scipy.sparse.csr_array((12, 1)), "must be square, got"),
    "complex": (lambda: LAYER + 1j * SPARSE, "matrix must be real, got dtype complex128"),
    "NaN in a sparse matrix": (lambda: LAYER + np.nan * SPARSE, "matrix must be finite"),
    "complex number": (lambda: LAYER * 1j, "the factor must be a number"),
    "complex shift": (lambda: LAYER + 1j, "matrix must be an array of real numbers"),
    "a flag": (lambda: True * LAYER, "the factor must be a number, got True"),
    "a flag added": (lambda: LAYER + True, "the other matrix must have 2 axes"),
    "nearly zero": (lambda: LAYER / 1e-310, "the divisor must not be 0 nor so near it"),
    "another size": (lambda: LAYER + WHOLE, r"must have shape \(12, 12\), got \(20, 20\)"),
    "an array of another size": (lambda: LAYER + np.eye(3), r"must have shape \(12, 12\)"),
    "sparse of another size": (
        lambda: LAYER + scipy.sparse.eye_array(3),
        r"must have shape \(12, 12\), got \(3, 3\)",
    ),
    "not symmetric": (lambda: LAYER - np.triu(np.ones((12, 12))), "matrix must be symmetric"),
    "NaN": (lambda: LAYER * np.nan, "the factor must be finite"),
    "an infinite shift": (lambda: LAYER + np.inf, "the number must be finite"),
    "division by zero": (lambda: LAYER / 0, "the divisor must not be 0"),
    "division by an array": (lambda: LAYER / np.ones(2), "the divisor must be a number"),
}


@pytest.mark.parametrize(("call", "message"), BAD.values(), ids=BAD.keys())
def test_bad_input(call, message):
    with pytest.raises(ValueError, match=message):
        call()
