"""Second moments of gradients: from gradients one by one, and as the Gauss–Newton part."""

import numpy as np
import pytest

import rmt_hessian as rh

WIDTHS = [3, 4, 5, 3]
ACTIVATIONS = ["relu", "tanh", "gelu"]


def gradients(net, X, y, loss, layer):
    """Of each sample with respect to the weights and biases of a layer, (N, k (p + 1))."""
    forward, targets = net.forward(X), np.eye(3)[y]
    f = forward.logits
    g = np.exp(f) / np.exp(f).sum(axis=1, keepdims=True) - targets if loss == "ce" else f - targets
    for l in range(net.n_layers - 2, layer - 1, -1):
        g = (g @ net.weights[l + 1]) * forward.slopes[l]
    Z = np.hstack([forward.features[layer], np.ones((len(X), 1))])
    return np.einsum("ni,na->nia", g, Z).reshape(len(X), -1)


@pytest.fixture(params=ACTIVATIONS)
def case(request, rng):
    net = rh.Network.random(WIDTHS, rng, activation=request.param, bias_scale=0.5)
    return net, rng.standard_normal((12, 3)), rng.integers(0, 3, 12)


@pytest.mark.parametrize("loss", ["ce", "mse"])
@pytest.mark.parametrize("layer", [0, 1, 2])
def test_members(case, loss, layer, rng):
    net, X, y = case
    w = rng.uniform(0.5, 2.0, 12)
    H = rh.layer_gradient_covariance(net, X, layer, loss, y=y, bias=True, sample_weight=w)
    G = gradients(net, X, y, loss, layer)
    expected = (G.T * (w / w.sum())) @ G
    scale = np.abs(expected).max()
    k, p = H.n_blocks, H.block_size
    blocks, size = expected.reshape(k, p, k, p), len(expected)
    squares = np.sum(blocks**2, axis=(1, 3))
    for found, wanted in (
        (H.to_dense(), expected),
        (H @ np.eye(size), expected),
        (H.diagonal(), expected.diagonal()),
        (H.trace(), expected.trace()),
        (H.block(0, k - 1), blocks[0, :, -1]),
        (H.restrict([k - 1, 0]).to_dense(), blocks[[-1, 0]][:, :, [-1, 0]].reshape(2 * p, 2 * p)),
        (H.output_hessian(), blocks[:, -1, :, -1]),
    ):
        np.testing.assert_allclose(found, wanted, atol=1e-13 * scale)
    np.testing.assert_allclose(H.block_norms(), np.sqrt(squares), atol=1e-9 * scale)
    diagonal, off = squares.trace(), squares.sum() - squares.trace()
    np.testing.assert_allclose(
        H.mean_squared_block_norms(), (diagonal / k, off / (k * (k - 1))), rtol=1e-10
    )
    assert H.off_diagonal_share() == pytest.approx(off / squares.sum(), rel=1e-10)


@pytest.mark.parametrize("layer", [0, 1, 2])
def test_labels_of_the_model_give_the_gauss_newton_part(case, layer):
    """Exactly: each label of each sample, with its probability."""
    net, X, _ = case
    f = net(X)
    p = np.exp(f) / np.exp(f).sum(axis=1, keepdims=True)
    mean = sum(
        p[:, c].mean()
        * rh.layer_gradient_covariance(
            net, X, layer, "ce", y=np.full(12, c), sample_weight=p[:, c]
        ).to_dense()
        for c in range(3)
    )
    expected = rh.layer_hessian(net, X, layer, "ce", part="gauss-newton").to_dense()
    np.testing.assert_allclose(mean, expected, atol=1e-14)


def test_labels_are_needed(case):
    net, X, _ = case
    with pytest.raises(ValueError, match="y must be given: gradients depend on it"):
        rh.layer_gradient_covariance(net, X, 0, "ce", y=None)
