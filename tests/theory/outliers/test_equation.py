"""The equations of outliers: spikes of a law, roots outside its support."""

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from rmt_hessian.theory import GeneralizedMarchenkoPastur, MarchenkoPastur, WithNullSpace
from rmt_hessian.theory.outliers.equation import additive_spike, roots_outside, weight_spike
from tests.strategies import aspect_ratios, weight_laws


@given(weight_laws(), aspect_ratios, st.floats(-50, 50))
@example((np.array([1.0, 0.5]), np.array([2 / 3, 1 / 3])), 1.0, 3.5e-256)  # at a hard edge
def test_additive_spikes(law, gamma, theta):
    """At z(θ) outside the support, ``1/s(z) = -θ``, or none; the overlap is ``dθ/dz`` inverse."""
    law = GeneralizedMarchenkoPastur(*law, gamma)
    spike = additive_spike(law, theta)
    if spike is None:
        negligible = 1e-14 * gamma * np.abs(law.weights).max()
        assert abs(theta) <= negligible or any(lo >= theta or theta >= hi for lo, hi in law.gaps())
        return
    assert 0 < spike.overlap <= 1
    assert not any(lo < spike.place < hi for lo, hi in law.components())
    if spike.overlap > 1e-3 and abs(spike.place) > 1e-9:
        assert law.stieltjes(spike.place).real * theta == pytest.approx(-1, rel=1e-6)


def test_the_spike_of_the_classical_law():
    """γ < 1, additive θ: ``θ + θ/(θ - γ)`` for ``θ > γ + √γ``."""
    gamma = 0.25
    law = MarchenkoPastur(gamma)
    assert additive_spike(law, gamma + np.sqrt(gamma) - 1e-6) is None
    spike = additive_spike(law, 2.0)
    assert spike.place == pytest.approx(2 + 2 / (2 - gamma))
    assert spike.overlap == pytest.approx(1 - gamma / (2 - gamma) ** 2)
    assert weight_spike(law, 8.0) == spike
    assert weight_spike(law, 1.0) is None
    with pytest.raises(ValueError, match="theta must be finite"):
        additive_spike(law, np.nan)
    for spike in (additive_spike, weight_spike):
        with pytest.raises(ValueError, match="must be a GeneralizedMarchenkoPastur, got WithNull"):
            spike(WithNullSpace(law, 0.5), 2.0)


def test_equal_places_are_one_outlier():
    """Branches ``τ - z`` of constant τ: the overlap ``1/(1 - τ')`` is 1, equal τ are added up."""
    found = roots_outside(lambda z: np.array([2.0, 3.0, 2.0, 0.5]) - z, [(1.0, np.inf)], 1.0)
    assert [o.multiplicity for o in found] == [2, 1]
    np.testing.assert_allclose([(o.place, o.overlap) for o in found], [(2, 1), (3, 1)], rtol=1e-9)
