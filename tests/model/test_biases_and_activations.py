"""Networks with biases and other activations: forward pass, draws, copies."""

import copy
import pickle

import numpy as np
import pytest

from rmt_hessian import Network
from rmt_hessian.activations import ACTIVATIONS, get_activation, leaky_relu_of
from tests.tolerances import EXACT

SINE = np.sin, np.cos, lambda a: -np.sin(a)


@pytest.mark.parametrize("activation", [*ACTIVATIONS, SINE])
def test_the_forward_pass_layer_by_layer(activation, rng):
    """Every product by itself, σ and its derivatives of the pre-activations."""
    net = Network.random([3, 4, 5, 2], rng, activation=activation, bias_scale=0.5)
    X, sigma = rng.standard_normal((6, 3)), get_activation(activation)
    forward = net.forward(X)
    z = X
    for l, (W, b) in enumerate(zip(net.weights, net.biases, strict=True)):
        np.testing.assert_allclose(forward.features[l], z, rtol=EXACT)
        a = np.array([[w @ row + c for w, c in zip(W, b, strict=True)] for row in z])
        if l < 2:
            np.testing.assert_allclose(forward.slopes[l], sigma.derivative(a), rtol=EXACT)
            if sigma.piecewise_linear:
                assert forward.bends[l] is None
            else:
                bends = sigma.second_derivative(a)
                np.testing.assert_allclose(forward.bends[l], bends, rtol=1e-10, atol=EXACT)
            z = sigma.function(a)
    assert len(forward.slopes) == len(forward.bends) == 2
    np.testing.assert_allclose(forward.logits, a, rtol=EXACT)
    np.testing.assert_array_equal(net(X), forward.logits)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_what_a_forward_pass_keeps(name, rng):
    """Booleans of ReLU and the identity; pre-activations only where σ has a second derivative."""
    forward = Network.random([3, 4, 2], rng, activation=name).forward(rng.standard_normal((5, 3)))
    assert forward.slopes[0].dtype == (bool if name in ("relu", "identity") else float)
    assert [a is None for a in forward.preactivations] == [ACTIVATIONS[name].piecewise_linear]


def test_zero_biases_change_nothing(rng):
    net, X = Network.random([3, 4, 2], rng), rng.standard_normal((5, 3))
    for biases in ([np.zeros(4), np.zeros(2)], [None, np.zeros(2)], [None, None]):
        np.testing.assert_array_equal(Network(net.weights, biases)(X), net(X))
    assert Network(net.weights).biases == (None, None)


def test_a_bias_is_a_feature_that_is_1(rng):
    W, b, X = rng.standard_normal((2, 3)), rng.standard_normal(2), rng.standard_normal((5, 3))
    longer = Network([np.column_stack([W, b])])(np.column_stack([X, np.ones(5)]))
    np.testing.assert_allclose(Network([W], [b])(X), longer, rtol=EXACT, atol=EXACT)


def test_functions_that_return_numbers_or_float32(rng):
    W, X = np.ones((2, 3)), rng.standard_normal((5, 3))
    linear = Network([W, np.ones((1, 2))], activation=(lambda a: 2 * a, lambda a: 2, lambda a: 0.0))
    forward = linear.forward(X)
    np.testing.assert_array_equal(forward.slopes[0], np.full((5, 2), 2.0))
    np.testing.assert_array_equal(forward.bends[0], np.zeros((5, 2)))
    narrow = Network(
        [W, np.ones((1, 2))],
        activation=(lambda a: a.astype(np.float32), lambda a: np.float32(1), None),
    ).forward(X)
    assert narrow.features[1].dtype == narrow.slopes[0].dtype == np.float64


@pytest.mark.parametrize(
    ("triple", "what"),
    [
        ((np.exp, np.exp, np.exp), "features"),
        ((lambda a: np.minimum(a, 9) * (a < 99), lambda a: 1 / (a < 99) * (a < 9), None), "slopes"),
    ],
)
def test_an_activation_that_overflows(triple, what):
    net = Network([[[1.0]], [[1.0]]], activation=triple)
    with pytest.raises(ValueError, match=f"X must not make the {what} overflow"):
        net.forward([[1e4]])


def test_second_derivatives_that_overflow():
    bends = lambda a: np.where(a > 99, np.inf, 0.0)  # noqa: E731
    net = Network([[[1.0]], [[1.0]]], activation=(np.copy, np.ones_like, bends))
    forward = net.forward([[100.0]])
    with pytest.raises(ValueError, match="X must not make the second derivatives overflow"):
        forward.bends  # noqa: B018


def test_biases_that_overflow():
    net = Network([[[1e308]], [[1.0]]], [[1e308], None])
    with pytest.raises(ValueError, match="X must not make the features overflow"):
        net.forward([[1.0]])
    net = Network([[[1.0]]], [[1.7e308]])
    with pytest.raises(ValueError, match="X must not make the logits overflow"):
        net([[1.7e308]])


@pytest.mark.parametrize(
    ("biases", "message"),
    [
        ([[1.0] * 4], "biases must hold as many vectors or None as layers, 2, got 1"),
        (3, "biases must be a sequence of vectors or None, got 3"),
        (True, "biases must be a sequence of vectors or None, got True"),
        ([[1.0] * 3, None], r"biases\[0\] must have shape \(4,\), got \(3,\)"),
        ([None, 1.0], r"biases\[1\] must have 1 axis, got shape \(\)"),
        ([None, [[1.0, 2.0]]], r"biases\[1\] must have 1 axis, got shape \(1, 2\)"),
        ([None, [np.nan, 1.0]], r"biases\[1\] must be finite, got 1 NaN"),
        ([None, [1j, 1.0]], r"biases\[1\] must be an array of real numbers"),
    ],
)
def test_wrong_biases(biases, message):
    with pytest.raises(ValueError, match=message):
        Network([np.ones((4, 3)), np.ones((2, 4))], biases)


def test_an_unknown_activation():
    with pytest.raises(ValueError, match="activation must be one of 'relu'"):
        Network([[[1.0]]], activation="swish")
    with pytest.raises(ValueError, match="activation must be one of 'relu'"):
        Network.random([3, 2], 0, activation=None)


MIXED = ["tanh", "relu", SINE, "identity"]


def test_the_forward_pass_of_mixed_activations(rng):
    """Layer by layer: each σ and its derivatives of its own pre-activations."""
    net = Network.random([3, 4, 2, 5, 3, 2], rng, activation=MIXED, bias_scale=0.5)
    assert [sigma.name for sigma in net.activations] == ["tanh", "relu", "custom", "identity"]
    X = rng.standard_normal((6, 3))
    forward, z = net.forward(X), X
    for l, sigma in enumerate(net.activations):
        a = z @ net.weights[l].T + net.biases[l]
        np.testing.assert_allclose(forward.slopes[l], sigma.derivative(a), rtol=EXACT)
        if sigma.piecewise_linear:
            assert forward.bends[l] is None
        else:
            np.testing.assert_allclose(forward.bends[l], sigma.second_derivative(a), rtol=1e-10)
        z = sigma.function(a)
        np.testing.assert_allclose(forward.features[l + 1], z, rtol=EXACT)
    upper = net.above(2)
    assert upper.activations == net.activations[2:]
    np.testing.assert_array_equal(upper(forward.features[2]), net(X))
    assert net.above(-1).activations == ()


@pytest.mark.parametrize("n_hidden", [0, 1, 2, 3])
def test_one_activation_for_all_layers_or_one_for_each(n_hidden, rng):
    W = Network.random([2] * (n_hidden + 2), rng).weights
    for activation in ("tanh", SINE, list(SINE)):
        net = Network(W, activation=activation)
        assert net.activations == (net.activation,) * n_hidden
        again = Network(W, activation=[activation] * n_hidden)
        assert len(again.activations) == n_hidden
        if n_hidden:
            assert again.activation.name == net.activation.name
    for length in {0, 1, 2, 3, 4} - {n_hidden}:
        wanted = f"activation must be one for all hidden layers or a sequence of {n_hidden}, one"
        with pytest.raises(ValueError, match=wanted):
            Network(W, activation=["tanh"] * length)


def test_there_is_no_one_activation_of_mixed_ones(rng):
    net = Network.random([2, 2, 2, 2], rng, activation=("tanh", "relu"))
    message = r"^activation must be the same in all hidden layers, got \['tanh', 'relu'\]; see"
    with pytest.raises(ValueError, match=message):
        net.activation  # noqa: B018
    with pytest.raises(ValueError, match=r"activation must be one of 'relu'.*got 'swish'"):
        Network(net.weights, activation=["tanh", "swish"])
    with pytest.raises(ValueError, match=r"activation must be one of 'relu'.*got 3"):
        Network(net.weights, activation=["tanh", 3])


def test_weights_are_the_same_whether_biases_are_drawn_or_not():
    """Entries of 900 biases have the standard deviation asked for, to five standard errors."""
    plain, biased = (Network.random([3, 500, 400], 5, bias_scale=s) for s in (None, 0.3))
    for W, same in zip(plain.weights, biased.weights, strict=True):
        np.testing.assert_array_equal(W, same)
    b = np.concatenate(biased.biases)
    assert abs(b.std() / 0.3 - 1) < 5 / np.sqrt(2 * b.size)
    assert [b.shape for b in biased.biases] == [(500,), (400,)]
    assert not np.concatenate(Network.random([3, 4], 0, bias_scale=0).biases).any()
    for scale in (-1.0, np.inf, "a"):
        with pytest.raises(ValueError, match="bias_scale must"):
            Network.random([3, 2], 0, bias_scale=scale)


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ({}, ""),
        ({"activation": "tanh"}, ", activation='tanh'"),
        ({"activation": SINE}, ", activation='custom'"),
        ({"biases": [[1.0], [1.0]]}, ", biases=True"),
        (
            {"biases": [None, [1.0]], "activation": "gelu"},
            ", activation='gelu', biases=[False, True]",
        ),
        ({"activation": ["gelu"]}, ", activation='gelu'"),
        ({"activation": ["relu"]}, ""),
    ],
)
def test_repr(arguments, text):
    assert repr(Network([[[1.0]], [[1.0]]], **arguments)) == f"Network(widths=[1, 1, 1]{text})"


def test_repr_of_mixed_activations():
    net = Network([np.eye(1)] * 3, activation=["relu", SINE])
    assert repr(net) == "Network(widths=[1, 1, 1, 1], activation=['relu', 'custom'])"


@pytest.mark.parametrize("restore", [lambda x: pickle.loads(pickle.dumps(x)), copy.deepcopy])
def test_copies_keep_biases_and_activation(restore, rng):
    net = Network.random([3, 4, 2], rng, activation="gelu", bias_scale=1.0)
    twin, X = restore(net), rng.standard_normal((5, 3))
    assert twin.activation is net.activation
    np.testing.assert_array_equal(twin(X), net(X))
    for array in (*twin.weights, *twin.biases):
        with pytest.raises(ValueError, match="read-only"):
            array += 1.0
    assert repr(restore(Network([[[1.0]]], [None]))) == "Network(widths=[1, 1])"
    kinds = ["gelu", leaky_relu_of(0.2), "relu", leaky_relu_of(0.2)]
    twin = restore(Network([np.eye(3)] * 5, activation=kinds))
    assert [sigma.name for sigma in twin.activations][1::2] == ["leaky_relu(0.2)"] * 2
    assert twin.activations[1] is twin.activations[3]
    np.testing.assert_array_equal(twin(X), Network([np.eye(3)] * 5, activation=kinds)(X))


def test_biases_are_copied_and_read_only():
    b = np.ones(2)
    net = Network([np.ones((2, 3))], [b])
    b[:] = 0
    assert net.biases[0].min() == 1
    with pytest.raises(ValueError, match="read-only"):
        net.biases[0][0] = 5


@pytest.mark.parametrize("activation", ["relu", "tanh"])
def test_the_network_above_keeps_biases_and_activation(activation, rng):
    net = Network.random([4, 5, 6, 3], rng, activation=activation, bias_scale=1.0)
    X, upper = rng.standard_normal((7, 4)), net.above(1)
    assert upper.activation is net.activation
    np.testing.assert_array_equal(upper(net.forward(X).features[1]), net(X))
