"""Rules for the angle of two samples, against series of its moments."""

import mpmath
import numpy as np
import pytest

from rmt_hessian.theory.norms.gram_pairs import angle_rule


@pytest.mark.parametrize("d", [1, 2, 3, 50, 10**6])
def test_mean_of_cos2_times_angle2(d):
    """``asin²ρ = ½ Σ (2ρ)^{2n}/(n² binom(2n, n))`` with ``E ρ^{2k} = Π (2j+1)/(d+2j)``."""
    if d <= 2:  # the series converges too slowly
        expected = {1: np.pi**2 / 4, 2: np.pi**2 / 24 + 0.25}[d]
    else:
        total, term, moment = mpmath.mpf(0), mpmath.mpf(2), mpmath.mpf(1) / d
        for n in range(1, 20_000):  # term = 4^n / binom(2n, n)
            moment *= mpmath.mpf(2 * n + 1) / (d + 2 * n)
            total += term * moment / (2 * mpmath.mpf(n) ** 2)
            term *= mpmath.mpf(2 * (n + 1)) / (2 * n + 1)
            if abs(term * moment) < 1e-25 * total:
                break
        expected = float(total)
    theta, probabilities = angle_rule(d)
    value = probabilities @ (np.sin(theta) * theta) ** 2
    assert value == pytest.approx(expected, rel=1e-5 if d == 3 else 1e-9)
