"""Networks whose hidden layers have activations of their own: Hessians, training, what is refused.

40 networks of random activations, against differences of the loss; some in 120 digits.
"""

from dataclasses import replace

import numpy as np
import pytest

import rmt_hessian as rh
from rmt_hessian.bounds import pac_bayes_bound
from tests import oracles_of_networks as oracles
from tests import oracles_of_networks_in_mpmath as exact
from tests.expected import expected_layer, expected_network
from tests.problems import (
    PIECEWISE_LINEAR,
    Problem,
    draw,
    network,
    random_parameters,
    weighting,
)
from tests.tolerances import EXACT

PARTS = ("full", "gauss-newton")
SMOOTH_ABOVE = ("relu", "tanh", "identity", "silu")  # of five layers; below and above others
each = pytest.mark.parametrize("index", range(40))


def close(found, expected):
    atol = EXACT * expected.size + expected.error
    np.testing.assert_allclose(found, expected.dense, rtol=0, atol=atol)


def with_and_without_biases(problem):
    return (False, True) if problem.has_biases else (False,)


def of_layer(problem, layer, **options):
    options = {"y": problem.y} | weighting(problem) | options
    return rh.layer_hessian(network(problem), problem.X, layer, problem.loss, **options)


@each
@pytest.mark.parametrize("part", PARTS)
def test_all_layers_and_each(index, part):
    problem = draw("mixed", index)
    options = weighting(problem) | {"part": part}
    for bias in with_and_without_biases(problem):
        expected = expected_network(problem, bias, part)
        H = rh.network_hessian(
            network(problem), problem.X, problem.y, problem.loss, bias=bias, **options
        )
        close(H.to_dense(), expected)
        close(H @ np.eye(len(expected.dense)), expected)
        for layer in range(problem.n_layers):
            H = of_layer(problem, layer, bias=bias, part=part)
            close(H.to_dense(), expected_layer(problem, layer, bias, part))


@pytest.mark.parametrize("index", [2, 3, 4, 8])
def test_to_the_last_digits(index):
    problem = draw("mixed", index, widest=2, n_samples=3)
    bias = problem.has_biases
    expected = exact.hessian(problem, oracles.places(problem, bias=bias))
    H = rh.network_hessian(
        network(problem), problem.X, problem.y, problem.loss, bias=bias, **weighting(problem)
    )
    atol = 2e-14 * expected_network(problem, bias).size
    np.testing.assert_allclose(H.to_dense(), expected, rtol=0, atol=atol)


@each
def test_gradient_covariances_and_training(index):
    problem = draw("mixed", index)
    expected = oracles.gradient_covariance(problem)
    options = {"y": problem.y} | weighting(problem)
    for layer in range(problem.n_layers):
        F = rh.layer_gradient_covariance(
            network(problem), problem.X, layer, problem.loss, **options
        )
        places = oracles.places(problem, layer, bias=False)
        block = expected[np.ix_(places, places)]
        atol = 1e3 * EXACT * max(np.abs(block).max(), 1)
        np.testing.assert_allclose(F.to_dense(), block, rtol=0, atol=atol)


def test_a_step_of_gradient_descent(rng):
    problem = problem_of(SMOOTH_ABOVE, rng)
    options = {"optimiser": "gd", "steps": 1, "learning_rate": 0.1}
    path = rh.train(network(problem), problem.X, problem.y, "ce", **options)
    theta = oracles.parameters(problem)
    gradient = oracles.complex_step(lambda t: oracles.loss(problem, t), theta[None])[0]
    moved = oracles.parameters(
        replace(problem, weights=path.network.weights, biases=path.network.biases)
    )
    np.testing.assert_allclose(moved, theta - 0.1 * gradient, rtol=0, atol=EXACT)
    assert path.network.activations == network(problem).activations


def problem_of(activations, rng, n_samples=6):
    W, b = random_parameters([3, *[4] * len(activations), 2], rng, biases=True)
    X, y = rng.standard_normal((n_samples, 3)), rng.integers(0, 2, n_samples)
    return Problem(W, b, tuple(activations), X, y, "ce")


@pytest.mark.parametrize(
    "activations", [SMOOTH_ABOVE, ("tanh", "relu", "relu"), ("relu", "identity", "leaky_relu")]
)
def test_labels_count_below_a_smooth_activation_only(activations, rng):
    """Of its own layer or one above."""
    problem = problem_of(activations, rng)
    other = replace(problem, y=1 - problem.y)
    for layer in range(problem.n_layers):
        a, b = (of_layer(p, layer).to_dense() for p in (problem, other))
        smooth = [name for name in activations[layer:] if name not in PIECEWISE_LINEAR]
        if smooth:
            assert np.abs(a - b).max() > 1e-6 * np.abs(a).max()
            with pytest.raises(ValueError, match=f"y must .* below a layer of {smooth[0]} dep"):
                of_layer(problem, layer, y=None)
        else:
            np.testing.assert_array_equal(a, b)
            np.testing.assert_array_equal(of_layer(problem, layer, y=None).to_dense(), a)


def test_the_same_activation_for_each_layer_is_one_for_all(rng):
    net = rh.Network.random([3, 4, 4, 2], rng, activation="tanh")
    same = rh.Network(net.weights, activation=["tanh"] * 2)
    X, y = rng.standard_normal((5, 3)), [0, 1, 0, 1, 1]
    assert same.activation is net.activation
    for a, b in ((net, same), (net.above(0), net)):
        dense = [rh.network_hessian(n, X, y, "ce").to_dense() for n in (a, b)]
        np.testing.assert_array_equal(*dense)


def test_identities_between_are_products_of_weights(rng):
    """Two linear layers in a row: in the first, the Hessian of their product by the chain rule."""
    U, V, W = rng.standard_normal((4, 3)), rng.standard_normal((5, 4)), rng.standard_normal((2, 5))
    X = rng.standard_normal((6, 3))
    chain = rh.Network([U, V, W], activation=["identity", "relu"])
    H = rh.layer_hessian(chain, X, 0, "ce")
    product = rh.layer_hessian(rh.Network([V @ U, W]), X, 0, "ce")
    B = np.kron(V, np.eye(3))  # of vec(V U) by vec U
    np.testing.assert_allclose(H.to_dense(), B.T @ product.to_dense() @ B, rtol=0, atol=1e-12)


def test_ensembles_and_bounds_name_what_differs(rng):
    net = rh.Network.random([3, 4, 4, 2], rng, activation=["tanh", "relu"])
    ens = rh.Ensemble([3, 4, 4, 2], layer=0, loss="ce", n_samples=5)
    with pytest.raises(ValueError, match=r"net must have the activation 'relu', .*'tanh', 'relu'"):
        ens.given(net)
    X, y = rng.standard_normal((20, 3)), np.arange(20) % 2
    other = rh.Network(net.weights, activation=["tanh", "tanh"])
    with pytest.raises(ValueError, match=r"same widths, biases and activation, .*'tanh', 'relu'"):
        pac_bayes_bound(net, other, X, y, steps=1, rng=0)
    trained = rh.train(net, X, y, "ce", steps=3).network
    assert 0 < pac_bayes_bound(net, trained, X, y, steps=2, n_draws=10, rng=0).bound <= 1
