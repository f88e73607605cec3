"""[D]: between adjacent layers the residual makes stripes, between distant ones it is dense."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from rmt_hessian import Network, network_hessian
from tests.tolerances import EXACT


@st.composite
def problems(draw, activation="relu"):
    """A network of two to five layers, any scale of weights, with biases or without; samples."""
    widths = [*draw(st.lists(st.integers(1, 5), min_size=2, max_size=5)), draw(st.integers(2, 5))]
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    scale, bias = draw(st.sampled_from([0.3, 1.0, 3.0])), draw(st.booleans())
    weights = [scale * W for W in Network.random(widths, rng).weights]
    biases = [rng.standard_normal(k) for k in widths[1:]] if bias else None
    net, X = Network(weights, biases, activation), rng.standard_normal((7, widths[0]))
    loss = draw(st.sampled_from(["ce", "mse"]))
    y = rng.integers(0, widths[-1], 7) if loss == "ce" else rng.standard_normal((7, widths[-1]))
    return net, X, y, loss, bias


def residual_part(net, X, y, loss, bias):
    """The Hessian without its Gauss–Newton part, by layers: arrays (k_l, p_l, k_m, p_m), l < m."""
    H = network_hessian(net, X, y, loss, bias=bias)
    G = network_hessian(net, X, y, loss, bias=bias, part="gauss-newton")
    sizes = [(layer.n_blocks, layer.block_size) for layer in H.layers]
    return H.frobenius_norm(), {
        (l, m): (H.block(l, m) - G.block(l, m)).reshape(*sizes[l], *sizes[m])
        for l in range(H.n_layers)
        for m in range(l + 1, H.n_layers)
    }


@given(problems())
def test_relu_adjacent_layers_have_it_at_feature_i_of_unit_i_alone(problem):
    size, parts = residual_part(*problem)
    for (l, m), R in parts.items():
        if m == l + 1:
            beside = R.copy()
            units = np.arange(R.shape[0])
            beside[units, :, :, units] = 0
            assert np.abs(beside).max() <= EXACT * size  # also at the constant feature


@given(problems("tanh"))
def test_smooth_activations_keep_to_the_stripes_below_the_last_layer_only(problem):
    """Below others, ``M_m`` has the residual too, times σ''."""
    size, parts = residual_part(*problem)
    L = len(problem[0].weights) - 1
    R = parts[L - 1, L].copy()
    units = np.arange(R.shape[0])
    R[units, :, :, units] = 0
    assert np.abs(R).max() <= EXACT * size


def test_distant_layers_have_it_everywhere(rng):
    """Units that are all alive: no entry of the term is 0. Nor below the last layer of tanh."""
    for activation, pairs in (("relu", [(0, 2), (0, 3), (1, 3)]), ("tanh", [(0, 1), (1, 2)])):
        weights = Network.random([5, 4, 4, 4, 3], rng).weights
        net = Network(weights, [np.ones(len(W)) for W in weights], activation)
        X, y = rng.standard_normal((200, 5)), rng.integers(0, 3, 200)
        size, parts = residual_part(net, X, y, "ce", False)
        for pair in pairs:
            assert np.abs(parts[pair]).min() > 100 * EXACT * size
