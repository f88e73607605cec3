"""Blocks between two layers: the residual term entry by entry, and what is counted of it."""

import numpy as np
import pytest

from rmt_hessian import Network, network_hessian
from rmt_hessian.measurements.layer_pairs import LayerPair, layer_pair, layer_pairs
from tests.tolerances import EXACT

SIZES = [("ce", [4, 5, 3]), ("mse", [4, 5, 3]), ("ce", [5, 4, 3, 6, 2]), ("mse", [3, 4, 4, 4, 5])]


def residual_of(net, x, label, loss):
    """``∂ℓ/∂f`` of one sample."""
    f = net(x[None])[0]
    if loss == "mse":
        return f - label
    p = np.exp(f - f.max())
    return p / p.sum() - np.eye(f.size)[label]


def residual_term(net, X, y, loss, l, m):
    """It by loops over samples, units and features, shape (k_l, p_l, k_m, p_m)."""
    k_l, p_l = net.weights[l].shape
    k_m, p_m = net.weights[m].shape
    term = np.zeros((k_l, p_l, k_m, p_m))
    for x, label in zip(X, y, strict=True):
        z, on = [x], []
        for W in net.weights[:-1]:
            a = W @ z[-1]
            on.append((a > 0).astype(float))
            z.append(np.maximum(a, 0))
        g = residual_of(net, x, label, loss)
        for layer in range(len(net.weights) - 1, m, -1):
            g = on[layer - 1] * (net.weights[layer].T @ g)
        for i in range(k_l):
            moved = on[l] * np.eye(k_l)[i]  # ∂z_{l+1}/∂a_{l,i}
            for layer in range(l + 1, m):
                moved = on[layer] * (net.weights[layer] @ moved)
            for a in range(p_l):
                for j in range(k_m):
                    term[i, a, j] += z[l][a] * g[j] * moved / len(X)
    return term


@pytest.fixture(params=SIZES, ids=lambda s: f"{s[0]} {s[1]}")
def problem(request, rng):
    loss, widths = request.param
    net, X = Network.random(widths, rng, init="he"), rng.standard_normal((9, widths[0]))
    labels = rng.integers(0, widths[-1], 9)
    return net, X, labels if loss == "ce" else rng.standard_normal((9, widths[-1])), loss


def test_every_pair_by_loops(problem):
    net, X, y, loss = problem
    H = network_hessian(net, X, y, loss)
    pairs = layer_pairs(H)
    L = len(net.weights)
    assert [(p.l, p.m) for p in pairs] == [(l, m) for l in range(L) for m in range(l + 1, L)]
    for pair in pairs:
        l, m = pair.l, pair.m
        R = residual_term(net, X, y, loss, l, m)
        A = H.block(l, m).reshape(R.shape)
        assert pair.residual_norm == pytest.approx(np.linalg.norm(R), rel=EXACT)
        assert pair.curvature_norm == pytest.approx(np.linalg.norm(A - R), rel=EXACT)
        assert pair.norm == pytest.approx(H.block_norms()[l, m], rel=EXACT)
        r, c = np.sum(R**2), np.sum((A - R) ** 2)
        assert pair.residual_share == pytest.approx(r / (r + c), rel=EXACT)
        k_l, p_m = R.shape[0], R.shape[3]
        norms = [[np.linalg.norm(A[i, :, :, b]) for b in range(p_m)] for i in range(k_l)]
        np.testing.assert_allclose(pair.feature_norms, norms, rtol=EXACT)
        largest = sum(max(row) ** 2 for row in norms) / np.sum(A**2)
        assert pair.largest_share == pytest.approx(largest, rel=EXACT)
        even = max(np.sum(A[..., b] ** 2) for b in range(p_m)) / np.sum(A**2)
        assert pair.even_share == pytest.approx(even, rel=EXACT)
        if m == l + 1:
            stripes = sum(np.sum(A[i, :, :, i] ** 2) for i in range(k_l)) / np.sum(A**2)
            assert pair.stripe_share == pytest.approx(stripes, rel=EXACT)
            stripes = sum(np.sum((A - R)[i, :, :, i] ** 2) for i in range(k_l))
            expected = stripes / np.sum((A - R) ** 2)
            assert pair.curvature_stripe_share == pytest.approx(expected, rel=EXACT)
        else:
            assert np.isnan(pair.stripe_share)


def test_shares_of_stripes_alone_and_of_even_entries():
    striped = LayerPair(0, 1, 2.0, np.eye(4), np.zeros((4, 4)))
    assert striped.residual_share == striped.stripe_share == striped.largest_share == 1
    assert striped.even_share == 0.25
    assert np.isnan(striped.curvature_stripe_share)
    even = LayerPair(0, 2, 0.0, np.ones((3, 5)), np.ones((3, 5)))
    assert even.residual_share == 0
    assert even.largest_share == pytest.approx(0.2, rel=EXACT)
    assert even.even_share == pytest.approx(0.2, rel=EXACT)
    assert np.isnan(even.stripe_share)
    nothing = LayerPair(0, 1, 0.0, np.zeros((2, 2)), np.zeros((2, 2)))
    assert np.isnan([nothing.residual_share, nothing.stripe_share, nothing.largest_share]).all()


def test_a_constant_feature_does_not_move(rng):
    """With biases, features are the units and the constant, which has no residual term."""
    weights = Network.random([3, 4, 5], rng).weights
    net = Network(weights, [rng.standard_normal(4), rng.standard_normal(5)])
    X, y = rng.standard_normal((8, 3)), rng.integers(0, 5, 8)
    H = network_hessian(net, X, y, "ce", bias=True)
    G = network_hessian(net, X, y, "ce", bias=True, part="gauss-newton")
    pair = layer_pair(H, 0, 1)
    assert pair.feature_norms.shape == (4, 5)
    R = (H.block(0, 1) - G.block(0, 1)).reshape(4, 4, 5, 5)
    assert pair.residual_norm == pytest.approx(np.linalg.norm(R), rel=EXACT)
    assert not R[..., -1].any()
