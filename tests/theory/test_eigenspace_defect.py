"""The expected defect: two classes by an integral, large widths."""

import numpy as np
import pytest

from rmt_hessian.theory import eigenspace_defect

MU0 = 1 / np.sqrt(2 * np.pi)


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
    assert eigenspace_defect(2, m, d).centred == pytest.approx(expected, rel=0.02)


def test_it_falls_like_one_over_the_width():
    """At huge m = d the first term alone is left, and the frame of [W] adds 1/m."""
    small, large = eigenspace_defect(5, 10**6, 10**6), eigenspace_defect(5, 10**8, 10**8)
    assert small.centred / large.centred == pytest.approx(100, rel=1e-3)
    assert small.projected - small.centred == pytest.approx(1e-6)


def test_it_is_a_function_of_the_seed():
    assert eigenspace_defect(4, 50, 50, rng=3) == eigenspace_defect(4, 50, 50, rng=3)
    with pytest.raises(ValueError, match="n_hidden must be"):
        eigenspace_defect(10, 9, 5)


def test_its_terms_at_other_sizes():
    """``(1-c)³ × defect`` is ``μ₀²((2/m + 1/d) S + R/m)`` and the Hadamard term; S and R, functions
    of C alone, from sizes so large that one of m and d decides."""
    C, huge = 20, 10**12
    S = eigenspace_defect(C, huge, 10**6).centred * 10**6 / MU0**2
    R = eigenspace_defect(C, 10**6, huge).centred * 10**6 / MU0**2 - 2 * S
    for m, d in ((60, 90), (200, 50)):
        hadamard = (C + 1) * (2 + 4 / np.pi**2 * m / d) / m**2
        expected = MU0**2 * ((2 / m + 1 / d) * S + R / m) + hadamard
        found = eigenspace_defect(C, m, d).centred * (1 - (C - 1) / m) ** 3
        assert found == pytest.approx(expected, rel=1e-3)


def test_it_refuses_sizes_for_which_it_says_nothing():
    with pytest.raises(ValueError, match=r"the leading order is .* for 10 and 10"):
        eigenspace_defect(10, 10, 10)
