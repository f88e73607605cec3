"""Calls that are another function's, or in another order: the message names the right one."""

import numpy as np
import pytest

import rmt_hessian as rh

NET = rh.Network.random([3, 2], rng=0)
X, Y = np.ones((4, 3)), [0, 1, 0, 1]
ENS = rh.Ensemble([3, 2], layer=0, loss="ce", n_samples=4)
H = rh.layer_hessian(NET, X, 0, "ce")


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: rh.layer_hessian(NET, X, Y, 0, "ce"),
            r"layer_hessian\(net, X, layer, loss, y=y\)",
        ),
        (lambda: rh.layer_hessian(NET, X, 0), r"'loss'; .*layer_hessian\(net, X, layer, loss"),
        (
            lambda: rh.layer_gradient_covariance(NET, X, Y, 0, "ce"),
            r"layer_gradient_covariance\(net, X, layer, loss, y=y\)",
        ),
        (lambda: rh.network_hessian(NET, X, "ce"), r"network_hessian\(net, X, y, loss\)"),
    ],
)
def test_arguments_out_of_place(call, message):
    with pytest.raises(TypeError, match=message):
        call()


def test_the_bias_is_whether_not_which():
    with pytest.raises(ValueError, match="whether biases are parameters too"):
        rh.layer_hessian(NET, X, 0, "ce", bias=np.zeros(2))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: rh.law_of_block(ENS, 0, 0),
            r"law of an Ensemble is .*theory\.block_law\(ens, i, j",
        ),
        (lambda: rh.law_of_layer(ENS), r"law of an Ensemble is .*theory\.layer_law\(ens\)"),
        (lambda: rh.theory.block_law(H, 0, 0), r"a Hessian at hand is .*law_of_block\(H, i, j\)"),
        (lambda: rh.theory.layer_law(H), r"a Hessian at hand is .*law_of_layer\(H\)"),
    ],
)
def test_laws_of_ensembles_and_of_hessians(call, message):
    with pytest.raises(ValueError, match=message):
        call()
