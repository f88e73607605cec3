"""The decoupled Hessian against sums of Kronecker products, sample by sample."""

import numpy as np
import pytest
from hypothesis import given

import rmt_hessian as rh
from rmt_hessian.hessian.dead_units import dead_units
from rmt_hessian.hessian.decoupled import decoupled
from tests import oracles
from tests.expected import Expected
from tests.members import compare_layer
from tests.problems import ACTIVATIONS
from tests.strategies import cases
from tests.tolerances import EXACT


def features(net, X, layer):
    Z = X
    for W in net.weights[:layer]:
        Z = np.maximum(Z @ W.T, 0.0)
    return Z


@given(cases())
def test_every_member_is_that_of_the_features_and_the_other_output_hessians(case):
    """Of any depth, layer and loss; the Hessians it is made of stay as they were."""
    net, X, layer, loss = case.net, case.X, case.layer, case.loss
    Y = case.rng.standard_normal(X.shape)
    H, other = (rh.layer_hessian(net, inputs, layer, loss) for inputs in (X, Y))
    before = H.to_dense(), other.to_dense()
    Z, M = features(net, X, layer), oracles.output_hessians(net, Y, layer, loss)
    dense = sum(np.kron(m, np.outer(z, z)) for m, z in zip(M, Z, strict=True)) / len(Z)
    above = [
        np.linalg.norm(W) ** 2 for W in net.weights[layer + 1 :]
    ]  # ‖M‖ is at most their product
    size = np.prod(above) * np.square(Z).max()
    shares = np.full(len(Z), 1 / len(Z))
    compare_layer(decoupled(H, other), Expected(dense, M, Z, shares, size, 0.0))
    for layer_hessian, dense in zip((H, other), before, strict=True):
        np.testing.assert_array_equal(layer_hessian.to_dense(), dense)


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("layer", [0, 1, 2])
def test_of_any_activation_with_biases_and_labels(activation, layer, rng):
    """Blocks ``(1/N) Σ λ̃_n z_n z_nᵀ`` of the parts that each of the two tells."""
    net = rh.Network.random([3, 4, 4, 2], rng, activation=activation, bias_scale=0.5)
    H, other = (
        rh.layer_hessian(
            net, rng.standard_normal((7, 3)), layer, "ce", y=rng.integers(2, size=7), bias=True
        )
        for _ in range(2)
    )
    found = decoupled(H, other)
    assert found.features is H.features
    for i, j in np.ndindex(H.n_blocks, H.n_blocks):
        weights = other.block_weights(i, j)
        expected = sum(w * np.outer(z, z) for w, z in zip(weights, H.features, strict=True)) / 7
        np.testing.assert_allclose(found.block(i, j), expected, rtol=0, atol=EXACT * 10)


def test_with_itself_it_is_itself_and_with_permuted_samples_has_the_same_means(rng):
    net, X = rh.Network.random([4, 5, 3], rng), rng.standard_normal((9, 4))
    H = rh.layer_hessian(net, X, 0, "ce")
    np.testing.assert_array_equal(decoupled(H, H).to_dense(), H.to_dense())
    permuted = decoupled(H, rh.layer_hessian(net, X[rng.permutation(9)], 0, "ce"))
    np.testing.assert_allclose(permuted.output_hessian(), H.output_hessian(), atol=EXACT)
    np.testing.assert_array_equal(permuted.input_autocorrelation(), H.input_autocorrelation())
    assert np.abs(permuted.to_dense() - H.to_dense()).max() > 1e-3


def test_constant_output_hessians_have_nothing_to_decouple(rng):
    """MSE of a last layer: ``M = I``."""
    net = rh.Network.random([4, 5, 3], rng)
    H, other = (rh.layer_hessian(net, rng.standard_normal((9, 4)), 1, "mse") for _ in range(2))
    np.testing.assert_array_equal(decoupled(H, other).to_dense(), H.to_dense())


def test_gradient_covariances_heads_and_units(rng):
    """All that is a `LayerHessian`; dead units are those of the other sample."""
    net = rh.Network.random([4, 5, 3], rng)
    X, Y = np.abs(rng.standard_normal((2, 9, 4)))
    of = [rh.layer_gradient_covariance(net, Z, 0, "ce", y=[0, 1, 2] * 3) for Z in (X, Y)]
    M = [m.block_weights(0, 1) for m in of]
    expected = (X.T * M[1]) @ X / 9
    np.testing.assert_allclose(decoupled(*of).block(0, 1), expected, atol=EXACT)
    assert np.abs(decoupled(*of).block(0, 1) - (X.T * M[0]) @ X / 9).max() > 1e-3
    heads = [rh.head_hessian(Z, np.eye(3, 4)) for Z in (X, Y)]
    part = decoupled(*heads).restrict([2, 0]).to_dense()
    whole = decoupled(*heads).to_dense().reshape(3, 4, 3, 4)[np.ix_([2, 0], range(4), [2, 0])]
    np.testing.assert_allclose(part.reshape(2, 4, 2, 4), whole, atol=EXACT)
    weights = [np.ones((1, 4)), np.ones((2, 1)) * [[1.0], [-1.0]]]
    alive, dead = (rh.layer_hessian(rh.Network(weights), sign * X, 0, "ce") for sign in (1.0, -1.0))
    assert dead_units(decoupled(alive, dead)).tolist() == [0]
    assert dead_units(decoupled(dead, alive)).tolist() == []


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"n": 8}, "other must have 9 samples, got 8"),
        ({"widths": [4, 6, 3]}, r"other must be of the same layer as LayerHessian\(5 × 5"),
        ({"widths": [3, 5, 3]}, "other must be of the same layer"),
        ({"dtype": "float32"}, "other must be in float64, got float32"),
        ({"sample_weight": np.arange(1.0, 10.0)}, "other must count all samples alike"),
    ],
)
def test_wants_two_of_a_kind(changes, message, rng):
    def layer(n=9, widths=(4, 5, 3), **others):
        net = rh.Network.random(widths, rng)
        return rh.layer_hessian(net, rng.standard_normal((n, widths[0])), 0, "ce", **others)

    with pytest.raises(ValueError, match=message):
        decoupled(layer(), layer(**changes))
    if "sample_weight" in changes:
        with pytest.raises(ValueError, match="H must count all samples alike"):
            decoupled(layer(**changes), layer())
    with pytest.raises(ValueError, match="H must be a LayerHessian, got ndarray of shape"):
        decoupled(layer().to_dense(), layer())
    with pytest.raises(ValueError, match="other must be a LayerHessian, got None"):
        decoupled(layer(), None)
