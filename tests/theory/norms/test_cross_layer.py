"""Cross-layer norms: the formulas against slow simulation, and their limits."""

import numpy as np
import pytest

from rmt_hessian.theory import block_norm_limit
from rmt_hessian.theory.norms.cross_layer import (
    cross_layer_limit,
    cross_layer_norm,
    cross_layer_ratio,
    cross_layer_ratio_limit,
)
from rmt_hessian.theory.norms.norm_limits import block_norm_limits
from tests.tolerances import EXACT

SIZES = {"n_inputs": 40, "n_samples": 90, "n_hidden": 32}


def simulated_norms(loss, C, d, N, m, gain, n_draws, rng):
    """``Σ_{i,c} ‖H_{w_i, v_c}‖²/(mC)`` of blocks formed by loops over samples."""
    result = np.empty(n_draws)
    for t in range(n_draws):
        W = rng.standard_normal((m, d)) * np.sqrt(gain / d)
        V = rng.standard_normal((C, m)) * np.sqrt(gain / m)
        H = np.zeros((m, d, C, m))
        for _ in range(N):
            x, label = rng.standard_normal(d), rng.integers(C)
            D = W @ x > 0
            h = (W @ x) * D
            f = V @ h
            p = np.exp(f - f.max()) / np.sum(np.exp(f - f.max()))
            A, r = (np.diag(p) - np.outer(p, p), p) if loss == "ce" else (np.eye(C), f)
            r = r - np.eye(C)[label]
            H += np.einsum("ci,a,b->iacb", A @ V * D, x, h) / N
            H += np.einsum("c,i,a,ib->iacb", r, D, x, np.eye(m)) / N
        result[t] = np.sum(H**2) / (m * C)
    return result


@pytest.mark.parametrize(("init", "gain"), [("lecun", 1.0), ("he", 2.0)])
@pytest.mark.parametrize("sizes", [(2, 2, 3, 2), (5, 4, 2, 3), (3, 1, 4, 2)])
@pytest.mark.parametrize("loss", ["ce", "mse"])
def test_exact_at_any_size(loss, sizes, init, gain, rng):
    """C, d, N, m of a few, where every term counts; four standard errors of both sides."""
    C, d, N, m = sizes
    expected = cross_layer_norm(
        loss=loss, n_classes=C, n_inputs=d, n_samples=N, n_hidden=m, init=init, n_draws=20_000
    )
    draws = simulated_norms(loss, C, d, N, m, gain, 1500, rng)
    error = np.hypot(draws.std() / np.sqrt(draws.size), expected.error)
    assert abs(expected.squared_norm - draws.mean()) < 4 * error


def test_labels_of_mse(rng):
    """What labels add at N = ∞: the mean target ``1/C`` and ``‖E[D_i x]‖² = E[x; x > 0]² = 1/2π``,
    by 10⁶ draws of the component along w."""
    sizes = {"loss": "mse", "n_inputs": 9, "n_samples": 10**12, "n_hidden": 4}
    few, many = (cross_layer_norm(**sizes, n_classes=C).squared_norm for C in (2, 10**6))
    mean = np.maximum(rng.standard_normal(10**6), 0.0).mean()
    assert few - many == pytest.approx(mean**2 / 4, rel=0.01)


@pytest.mark.parametrize("loss", ["ce", "mse"])
@pytest.mark.parametrize("init", ["lecun", "he"])
def test_limit(loss, init):
    """What is left out is O(1/C) of it; from C = 256 to 1024 it falls by far more than half."""
    constant, exponent = cross_layer_limit(loss=loss, init=init, **SIZES)
    gaps, errors = [], []
    for C in (256, 1024):
        norm = cross_layer_norm(loss=loss, n_classes=C, init=init, n_draws=300, **SIZES)
        gaps.append(C**exponent * norm.squared_norm - constant)
        errors.append(4 * C**exponent * norm.error)
    assert 0.0 < gaps[0] < 0.2 * constant
    assert abs(gaps[1]) < gaps[0] / 2 + errors[0] + errors[1]


def test_ce_limit_is_that_of_the_labels():
    assert cross_layer_limit(loss="ce", init="he", **SIZES) == (40 / 180, 1)


def test_ratio_limits():
    """CE does not vanish with C, MSE like 1/C; their constants from the limits of each layer."""
    for loss, exponent in (("ce", 0), ("mse", 1)):
        constant, found = cross_layer_ratio_limit(loss=loss, **SIZES)
        assert found == exponent
        cross, _ = cross_layer_limit(loss=loss, **SIZES)
        hidden, output = (
            block_norm_limits(model=model, loss=loss, **SIZES) for model in ("hidden", "output")
        )
        expected = cross / np.sqrt(hidden.diagonal * output.diagonal)
        assert constant == pytest.approx(expected, rel=EXACT)
    ratio, error = cross_layer_ratio(loss="ce", n_classes=500, n_draws=600, **SIZES)
    constant, _ = cross_layer_ratio_limit(loss="ce", **SIZES)
    # 3 %: the O(1/C) of the three norms, below 1 % each
    assert abs(ratio - constant) < 4 * error + 0.03 * constant


def test_ratio_falls_as_inputs_and_samples_grow_together():
    """Like ``1/√d`` at fixed γ: halved, within its O(1/d), from d = 400 to 1600."""
    for loss in ("ce", "mse"):
        few, many = (
            cross_layer_ratio_limit(loss=loss, n_inputs=d, n_samples=2 * d, n_hidden=16)[0]
            for d in (400, 1600)
        )
        assert few / many == pytest.approx(2.0, rel=0.05)


def test_the_output_diagonal_must_have_a_constant():
    """The one off the diagonal need not: m = 4 is enough here, not there."""
    sizes = {"n_inputs": 300, "n_samples": 90, "n_hidden": 4}
    assert cross_layer_ratio_limit(loss="ce", **sizes)[0] > 0
    with pytest.raises(ValueError, match="off the diagonal, exists for n_hidden > 4, got 4"):
        block_norm_limit(model="output", loss="ce", **sizes)
    with pytest.raises(ValueError, match="on the diagonal, exists for n_hidden > 8, got 4"):
        cross_layer_ratio_limit(loss="ce", init="he", **sizes)


def test_a_prediction_is_reproducible():
    case = {"loss": "ce", "n_classes": 3, "n_draws": 100, **SIZES}
    assert cross_layer_norm(**case) == cross_layer_norm(**case)
    assert cross_layer_ratio(**case) == cross_layer_ratio(**case)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"loss": "hinge"}, "'ce', 'mse', got 'hinge'"),
        ({"n_classes": 1}, "n_classes must be at least 2, got 1"),
        ({"n_hidden": None}, "n_hidden of model 'hidden' must be an integer, got None"),
        ({"init": "x"}, "'lecun', 'he', got 'x'"),
        ({"n_draws": 1}, "n_draws must be at least 2, got 1"),
    ],
)
def test_refusals(change, message):
    with pytest.raises(ValueError, match=message):
        cross_layer_norm(**{"loss": "ce", "n_classes": 3, **SIZES, **change})
