"""Extreme eigenpairs from products only, against known spectra of every awkward kind."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from rmt_hessian.spectra.thick_restart import NotConverged, extreme_eigenpairs
from tests.spectra.matrices import with_spectrum
from tests.tolerances import EXACT

TOL = 1000 * np.finfo(float).eps


def highest(values, which, k):
    """Values of the k highest: ascending, or absolute values ascending."""
    values = np.asarray(values)
    if which == "magnitude":
        return np.sort(np.abs(values))[-k:]
    return np.sort(values)[-k:] if which == "largest" else np.sort(values)[:k]


def check(A, values, k, which, tolerance=TOL, **options):
    """Eigenvalues, residuals and orthonormality; returns the number of products."""
    products = []

    def multiply(v):
        products.append(1)
        return A @ v

    found, rows = extreme_eigenpairs(
        multiply, len(A), k, which, tolerance=tolerance, max_products=100_000, **options
    )
    norm = np.abs(values).max()
    residuals = np.linalg.norm(A @ rows.T - rows.T * found, axis=0)
    assert (residuals <= tolerance * norm + EXACT * norm / 10).all()
    assert_allclose(rows @ rows.T, np.eye(k), atol=EXACT)
    found = np.sort(np.abs(found) if which == "magnitude" else found)
    assert_allclose(found, highest(values, which, k), atol=max(EXACT, tolerance) * norm)
    return len(products)


@given(
    st.lists(st.integers(-4, 4), min_size=1, max_size=60),
    st.integers(1, 8),
    st.sampled_from(["largest", "smallest", "magnitude"]),
    st.integers(0, 10**6),
)
def test_multiple_null_and_negative_eigenvalues(values, k, which, seed):
    """Integers: most are multiple, some null; ± pairs tie in magnitude."""
    A, _ = with_spectrum(np.array(values, float), np.random.default_rng(seed))
    check(A, values, min(k, len(values)), which)


@given(
    st.sampled_from([1e-9, 1e-6, 1e-3]),
    st.integers(1, 12),
    st.sampled_from(["largest", "smallest", "magnitude"]),
    st.integers(0, 10**6),
)
def test_clusters(width, k, which, seed):
    """A cluster of ten at either end of a bulk of 150; k within it, all of it, or more."""
    rng = np.random.default_rng(seed)
    ends = [sign * (1.5 + width * rng.random(10)) for sign in (-1, 1)]
    values = np.concatenate([rng.uniform(-1, 1, 150), *ends])
    A, _ = with_spectrum(values, rng)
    check(A, values, k, which)


@pytest.mark.parametrize("which", ["largest", "smallest", "magnitude"])
@pytest.mark.parametrize("k", [2, 3, 9, 21, 40])
def test_every_eigenvalue_tenfold(which, k):
    values = np.repeat(np.arange(-20.0, 41.0), 10)
    A, _ = with_spectrum(values, np.random.default_rng(k))
    check(A, values, k, which)


@pytest.mark.parametrize("multiplicity", [2, 3, 7])
def test_copies_of_outliers_appear_in_a_second_search(multiplicity):
    """Far above a bulk the first search has converged before rounding brings a second copy."""
    values = np.concatenate([np.full(multiplicity, 50.0), [40.0, 30.0], np.linspace(0, 1, 300)])
    A = np.diag(values)
    for k in (2, multiplicity + 1, multiplicity + 2):
        check(A, values, k, "largest")


@pytest.mark.parametrize("gap", [1e-10, 1e-7, 1e-3])
def test_copies_just_above_the_lowest(gap):
    """Three copies of the largest, the next below it at a distance: k = 3 is all of them."""
    values = np.concatenate([np.full(3, 1 + gap), [1.0], np.linspace(0, 0.9, 400)])
    check(np.diag(values), values, 3, "largest")


def test_second_search_is_short_where_the_gap_is_wide():
    """Nine outliers: the Chebyshev bound ends the search for copies."""
    rng = np.random.default_rng(0)
    values = np.concatenate([np.linspace(0, 1, 2000), np.arange(5.0, 14.0)])
    products = check(np.diag(values), values, 9, "largest")
    assert products <= 60
    assert check(np.diag(-values), -values, 9, "smallest") == products
    assert check(np.diag(rng.permutation(values)), values, 9, "magnitude") <= 60


def test_a_loose_tolerance_takes_fewer_products():
    values = np.random.default_rng(0).beta(1.5, 1.5, 1500)
    A = np.diag(values)
    loose, tight = (check(A, values, 5, "largest", tolerance=t) for t in (1e-3, TOL))
    assert loose < tight


def test_nothing_above_is_missed_at_a_loose_tolerance():
    values = np.concatenate([np.repeat([9.0, 8.0, 7.0], 3), np.linspace(0, 5, 500)])
    check(np.diag(values), values, 9, "largest", tolerance=1e-4)


def test_progress_and_the_end_of_patience():
    values = np.random.default_rng(0).beta(1.5, 1.5, 1500)
    told = []
    check(np.diag(values), values, 4, "largest", progress=lambda *counts: told.append(counts))
    assert {total for _, total in told} == {4}
    assert min(told)[0] < 4
    assert told[-1] == (4, 4)
    with pytest.raises(NotConverged, match=r"\d of 4 eigenpairs converged in \d+ products, resid"):
        extreme_eigenpairs(lambda v: values * v, 1500, 4, "largest", tolerance=TOL, max_products=30)


def test_single_precision():
    """Products and vectors in float32: residuals of 1000 of its rounding errors."""
    rng = np.random.default_rng(0)
    values = np.concatenate([np.linspace(0, 1, 300), [2.0, 3.0, 3.0, 4.0]])
    A = with_spectrum(values, rng)[0].astype(np.float32)
    tolerance = 1000 * float(np.finfo(np.float32).eps)
    found, rows = extreme_eigenpairs(
        lambda v: A @ v, len(A), 4, "largest", tolerance=tolerance, max_products=1000,
        dtype=np.dtype(np.float32),
    )  # fmt: skip
    assert rows.dtype == np.float32
    assert_allclose(found, [4, 3, 3, 2], atol=1e-5)
    assert_allclose(rows @ rows.T, np.eye(4), atol=1e-5)


def test_patience_ends_while_copies_are_looked_for():
    values = np.random.default_rng(0).beta(1.5, 1.5, 1500)
    products, converged = [], []

    def multiply(v):
        products.append(1)
        return values * v

    def progress(done, total):
        if done == total:
            converged.append(len(products))

    options = {"tolerance": TOL, "progress": progress}
    extreme_eigenpairs(multiply, 1500, 4, "largest", max_products=5000, **options)
    first = converged[0]
    assert first < converged[-1]
    with pytest.raises(NotConverged, match=f"4 of 4 eigenpairs converged in {first} products, but"):
        extreme_eigenpairs(multiply, 1500, 4, "largest", max_products=first, **options)


@pytest.mark.parametrize("multiplicity", [2, 5, 10])
@pytest.mark.parametrize("k", [2, 13])
def test_copies_at_a_hard_edge_of_few_distinct_eigenvalues(multiplicity, k):
    """B ⊗ I, B a Wishart matrix: the first search ends after as many products as B has eigenvalues,
    most digits come with the last of them, and the second search needs nearly as many.
    """
    for seed in range(8):
        rng = np.random.default_rng(seed)
        G = rng.standard_normal((30, 30))
        values = rng.permutation(np.repeat(np.linalg.eigvalsh(G @ G.T), multiplicity))
        check(np.diag(values), values, k, "smallest")


def test_copies_among_eigenvalues_that_lie_close():
    """Gaps at the edge are small and unequal: what is near λ_k decides, not what is far away."""
    for seed in range(8):
        values = np.repeat(np.random.default_rng(seed).standard_normal(100) ** 2, 2)
        check(np.diag(values), values, 2, "smallest")
