"""Spectra of one network beside three laws, and its output Hessian: every column by brute force."""

import numpy as np
import pytest

import rmt_hessian as rh
from rmt_hessian.measurements.trained_spectra import (
    LAWS,
    along_path,
    laws_of_start,
    trained_blocks,
    trained_output,
)
from tests import oracles
from tests.measurements.columns import top
from tests.tolerances import EXACT, ITERATIVE

BLOCKS = {"diagonal": (0, 0), "off_diagonal": (0, 1)}
WIDTHS = {"linear": [8, 3], "hidden": [8, 4, 3]}
CASES = [("linear", "ce"), ("hidden", "ce"), ("hidden", "mse")]
N = 80


def drawn(case, seed=3, scale=1.0):
    """A network, the network it came from, and two samples of its inputs."""
    rng = np.random.default_rng(seed)
    start = rh.Network.random(WIDTHS[case], rng)
    net = rh.Network([W + scale * rng.standard_normal(W.shape) for W in start.weights])
    return net, start, rng.standard_normal((2, N, 8))


def ks(values, cdf):
    """``sup |F_n - F|`` one eigenvalue after the other, of a law without an atom."""
    n, F = len(values), cdf(np.sort(values))
    return max(max(abs((k + 1) / n - F[k]), abs(k / n - F[k])) for k in range(n))


def ks_of_two(x, y):
    """``sup |F_n - G_m|`` at all eigenvalues."""
    return max(abs(np.mean(x <= t) - np.mean(y <= t)) for t in [*x, *y])


def of_block(net, X, loss, block):
    """Eigenvalues of a block and its weights λ_n, sample by sample."""
    lam = oracles.output_hessians(net, X, 0, loss)[:, block[0], block[1]]
    H = sum(weight * np.outer(x, x) for weight, x in zip(lam, X, strict=True)) / len(X)
    return np.linalg.eigvalsh(H), lam


@pytest.mark.parametrize(("case", "loss"), CASES)
def test_distances_of_every_law_to_every_spectrum(case, loss):
    net, start, (X, fresh) = drawn(case)
    result = trained_blocks(net, X, fresh, loss, laws_of_start(start, loss, N))
    for name, block in BLOCKS.items():
        columns = {
            key.removeprefix(f"{name}_"): value
            for key, value in result.items()
            if key.startswith(f"{name}_")
        }
        spectrum, lam = of_block(net, X, loss, block)
        other, lam_of_other = of_block(net, fresh, loss, block)
        ens = rh.Ensemble(net.widths, 0, loss, N)
        before, given = (
            rh.theory.block_law(ens.given(other), *block).cdf for other in (start, net)
        )
        mass = np.full(N, 1 / N)
        conditional, of_other = (
            rh.theory.GeneralizedMarchenkoPastur(weights, mass, 8 / N).cdf
            for weights in (lam, lam_of_other)
        )
        expected = {
            "ks_start": ks(spectrum, before),
            "ks_given": ks(spectrum, given),
            "ks_conditional": ks(spectrum, conditional),
            "fresh_ks_given": ks(other, given),
            "fresh_ks_conditional": ks(other, of_other),
            "ks_fresh": ks_of_two(spectrum, other),
        }
        for key, value in expected.items():
            assert columns.pop(key) == pytest.approx(value, abs=ITERATIVE), key
        values = columns.pop("eigenvalues")
        np.testing.assert_allclose(values, spectrum, atol=EXACT * np.abs(spectrum).max())
        for law, cdf in zip(LAWS, (before, given, conditional), strict=True):
            quantiles = cdf(columns.pop(f"{law}_quantiles"))
            np.testing.assert_allclose(quantiles, (np.arange(8) + 0.5) / 8, atol=ITERATIVE)
        assert not columns


@pytest.mark.parametrize(("case", "loss"), CASES)
def test_the_conditional_law_of_inputs_of_any_scale(case, loss):
    """``W/s`` on inputs ``s x`` has the Hessian of W on x times s²."""
    net, start, (X, fresh) = drawn(case)
    smaller = rh.Network([net.weights[0] / 0.05, *net.weights[1:]])
    laws = laws_of_start(start, loss, N)
    whole = trained_blocks(net, X, fresh, loss, laws)
    scaled = trained_blocks(smaller, 0.05 * X, 0.05 * fresh, loss, laws, noise=0.05)
    for name in BLOCKS:
        for key in ("ks_conditional", "fresh_ks_conditional", "ks_fresh"):
            key = f"{name}_{key}"
            assert scaled[key] == pytest.approx(whole[key], abs=ITERATIVE)
        values, others = (result[f"{name}_eigenvalues"] for result in (whole, scaled))
        np.testing.assert_allclose(others, 0.05**2 * values, atol=EXACT * np.abs(values).max())


def test_a_dead_unit_has_no_distance_to_the_conditional_law():
    net, start, (X, fresh) = drawn("hidden")
    W, V = (np.array(W) for W in net.weights)
    X[:, 0], W[0] = np.abs(X[:, 0]), -np.eye(8)[0]  # never active on X
    dead = rh.Network([W, V])
    result = trained_blocks(dead, X, fresh, "ce", laws_of_start(start, "ce", N))
    for name in BLOCKS:
        assert not result[f"{name}_eigenvalues"].any()
        assert np.isnan(result[f"{name}_ks_conditional"])
        assert not result[f"{name}_conditional_quantiles"].any()
        assert np.isfinite(result[f"{name}_fresh_ks_conditional"])  # the unit is alive there


# --- the output Hessian -------------------------------------------------------------------------


def test_gap_and_overlap_of_the_output_hessian():
    rng = np.random.default_rng(1)
    net, X = rh.Network.random([8, 6, 3], rng), rng.standard_normal((50, 8))
    W, V = net.weights
    result = trained_output(net, X, "ce")
    M = oracles.output_hessians(net, X, 0, "ce").mean(axis=0)
    values = np.linalg.eigvalsh(M)[::-1]
    np.testing.assert_allclose(result["output_eigenvalues"], values, rtol=1e-9)
    assert result["output_gap"] == pytest.approx(values[2] / values[1])
    frame = np.linalg.svd((V - V.mean(axis=0)).T)[0][:, :2]
    overlap = np.linalg.norm(frame.T @ top(M, 2)) ** 2 / 2
    assert result["output_overlap"] == pytest.approx(overlap)
    P = oracles.softmax(net(X))
    A = np.mean([np.diag(p) - np.outer(p, p) for p in P], axis=0)
    cosines = W @ W.T / np.outer(*[np.linalg.norm(W, axis=1)] * 2)
    both = 0.25 + np.arcsin(np.clip(cosines, -1, 1)) / (2 * np.pi)
    predicted = np.linalg.eigvalsh(both * (V.T @ A @ V))[::-1]
    assert result["output_predicted_gap"] == pytest.approx(predicted[2] / predicted[1])


@pytest.mark.parametrize(
    ("widths", "loss"),
    [([8, 3], "ce"), ([8, 4, 4], "ce"), ([8, 4, 3], "mse"), ([8, 6, 5, 3], "ce")],
)
def test_nothing_where_the_rank_means_nothing(widths, loss):
    net = rh.Network.random(widths, 0)
    assert trained_output(net, np.eye(8), loss) == {}


# --- the path -----------------------------------------------------------------------------------


def test_columns_along_a_path():
    rows = [
        {"a_ks_given": 0.5, "b": 1.0, "curve": np.full((2, 3), 1.0)},
        {"a_ks_given": np.nan, "b": 3.0, "curve": np.full((2, 3), 2.0)},
        {"a_ks_given": 0.25, "b": 2.0, "curve": np.full((2, 3), 3.0)},
    ]
    rows = [row | {"dead_ks_given": np.nan} for row in rows]
    result = along_path(rows)
    numbers = {name: value for name, value in result.items() if np.ndim(value) == 0}
    expected = {"initial_a_ks_given": 0.5, "final_a_ks_given": 0.25, "largest_a_ks_given": 0.5}
    dead = [numbers.pop(f"{end}_dead_ks_given") for end in ("initial", "final", "largest")]
    assert np.isnan(dead).all()
    assert numbers == expected | {"initial_b": 1.0, "final_b": 2.0}
    np.testing.assert_array_equal(result["b"], [1.0, 3.0, 2.0])
    assert result["curve"].shape == (3, 2, 3)
    np.testing.assert_array_equal(result["curve"][:, 0, 0], [1.0, 2.0, 3.0])
