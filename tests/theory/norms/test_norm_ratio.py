"""Expected block norms: closed forms and averages over Gram matrices against simulation."""

import numpy as np
import pytest

from rmt_hessian.theory import block_norm_ratio, expected_block_norms, weight_law
from rmt_hessian.theory.norms import norm_ratio
from rmt_hessian.theory.norms.norm_limits import block_norm_from_weights


def simulated_norms(model, loss, C, d, N, m, gain, n, rng):
    """Mean squared norms of formed blocks, on the diagonal and off it, of n networks: (n, 2)."""
    X = rng.standard_normal((n, N, d))
    if model == "linear":
        f = X @ rng.standard_normal((n, d, C)) * np.sqrt(gain / d)
        Z, B = X, np.eye(C)
    else:
        g = X @ rng.standard_normal((n, d, m)) * np.sqrt(gain / d)
        V = rng.standard_normal((n, 1, C, m)) * np.sqrt(gain / m)
        h = np.maximum(g, 0)
        f = (V @ h[..., None])[..., 0]
        Z, B = (h, np.eye(C)) if model == "output" else (X, V * (g > 0)[:, :, None, :])
    A = np.eye(C)
    if loss == "ce":
        p = np.exp(f)
        p /= p.sum(axis=2, keepdims=True)
        A = p[..., None] * np.eye(C) - p[..., None] * p[..., None, :]
    M = np.broadcast_to(np.swapaxes(B, -1, -2) @ A @ B, (n, N, *np.shape(B)[-1:] * 2))
    k = M.shape[-1]
    Z = (Z[..., None] * Z[..., None, :]).reshape(n, N, -1)
    H = M.reshape(n, N, -1).swapaxes(1, 2) @ Z / N  # a row for each block
    squares = np.sum(H**2, axis=2).reshape(n, k, k)
    diagonal = np.einsum("nii->n", squares)
    off_diagonal = squares.sum(axis=(1, 2)) - diagonal
    return np.stack([diagonal / k, off_diagonal / (k * (k - 1))], axis=1)


@pytest.mark.parametrize(("init", "gain"), [("lecun", 1.0), ("he", 2.0)])
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
def test_exact_at_any_size(model, loss, C, m, init, gain, rng):
    """d = 3, N = 2, where every finite-size term counts; four standard errors of both sides:
    1 to 2 % of the norm for the linear model, up to 8 % where the tails are heavier."""
    sizes = {"n_classes": C, "n_inputs": 3, "n_samples": 2, "n_hidden": m}
    expected = expected_block_norms(model=model, loss=loss, init=init, n_draws=200_000, **sizes)
    draws = np.concatenate(
        [simulated_norms(model, loss, C, 3, 2, m, gain, 10_000, rng) for _ in range(20)]
    )
    mean, error = draws.mean(axis=0), draws.std(axis=0) / np.sqrt(len(draws))
    for value, its_error, measured, measured_error in (
        (expected.diagonal, expected.diagonal_error, mean[0], error[0]),
        (expected.off_diagonal, expected.off_diagonal_error, mean[1], error[1]),
    ):
        four_errors = 4 * np.hypot(its_error, measured_error)
        assert four_errors <= 0.085 * value
        assert abs(value - measured) <= four_errors + 1e-12 * value


def test_law_of_the_preactivations(rng):
    """Variances ``gain a``, ``gain b``, covariance ``gain cos √(ab)``, and independent units.

    10⁶ units: a sample second moment of Gaussians of variances v, w strays by ``√(2vw/10⁶)`` at
    most, 0.14 % of ``√(vw)``; four of that.
    """
    gram = tuple(np.full(1000, t) for t in (0.7, 1.9, -0.6))
    g, k = norm_ratio.preactivations(gram, 1000, 2.0, rng)
    for first, second, expected, scale in (
        (g, g, 1.4, 1.4),
        (k, k, 3.8, 3.8),
        (g, k, -1.2 * np.sqrt(1.33), 2 * np.sqrt(1.33)),
        (g, np.roll(k, 1, axis=1), 0.0, 2 * np.sqrt(1.33)),
    ):
        assert np.mean(first * second) == pytest.approx(expected, abs=4 * 0.0015 * scale)


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
        limit = block_norm_from_weights(law, gamma)
        assert abs(value / d - limit) < 4 * error / d + 20 / d * limit


def test_mse_without_a_hidden_layer_has_no_off_diagonal():
    expected = expected_block_norms(
        model="linear", loss="mse", n_classes=3, n_inputs=5, n_samples=9
    )
    assert (expected.off_diagonal, expected.ratio, expected.ratio_error) == (0, 0, 0)
    assert expected.diagonal == pytest.approx((1 - 1 / 9) * 5 + 5 * 7 / 9)


def test_a_prediction_is_reproducible():
    arguments = {"model": "linear", "loss": "ce", "n_classes": 3, "n_inputs": 5, "n_samples": 9}
    assert block_norm_ratio(**arguments, n_draws=100) == block_norm_ratio(**arguments, n_draws=100)


def test_stated_errors_are_the_spread_over_seeds(rng):
    """Diagonal and off-diagonal, correlated by +0.9 and -0.9, with means of 20 deviations.

    2000 averages: a sample variance strays by ``√(2/1999)`` = 3.2 % (``χ²_1999``), bound at four
    of that. The other sign of the covariance would change the variance of the ratio 5 times.
    """
    for correlation in (0.9, -0.9):
        rows = np.array([[1.0, 0.0], [correlation, np.sqrt(1 - correlation**2)]])
        means = np.array([[20.0], [16.0]])
        norms = [
            norm_ratio._average(means + rows @ rng.standard_normal((2, 50))) for _ in range(2000)
        ]
        for name in ("diagonal", "off_diagonal", "ratio"):
            values = np.array([getattr(t, name) for t in norms])
            errors = np.array([getattr(t, f"{name}_error") for t in norms])
            assert values.var(ddof=1) / np.mean(errors**2) == pytest.approx(1.0, abs=0.128)


@pytest.mark.parametrize("model", ["linear", "hidden", "output"])
def test_stated_errors_of_each_layer_are_the_spread_over_seeds(model):
    """200 seeds, ``χ²_199``: four times ``√(2/199)`` are 40 %."""
    sizes = {"n_classes": 3, "n_inputs": 8, "n_samples": 12}
    sizes["n_hidden"] = None if model == "linear" else 12
    norms = [
        expected_block_norms(model=model, loss="ce", n_draws=200, rng=seed, **sizes)
        for seed in range(200)
    ]
    for name in ("diagonal", "off_diagonal", "ratio"):
        values = np.array([getattr(t, name) for t in norms])
        errors = np.array([getattr(t, f"{name}_error") for t in norms])
        assert values.var(ddof=1) / np.mean(errors**2) == pytest.approx(1.0, abs=0.4)
