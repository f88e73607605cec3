"""The predicted peak of the overlap: counted, and its height by simulation."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import norm

from rmt_hessian.kronecker_product import KroneckerProduct
from rmt_hessian.theory import overlap_peak
from rmt_hessian.theory.structure.overlap import mean_feature_overlap


@given(st.integers(0, 2**32 - 1), st.integers(1, 6), st.integers(2, 6))
def test_the_peak_counts_the_leading_kronecker_eigenvectors(seed, k, p):
    """Against the ordered list of all products: those of μ₁ before the first of another μ."""
    rng = np.random.default_rng(seed)
    lam, mu = np.sort(rng.exponential(size=k)), np.sort(rng.exponential(size=p))
    mu[-1] *= 3
    products = sorted(((x * y, b) for x in lam for b, y in enumerate(mu)), reverse=True)
    owners = [b for _, b in products] + [-1]
    count = next(place for place, b in enumerate(owners) if b != p - 1)
    Q = np.linalg.qr(rng.standard_normal((k, k)))[0]
    assert overlap_peak(KroneckerProduct(Q @ np.diag(lam) @ Q.T, np.diag(mu))) == count


def test_no_peak_without_a_leading_direction():
    assert overlap_peak(KroneckerProduct(np.eye(3), np.eye(4))) == 0
    assert overlap_peak(KroneckerProduct(np.eye(3), [[2.0]])) == 3
    with pytest.raises(ValueError, match="product must be a KroneckerProduct, got ndarray"):
        overlap_peak(np.eye(3))
    with pytest.raises(ValueError, match=r"product\.right must be positive semidefinite"):
        overlap_peak(KroneckerProduct(np.eye(3), -np.eye(3)))


@pytest.mark.parametrize("s", [0.0, 0.5, 1.0])
def test_mean_features_of_two_networks(s, rng):
    """m = 20,000 independent pairs of units, d = 400. The mean of unit i over x is closed,
    ``η(w·b)``. The cosine is a ratio of means over m units: its error is a few 1/√m."""
    m, d = 20_000, 400
    means = []
    for _ in range(2):
        t = (rng.standard_normal((m, d)) / np.sqrt(d)) @ np.full(d, s)
        means.append(_eta(t))
    first, second = means
    cosine = first @ second / np.linalg.norm(first) / np.linalg.norm(second)
    assert cosine**2 == pytest.approx(mean_feature_overlap(s), abs=5 / np.sqrt(m))


def _eta(t):
    """E relu(t + g): by averages over quantiles of g, no formula."""
    g = norm.ppf((np.arange(2000) + 0.5) / 2000)
    parts = np.split(t, 40)
    return np.concatenate([np.maximum(part[:, None] + g, 0).mean(axis=1) for part in parts])


def test_limits_of_the_mean_of_the_inputs():
    assert mean_feature_overlap(1e-200) == 1.0
    assert mean_feature_overlap(1e200) == pytest.approx(1 / np.pi**2)


def test_isotropy_up_to_rounding_is_isotropy(rng):
    Q = np.linalg.qr(rng.standard_normal((3, 3)))[0]
    assert overlap_peak(KroneckerProduct(np.eye(3), Q @ Q.T)) == 0


def test_null_eigenvalues_up_to_rounding_are_null(rng):
    """E[A] has ``E[A] 1 = 0``: C - 1 stand out beside one feature, or features of rank one,
    whichever signs rounding gives the null eigenvalues."""
    p = rng.dirichlet(np.ones(4), size=30)
    A = np.diag(p.mean(axis=0)) - p.T @ p / 30
    x = rng.standard_normal((5, 1))
    for S in ([[2.0]], x @ x.T):
        for noise in (0.0, 1e-16, -1e-16):
            Q, R = np.eye(4), np.eye(len(S))
            assert overlap_peak(KroneckerProduct(A + noise * Q, S + noise * R)) == 3


def test_the_mean_of_the_inputs_is_not_negative():
    with pytest.raises(ValueError, match="input_mean"):
        mean_feature_overlap(-0.1)
