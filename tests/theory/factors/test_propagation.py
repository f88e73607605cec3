"""Moments of ReLU features and masks, against quadrature of their definitions and simulation."""

import mpmath as mp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import ndtr

from rmt_hessian.theory import orthant_probability, propagate, relu_moments
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


def test_features_of_the_second_layer_are_exact():
    """Correlated inputs with a mean, against n = 200,000 draws: five standard errors, √n times the
    spread of each product."""
    rng = np.random.default_rng(1)
    n, W, b, L = 200_000, rng.standard_normal((4, 3)), rng.standard_normal(3), np.eye(3)
    L[2, 0], L[1, 1] = 0.8, 0.4
    _, second = propagate([W, np.ones((1, 4))], b, L @ L.T)
    h = np.maximum((b + rng.standard_normal((n, 3)) @ L.T) @ W.T, 0)
    pairs = h[:, :, None] * h[:, None, :]
    error = 5 * pairs.std(axis=0) / np.sqrt(n)
    assert (np.abs(pairs.mean(axis=0) - second.feature_second_moment) < error).all()
    assert (np.abs(h.mean(axis=0) - second.feature_mean) < 5 * h.std(axis=0) / np.sqrt(n)).all()


def test_mean_and_covariance_of_the_inputs_can_be_absorbed_into_the_weights(rng):
    """``x = b + L g``: the same network on g and a constant input has weights ``[W L, W b]``."""
    W, V, b, L = (rng.standard_normal(s) for s in ((6, 4), (3, 6), 4, (4, 4)))
    constant = np.arange(5) == 4
    given_inputs = propagate([W, V], b, L @ L.T)
    absorbed = propagate([np.c_[W @ L, W @ b], V], constant, np.diag(1.0 - constant))
    for ours, theirs in zip(given_inputs, absorbed, strict=True):
        for name in ("preactivation_mean", "preactivation_covariance"):
            expected = getattr(theirs, name)
            scale = EXACT * np.abs(expected).max()
            np.testing.assert_allclose(getattr(ours, name), expected, atol=scale)


def test_active_units_make_a_linear_network(rng):
    """Means far above 0 in every layer: covariances are those of the product of the weights."""
    weights = [rng.uniform(0.5, 1, shape) for shape in ((6, 4), (5, 6), (3, 5))]
    mean, product = np.full(4, 1e3), np.eye(4)
    for W, layer in zip(weights, propagate(weights, mean), strict=True):
        product = W @ product
        expected = product @ product.T
        scale = EXACT * expected.max()
        np.testing.assert_allclose(layer.preactivation_covariance, expected, atol=scale)
        np.testing.assert_allclose(layer.preactivation_mean, product @ mean, rtol=EXACT)


S = np.eye(2)
BAD = {
    "rho": (lambda: orthant_probability(0, 0, 1.1), r"rho must lie in \[-1, 1\], got 1.1"),
    "NaN": (lambda: orthant_probability(np.nan, 0, 0), "s must be numbers, got 1 NaN"),
    "complex": (lambda: orthant_probability(0, 1j, 0), "t must be an array of real numbers"),
    "text": (lambda: orthant_probability("a", 0, 0), "s must be an array of real numbers"),
    "broadcast": (lambda: orthant_probability([0, 0], [0] * 3, 0), "shapes that broadcast"),
    "shape": (lambda: relu_moments([0.0], S), r"covariance must have shape \(1, 1\)"),
    "asymmetric": (lambda: relu_moments([0, 0], [[1, 0.5], [0, 1]]), "must be symmetric"),
    "indefinite": (lambda: relu_moments([0, 0], [[1, 2], [2, 1]]), "positive semidefinite"),
    "none": (lambda: propagate([]), "at least one matrix"),
    "axes": (lambda: propagate([np.ones(2)]), r"weights\[0\] must have 2 axes"),
    "chain": (lambda: propagate([S, np.ones((1, 3))]), r"weights\[1\] must have 2 columns"),
    "mean": (lambda: propagate([S], [0.0]), r"input_mean must have shape \(2,\)"),
    "covariance": (lambda: propagate([S], None, [[1.0]]), r"input_covariance must have shape"),
    "overflow": (lambda: propagate([1e200 * S]), "must not make the moments overflow"),
}


@pytest.mark.parametrize(("call", "message"), BAD.values(), ids=BAD.keys())
def test_bad_input(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_asymmetry_is_relative_to_the_covariance():
    with pytest.raises(ValueError, match="covariance must be symmetric"):
        relu_moments([0.0, 0.0], 1e-12 * np.array([[1.0, 0.5], [0.2, 1.0]]))
