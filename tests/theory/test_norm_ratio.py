"""Expected block norms: closed forms against simulation, and every formula against another."""

import mpmath
import numpy as np
import pytest

from rmt_hessian.theory import (
    block_norm_limit,
    block_norm_ratio,
    expected_block_norms,
    norm_limits,
    norm_ratio,
    weight_law,
)


def simulated_norms(model, loss, C, d, N, m, n_draws, rng):
    """Mean squared norms of formed blocks, the slow way: (n_draws, 2)."""
    result = np.empty((n_draws, 2))
    for t in range(n_draws):
        X = rng.standard_normal((N, d))
        if model == "linear":
            f, Z, B = X @ rng.standard_normal((d, C)) / np.sqrt(d), X, np.eye(C)[None]
        else:
            g = X @ rng.standard_normal((d, m)) / np.sqrt(d)
            V = rng.standard_normal((C, m)) / np.sqrt(m)
            h = np.maximum(g, 0)
            f = h @ V.T
            Z, B = (h, np.eye(C)[None]) if model == "output" else (X, V * (g > 0)[:, None, :])
        p = np.exp(f - f.max(axis=1, keepdims=True))
        p /= p.sum(axis=1, keepdims=True)
        A = np.eye(C) - 0 * p[:, :, None]
        if loss == "ce":
            A = p[:, :, None] * np.eye(C) - p[:, :, None] * p[:, None, :]
        M = np.swapaxes(B, 1, 2) @ A @ B
        H = np.einsum("nij,na,nb->ijab", M, Z, Z) / N
        squares = np.sum(H**2, axis=(2, 3))
        k = len(squares)
        result[t] = squares.trace() / k, (squares.sum() - squares.trace()) / (k * (k - 1))
    return result


@pytest.mark.parametrize(
    ("model", "loss", "C", "m"),
    [
        ("linear", "ce", 2, None),
        ("linear", "ce", 5, None),
        ("linear", "mse", 3, None),
        ("hidden", "ce", 4, 3),
        ("hidden", "mse", 4, 3),
        ("output", "ce", 4, 3),
        ("output", "mse", 3, 4),
    ],
)
def test_exact_at_any_size(model, loss, C, m, rng):
    """d = 5, N = 4, where every finite-size term counts; four standard errors of both sides."""
    expected = expected_block_norms(
        model=model, loss=loss, n_classes=C, n_inputs=5, n_samples=4, n_hidden=m, n_draws=20_000
    )
    draws = simulated_norms(model, loss, C, 5, 4, m, 4000, rng)
    mean, error = draws.mean(axis=0), draws.std(axis=0) / np.sqrt(len(draws))
    for value, its_error, measured, measured_error in (
        (expected.diagonal, expected.diagonal_error, mean[0], error[0]),
        (expected.off_diagonal, expected.off_diagonal_error, mean[1], error[1]),
    ):
        assert abs(value - measured) <= 4 * np.hypot(its_error, measured_error) + 1e-12 * value


@pytest.mark.parametrize("same", [False, True])
@pytest.mark.parametrize("d", [1, 2, 7])
def test_the_tilt_absorbs_the_weight(same, d, rng):
    """``E[(x·x')² f] = factor · Ẽ[f]`` for f depending on both norms and the angle."""
    n = 400_000

    def f(a, b, cosine):
        return np.exp(-0.3 * (a + 2 * b)) * (1 + cosine + cosine**2)

    gram, factor = norm_ratio._tilted_input_pair(n, d, same, rng)
    tilted = factor * f(*gram)
    gram = norm_ratio._input_pair(n, d, same, rng)
    a, b, cosine = gram
    plain = d**2 * a * b * cosine**2 * f(*gram)
    error = np.hypot(tilted.std(), plain.std()) / np.sqrt(n)
    assert abs(tilted.mean() - plain.mean()) < 4 * error


@pytest.mark.parametrize("C", [2, 4, 32, 256])
def test_the_proportional_limit_is_the_weight_law(C):
    """Large d at fixed γ: ``E‖H‖²/d → (E λ)² + γ E λ²`` with relative corrections O(1/d)."""
    d, gamma = 20_000, 0.5
    exact = expected_block_norms(
        model="linear", loss="ce", n_classes=C, n_inputs=d, n_samples=int(d / gamma), n_draws=20_000
    )
    for diagonal, value, error in (
        (True, exact.diagonal, exact.diagonal_error),
        (False, exact.off_diagonal, exact.off_diagonal_error),
    ):
        law = weight_law(model="linear", loss="ce", diagonal=diagonal, n_classes=C)
        limit = law.mean() ** 2 + gamma * law.second_moment()
        assert abs(value / d - limit) < 4 * error / d + 20 / d * limit


def test_linear_ce_tends_to_its_constant():
    """At C = 20,000 the ratio is within 1 % and 4 standard errors of ``constant/C²``."""
    sizes = {"n_inputs": 60, "n_samples": 150}
    constant, exponent = block_norm_limit(model="linear", loss="ce", **sizes)
    C = 20_000
    expected = expected_block_norms(model="linear", loss="ce", n_classes=C, n_draws=1500, **sizes)
    assert exponent == 2
    scaled = C**2 * expected.ratio
    assert abs(scaled - constant) < 4 * C**2 * expected.ratio_error + 0.01 * constant


def test_linear_ce_constant_at_the_size_of_a_vocabulary():
    """Measured over all blocks at C = 131,072, d = 512, N = 2048: 1.724."""
    constant, _ = block_norm_limit(model="linear", loss="ce", n_inputs=512, n_samples=2048)
    assert constant == pytest.approx(1.7205, abs=5e-5)


def test_second_derivatives_in_the_linear_ce_constant():
    """``Ψ`` against mpmath's numerical derivatives."""
    d, N = 12, 30
    for kappa in (1, 2):
        t = mpmath.mpf(kappa) / d
        u = mpmath.diff(lambda r: (1 - r**2) ** (-mpmath.mpf(d) / 2), t, 2)
        q = mpmath.diff(lambda s: (1 - 2 * s) ** (-mpmath.mpf(d) / 2), t, 2)
        expected = (1 - mpmath.mpf(1) / N) * u + q / N
        assert norm_limits._psi(kappa, d, N) == pytest.approx(float(expected), rel=1e-12)


@pytest.mark.parametrize("C", [2, 5, 1000])
def test_hidden_mse_ratio_is_its_constant_over_C_plus_two(C):
    sizes = {"n_inputs": 30, "n_samples": 70}
    constant, exponent = block_norm_limit(model="hidden", loss="mse", **sizes)
    ratio = block_norm_ratio(model="hidden", loss="mse", n_classes=C, n_hidden=4, **sizes)
    assert exponent == 1
    assert (C + 2) * ratio == pytest.approx(constant, rel=1e-12)


@pytest.mark.parametrize(("model", "loss"), [("linear", "ce"), ("hidden", "mse")])
def test_proportional_constants(model, loss):
    """The constants at size d, N tend to those at γ = d/N with corrections O(1/d)."""
    by_ratio, exponent = block_norm_limit(model=model, loss=loss, aspect_ratio=0.25)
    by_size, same = block_norm_limit(model=model, loss=loss, n_inputs=10**5, n_samples=4 * 10**5)
    assert exponent == same
    assert by_size == pytest.approx(by_ratio, rel=1e-3)


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
    assert norm_limits._mean_cos2_angle2(d) == pytest.approx(expected, rel=1e-5 if d == 3 else 1e-9)


def test_mse_without_a_hidden_layer_has_no_off_diagonal():
    assert block_norm_limit(model="linear", loss="mse", aspect_ratio=1.0) == (0.0, 0)
    expected = expected_block_norms(
        model="linear", loss="mse", n_classes=3, n_inputs=5, n_samples=9
    )
    assert (expected.off_diagonal, expected.ratio, expected.ratio_error) == (0, 0, 0)
    assert expected.diagonal == pytest.approx((1 - 1 / 9) * 5 + 5 * 7 / 9)


def test_a_prediction_is_reproducible():
    arguments = {"model": "linear", "loss": "ce", "n_classes": 3, "n_inputs": 5, "n_samples": 9}
    assert block_norm_ratio(**arguments, n_draws=100) == block_norm_ratio(**arguments, n_draws=100)
