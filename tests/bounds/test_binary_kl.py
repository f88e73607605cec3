"""Relative entropy of Bernoulli distributions and its inverse, against mpmath."""

import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rmt_hessian.bounds.binary_kl import binary_kl, inverse_binary_kl

probabilities = st.floats(0.0, 1.0)
budgets = st.floats(np.log(1e-7), np.log(30.0)).map(lambda t: float(np.exp(t)))


def exact_kl(q, p):
    """In fifty digits."""
    q, p = mpmath.mpf(q), mpmath.mpf(p)
    terms = ((q, p), (1 - q, 1 - p))
    if any(b == 0 and a > 0 for a, b in terms):
        return mpmath.inf
    return sum(a * mpmath.log(a / b) for a, b in terms if a > 0)


@given(probabilities, probabilities)
def test_kl(q, p):
    with mpmath.workdps(50):
        expected = float(exact_kl(q, p))
    # the two terms are at most |log p|, |log(1-p)|, and cancel where q is near p
    size = min(q * -np.log(p), 800.0) if p > 0 else 0.0
    size += (1 - q) * -np.log1p(-p) if p < 1 else 0.0
    assert binary_kl(q, p) == pytest.approx(expected, rel=1e-13, abs=4e-16 * (1 + size))


@given(st.floats(0.0, 0.999), budgets)
def test_inverse_is_the_root(q, budget):
    """By bisection in fifty digits; the KL has an error of 1e-16, the root that over its slope."""
    with mpmath.workdps(50):
        low, high = mpmath.mpf(q), mpmath.mpf(1)
        for _ in range(120):
            middle = (low + high) / 2
            low, high = (middle, high) if exact_kl(q, middle) <= budget else (low, middle)
        root = float(low)
    found = inverse_binary_kl(q, budget)
    slope = (root - q) / (root * (1 - root)) if root < 1 else np.inf
    assert abs(found - root) <= 4e-16 + 1e-15 * (1 + budget) / slope
    assert q <= found <= 1


@given(probabilities, budgets, budgets)
def test_inverse_grows_with_the_budget(q, first, second):
    low, high = sorted((first, second))
    assert inverse_binary_kl(q, low) <= inverse_binary_kl(q, high) + 1e-15


@given(st.floats(1e-12, 1.0), budgets)
def test_without_an_error_the_inverse_is_exponential(share, budget):
    assert inverse_binary_kl(0.0, budget) == pytest.approx(-np.expm1(-budget), rel=1e-15)
    assert inverse_binary_kl(share, 0.0) == pytest.approx(share, rel=1e-15)


def test_nothing_is_below_zero():
    assert binary_kl(1e-20, 2e-20) >= 0
    assert binary_kl(0.3, 0.3 + 1e-12) >= 0
    assert inverse_binary_kl(1e-300, 1e-300) >= 1e-300


def test_ends():
    assert inverse_binary_kl(1.0, 0.0) == inverse_binary_kl(0.3, np.inf) == 1.0
    assert inverse_binary_kl(0.0, np.inf) == inverse_binary_kl(0.999, 1e3) == 1.0
    assert binary_kl(0.0, 0.0) == binary_kl(1.0, 1.0) == 0.0
    assert binary_kl(0.5, 1.0) == np.inf


@pytest.mark.parametrize("bad", [-0.1, 1.1, np.nan, "a", None])
def test_probabilities_are_checked(bad):
    with pytest.raises(ValueError, match="q must"):
        inverse_binary_kl(bad, 0.1)
    with pytest.raises(ValueError, match="p must"):
        binary_kl(0.5, bad)


@pytest.mark.parametrize("bad", [-0.1, np.nan, "a", None])
def test_budgets_are_checked(bad):
    with pytest.raises(ValueError, match="budget must"):
        inverse_binary_kl(0.5, bad)
