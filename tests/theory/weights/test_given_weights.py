"""Points at which two units are active, and the weights there."""

import math

import numpy as np
import pytest

from rmt_hessian import Ensemble
from rmt_hessian.theory import weight_law
from rmt_hessian.theory.weights.given_weights import active_points, active_probability


def hidden(V, W=None):
    return Ensemble([30, V.shape[1], len(V)], 0, "ce", 1000, weights=[W, V])


@pytest.mark.parametrize("rho", [-1 + 1e-9, -0.99, -0.3, 0.0, 0.6, 1.0])
def test_points_where_two_units_are_active(rho):
    """Both pre-activations positive at every point, with the moments of the bivariate normal above
    0: ``E[g_i; both] = (1 + ρ)/(2 √(2π))`` by integration over the sector."""
    factor = np.array([[2.0, 3 * rho], [0.0, 3 * math.sqrt(1 - rho**2)], [0.0, 0.0]])
    share = active_probability(factor, 0, 1)
    assert share == pytest.approx(0.25 + math.asin(rho) / (2 * math.pi), rel=1e-6)
    u = np.concatenate(list(active_points(factor, 0, 1, 0)))
    g = u @ factor
    assert (g > 0).mean() > 0.999
    mean = (1 + rho) / (2 * math.sqrt(2 * math.pi)) / share
    np.testing.assert_allclose(g.mean(axis=0) / [2, 3], mean, rtol=2e-3)
    assert u[:, 2].var() == pytest.approx(1, rel=0.02)


def test_one_input_decides_both_units():
    """A factor of one row: rows of W are parallel or opposite, and never half so."""
    factor = np.array([[0.5, 2.0, -1.0]])
    u = np.concatenate(list(active_points(factor, 0, 1, 0)))
    assert (u @ factor[:, :2] > 0).all()
    assert u.mean() == pytest.approx(math.sqrt(2 / math.pi), rel=1e-3)
    assert active_probability(factor, 0, 1) == pytest.approx(0.5)
    assert active_probability(factor, 0, 2) == 0.0


def test_points_where_one_unit_is_active():
    factor = np.random.default_rng(0).standard_normal((4, 3))
    u = np.concatenate(list(active_points(factor, 1, 1, 0)))
    g = u @ factor[:, 1] / np.linalg.norm(factor[:, 1])
    assert (g > 0).all()
    assert g.mean() == pytest.approx(math.sqrt(2 / math.pi), rel=1e-3)
    assert active_probability(factor, 1, 1) == 0.5


def test_nearly_opposite_rows_lose_nothing():
    """The stated error was 0.49 at an angle of 0.002 between w_i and -w_j; it is 0.01 at most, and
    the moments do not depend on how the points are drawn."""
    rng = np.random.default_rng(3)
    V, W = rng.standard_normal((6, 5)) / np.sqrt(5), rng.standard_normal((5, 30))
    W[1] = -W[0] + 1e-3 * rng.standard_normal(30)
    law, again = (weight_law(hidden(V, W), 0, 1, rng=seed) for seed in (0, 1))
    assert law.error < 0.01
    assert law.mean() == pytest.approx(again.mean(), rel=0.02)
    angle = math.acos(W[0] @ W[1] / np.linalg.norm(W[0]) / np.linalg.norm(W[1]))
    assert 1 - law.density().zero == pytest.approx((math.pi - angle) / (2 * math.pi), rel=1e-6)
    W[1] = -2 * W[0]  # never active together
    law = weight_law(hidden(V, W), 0, 1)
    assert law.second_moment() == 0.0
    assert law.block_law(0.5).atom_at_zero == 1.0
