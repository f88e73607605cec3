"""Hessians of networks of any activation, with biases and weights of samples, entry by entry.

200 networks, 20 of each activation, against differences of the loss; some in 120 digits.
"""

from dataclasses import replace

import numpy as np
import pytest

import rmt_hessian as rh
from rmt_hessian.activations import get_activation
from tests import oracles_of_networks as oracles
from tests import oracles_of_networks_in_mpmath as exact
from tests.expected import expected_layer, expected_network
from tests.problems import (
    ACTIVATIONS,
    EACH,
    PIECEWISE_LINEAR,
    SMOOTH,
    USERS,
    Problem,
    draw,
    network,
    random_parameters,
    random_targets,
    weighting,
)
from tests.tolerances import EXACT

of_each = pytest.mark.parametrize(("activation", "index"), EACH)


def with_and_without_biases(problem):
    return (False, True) if problem.has_biases else (False,)


def whole(problem, bias=False, **options):
    options = weighting(problem) | options
    return rh.network_hessian(
        network(problem), problem.X, problem.y, problem.loss, bias=bias, **options
    )


def of_layer(problem, layer, **options):
    options = {"y": problem.y} | weighting(problem) | options
    return rh.layer_hessian(network(problem), problem.X, layer, problem.loss, **options)


def close(found, expected):
    atol = EXACT * expected.size + expected.error
    np.testing.assert_allclose(found, expected.dense, rtol=0, atol=atol)


@of_each
def test_all_layers(activation, index):
    problem = draw(activation, index)
    for bias in with_and_without_biases(problem):
        H = whole(problem, bias)
        close(H.to_dense(), expected_network(problem, bias))
        assert H.n_samples == np.count_nonzero(oracles.masses(problem))


@of_each
def test_each_layer(activation, index):
    problem = draw(activation, index)
    for bias in with_and_without_biases(problem):
        for layer in range(problem.n_layers):
            expected = expected_layer(problem, layer, bias)
            close(of_layer(problem, layer, bias=bias).to_dense(), expected)
            close(of_layer(problem, layer - problem.n_layers, bias=bias).to_dense(), expected)


@of_each
def test_the_gauss_newton_part(activation, index):
    """``Σ w_n J_nᵀ A_n J_n / Σ w_n`` by explicit Jacobians."""
    problem, options = draw(activation, index), {"part": "gauss-newton"}
    for bias in with_and_without_biases(problem):
        expected = expected_network(problem, bias, "gauss-newton")
        close(whole(problem, bias, **options).to_dense(), expected)
        for layer in range(problem.n_layers):
            expected = expected_layer(problem, layer, bias, "gauss-newton")
            close(of_layer(problem, layer, bias=bias, **options).to_dense(), expected)


@of_each
def test_blocks_between_layers(activation, index):
    problem = draw(activation, index)
    H, (dense, error) = whole(problem), oracles.hessian(problem)
    atol = EXACT * expected_network(problem).size + error
    for l, m in np.ndindex(problem.n_layers, problem.n_layers):
        places = (oracles.places(problem, layer, bias=False) for layer in (l, m))
        block = dense[np.ix_(*places)]
        np.testing.assert_allclose(H.block(l, m), block, rtol=0, atol=atol)


@pytest.mark.parametrize("index", [1, 2, 4, 8])
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_to_the_last_digits(activation, index):
    """Against 120 digits: only the rounding of float64 is left."""
    problem = draw(activation, index, widest=2, n_samples=3)
    bias = problem.has_biases
    expected = exact.hessian(problem, oracles.places(problem, bias=bias))
    atol = 2e-14 * expected_network(problem, bias).size
    np.testing.assert_allclose(whole(problem, bias).to_dense(), expected, rtol=0, atol=atol)


@pytest.mark.parametrize("activation", [*SMOOTH, "relu", "sin"])
def test_confident_networks_keep_their_digits(activation):
    """H is 1e-9 to 1e-28 here: neither ``p - y`` nor ``p (1 - p)`` may cancel anywhere."""
    rng = np.random.default_rng(6)
    W, b = random_parameters([2, 2, 2], rng, biases=True)
    W = W[0], np.array([[14.0, 9.0], [-8.0, -7.0]])
    b = b[0] + 1, np.array([6.0, -6.0])
    X = 0.3 * rng.random((2, 2))
    problem = Problem(W, b, activation, X, np.array([0, 0]), "ce")
    expected = exact.hessian(problem, oracles.places(problem))
    H = whole(problem, bias=True)
    atol = 1e-11 * np.abs(expected).max()
    assert np.abs(expected).max() < 1e-8
    np.testing.assert_allclose(H.to_dense(), expected, rtol=0, atol=atol)
    np.testing.assert_allclose(H @ np.eye(len(expected)), expected, rtol=0, atol=atol)


# --- labels -------------------------------------------------------------------------------------


def unweighted(problem):
    y = problem.y if problem.ignore_index is None else np.maximum(problem.y, 0)
    return replace(problem, y=y, sample_weight=None, class_weight=None, ignore_index=None)


@of_each
def test_labels_where_they_matter_and_only_there(activation, index):
    problem = unweighted(draw(activation, index))
    for layer in range(problem.n_layers):
        if activation in SMOOTH and layer < problem.n_layers - 1:
            with pytest.raises(ValueError, match=r"\by must"):
                of_layer(problem, layer, y=None)
            without = of_layer(problem, layer, y=None, part="gauss-newton")
            expected = of_layer(problem, layer, part="gauss-newton")
        else:
            without, expected = of_layer(problem, layer, y=None), of_layer(problem, layer)
        np.testing.assert_array_equal(without.to_dense(), expected.to_dense())
    net, X = network(problem), problem.X
    part = {"part": "gauss-newton"}
    without = rh.network_hessian(net, X, None, problem.loss, **part).to_dense()
    np.testing.assert_array_equal(without, whole(problem, **part).to_dense())
    if problem.n_layers > 1:
        with pytest.raises(ValueError, match=r"\by must"):
            rh.network_hessian(net, X, None, problem.loss)


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_unused_labels_are_checked_for_shape(activation):
    problem = unweighted(draw(activation, 1))
    wrong = np.zeros(len(problem.X) + 1, int)
    with pytest.raises(ValueError, match=r"\by must have shape"):
        of_layer(problem, 1, y=wrong)
    with pytest.raises(ValueError, match=r"\by must have shape"):
        of_layer(problem, 0, y=wrong, part="gauss-newton")
    with pytest.raises(ValueError, match=r"\by must have shape"):
        whole(replace(problem, y=wrong), part="gauss-newton")


@pytest.mark.parametrize("activation", SMOOTH)
def test_labels_change_the_layers_below_a_smooth_one(activation):
    problem = unweighted(draw(activation, 4))
    other = replace(problem, y=np.roll(problem.y, 1, axis=0))
    for layer in range(problem.n_layers - 1):
        a, b = (of_layer(p, layer).to_dense() for p in (problem, other))
        assert np.abs(a - b).max() > 1e-6 * np.abs(a).max()


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_text_labels_are_encoded(activation):
    problem = replace(unweighted(draw(activation, 3)), loss="ce")
    C = problem.weights[-1].shape[0]
    problem = replace(problem, y=np.arange(len(problem.X)) % C)
    text = np.array([f"class {c}" for c in problem.y])
    with pytest.warns(UserWarning, match="labels are text"):
        H = whole(replace(problem, y=text))
    np.testing.assert_array_equal(H.to_dense(), whole(problem).to_dense())


# --- activations --------------------------------------------------------------------------------


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_a_users_triple_is_the_named_activation(activation):
    named = get_activation(activation)
    triple = (named.function, named.derivative, named.second_derivative)
    problem = draw(activation, 3)
    for given in (named, triple):
        net = rh.Network(problem.weights, problem.biases, given)
        H = rh.network_hessian(net, problem.X, problem.y, problem.loss, **weighting(problem))
        np.testing.assert_array_equal(H.to_dense(), whole(problem).to_dense())


@pytest.mark.parametrize("index", range(10))
@pytest.mark.parametrize("activation", USERS)
def test_an_activation_of_ones_own(activation, index):
    problem = draw(activation, index)
    for bias in with_and_without_biases(problem):
        close(whole(problem, bias).to_dense(), expected_network(problem, bias))
        for layer in range(problem.n_layers):
            close(
                of_layer(problem, layer, bias=bias).to_dense(), expected_layer(problem, layer, bias)
            )


@pytest.mark.parametrize("seed", range(5))
def test_the_identity_is_the_deep_linear_network(seed):
    """MSE of ``f = W_2 W_1 W_0 x``: every block is a product of means.

    Within layer l ``B_lᵀ B_l ⊗ E[z_l z_lᵀ]``, ``B_l`` the weights above and ``z_l`` those below
    times x; between l < m ``(B_lᵀ B_m)_ij E[z_a z_b] + (U)_bi (B_mᵀ E[r z_lᵀ])_ja``, U between.
    """
    rng = np.random.default_rng(seed)
    W, _ = random_parameters([3, 4, 2, 3], rng, biases=False)
    X, y = rng.standard_normal((7, 3)), rng.standard_normal((7, 3))
    H = rh.network_hessian(rh.Network(W, None, "identity"), X, y, "mse")
    z = [X.T, W[0] @ X.T, W[1] @ W[0] @ X.T]
    B = [W[2] @ W[1], W[2], np.eye(3)]
    between = {(0, 1): np.eye(4), (1, 2): np.eye(2), (0, 2): W[1]}
    r = B[0] @ z[1] - y.T
    for l, m in np.ndindex(3, 3):
        if l > m:
            continue
        block = np.einsum("ij,ab->iajb", B[l].T @ B[m], z[l] @ z[m].T / 7)
        if l < m:
            block += np.einsum("bi,ja->iajb", between[l, m], B[m].T @ r @ z[l].T / 7)
        block = block.reshape(W[l].size, W[m].size)
        np.testing.assert_allclose(H.block(l, m), block, rtol=0, atol=100 * EXACT)
        np.testing.assert_allclose(H.block(m, l), block.T, rtol=0, atol=100 * EXACT)


@pytest.mark.parametrize("loss", ["ce", "mse"])
@pytest.mark.parametrize("activation", SMOOTH)
def test_residuals_of_zero_leave_the_gauss_newton_part(activation, loss):
    """Targets that the network itself predicts."""
    rng = np.random.default_rng(3)
    W, b = random_parameters([3, 4, 3, 2], rng, biases=True)
    X = rng.standard_normal((6, 3))
    problem = Problem(W, b, activation, X, random_targets(6, 2, loss, "targets", rng), loss)
    f = network(problem)(X)
    p = np.exp(f) / np.exp(f).sum(axis=1, keepdims=True)
    predicted = replace(problem, y=p if loss == "ce" else f)
    full, part = (whole(predicted, True, part=part) for part in ("full", "gauss-newton"))
    atol = EXACT * np.abs(part.to_dense()).max()
    np.testing.assert_allclose(full.to_dense(), part.to_dense(), rtol=0, atol=atol)
    assert np.linalg.eigvalsh(part.to_dense()).min() > -atol


@pytest.mark.parametrize("activation", PIECEWISE_LINEAR)
def test_within_a_layer_of_a_piecewise_linear_network_there_is_no_other_part(activation):
    problem = draw(activation, 4)
    for layer in range(problem.n_layers):
        full, part = (
            of_layer(problem, layer, part=part).to_dense() for part in ("full", "gauss-newton")
        )
        np.testing.assert_array_equal(full, part)


def test_biases_in_some_layers_only():
    """All count in the forward pass; those that there are count as parameters if so asked."""
    rng = np.random.default_rng(8)
    W, b = random_parameters([3, 4, 3, 2], rng, biases=True)
    X, y = rng.standard_normal((5, 3)), rng.integers(0, 2, 5)
    problem = Problem(W, (b[0], None, b[2]), "tanh", X, y, "ce")
    for bias in (False, True):
        close(whole(problem, bias).to_dense(), expected_network(problem, bias))
        for layer in (0, 2):
            close(
                of_layer(problem, layer, bias=bias).to_dense(), expected_layer(problem, layer, bias)
            )
    with pytest.raises(ValueError, match="bias must be False"):
        of_layer(problem, 1, bias=True)
