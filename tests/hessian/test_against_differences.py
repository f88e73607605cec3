"""Every entry of every Hessian against finite differences of the scalar loss."""

import numpy as np
import pytest

from rmt_hessian import Network, layer_hessian, network_hessian
from tests import oracles

WIDTHS = {
    "linear": [3, 4],
    "one hidden": [3, 3, 2],
    "three layers": [2, 2, 3, 2],
    "four layers": [2] * 5,
}
MARGIN = 0.15  # pre-activations this far from 0 keep their sign under the steps of the oracle
TOLERANCE = 2e-7  # of order-4 differences, step 0.01 and smaller: what the oracle reports


def away_from_kinks(net, n_samples, rng):
    kept = []
    while len(kept) < n_samples:
        x = rng.standard_normal(net.widths[0])
        z, smallest = x, np.inf
        for W in net.weights[:-1]:
            a = W @ z
            smallest = min(smallest, np.abs(a).min())
            z = np.maximum(a, 0)
        if smallest > MARGIN:
            kept.append(x)
    return np.array(kept)


@pytest.mark.parametrize("loss", ["ce", "mse"])
@pytest.mark.parametrize("widths", WIDTHS.values(), ids=WIDTHS.keys())
def test_full_and_layer_hessians(widths, loss, rng):
    net = Network.random(widths, rng)
    X = away_from_kinks(net, 5, rng)
    if loss == "ce":
        targets = rng.dirichlet(np.ones(widths[-1]), size=5)
    else:
        targets = rng.standard_normal((5, widths[-1]))
    reference = oracles.hessian_by_differences(net, X, targets, loss)
    scale = np.abs(reference).max()
    H = network_hessian(net, X, targets, loss).to_dense()
    np.testing.assert_allclose(H, reference, atol=TOLERANCE * scale)
    np.testing.assert_array_equal(H, H.T)
    start = 0
    for l, W in enumerate(net.weights):
        layer = layer_hessian(net, X, l, loss)
        place = slice(start, start + W.size)
        dense = layer.to_dense()
        np.testing.assert_allclose(dense, reference[place, place], atol=TOLERANCE * scale)
        p = layer.block_size
        for i in range(layer.n_blocks):
            for j in range(layer.n_blocks):
                block = reference[place, place][i * p : (i + 1) * p, j * p : (j + 1) * p]
                np.testing.assert_allclose(layer.block(i, j), block, atol=TOLERANCE * scale)
        start += W.size


def test_the_residual_term_of_cross_layer_blocks_is_there(rng):
    """Labels must matter between layers, and nowhere else."""
    net = Network.random([3, 4, 3], rng)
    X = rng.standard_normal((6, 3))
    H, other = (network_hessian(net, X, y, "ce").to_dense() for y in ([0, 1, 2, 0, 1, 2], [1] * 6))
    assert np.abs(H[:12, 12:] - other[:12, 12:]).max() > 1e-3
    np.testing.assert_array_equal(H[:12, :12], other[:12, :12])
    np.testing.assert_array_equal(H[12:, 12:], other[12:, 12:])
