"""Expected block norms: closed forms and averages over Gram matrices against simulation."""

import numpy as np
import pytest

from rmt_hessian import Ensemble
from rmt_hessian.theory import block_norm_from_weights, block_norms, weight_law
from rmt_hessian.theory.norms import expected

GAINS = {"lecun": 1.0, "he": 2.0}


def simulated_norms(ens, n, rng):
    """Mean squared norms of formed blocks, on the diagonal and off it, of n networks: (n, 2)."""
    d, C, N, gain = ens.widths[0], ens.n_classes, ens.n_samples, GAINS[ens.init]
    X = rng.standard_normal((n, N, d))
    if ens.n_layers == 1:
        f = X @ rng.standard_normal((n, d, C)) * np.sqrt(gain / d)
        Z, B = X, np.eye(C)
    else:
        m = ens.widths[1]
        g = X @ rng.standard_normal((n, d, m)) * np.sqrt(gain / d)
        V = rng.standard_normal((n, 1, C, m)) * np.sqrt(gain / m)
        h = np.maximum(g, 0)
        f = (V @ h[..., None])[..., 0]
        Z, B = (h, np.eye(C)) if ens.is_last else (X, V * (g > 0)[:, :, None, :])
    A = np.eye(C)
    if ens.loss == "ce":
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


@pytest.mark.parametrize("init", GAINS)
@pytest.mark.parametrize(
    ("widths", "layer", "loss"),
    [
        ([3, 2], 0, "ce"),
        ([3, 5], 0, "ce"),
        ([3, 3], 0, "mse"),
        ([3, 3, 4], 0, "ce"),
        ([3, 3, 4], 0, "mse"),
        ([3, 3, 4], 1, "ce"),
        ([3, 4, 3], 1, "mse"),
    ],
)
def test_exact_at_any_size(widths, layer, loss, init, rng):
    """d = 3, N = 2, where every finite-size term counts; four standard errors of both sides:
    1 to 2 % of the norm for the linear model, up to 8 % where the tails are heavier."""
    ens = Ensemble(widths, layer, loss, 2, init=init)
    norms = block_norms(ens, n_draws=200_000)
    draws = np.concatenate([simulated_norms(ens, 10_000, rng) for _ in range(20)])
    mean, error = draws.mean(axis=0), draws.std(axis=0) / np.sqrt(len(draws))
    for value, its_error, measured, measured_error in (
        (norms.diagonal, norms.diagonal_error, mean[0], error[0]),
        (norms.off_diagonal, norms.off_diagonal_error, mean[1], error[1]),
    ):
        four_errors = 4 * np.hypot(its_error, measured_error)
        assert four_errors <= 0.085 * value
        assert abs(value - measured) <= four_errors + 1e-12 * value


@pytest.mark.parametrize("C", [2, 4, 32, 256])
def test_the_proportional_limit_is_the_weight_law(C):
    """Large d at fixed γ: ``E‖H‖²/d → (E λ)² + γ E λ²`` with relative corrections O(1/d)."""
    d, gamma = 20_000, 0.5
    ens = Ensemble([d, C], 0, "ce", int(d / gamma))
    exact = block_norms(ens, n_draws=20_000)
    for j, value, error in (
        (0, exact.diagonal, exact.diagonal_error),
        (1, exact.off_diagonal, exact.off_diagonal_error),
    ):
        limit = block_norm_from_weights(weight_law(ens, 0, j), gamma)
        assert abs(value / d - limit) < 4 * error / d + 20 / d * limit


def test_mse_without_a_hidden_layer_has_no_off_diagonal():
    norms = block_norms(Ensemble([5, 3], 0, "mse", 9))
    assert (norms.off_diagonal, norms.ratio, norms.ratio_error) == (0, 0, 0)
    assert norms.diagonal == pytest.approx((1 - 1 / 9) * 5 + 5 * 7 / 9)


def test_a_prediction_is_reproducible():
    ens = Ensemble([5, 3], 0, "ce", 9)
    assert block_norms(ens, n_draws=100) == block_norms(ens, n_draws=100)
    assert block_norms(ens, n_draws=100).ratio == block_norms(ens, n_draws=100).ratio


def test_stated_errors_are_the_spread_over_seeds(rng):
    """Diagonal and off-diagonal, correlated by +0.9 and -0.9, with means of 20 deviations.

    2000 averages: a sample variance strays by ``√(2/1999)`` = 3.2 % (``χ²_1999``), bound at four
    of that. The other sign of the covariance would change the variance of the ratio 5 times.
    """
    for correlation in (0.9, -0.9):
        rows = np.array([[1.0, 0.0], [correlation, np.sqrt(1 - correlation**2)]])
        means = np.array([[20.0], [16.0]])
        norms = [
            expected._average(means + rows @ rng.standard_normal((2, 50)), 3) for _ in range(2000)
        ]
        for name in ("diagonal", "off_diagonal", "ratio"):
            values = np.array([getattr(t, name) for t in norms])
            errors = np.array([getattr(t, f"{name}_error") for t in norms])
            assert values.var(ddof=1) / np.mean(errors**2) == pytest.approx(1.0, abs=0.128)


@pytest.mark.parametrize(("widths", "layer"), [([8, 3], 0), ([8, 12, 3], 0), ([8, 12, 3], 1)])
def test_stated_errors_of_each_layer_are_the_spread_over_seeds(widths, layer):
    """200 seeds, ``χ²_199``: four times ``√(2/199)`` are 40 %."""
    ens = Ensemble(widths, layer, "ce", 12)
    norms = [block_norms(ens, n_draws=200, rng=seed) for seed in range(200)]
    for name in ("diagonal", "off_diagonal", "ratio"):
        values = np.array([getattr(t, name) for t in norms])
        errors = np.array([getattr(t, f"{name}_error") for t in norms])
        assert values.var(ddof=1) / np.mean(errors**2) == pytest.approx(1.0, abs=0.4)


def test_norm_from_weights():
    class Law:
        def mean(self):
            return -0.5

        def second_moment(self):
            return 3.0

    assert block_norm_from_weights(Law(), 2.0) == 0.25 + 6.0
    with pytest.raises(ValueError, match="aspect_ratio must be positive"):
        block_norm_from_weights(Law(), 0.0)
