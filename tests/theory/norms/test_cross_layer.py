"""Cross-layer norms: the formulas against slow simulation, and their limits."""

from dataclasses import replace

import numpy as np
import pytest

from rmt_hessian import Ensemble
from rmt_hessian.block_norms import BlockNorms
from rmt_hessian.theory.norms import cross_layer
from rmt_hessian.theory.norms.cross_layer import (
    cross_layer_limit,
    cross_layer_norm,
    cross_layer_ratio,
    cross_layer_ratio_limit,
)
from rmt_hessian.theory.norms.limits import block_norm_limits
from tests.tolerances import EXACT

GAINS = {"lecun": 1.0, "he": 2.0}


def simulated_norms(ens, n_draws, rng):
    """``Σ_{i,c} ‖H_{w_i, v_c}‖²/(mC)`` of blocks formed by loops over samples."""
    (d, m, C), N, gain = ens.widths, ens.n_samples, GAINS[ens.init]
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
            A, r = (np.diag(p) - np.outer(p, p), p) if ens.loss == "ce" else (np.eye(C), f)
            r = r - np.eye(C)[label]
            H += np.einsum("ci,a,b->iacb", A @ V * D, x, h) / N
            H += np.einsum("c,i,a,ib->iacb", r, D, x, np.eye(m)) / N
        result[t] = np.sum(H**2) / (m * C)
    return result


@pytest.mark.parametrize("init", GAINS)
@pytest.mark.parametrize(("widths", "N"), [([2, 2, 2], 3), ([4, 3, 5], 2), ([1, 2, 3], 4)])
@pytest.mark.parametrize("loss", ["ce", "mse"])
def test_exact_at_any_size(loss, widths, N, init, rng):
    """d, m, C, N of a few, where every term counts; four standard errors of both sides."""
    ens = Ensemble(widths, 0, loss, N, init=init)
    expected = cross_layer_norm(ens, n_draws=20_000)
    draws = simulated_norms(ens, 1500, rng)
    error = np.hypot(draws.std() / np.sqrt(draws.size), expected.error)
    assert abs(expected.squared_norm - draws.mean()) < 4 * error


def test_labels_of_mse(rng):
    """What labels add at N = ∞: the mean target ``1/C`` and ``‖E[D_i x]‖² = E[x; x > 0]² = 1/2π``,
    by 10⁶ draws of the component along w."""
    few, many = (
        cross_layer_norm(Ensemble([9, 4, C], 0, "mse", 10**12)).squared_norm for C in (2, 10**6)
    )
    mean = np.maximum(rng.standard_normal(10**6), 0.0).mean()
    assert few - many == pytest.approx(mean**2 / 4, rel=0.01)


@pytest.mark.parametrize("loss", ["ce", "mse"])
@pytest.mark.parametrize("init", ["lecun", "he"])
def test_limit(loss, init):
    """What is left out is O(1/C) of it; from C = 256 to 1024 it falls by far more than half."""
    gaps, errors = [], []
    for C in (256, 1024):
        ens = Ensemble([40, 32, C], 0, loss, 90, init=init)
        constant, exponent = cross_layer_limit(ens)
        norm = cross_layer_norm(ens, n_draws=300)
        gaps.append(C**exponent * norm.squared_norm - constant)
        errors.append(4 * C**exponent * norm.error)
    assert 0.0 < gaps[0] < 0.2 * constant
    assert abs(gaps[1]) < gaps[0] / 2 + errors[0] + errors[1]


def test_ce_limit_is_that_of_the_labels():
    limit = cross_layer_limit(Ensemble([40, 32, 3], 0, "ce", 90, init="he"))
    assert tuple(limit) == (40 / 180, 1)


def test_ratio_limits():
    """CE does not vanish with C, MSE like 1/C; their constants from the limits of each layer."""
    for loss, exponent in (("ce", 0), ("mse", 1)):
        layers = [Ensemble([40, 32, 500], layer, loss, 90) for layer in (0, 1)]
        constant, found = cross_layer_ratio_limit(layers[0])
        assert found == exponent
        cross, _ = cross_layer_limit(layers[0])
        hidden, output = map(block_norm_limits, layers)
        expected = cross / np.sqrt(hidden.diagonal * output.diagonal)
        assert constant == pytest.approx(expected, rel=EXACT)
    ens = Ensemble([40, 32, 500], 0, "ce", 90)
    ratio, error = cross_layer_ratio(ens, n_draws=600)
    constant, _ = cross_layer_ratio_limit(ens)
    # 3 %: the O(1/C) of the three norms, below 1 % each
    assert abs(ratio - constant) < 4 * error + 0.03 * constant


def test_ratio_falls_as_inputs_and_samples_grow_together():
    """Like ``1/√d`` at fixed γ: halved, within its O(1/d), from d = 400 to 1600."""
    for loss in ("ce", "mse"):
        few, many = (
            cross_layer_ratio_limit(Ensemble([d, 16, 3], 0, loss, 2 * d)).constant
            for d in (400, 1600)
        )
        assert few / many == pytest.approx(2.0, rel=0.05)


def test_the_output_diagonal_must_have_a_constant():
    """The one off the diagonal need not: m = 4 is enough here, not there."""
    ens = Ensemble([300, 4, 3], 1, "ce", 90)
    assert cross_layer_ratio_limit(ens).constant > 0
    with pytest.raises(ValueError, match="off the diagonal, exists for m > 4, got 4"):
        block_norm_limits(ens)
    with pytest.raises(ValueError, match="on the diagonal, exists for m > 8, got 4"):
        cross_layer_ratio_limit(replace(ens, init="he"))


def test_a_prediction_is_reproducible():
    ens = Ensemble([40, 32, 3], 0, "ce", 90)
    assert cross_layer_norm(ens, n_draws=100) == cross_layer_norm(ens, n_draws=100)
    assert cross_layer_ratio(ens, n_draws=100) == cross_layer_ratio(ens, n_draws=100)


@pytest.mark.parametrize("function", [cross_layer_norm, cross_layer_ratio])
def test_neither_the_layer_nor_the_order_of_the_two_matters(function):
    hidden, output = (Ensemble([6, 4, 3], layer, "ce", 9) for layer in (0, 1))
    expected = function(hidden, n_draws=20)
    assert function(output, n_draws=20) == expected
    assert function(hidden, 1, 0, n_draws=20) == expected
    assert function(hidden, -1, -2, n_draws=20) == expected


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: Ensemble([40, 32, 3], 0, "hinge", 90), "'ce', 'mse', got 'hinge'"),
        (lambda: Ensemble([40, 32, 1], 0, "ce", 90), "needs at least 2 classes, got 1"),
        (
            lambda: cross_layer_norm(Ensemble([40, 32, 1], 0, "mse", 90)),
            r"widths\[2\] must be at least 2, got 1",
        ),
        (
            lambda: cross_layer_norm(Ensemble([40, 1, 3], 0, "mse", 90)),
            r"widths\[1\] must be at least 2, got 1",
        ),
        (lambda: cross_layer_norm(Ensemble([40, 3], 0, "ce", 90)), "widths must be three numbers"),
        (lambda: Ensemble([40, 32, 3], 0, "ce", 90, init="x"), "'lecun', 'he'.* got 'x'"),
        (
            lambda: cross_layer_norm(Ensemble([40, 32, 3], 0, "ce", 90), n_draws=1),
            "n_draws must be at least 2, got 1",
        ),
    ],
)
def test_refusals(call, message):
    with pytest.raises(ValueError, match=message):
        call()


@pytest.mark.parametrize(
    "function",
    [cross_layer_norm, cross_layer_ratio, cross_layer_limit, cross_layer_ratio_limit],
)
def test_refusals_of_layers(function):
    ens = Ensemble([300, 32, 3], 0, "mse", 90)
    with pytest.raises(ValueError, match="must be two layers, got 1 twice"):
        function(ens, 1, 1)
    with pytest.raises(IndexError, match="second"):
        function(ens, 0, 2)


# --- the stated errors --------------------------------------------------------------------------


def test_each_error_of_a_ratio(monkeypatch):
    """``ratio = c/√(h o)``: with an error of one factor alone, its own difference quotient."""
    values = {"cross": 0.7, 0: 1.9, 1: 0.4}  # by the layer, 0 or 1
    errors = {"cross": 1e-6, 0: 2e-6, 1: 3e-6}

    def ratio_of(values, errors):
        monkeypatch.setattr(
            cross_layer,
            "cross_layer_norm",
            lambda *_, **draws: cross_layer.CrossLayerNorm(values["cross"], errors["cross"]),
        )
        monkeypatch.setattr(
            cross_layer,
            "block_norms",
            lambda ens, **draws: BlockNorms(values[ens.layer], 9.0, errors[ens.layer], 9.0, 9.0),
        )
        return cross_layer_ratio(Ensemble([40, 32, 3], 0, "ce", 90))

    none = dict.fromkeys(values, 0.0)
    ratio, _ = ratio_of(values, none)
    moves = []
    for name, error in errors.items():
        moved, _ = ratio_of({**values, name: values[name] + error}, none)
        _, stated = ratio_of(values, {**none, name: error})
        assert stated == pytest.approx(abs(moved - ratio), rel=1e-5)  # error/value: second order
        moves.append(moved - ratio)
    _, stated = ratio_of(values, errors)
    assert stated == pytest.approx(np.linalg.norm(moves), rel=1e-5)  # independent draws


def test_stated_errors_are_the_spread_over_seeds():
    """200 seeds: a sample variance over 199 degrees of freedom strays by ``√(2/199)`` = 10 %
    (``χ²``; m = 16 and C = 3 have light tails), 40 % are four of that."""
    ens = Ensemble([8, 16, 3], 0, "ce", 12)
    norms = [cross_layer_norm(ens, n_draws=200, rng=seed) for seed in range(200)]
    ratios = [cross_layer_ratio(ens, n_draws=200, rng=seed) for seed in range(200)]
    for found in ([(t.squared_norm, t.error) for t in norms], ratios):
        values, errors = np.transpose(found)
        assert values.var(ddof=1) / np.mean(errors**2) == pytest.approx(1.0, abs=0.4)
