"""Every form of a symmetric matrix gives the same numbers, and bad ones are refused alike."""

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from scipy.sparse.linalg import aslinearoperator

from rmt_hessian import (
    KroneckerProduct,
    Network,
    eigenvalues,
    layer_hessian,
    spectral_density,
    top_eigenpairs,
)
from rmt_hessian._checks.matrices import symmetric_array
from rmt_hessian.spectra.operands import symmetric_operand
from tests.tolerances import EXACT


def integers(n=12):
    A = np.random.default_rng(0).integers(-5, 6, (n, n))
    return A + A.T


class Product:
    """Shape and ``@``, nothing else."""

    def __init__(self, A):
        self.A, self.shape = A, A.shape

    def __matmul__(self, v):
        return self.A @ v


class Convertible:
    """What tensors of other libraries have."""

    def __init__(self, A):
        self.A, self.shape, self.dtype = A, A.shape, A.dtype

    def __array__(self, dtype=None, copy=None):
        return np.asarray(self.A, dtype)

    def __matmul__(self, other):
        raise TypeError("of another library")


FORMS = {
    "integers": lambda A: A,
    "lists": lambda A: A.tolist(),
    "float32": lambda A: A.astype(np.float32),
    "float16": lambda A: A.astype(np.float16),
    "long double": lambda A: A.astype(np.longdouble),
    "convertible": Convertible,
    "operator": lambda A: aslinearoperator(A.astype(float)),
    "integer operator": aslinearoperator,
    "float32 operator": lambda A: aslinearoperator(A.astype(np.float32)),
    "products": Product,
} | {
    f"{kind} {format} {dtype}": lambda A, format=format, dtype=dtype, kind=kind: getattr(
        sp, f"coo_{kind}"
    )(A.astype(dtype)).asformat(format)
    for kind in ("array", "matrix")
    for format in ("csr", "csc", "coo", "dia", "bsr", "lil", "dok")
    for dtype in ("int64", "float32", "float64")
}


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS.keys())
def test_all_forms(form):
    A = integers()
    expected, matrix = np.linalg.eigvalsh(A), form(A)
    rounding = 1e-5 if form is FORMS["float32 operator"] else 1e-12
    assert_allclose(eigenvalues(matrix), expected, atol=30 * rounding)
    values, U = top_eigenpairs(matrix, 3)
    assert_allclose(values, expected[-3:], atol=30 * rounding)
    assert_allclose(A @ U, U * values, atol=30 * rounding)
    density = spectral_density(matrix, n_probes=2, n_steps=12, rng=0)
    assert density.moment(2) == pytest.approx(
        spectral_density(A, n_probes=2, n_steps=12, rng=0).moment(2), rel=1e-5
    )
    assert symmetric_operand(matrix, "matrix").dtype == (
        np.float32 if form is FORMS["float32 operator"] else np.float64
    )


def test_factors(rng):
    product = KroneckerProduct(integers(3), integers(5))
    expected = np.linalg.eigvalsh(product.to_dense())
    assert_allclose(eigenvalues(product), expected, atol=1e3 * EXACT)
    assert_allclose(top_eigenpairs(product, 4)[0], expected[-4:], atol=1e3 * EXACT)
    assert spectral_density(product, n_probes=1, n_steps=5, rng=0).n_probes == 1


def test_an_operator_is_formed_in_chunks(monkeypatch):
    monkeypatch.setattr("rmt_hessian.spectra.operands.AT_ONCE", 60)
    for n in (1, 59, 61, 70):
        A = integers(n)
        assert_array_equal(symmetric_operand(Product(A), "A").to_dense(), A)


def test_single_precision_is_symmetric_up_to_its_rounding(rng):
    """The float32 matrix of an operator, and what automatic differentiation gives."""
    net = Network.random([12, 9, 5], rng)
    H = layer_hessian(net, rng.standard_normal((300, 12)), 0, "ce", dtype="float32")
    A = H.to_operator() @ np.eye(H.shape[0], dtype=np.float32)
    assert np.abs(A - A.T).max() > 1e-10 * np.abs(A).max()  # what used to be refused
    scale = np.abs(A).max()
    assert_allclose(eigenvalues(A), eigenvalues(H), atol=1e-4 * scale)
    symmetric = symmetric_array(A, "A")
    assert_array_equal(symmetric, symmetric.T)
    assert_allclose(symmetric, A, atol=1e-5 * scale)


@given(
    st.sampled_from([("float64", 1e-10), ("float32", 1e-4), ("float16", 5e-2)]),
    st.sampled_from([1e-3, 1.0, 1e3]),
)
def test_the_bound_of_the_asymmetry_follows_the_precision(case, scale):
    dtype, bound = case
    allowed, refused = (
        np.array([[1.0, 0.5 * (1 + t)], [0.5, 1.0]]) * scale for t in (bound, 3 * bound)
    )
    symmetric_array(allowed.astype(dtype), "A")
    with pytest.raises(ValueError, match="A must be symmetric, got"):
        symmetric_array(refused.astype(dtype), "A")


def test_huge_entries_do_not_overflow():
    A = np.full((2, 2), 1.5e308)
    assert_array_equal(symmetric_array(A, "A"), A)
    A[0, 1] *= 1 - 1e-15
    assert np.isfinite(symmetric_array(A, "A")).all()


COMPLEX = 1j * np.eye(3)
BAD = {
    "complex array": (COMPLEX, "matrix must be an array of real numbers"),
    "complex operator": (aslinearoperator(COMPLEX), "matrix must be real, got dtype complex128"),
    "complex sparse": (sp.csr_array(COMPLEX), "matrix must be real, got dtype complex128"),
    "tall operator": (aslinearoperator(np.ones((3, 2))), r"must be square, got shape \(3, 2\)"),
    "tall sparse": (sp.csr_array(np.ones((3, 2))), r"must be square, got shape \(3, 2\)"),
    "lopsided sparse": (sp.csr_array(np.triu(np.ones((3, 3)))), "matrix must be symmetric"),
    "lopsided operator": (Product(np.triu(np.ones((3, 3)))), "matrix must be symmetric"),
    "NaN sparse": (sp.csr_array(np.diag([np.nan, 1.0])), "matrix must be finite, got 1 NaN"),
    "NaN operator": (Product(np.full((3, 3), np.nan)), "matrix must be finite"),
    "a string": ("abc", "matrix must be an array of real numbers"),
    "a number": (3.0, "matrix must have 2 axes"),
    "None": (None, "matrix must be an array of real numbers, got None"),
}


@pytest.mark.parametrize(("matrix", "message"), BAD.values(), ids=BAD.keys())
def test_bad_matrices(matrix, message):
    for call in (eigenvalues, lambda A: top_eigenpairs(A, 1)):
        with pytest.raises(ValueError, match=message):
            call(matrix)


class Column(Product):
    def __matmul__(self, v):
        return self.A @ v.reshape(-1, 1)


def test_products_that_are_complex_or_of_another_shape():
    for wrong, got in ((Product(1j * np.eye(300)), "complex128"), (Column(np.eye(300)), "float64")):
        with pytest.raises(ValueError, match=rf"@ v must be real, of shape \(300,\), got {got}"):
            top_eigenpairs(wrong, 2)
