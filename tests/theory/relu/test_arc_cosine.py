"""Sheppard's probability and the arc-cosine kernels: by quadrature, and against each other."""

import mpmath as mp
import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from rmt_hessian.theory import relu_moments
from rmt_hessian.theory.relu.arc_cosine import (
    arc_cosine,
    both_active,
    both_active_at,
    both_active_of,
    relu_products,
)
from rmt_hessian.theory.relu.orthant import orthant_probability
from tests.tolerances import EXACT

ANGLES = [-np.pi / 2, -1.57, -1.2, -0.3, 0.0, 1e-9, 0.5, 1.4, 1.57, np.pi / 2]
angles = st.floats(-np.pi / 2, np.pi / 2)


def by_quadrature(theta, k):
    """``E[(relu(g) relu(g'))^k]`` in polar coordinates: the radius has ``E r^{4k} = 4^k (2k)!``.

    ``g = r cos φ`` and ``g' = r sin(φ + θ)`` are both positive for φ from -θ to π/2.
    """
    with mp.workdps(30):
        theta = mp.mpf(theta)
        angular = mp.quad(lambda phi: (mp.cos(phi) * mp.sin(phi + theta)) ** k, [-theta, mp.pi / 2])
        return 2**k * mp.factorial(k) * angular / (2 * mp.pi)


@pytest.mark.parametrize("theta", ANGLES)
def test_every_order_by_quadrature(theta):
    """Absolute: at θ = -π/2 all vanish, by cancellation of numbers of order one."""
    found = [both_active(theta), *relu_products(theta)]
    expected = [float(by_quadrature(theta, k)) for k in range(3)]
    np.testing.assert_allclose(found, expected, atol=EXACT)


@given(angles)
@example(-np.pi / 2)
@example(np.pi / 2)
def test_the_probability_is_that_of_the_orthant(theta):
    expected = orthant_probability(0.0, 0.0, np.sin(theta))
    # √ of rounding, as ρ = sin θ has no more of θ beside ±π/2
    beside = 1e-8 if abs(theta) > 1.57 else EXACT
    assert both_active(theta) == pytest.approx(expected, abs=beside)
    assert both_active_at(np.sin(theta), np.cos(theta)) == pytest.approx(
        both_active(theta), abs=EXACT
    )


@pytest.mark.parametrize("small", [1e-3, 1e-8, 1e-100, 1e-300])
def test_the_probability_where_units_are_nearly_opposite(small):
    """``angle/2π`` with ``root = sin(angle)``, to the last digits of numbers that are not 0.

    Nearly equal units: ``½ - angle/2π``.
    """
    angle = float(mp.asin(small))
    rho = float(mp.sqrt(1 - mp.mpf(small) ** 2))
    assert both_active_at(-rho, small) == pytest.approx(angle / (2 * np.pi), rel=EXACT)
    assert both_active_at(rho, small) == pytest.approx(0.5 - angle / (2 * np.pi), rel=EXACT)


@given(angles, st.floats(1e-100, 1e100), st.floats(1e-100, 1e100))
def test_the_probability_of_two_vectors(theta, a, b):
    x, y = a * np.array([1.0, 0.0, 0.0]), b * np.array([np.sin(theta), 0.0, np.cos(theta)])
    assert both_active_of(x, y) == pytest.approx(both_active(theta), abs=EXACT)
    assert both_active_of(y, x) == pytest.approx(both_active(theta), abs=EXACT)


@pytest.mark.parametrize("small", [1e-3, 1e-8, 1e-15, 1e-100])
def test_the_probability_of_nearly_opposite_vectors(small):
    """An angle of ``atan(small)`` between x and -y, where the cosine rounds to -1."""
    share = both_active_of([2.0, 0.0], [-3.0, 3 * small])
    assert share == pytest.approx(np.arctan(small) / (2 * np.pi), rel=EXACT)
    assert both_active_of([2.0, 0.0], [3.0, 3 * small]) == pytest.approx(0.5, abs=small)
    assert both_active_of([2.0, 0.0], [-3.0, 0.0]) == 0.0
    assert both_active_of([2.0, 0.0], [3.0, 0.0]) == 0.5


@given(st.floats(-1, 1))
@example(-1.0)
@example(1.0)
def test_the_kernel_of_order_one(rho):
    """In ρ, in θ and as the second moment of ReLU features."""
    kernel = arc_cosine(rho)
    assert kernel == pytest.approx(2 * np.pi * relu_products(np.arcsin(rho))[0], abs=EXACT)
    moments = relu_moments([0.0, 0.0], [[1.0, rho], [rho, 1.0]])
    assert kernel == pytest.approx(2 * np.pi * moments.second_moment[0, 1], abs=10 * EXACT)


def test_the_kernel_of_order_one_at_its_ends():
    assert arc_cosine(-1.0) == 0.0
    assert arc_cosine(0.0) == 1.0
    assert arc_cosine(1.0) == pytest.approx(np.pi, rel=EXACT)


@pytest.mark.parametrize("theta", ANGLES[1:-1])
def test_derivatives_in_the_correlation(theta):
    """Price's theorem: ``∂E[f(g) f(g')]/∂ρ = E[f'(g) f'(g')]``; the slope of the kernel of order 1
    is Sheppard's probability, and that of order 2 four times the one of order 1."""
    step = 1e-5
    up, down = relu_products(theta + step), relu_products(theta - step)
    first, second = (np.array(up) - np.array(down)) / (2 * step) / np.cos(theta)
    # a quarter of the digits are lost in the quotient, divided by cos θ >= 8e-4
    assert first == pytest.approx(both_active(theta), abs=1e-6)
    assert second == pytest.approx(4 * relu_products(theta)[0], abs=1e-5)


def test_arrays_in_arrays_out():
    theta = np.array([ANGLES[:5], ANGLES[5:]])
    first, second = relu_products(theta)
    assert both_active(theta).shape == first.shape == second.shape == (2, 5)
    rho, root = np.sin(theta), np.cos(theta)
    assert both_active_at(rho, root).shape == arc_cosine(rho).shape == (2, 5)
    one = relu_products(theta[1, 2])
    assert (first[1, 2], second[1, 2]) == pytest.approx(one, abs=EXACT)
