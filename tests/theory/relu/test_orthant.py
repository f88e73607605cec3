"""The orthant probability in its limits; against quadrature it is in `test_moments`."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import ndtr

from rmt_hessian.theory.relu.orthant import orthant_probability
from tests.tolerances import EXACT


@pytest.mark.parametrize(
    ("s", "t", "rho", "expected"),
    [
        (0, 0, 1, 0.5),
        (0, 0, -1, 0.0),
        (0, -1, 1, ndtr(-1)),
        (0, 1, -1, ndtr(1) - 0.5),
        (1, 1, 1, ndtr(1)),
        (1, -1, -1, 0.0),
        (1, 2, -1, ndtr(1) - ndtr(-2)),
        (-1, 2, 1, ndtr(-1)),
        (np.inf, 0.3, 0.5, ndtr(0.3)),
        (0, np.inf, -1, 0.5),
        (-np.inf, np.inf, 0.2, 0.0),
        (60, -60, 1, 0.0),
    ],
)
def test_orthant_probability_in_its_limits(s, t, rho, expected):
    for first, second in ((s, t), (t, s)):
        assert orthant_probability(first, second, rho) == pytest.approx(expected, abs=EXACT)


real = st.floats(-10, 10) | st.sampled_from([0.0, -0.0, 1e-300, -1e-300])
correlation = st.floats(-1, 1) | st.sampled_from([1 - 1e-15, -1 + 1e-15, 1.0, -1.0])


@given(real, real, correlation)
def test_orthant_probability_is_a_distribution_function(s, t, rho):
    """Symmetric, between the Fréchet bounds, and with its mirror image the law of g₁."""
    P = orthant_probability(s, t, rho)
    assert orthant_probability(t, s, rho) == pytest.approx(P, abs=EXACT)
    assert max(ndtr(s) + ndtr(t) - 1, 0) - EXACT <= P <= min(ndtr(s), ndtr(t))
    assert P + orthant_probability(s, -t, -rho) == pytest.approx(ndtr(s), abs=EXACT)


BAD = {
    "rho": (lambda: orthant_probability(0, 0, 1.1), r"rho must lie in \[-1, 1\], got 1.1"),
    "NaN": (lambda: orthant_probability(np.nan, 0, 0), "s must be numbers, got 1 NaN"),
    "complex": (lambda: orthant_probability(0, 1j, 0), "t must be an array of real numbers"),
    "text": (lambda: orthant_probability("a", 0, 0), "s must be an array of real numbers"),
    "broadcast": (lambda: orthant_probability([0, 0], [0] * 3, 0), "shapes that broadcast"),
}


@pytest.mark.parametrize(("call", "message"), BAD.values(), ids=BAD.keys())
def test_bad_input(call, message):
    with pytest.raises(ValueError, match=message):
        call()
