"""The expected defect: two classes by an integral, large widths."""

import numpy as np
import pytest

from rmt_hessian import Ensemble
from rmt_hessian.theory import eigenspace_defect

MU0 = 1 / np.sqrt(2 * np.pi)


def defect(d, m, C, **rng):
    return eigenspace_defect(Ensemble([d, m, C], 0, "ce", 10), **rng)


@pytest.mark.parametrize(("m", "d"), [(100, 100), (400, 50)])
def test_two_classes_are_an_integral(m, d):
    """``1⊥`` has one direction e: ``a = 2 E[pq]``, ``T(e, e, e) = 2√2 E[pq(q - p)]`` given the mean
    logit difference ``N(0, 2μ₀²)``, about which it has variance ``2(½ - μ₀²)``. 512 and 128
    Sobol' points: 2 % is three times the spread between scramblings."""
    g, w = np.polynomial.hermite_e.hermegauss(60)
    w = w / w.sum()
    difference = np.sqrt(2) * (MU0 * g[:, None] + np.sqrt(0.5 - MU0**2) * g)
    p = 1 / (1 + np.exp(-difference))
    a, T = 2 * (p * (1 - p)) @ w, 2**1.5 * (p * (1 - p) * (1 - 2 * p)) @ w
    dependence = MU0**2 * (3 / m + 1 / d) * (w @ (T / a) ** 2)
    hadamard = 3 * (2 + 4 / np.pi**2 * m / d) / m**2
    expected = (dependence + hadamard) / (1 - 1 / m) ** 3
    assert defect(d, m, 2).centred == pytest.approx(expected, rel=0.02)


def test_it_falls_like_one_over_the_width():
    """At huge m = d the first term alone is left, and the frame of [W] adds 1/m."""
    small, large = defect(10**6, 10**6, 5), defect(10**8, 10**8, 5)
    assert small.centred / large.centred == pytest.approx(100, rel=1e-3)
    assert small.projected - small.centred == pytest.approx(1e-6)


def test_it_is_a_function_of_the_seed():
    assert defect(50, 50, 4, rng=3) == defect(50, 50, 4, rng=3)
    with pytest.raises(ValueError, match=r"widths\[1\] must be at least 10, .* got 9"):
        defect(5, 9, 10)


def test_its_terms_at_other_sizes():
    """``(1-c)³ × defect`` is ``μ₀²((2/m + 1/d) S + R/m)`` and the Hadamard term; S and R, functions
    of C alone, from sizes so large that one of m and d decides."""
    C, huge = 20, 10**12
    S = defect(10**6, huge, C).centred * 10**6 / MU0**2
    R = defect(huge, 10**6, C).centred * 10**6 / MU0**2 - 2 * S
    for m, d in ((60, 90), (200, 50)):
        both = defect(d, m, C)
        assert both.projected - both.centred == pytest.approx(1 / m)  # the frame of [W]
        hadamard = (C + 1) * (2 + 4 / np.pi**2 * m / d) / m**2
        expected = MU0**2 * ((2 / m + 1 / d) * S + R / m) + hadamard
        found = defect(d, m, C).centred * (1 - (C - 1) / m) ** 3
        assert found == pytest.approx(expected, rel=1e-3)


def test_it_refuses_sizes_for_which_it_says_nothing():
    with pytest.raises(ValueError, match=r"the leading order is .* for 10 and 10"):
        defect(10, 10, 10)


def test_it_is_of_a_hidden_layer_with_cross_entropy():
    for init, loss in (("he", "ce"), ("lecun", "mse")):
        with pytest.raises(ValueError, match="loss must be 'ce' and init 'lecun', got Ensemble"):
            eigenspace_defect(Ensemble([50, 50, 4], 0, loss, 10, init=init))
    with pytest.raises(ValueError, match="layer must be the hidden layer, 0, got 1"):
        eigenspace_defect(Ensemble([50, 50, 4], 1, "ce", 10))
    with pytest.raises(ValueError, match="no weights may be given: this is a mean over them"):
        eigenspace_defect(Ensemble([5, 4, 4], 0, "ce", 10, weights=[None, np.eye(4)]))
