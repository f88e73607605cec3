"""Moments of ReLU features and masks, against quadrature of their definitions."""

import mpmath as mp
import numpy as np
import pytest
from scipy.special import ndtr

from rmt_hessian.theory import relu_moments
from rmt_hessian.theory.relu.orthant import orthant_probability
from tests.tolerances import EXACT

PLACES = [0.0, 1e-9, -0.7, 2.5, -3.0]
CORRELATIONS = [0.0, 0.3, -0.6, 0.999, -0.999, 1 - 1e-8, -1 + 1e-8]
# all pairs of places, the ρ in turn; then equal and opposite places close to ``|ρ| = 1``
CASES = [
    (s, t, CORRELATIONS[(2 * a + b) % len(CORRELATIONS)])
    for a, s in enumerate(PLACES)
    for b, t in enumerate(PLACES)
] + [(s, sign * s, sign * (1 - 1e-13)) for s in (0.3, 6.0) for sign in (1, -1)]


def gaussian_integral(f, start, turning_points):
    """``∫_start^∞ φ(x) f(x) dx``, cut where f turns."""
    cuts = [x for x in turning_points if start < x < 12]
    with mp.workdps(20):
        return mp.quad(lambda x: mp.npdf(x) * f(x), sorted([start, *cuts, max(12, start + 1)]))


def by_quadrature(s, t, rho):
    """``P(s + g₁ > 0, t + g₂ > 0)`` and ``E[relu(s + g₁) relu(t + g₂)]``, g₂ given g₁ by hand."""
    s, t, rho = map(mp.mpf, (s, t, rho))
    width = mp.sqrt((1 - rho) * (1 + rho))

    def probability(x):
        return mp.ncdf((t + rho * x) / width)

    def product(x):
        z = (t + rho * x) / width
        return (s + x) * width * (z * mp.ncdf(z) + mp.npdf(z))

    turns = [(-t + k * width) / rho for k in (-6, -2, 0, 2, 6)] if rho else []
    return [gaussian_integral(f, -s, [-4, 0, 4, *turns]) for f in (probability, product)]


@pytest.mark.parametrize(("s", "t", "rho"), CASES)
def test_closed_forms_against_quadrature(s, t, rho):
    """Over the whole plane and close to ``|ρ| = 1``; E[h_i h_j] is at most 50 here."""
    probability, product = by_quadrature(s, t, rho)
    moments = relu_moments([s, t], [[1.0, rho], [rho, 1.0]])
    assert float(orthant_probability(s, t, rho) - probability) == pytest.approx(0, abs=EXACT)
    assert float(moments.both_active[0, 1] - probability) == pytest.approx(0, abs=EXACT)
    assert float(moments.second_moment[0, 1] - product) == pytest.approx(0, abs=50 * EXACT)


def test_zero_mean_gives_the_arc_cosine_kernel(rng):
    W = rng.standard_normal((30, 20))
    moments = relu_moments(np.zeros(30), W @ W.T)
    norms = np.linalg.norm(W, axis=1)
    rho = np.clip(W @ W.T / np.outer(norms, norms), -1, 1)
    np.fill_diagonal(rho, 1.0)
    kernel = (np.sqrt(1 - rho**2) + (np.pi - np.arccos(rho)) * rho) / (2 * np.pi)
    np.testing.assert_allclose(moments.both_active, 0.25 + np.arcsin(rho) / (2 * np.pi), atol=EXACT)
    scale = norms.max() ** 2
    np.testing.assert_allclose(
        moments.second_moment, kernel * np.outer(norms, norms), atol=EXACT * scale
    )
    np.testing.assert_allclose(moments.mean, norms / np.sqrt(2 * np.pi), rtol=EXACT)


def test_units_of_no_variance_are_constants():
    moments = relu_moments([2.0, -2.0, 0.0, 1.0], np.diag([0.0, 0.0, 0.0, 1.0]))
    np.testing.assert_array_equal(moments.mean[:3], [2.0, 0.0, 0.0])
    np.testing.assert_array_equal(np.diag(moments.both_active)[:3], [1.0, 0.0, 0.0])
    np.testing.assert_array_equal(moments.covariance[:3], 0.0)
    assert moments.both_active[0, 3] == pytest.approx(ndtr(1.0), abs=EXACT)


def test_a_large_mean_costs_no_digits(rng):
    """Far above 0 relu is the identity: its covariance is that of a, exactly."""
    S = np.cov(rng.standard_normal((4, 9)))
    far = relu_moments(np.array([1e8, 2e6, 3e4, 50.0]), S)
    np.testing.assert_allclose(far.covariance, S, atol=EXACT)
    np.testing.assert_allclose(far.both_active, 1.0, atol=EXACT)
    assert not relu_moments(np.full(4, -1e8), S).second_moment.any()


def test_covariance_of_the_features_is_semidefinite(rng):
    """Also of dependent units: 40 in 5 dimensions, one twice, one reflected."""
    W = rng.standard_normal((40, 5))
    W[1], W[2] = W[0], -W[0]
    moments = relu_moments(rng.standard_normal(40), W @ W.T)
    values = np.linalg.eigvalsh(moments.covariance)
    assert values[0] > -EXACT * values[-1]


S = np.eye(2)
BAD = {
    "shape": (lambda: relu_moments([0.0], S), r"covariance must have shape \(1, 1\)"),
    "asymmetric": (lambda: relu_moments([0, 0], [[1, 0.5], [0, 1]]), "must be symmetric"),
    "indefinite": (lambda: relu_moments([0, 0], [[1, 2], [2, 1]]), "positive semidefinite"),
}


@pytest.mark.parametrize(("call", "message"), BAD.values(), ids=BAD.keys())
def test_bad_input(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_asymmetry_is_relative_to_the_covariance():
    with pytest.raises(ValueError, match="covariance must be symmetric"):
        relu_moments([0.0, 0.0], 1e-12 * np.array([[1.0, 0.5], [0.2, 1.0]]))
