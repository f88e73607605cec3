"""The Hessian of a head without its network: the three ways to give it, and what is refused."""

import numpy as np
import pytest

import rmt_hessian as rh
from tests.tolerances import EXACT

N, P, C, T = 20, 6, 5, 0.7


@pytest.fixture
def head(rng):
    return rng.standard_normal((N, P)), rng.standard_normal((C, P)), rng.standard_normal(C)


def softmax(f):
    e = np.exp(f - f.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def explicit(Z, p, w):
    A = np.stack([np.diag(row) - np.outer(row, row) for row in p]) / T**2
    return np.einsum("n,nij,na,nb->iajb", w / w.sum(), A, Z, Z).reshape(C * P, C * P)


@pytest.mark.parametrize("weighted", [False, True])
def test_three_ways_to_give_a_head(head, rng, weighted):
    Z, W, b = head
    w = rng.uniform(0.1, 2.0, N) if weighted else np.ones(N)
    f = Z @ W.T + b
    expected = explicit(Z, softmax(f / T), w)
    options = {"temperature": T, "sample_weight": w if weighted else None}
    for H in (
        rh.head_hessian(Z, W, b, **options),
        rh.head_hessian(Z, logits=f, **options),
        rh.head_hessian(Z, probabilities=softmax(f / T), **options),
        rh.head_hessian(Z, W, b, chunk_size=7, **options),
    ):
        np.testing.assert_allclose(H.to_dense(), expected, atol=EXACT * np.abs(expected).max())
        blocks = expected.reshape(C, P, C, P)
        squares = np.sum(blocks**2, axis=(1, 3))
        np.testing.assert_allclose(H.block_norms() ** 2, squares, rtol=1e-9)
        diagonal = squares.trace() / C
        off = (squares.sum() - squares.trace()) / (C * (C - 1))
        np.testing.assert_allclose(H.mean_squared_block_norms(), (diagonal, off), rtol=1e-9)
        S = np.einsum("n,na,nb->ab", w / w.sum(), Z, Z)
        np.testing.assert_allclose(H.input_autocorrelation(), S, atol=1e-12)


def test_a_head_is_the_last_layer_of_a_network(rng):
    net = rh.Network.random([4, 6, 3], rng, activation="silu", bias_scale=1.0)
    X = rng.standard_normal((15, 4))
    Z = net.forward(X).features[1]
    for loss in ("ce", "mse"):
        H = rh.head_hessian(Z, net.weights[1], net.biases[1], loss=loss)
        np.testing.assert_allclose(
            H.to_dense(), rh.layer_hessian(net, X, 1, loss).to_dense(), atol=1e-13
        )
    with_bias = rh.head_hessian(np.hstack([Z, np.ones((15, 1))]), logits=net(X))
    expected = rh.layer_hessian(net, X, 1, "ce", bias=True).to_dense()
    np.testing.assert_allclose(with_bias.to_dense(), expected, atol=1e-13)


def test_saturated_heads_keep_their_digits():
    """Logits and a cold temperature; probabilities of exactly 0 and 1 have no curvature left."""
    Z = np.ones((1, 1))
    small = np.exp(-30.0)
    H = rh.head_hessian(Z, logits=[[0.03, 0.0]], temperature=1e-3)
    expected = small / (1 + small) ** 2 * 1e6
    np.testing.assert_allclose(H.block_weights(0, 0), expected, rtol=1e-12)
    exact = rh.head_hessian(Z, probabilities=[[1.0, 0.0]])
    assert np.abs(exact.to_dense()).max() < 1e-300
    flat = rh.head_hessian(Z, logits=[[3.0, -5.0]], temperature=1e3).to_dense() * 1e6
    np.testing.assert_allclose(flat, [[0.25, -0.25], [-0.25, 0.25]], rtol=1e-4)


def test_fifty_thousand_classes(rng):
    """Against the formula at a few entries; N × C numbers are never held twice."""
    n, p, c = 40, 12, 50_000
    Z, W, b = rng.standard_normal((n, p)), rng.standard_normal((c, p)), rng.standard_normal(c)
    H = rh.head_hessian(Z, W, b, temperature=2.0, chunk_size=2**18)
    q = softmax((Z @ W.T + b) / 2)
    for i, j in ((0, 0), (0, 1), (17, 49_999)):
        weights = (q[:, i] * (i == j) - q[:, i] * q[:, j]) / 4
        np.testing.assert_allclose(H.block(i, j), (Z.T * weights) @ Z / n, rtol=1e-9, atol=1e-25)
    U = rng.standard_normal((c, p))
    Y = Z @ U.T
    Y = (q * Y - q * (q * Y).sum(axis=1, keepdims=True)) / 4
    np.testing.assert_allclose(H @ U.ravel(), (Y.T @ Z / n).ravel(), atol=1e-14)
    K = (Z @ Z.T / n) ** 2 / 16
    diagonal = np.einsum("nm,nc,mc->", K, q * (1 - q), q * (1 - q)) / c
    assert H.mean_squared_block_norms()[0] == pytest.approx(diagonal, rel=1e-9)


REFUSED = {
    "nothing": ({}, "one of weights, logits, probabilities must be given, got none"),
    "two": ({"weights": np.ones((C, P)), "logits": np.ones((N, C))}, "got weights and logits"),
    "other features": ({"weights": np.ones((C, P + 1))}, "weights must have shape"),
    "other samples": ({"logits": np.ones((N + 1, C))}, "logits must have 20 rows"),
    "no distribution": ({"probabilities": np.ones((N, C))}, "probabilities must sum to 1"),
    "a bias alone": ({"logits": np.ones((N, C)), "bias": np.ones(C)}, "bias means nothing"),
    "another bias": ({"weights": np.ones((C, P)), "bias": np.ones(P)}, "bias must have shape"),
    "no temperature": ({"logits": np.ones((N, C)), "temperature": 0.0}, "temperature must be"),
    "one class": ({"logits": np.ones((N, 1))}, "needs at least 2 classes"),
    "negative weights": (
        {"logits": np.ones((N, C)), "sample_weight": -np.ones(N)},
        "sample_weight must not be negative",
    ),
    "no weights": (
        {"logits": np.ones((N, C)), "sample_weight": np.zeros(N)},
        "sample_weight must not be zero",
    ),
    "overflow": ({"weights": np.full((C, P), 1e308)}, "overflow"),
    "classes without labels": (
        {"logits": np.ones((N, C)), "class_weight": np.ones(C)},
        "y must be given with class_weight",
    ),
    "probabilities of another loss": (
        {"probabilities": np.full((N, C), 1 / C), "loss": "mse"},
        "probabilities must come with loss 'ce'",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refused(case):
    arguments, message = REFUSED[case]
    with pytest.raises(ValueError, match=message):
        rh.head_hessian(np.ones((N, P)), **arguments)
