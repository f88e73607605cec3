"""Outliers of one trained network: definitions one eigenvector after the other, null tests."""

import numpy as np
import pytest

import rmt_hessian as rh
from rmt_hessian.measurements import trained_outliers as module
from rmt_hessian.measurements.trained_outliers import (
    bulk_of_independent_features,
    class_means,
    orthonormal,
    trained_outliers,
)
from tests import oracles
from tests.tolerances import EXACT, ITERATIVE

BLOCKS = {"diagonal": (0, 0), "off_diagonal": (0, 1)}
CASES = [([12, 3], "ce"), ([12, 4, 3], "ce"), ([12, 4, 3], "mse")]
SEED = 5


def mixture(widths, n_samples=300, separation=4.0):
    """A network, inputs about the first coordinate axes, and their classes, 1 … C."""
    rng = np.random.default_rng(SEED)
    net = rh.Network.random(widths, rng)
    y = 1 + rng.integers(widths[-1], size=n_samples)
    return net, separation * np.eye(widths[0])[y] + rng.standard_normal((n_samples, widths[0])), y


def projector(rows):
    return rows.T @ np.linalg.solve(rows @ rows.T, rows)


def by_hand(matrix, rows_and_means, bulk, p):
    """The four numbers of a part, eigenvector by eigenvector; null eigenvalues do not count."""
    lo, hi = bulk
    values, vectors = np.linalg.eigh(matrix)
    margin = (hi - lo) / p ** (2 / 3)
    outside, farthest = [], -np.inf
    for value, v in zip(values, vectors.T, strict=True):
        if abs(value) <= 1e-12 * np.abs(values).max():
            continue
        farthest = max(farthest, (lo - value) / (hi - lo), (value - hi) / (hi - lo))
        if value < lo - margin or value > hi + margin:
            units = v.reshape(-1, p)
            outside.append([np.sum((units @ P) * units) for P in rows_and_means])
    of_means, of_rows = np.mean(outside, axis=0) if outside else (np.nan, np.nan)
    return len(outside), farthest, of_means, of_rows


@pytest.mark.parametrize(("widths", "loss"), CASES)
def test_every_column(widths, loss):
    net, X, y = mixture(widths)
    result = trained_outliers(net, X, y, loss, np.random.default_rng(SEED))
    projectors = [
        projector(np.array([X[y == c].mean(axis=0) for c in set(y)])),
        projector(net.weights[0]),
    ]
    M = oracles.output_hessians(net, X, 0, loss)
    H, p = oracles.layer_hessian(net, X, 0, loss), widths[0]
    parts = {}
    for name, (i, j) in BLOCKS.items():
        law = rh.theory.GeneralizedMarchenkoPastur(M[:, i, j], np.full(300, 1 / 300), p / 300)
        bulk = law.components()[0][0], law.components()[-1][1]
        parts[name] = H[i * p : (i + 1) * p, j * p : (j + 1) * p], bulk
    rng, ends = np.random.default_rng(SEED), []
    for _ in range(3):
        G = rng.standard_normal(X.shape)
        copy = np.mean([np.kron(m, np.outer(g, g)) for m, g in zip(M, G, strict=True)], axis=0)
        values = np.linalg.eigvalsh(copy)
        values = values[np.abs(values) > 1e-12 * values.max()]
        ends += [values.min(), values.max()]
    parts["layer"] = H, (min(ends), max(ends))
    for name, (matrix, bulk) in parts.items():
        expected = by_hand(matrix, projectors, bulk, p)
        found = [
            result.pop(f"{name}_{key}")
            for key in ("outliers", "distance", "means_overlap", "rows_overlap")
        ]
        np.testing.assert_allclose(found, expected, atol=ITERATIVE)
    assert expected[0] > 0  # the layer has some
    assert not result


@pytest.mark.parametrize(("widths", "loss"), CASES)
def test_inputs_of_any_scale(widths, loss):
    """``W/s`` on inputs ``s x`` has the Hessian of W on x times s²: the same outliers."""
    net, X, y = mixture(widths)
    smaller = rh.Network([net.weights[0] / 0.05, *net.weights[1:]])
    one = trained_outliers(net, X, y, loss, np.random.default_rng(SEED))
    other = trained_outliers(smaller, 0.05 * X, y, loss, np.random.default_rng(SEED), noise=0.05)
    assert one.keys() == other.keys()
    np.testing.assert_allclose(list(other.values()), list(one.values()), atol=ITERATIVE)


def test_class_means():
    X = np.arange(10.0).reshape(5, 2)
    expected = [X[[1, 3]].mean(axis=0), X[[0, 2, 4]].mean(axis=0)]
    np.testing.assert_allclose(class_means(X, np.array([7, 2, 7, 2, 7])), expected, rtol=EXACT)


@pytest.mark.parametrize("scale", [1e-200, 1.0, 1e200])
@pytest.mark.parametrize("rank", [0, 1, 2, 3])
def test_a_basis_has_no_direction_outside_the_span(rank, scale, rng):
    """Of rows that span less: one is zero, others are combinations up to rounding."""
    independent = rng.standard_normal((rank, 7))
    rows = np.vstack([independent, rng.standard_normal((3, rank)) @ independent, np.zeros(7)])
    basis = orthonormal(scale * rows)
    assert basis.shape == (7, rank)
    np.testing.assert_allclose(basis.T @ basis, np.eye(rank), atol=EXACT)
    np.testing.assert_allclose(basis @ (basis.T @ rows.T), rows.T, atol=ITERATIVE)


def test_two_classes_with_opposite_weights_have_one_direction():
    """Where CE with weight decay ends, ``Σ_c w_c = 0``: overlaps are with ``w_0 - w_1`` alone."""
    net, X, y = mixture([12, 2])
    w = net.weights[0][0] - net.weights[0][1]
    opposite = rh.Network([np.array([w, -w])])
    result = trained_outliers(opposite, X, y, "ce", np.random.default_rng(SEED))
    values, vectors = np.linalg.eigh(oracles.layer_hessian(opposite, X, 0, "ce")[:12, :12])
    M = oracles.output_hessians(opposite, X, 0, "ce")
    law = rh.theory.GeneralizedMarchenkoPastur(M[:, 0, 0], np.full(300, 1 / 300), 12 / 300)
    lo, hi = law.components()[0][0], law.components()[-1][1]
    margin = (hi - lo) / 12 ** (2 / 3)
    outside = (values < lo - margin) | (values > hi + margin)
    assert outside.any()
    expected = np.mean((w @ vectors[:, outside]) ** 2) / (w @ w)
    assert result["diagonal_rows_overlap"] == pytest.approx(expected, rel=ITERATIVE)


def test_weights_of_zeros_span_nothing():
    _, X, y = mixture([12, 3])
    zeros = rh.Network([np.zeros((3, 12))])
    result = trained_outliers(zeros, X, y, "ce", np.random.default_rng(SEED))
    assert result["layer_outliers"] > 0
    assert result["layer_rows_overlap"] == 0


def test_the_bulk_of_constant_output_hessians_is_that_of_marchenko_and_pastur():
    """Edges ``(1 ± √γ)²`` of linear MSE; their fluctuation is ``(1 ± √γ)^{4/3} … N^{-2/3}``."""
    net, X = rh.Network.random([100, 2], 0), np.ones((400, 100))
    H = rh.layer_hessian(net, X, 0, "mse")
    lo, hi = bulk_of_independent_features(H, np.random.default_rng(0))
    assert lo == pytest.approx(0.25, abs=4 * 400 ** (-2 / 3))
    assert hi == pytest.approx(2.25, abs=4 * 400 ** (-2 / 3))


def test_inputs_without_means_and_few_samples_have_no_outliers():
    """γ = ½: what the weight rows do is inside the bulk; with means at 6 there are some."""
    rng = np.random.default_rng(SEED)
    net, X, y = mixture([100, 3], 200, separation=0.0)
    none = trained_outliers(net, X, y, "ce", rng)
    some = trained_outliers(net, X + 6 * np.eye(100)[y], y, "ce", rng)
    for part in (*BLOCKS, "layer"):
        assert none[f"{part}_outliers"] == 0
        assert np.isnan(none[f"{part}_means_overlap"])
        assert some[f"{part}_outliers"] > 0
        assert some[f"{part}_means_overlap"] > 0.5
        assert some[f"{part}_distance"] > 100 ** (-2 / 3) > none[f"{part}_distance"]


def test_large_layers_have_blocks_only(monkeypatch):
    monkeypatch.setattr(module, "LARGEST_LAYER", 35)
    net, X, y = mixture([12, 3])
    result = trained_outliers(net, X, y, "ce", np.random.default_rng(SEED))
    assert {name.rsplit("_", 1)[0] for name in result} >= {"diagonal", "off_diagonal"}
    assert not [name for name in result if name.startswith("layer")]


def test_a_block_of_zeros_has_no_outliers():
    net, X, y = mixture([12, 4, 3])
    W, V = (np.array(W) for W in net.weights)
    X[:, 0], W[0] = np.abs(X[:, 0]), -np.eye(12)[0]
    result = trained_outliers(rh.Network([W, V]), X, y, "ce", np.random.default_rng(SEED))
    for name in BLOCKS:
        assert result[f"{name}_outliers"] == 0
        assert np.isnan(result[f"{name}_distance"])
