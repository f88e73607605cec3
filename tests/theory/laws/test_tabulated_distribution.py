"""A law by its distribution function at nodes: interpolation, growth, quantiles, the head at 0."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rmt_hessian.theory.laws.tabulated_distribution import (
    TabulatedDistribution,
    derivative,
    growing,
)
from tests.tolerances import EXACT


class Table(TabulatedDistribution):
    """One that can be made: the transform is its subclass's own."""

    def stieltjes(self, z):
        raise NotImplementedError


BASIS = np.array([1, 4, 6, 4, 1])


def bernstein(coefficients, w):
    return sum(
        b * c * w**i * (1 - w) ** (4 - i)
        for i, (b, c) in enumerate(zip(BASIS, coefficients, strict=True))
    )


@pytest.mark.parametrize(("degree", "known"), [(5, True), (3, False)])
def test_polynomials_are_exact(degree, known, rng):
    """Degree 5 with second derivatives, 3 without."""
    F = np.polynomial.Polynomial(rng.standard_normal(degree + 1))
    h = 0.3
    f, second = F.deriv(), F.deriv(2)
    curvature = (second(1.0), second(1.0 + h)) if known else (np.nan, np.nan)
    growth = derivative(h, F(1.0 + h) - F(1.0), (f(1.0), f(1.0 + h)), curvature)
    for w in (0.0, 0.3, 0.5, 1.0):
        assert bernstein(growth, w) == pytest.approx(h * f(1.0 + h * w), abs=10 * EXACT)
    assert growth.sum() / 5 == pytest.approx(F(1.0 + h) - F(1.0), abs=EXACT)


@given(st.lists(st.floats(-3, 3), min_size=5, max_size=5), st.floats(0, 2))
def test_growing(coefficients, jump):
    grown = growing(np.array(coefficients)[:, None], np.array([jump]))[:, 0]
    assert (grown >= 0).all()
    assert grown.sum() == pytest.approx(5 * jump, abs=10 * EXACT)


def test_what_grows_is_left_alone(rng):
    coefficients = rng.random((5, 20))
    np.testing.assert_allclose(
        growing(coefficients, coefficients.sum(axis=0) / 5), coefficients, atol=EXACT
    )


def arcsine():
    """On [1, 4] in ``√x``, F = √x - 1: smooth; and √x to 0 in a head of a quarter of the mass."""
    x = np.geomspace(1, 16, 12)
    F = np.sqrt(x) / 4
    return x, F, F / 2, F / 4


def test_head_and_atom():
    """``F = a + (1 - a) √x/4`` on [0, 16], nodes from 1 on."""
    x, F, slope, curvature = arcsine()
    a = 0.2
    arrays = [np.append(0.0, x), a + (1 - a) * np.append(0.0, F)]
    arrays += [(1 - a) * np.append(np.nan, f) for f in (slope, curvature)]
    law = Table([arrays], a)
    assert law.components() == [(0.0, 16.0)]
    at = np.array([1e-9, 0.01, 0.5, 0.999, 1.0, 1.001, 7.0, 15.9, 16.0, 20.0])
    exact = np.minimum(np.sqrt(at) / 4, 1.0)
    np.testing.assert_allclose(law.cdf(at), a + (1 - a) * exact, rtol=1e-8)
    assert law.cdf(-1e-300) == 0.0
    assert law.cdf(0.0) == a
    inner = at[:-2]
    np.testing.assert_allclose(law.pdf(inner), (1 - a) / 8 / np.sqrt(inner), rtol=1e-5)
    np.testing.assert_allclose(law.pdf([-1.0, 0.0, 16.0, 17.0]), 0.0)
    q = law.cdf(inner)
    np.testing.assert_allclose(law.ppf(q), inner, rtol=1e-9)
    np.testing.assert_allclose(law.ppf([0.0, 0.1, 0.2]), 0.0)
    assert law.ppf(1.0) == 16.0
    for k in range(4):  # E x^k of x = 16 u²
        exact = (1 - a) * 16.0**k / (2 * k + 1) + (a if k == 0 else 0)
        assert law.moment(k) == pytest.approx(exact, rel=1e-8)
    assert law.var() == pytest.approx(law.moment(2) - law.mean() ** 2, rel=1e-9)
    assert law.mass_error == pytest.approx(0.0, abs=1e-6)


def test_gaps():
    """Two intervals with half the mass each: F rests between them, and so do quantiles."""
    x, F, slope, curvature = arcsine()
    lower, upper = (F - 0.25) * 2 / 3, 0.5 + (F - 0.25) * 2 / 3
    rest = slope * 2 / 3, curvature * 2 / 3
    law = Table([(x, lower, *rest), (x * 32, upper, *rest)], 0.0)
    assert law.components() == [(1.0, pytest.approx(16.0)), (32.0, pytest.approx(512.0))]
    np.testing.assert_allclose(law.component_masses(), 0.5, atol=EXACT)
    np.testing.assert_allclose(law.cdf([0.5, 16.0, 20.0, 32.0]), [0, 0.5, 0.5, 0.5], atol=EXACT)
    assert law.ppf(0.5) == pytest.approx(16.0, rel=1e-9)
    assert law.ppf(0.5 + 1e-9) == pytest.approx(32.0, rel=1e-6)
    assert law.pdf(20.0) == 0.0


def test_a_step_between_nodes_is_drawn_growing():
    """Slopes that do not fit the chord are lowered; F keeps its values."""
    x, F = np.array([1.0, 2.0, 3.0, 4.0]), np.array([0.0, 0.1, 0.9, 1.0])
    law = Table([(x, F, np.array([0.0, 9.0, 0.0, 0.0]), np.full(4, np.nan))], 0.0)
    np.testing.assert_allclose(law.cdf(x), F, atol=EXACT)
    assert (np.diff(law.cdf(np.linspace(1, 4, 1000))) >= 0).all()
    assert (law.pdf(np.linspace(1, 4, 1000)) >= 0).all()
    assert law.moment(0) == pytest.approx(1.0, abs=EXACT)
    assert law.mass_error > 1  # the density at the nodes says otherwise
