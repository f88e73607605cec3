"""Parts of the constants of CE: the tilted orthant, the linear moments, where a cut is refused."""

import mpmath
import numpy as np
import pytest

from rmt_hessian.theory.norms.ce_limits import linear_moment, orthant_function, output_ce_limit
from rmt_hessian.theory.relu.arc_cosine import both_active, relu_products
from tests.tolerances import EXACT


@pytest.mark.parametrize("rho", [-0.9, -0.3, 0.0, 0.5, 0.95])
def test_orthant_function(rho):
    """``J^{(k)} = E[(st)^k e^{zst} 1[s > 0] 1[t > 0]]`` by a product rule over the quadrant.

    The exponent is at most ``-(1 - z(1 + ρ)) s²/(1 + ρ)`` on the diagonal: nothing beyond 20.
    """
    z, variance = 0.3, 1 - rho**2
    nodes, weights = np.polynomial.legendre.leggauss(500)
    s, w = 10 * (nodes + 1), 10 * weights
    product = np.outer(s, s)
    exponent = z * product - (np.add.outer(s**2, s**2) - 2 * rho * product) / (2 * variance)
    density = np.outer(w, w) * np.exp(exponent) / (2 * np.pi * np.sqrt(variance))
    expected = [np.sum(product**k * density) for k in range(3)]
    np.testing.assert_allclose(orthant_function(z, np.arcsin(rho)), expected, rtol=1e-10)


def test_a_sample_with_itself():
    """``ρ = 1``: ``J(z) = ½ (1 - 2z)^{-1/2}``."""
    z = 0.2
    expected = [0.5 * 0.6**-0.5, 0.5 * 0.6**-1.5, 1.5 * 0.6**-2.5]
    np.testing.assert_allclose(orthant_function(z, np.pi / 2), expected, rtol=EXACT)


@pytest.mark.parametrize("theta", [-1.5, -0.4, 0.0, 0.8, np.pi / 2])
def test_relu_products_are_derivatives_at_zero(theta):
    expected = (both_active(theta), *relu_products(theta))
    np.testing.assert_allclose(orthant_function(0.0, theta), expected, rtol=1e-10, atol=1e-15)


def test_second_derivatives_in_the_linear_ce_constant():
    """``Ψ`` against mpmath's numerical derivatives."""
    d, N = 12, 30
    for kappa in (1, 2, 4):
        t = mpmath.mpf(kappa) / d
        u = mpmath.diff(lambda r: (1 - r**2) ** (-mpmath.mpf(d) / 2), t, 2)
        q = mpmath.diff(lambda s: (1 - 2 * s) ** (-mpmath.mpf(d) / 2), t, 2)
        expected = (1 - mpmath.mpf(1) / N) * u + q / N
        assert linear_moment(kappa, d, N) == pytest.approx(float(expected), rel=EXACT)


@pytest.mark.parametrize(("diagonal", "m"), [(True, 6), (False, 12)])
def test_a_constant_with_a_large_error_is_refused(diagonal, m):
    """A finite mean whose cut leaves 15 and 89 % of one term out at d = 32, below 0.03 % at 64."""
    with pytest.raises(ValueError, match="has no constant at this size"):
        output_ce_limit(diagonal, 32, 64, m, 1.0)
    value, error = output_ce_limit(diagonal, 64, 128, m, 1.0)
    assert 0.0 < error < 3e-4 * value
