"""Moments from layer to layer, against simulation and networks that say the same."""

import numpy as np
import pytest

from rmt_hessian.theory import propagate
from tests.tolerances import EXACT


def test_features_of_the_second_layer_are_exact():
    """Correlated inputs with a mean, against n = 200,000 draws: five standard errors, √n times the
    spread of each product."""
    rng = np.random.default_rng(1)
    n, W, b, L = 200_000, rng.standard_normal((4, 3)), rng.standard_normal(3), np.eye(3)
    L[2, 0], L[1, 1] = 0.8, 0.4
    _, second = propagate([W, np.ones((1, 4))], input_mean=b, input_covariance=L @ L.T)
    h = np.maximum((b + rng.standard_normal((n, 3)) @ L.T) @ W.T, 0)
    pairs = h[:, :, None] * h[:, None, :]
    error = 5 * pairs.std(axis=0) / np.sqrt(n)
    assert (np.abs(pairs.mean(axis=0) - second.feature_second_moment) < error).all()
    assert (np.abs(h.mean(axis=0) - second.feature_mean) < 5 * h.std(axis=0) / np.sqrt(n)).all()


def test_mean_and_covariance_of_the_inputs_can_be_absorbed_into_the_weights(rng):
    """``x = b + L g``: the same network on g and a constant input has weights ``[W L, W b]``."""
    W, V, b, L = (rng.standard_normal(s) for s in ((6, 4), (3, 6), 4, (4, 4)))
    constant = np.arange(5) == 4
    given_inputs = propagate([W, V], input_mean=b, input_covariance=L @ L.T)
    absorbed = propagate(
        [np.c_[W @ L, W @ b], V], input_mean=constant, input_covariance=np.diag(1.0 - constant)
    )
    for ours, theirs in zip(given_inputs, absorbed, strict=True):
        for name in ("preactivation_mean", "preactivation_covariance"):
            expected = getattr(theirs, name)
            scale = EXACT * np.abs(expected).max()
            np.testing.assert_allclose(getattr(ours, name), expected, atol=scale)


def test_how_often_units_are_active(rng):
    """The diagonal of what pairs do, units without variance included."""
    weights = [rng.standard_normal(shape) for shape in ((6, 4), (5, 6), (3, 5))]
    weights[0][:2] = 0.0
    for layer in propagate(weights, input_mean=rng.standard_normal(4)):
        np.testing.assert_allclose(layer.active, layer.relu.both_active.diagonal(), atol=EXACT)
    assert not propagate(weights)[0].active[:2].any()
    assert propagate([np.ones((1, 2))], input_mean=[1.0, 1.0], input_covariance=np.zeros((2, 2)))[
        0
    ].active == [1.0]


def test_active_units_make_a_linear_network(rng):
    """Means far above 0 in every layer: covariances are those of the product of the weights."""
    weights = [rng.uniform(0.5, 1, shape) for shape in ((6, 4), (5, 6), (3, 5))]
    mean, product = np.full(4, 1e3), np.eye(4)
    for W, layer in zip(weights, propagate(weights, input_mean=mean), strict=True):
        product = W @ product
        expected = product @ product.T
        scale = EXACT * expected.max()
        np.testing.assert_allclose(layer.preactivation_covariance, expected, atol=scale)
        np.testing.assert_allclose(layer.preactivation_mean, product @ mean, rtol=EXACT)


S = np.eye(2)
BAD = {
    "none": (lambda: propagate([]), "at least one matrix"),
    "axes": (lambda: propagate([np.ones(2)]), r"weights\[0\] must have 2 axes"),
    "chain": (lambda: propagate([S, np.ones((1, 3))]), r"weights\[1\] must have 2 columns"),
    "mean": (lambda: propagate([S], input_mean=[0.0]), r"input_mean must have shape \(2,\)"),
    "covariance": (
        lambda: propagate([S], input_mean=None, input_covariance=[[1.0]]),
        r"input_covariance must have shape",
    ),
    "overflow": (lambda: propagate([1e200 * S]), "must not make the moments overflow"),
}


@pytest.mark.parametrize(("call", "message"), BAD.values(), ids=BAD.keys())
def test_bad_input(call, message):
    with pytest.raises(ValueError, match=message):
        call()
