"""Joint moments of matrices that are polynomials of one Gaussian: means in closed form."""

import numpy as np
import pytest

from rmt_hessian.theory.structure.gaussian_features import GaussianFeatures
from rmt_hessian.theory.structure.joint_moments import JointMoments


@pytest.mark.parametrize("p", [1, 2, 30])
@pytest.mark.parametrize("c", [1.0, -0.2])
def test_a_quadratic_weight(c, p):
    """``M = 1 + c u²``, ``E[M (u² - 1)] = 2c``: T has this at one place of p × p and 0 elsewhere,
    ``E[M ⊗ z zᵀ]`` ``1 + 3c`` there and ``1 + c`` on the rest of its diagonal."""
    moments = JointMoments.of(lambda u: 1 + c * u**2, GaussianFeatures.inputs(1, p), 1, rng=0)
    unit = (1 + c) ** 2 * p
    assert moments.unit == pytest.approx(unit, rel=1e-3)
    assert moments.plateau() == pytest.approx((2 * c) ** 2 / unit, rel=0.01)
    expected = ((1 + 3 * c) ** 2 + (p - 1) * (1 + c) ** 2) / unit
    assert moments.squared_mean() == pytest.approx(expected, rel=0.01)
    assert (moments.squared_mean() > 1 + moments.plateau()) == (c > 0)
    assert moments.mean("M_fourth").shape == (1,)
    assert moments.mean("squares") == pytest.approx(1 + 2 * c + 3 * c**2, rel=0.01)


def test_constant_matrices_leave_nothing():
    """Whatever the points: Σ is exact, the sample mean of ``f fᵀ`` does not enter."""
    moments = JointMoments.of(
        lambda u: np.tile(np.eye(2).ravel(), (len(u), 1)), GaussianFeatures.inputs(3, 5), 3, rng=1
    )
    assert (moments.squared_mean(), moments.plateau()) == (1.0, 0.0)


def test_wants_a_mean():
    with pytest.raises(ValueError, match=r"E\[M\] must be finite and not zero, got the squared"):
        JointMoments.of(lambda u: 0 * u, GaussianFeatures.inputs(1, 2), 1, rng=0)
