"""The proximal operator: its conditions, mpmath, a general optimiser."""

import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import minimize
from scipy.special import log_softmax

from rmt_hessian.theory.trained import softmax_prox as module
from rmt_hessian.theory.trained.equations import basis
from rmt_hessian.theory.trained.softmax_prox import at_prox, matrix_prox, softmax_prox


def exact_loss(omega, label, s, digits=40):
    """The root of ``Σ W(u_c - r - ℓ) = r`` in mpmath, W by Lambert's function or its logarithm."""
    with mpmath.workdps(digits):
        s = mpmath.mpf(s)
        u = [mpmath.mpf(x) - mpmath.mpf(omega[label]) for c, x in enumerate(omega) if c != label]

        def W(t):
            x = mpmath.exp(t) if t < 1 else t - mpmath.log(t)
            for _ in range(200):
                step = x * (x + mpmath.log(x) - t) / (1 + x)
                x = x - step if step < x else x / 2
                if abs(step) < x * mpmath.mpf(10) ** (5 - digits):
                    return x
            raise AssertionError

        def F(loss):
            r = -s * mpmath.expm1(-loss)
            return mpmath.fsum(W(t + mpmath.log(s) - r - loss) for t in u) - r

        lo, hi = mpmath.mpf(0), mpmath.mpf(1)
        while F(hi) > 0:
            lo, hi = hi, 2 * hi
        while lo == 0 and F(hi / 1024) < 0:
            hi /= 1024
        for _ in range(4 * digits):
            middle = (lo + hi) / 2
            lo, hi = (middle, hi) if F(middle) > 0 else (lo, middle)
        return hi


@pytest.mark.parametrize("s", [1e-6, 0.3, 40.0, 1e6])
@pytest.mark.parametrize("K", [2, 5])
@pytest.mark.parametrize("width", [0.1, 3.0, 300.0])
def test_losses_are_those_of_mpmath(K, s, width):
    rng = np.random.default_rng([K, int(width * 10)])
    omega, labels = width * rng.standard_normal((4, K)), rng.integers(K, size=4)
    found = softmax_prox(omega, labels, s)
    for row, label, loss in zip(omega, labels, found.loss, strict=True):
        if loss > 1e-300:
            assert abs(float(exact_loss(row, label, s) / loss - 1)) < 1e-12


@pytest.mark.parametrize(("K", "n"), [(2, 50), (3, 50), (1000, 20), (10_000, 5)])
@pytest.mark.parametrize("s", [1e-6, 1e-2, 1.0, 1e2, 1e4, 1e6])
@pytest.mark.parametrize("width", [0.1, 1.0, 30.0, 1e4])
def test_the_conditions_hold(K, n, s, width):
    """``f = ω - s g`` and p the softmax of f, relative to the largest term: to 1e-12."""
    rng = np.random.default_rng(K)
    omega, labels = width * rng.standard_normal((n, K)), rng.integers(K, size=n)
    at = softmax_prox(omega, labels, s)
    largest = np.maximum(np.abs(omega).max(axis=1), s * np.abs(at.gradients).max(axis=1))
    assert (np.abs(at.logits - omega + s * at.gradients).max(axis=1) <= 1e-12 * largest).all()
    logs = log_softmax(at.logits, axis=1)
    p = np.exp(logs)
    noise = 1e-12 + 4e-16 * np.abs(at.logits).max(axis=1)  # of a logit, rounded
    assert (np.abs(p - at.probabilities).max(axis=1) <= noise).all()
    own = logs[np.arange(n), labels]
    assert (np.abs(own + at.loss) <= noise * np.maximum(1, at.loss)).all()
    np.testing.assert_allclose(at.probabilities.sum(axis=1), 1, rtol=1e-12)
    assert (at.gradients[np.arange(n), labels] <= 0).all()


@given(st.integers(2, 6), st.integers(0, 2**32 - 1), st.floats(-4, 4), st.floats(-2, 2))
def test_nothing_depends_on_the_mean_of_the_logits(K, seed, log_s, shift):
    rng = np.random.default_rng(seed)
    omega, labels = 2 * rng.standard_normal((3, K)), rng.integers(K, size=3)
    one, other = (softmax_prox(x, labels, 10**log_s) for x in (omega, omega + shift))
    np.testing.assert_allclose(other.loss, one.loss, rtol=1e-11)
    np.testing.assert_allclose(other.logits - shift, one.logits, atol=1e-11)


def test_no_pull_leaves_the_logits():
    omega, labels = np.array([[1.0, -2.0, 0.5]]), np.array([1])
    at, plain = softmax_prox(omega, labels, 1e-14), at_prox(omega, labels)
    np.testing.assert_allclose(at.logits, omega, rtol=1e-13)
    np.testing.assert_allclose(at.loss, plain.loss, rtol=1e-12)
    np.testing.assert_allclose(plain.loss, -log_softmax(omega, axis=1)[:, 1], rtol=1e-14)


@given(st.integers(2, 7), st.integers(0, 2**32 - 1), st.floats(-3, 5))
def test_a_matrix_that_is_a_multiple_of_p_gives_the_scalar_form(K, seed, log_s):
    rng = np.random.default_rng(seed)
    omega, labels = 3 * rng.standard_normal((5, K)), rng.integers(K, size=5)
    P = np.eye(K) - 1 / K
    one, other = softmax_prox(omega, labels, 10**log_s), matrix_prox(omega, labels, 10**log_s * P)
    np.testing.assert_allclose(other.loss, one.loss, rtol=1e-9, atol=1e-13)
    np.testing.assert_allclose(other.gradients, one.gradients, atol=1e-10)


@given(st.integers(2, 6), st.integers(0, 2**32 - 1), st.floats(-2, 3))
def test_a_matrix_of_any_kind_solves_its_conditions(K, seed, log_s):
    rng = np.random.default_rng(seed)
    omega, labels = 3 * rng.standard_normal((8, K)), rng.integers(K, size=8)
    S = covariance(K, rng) * 10**log_s
    at = matrix_prox(omega, labels, S)
    scale = 1 + np.abs(omega).max() + np.abs(S).max()
    np.testing.assert_allclose(at.logits, omega - at.gradients @ S, atol=1e-9 * scale)
    np.testing.assert_allclose(at.loss, -log_softmax(at.logits, axis=1)[np.arange(8), labels])


def covariance(K, rng):
    """A random matrix that is positive on ``1⊥``."""
    Z = rng.standard_normal((K - 1, K - 1))
    return basis(K) @ (Z @ Z.T + 0.05 * np.eye(K - 1)) @ basis(K).T


def test_a_general_optimiser_finds_the_same_point():
    rng = np.random.default_rng(4)
    K, label = 4, 2
    omega, S = rng.standard_normal(K), covariance(4, rng)
    U = basis(K)
    inverse = np.linalg.inv(U.T @ S @ U)

    def value(x):
        f = omega + U @ x
        return x @ inverse @ x / 2 - log_softmax(f)[label]

    best = minimize(value, np.zeros(K - 1), tol=1e-14).x
    at = matrix_prox(omega[None], np.array([label]), S)
    np.testing.assert_allclose(U.T @ (at.logits[0] - omega), best, atol=1e-6)
    assert value(U.T @ (at.logits[0] - omega)) <= value(best) + 1e-13


def test_what_is_not_found_raises(monkeypatch):
    monkeypatch.setattr(module, "MOST_STEPS", 1)
    omega, labels = np.array([[0.0, 30.0, 1.0]]), np.array([0])
    with pytest.raises(RuntimeError, match="1 proximal points are not found for s = 10"):
        softmax_prox(omega, labels, 10.0)
    monkeypatch.setattr(module, "softmax_prox", lambda omega, labels, s: at_prox(omega, labels))
    with pytest.raises(RuntimeError, match="1 proximal points are not found"):
        matrix_prox(omega, labels, 10 * (np.eye(3) - 1 / 3))


def test_confident_samples_lose_no_digits():
    at = at_prox(np.array([[50.0, 0.0]]), np.array([0]))
    np.testing.assert_allclose(at.gradients[0], [-np.exp(-50), np.exp(-50)], rtol=1e-12)
    np.testing.assert_allclose(at.loss, np.exp(-50), rtol=1e-12)
