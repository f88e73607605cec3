"""Closed forms hold at any weights: Hessians along a training are differences of its gradients."""

import numpy as np
import pytest

import rmt_hessian as rh
from rmt_hessian.model.gradients import Objective
from rmt_hessian.model.losses import get_loss

STEP = 1e-6
OPTIONS = {
    "gd": {"optimiser": "gd", "steps": 200, "learning_rate": 0.2, "momentum": 0.9},
    "adam": {"optimiser": "adam", "steps": 200, "learning_rate": 0.02, "schedule": "cosine"},
    "lbfgs": {"steps": 60},
}


@pytest.mark.parametrize("optimiser", OPTIONS)
@pytest.mark.parametrize("loss", ["ce", "mse"])
@pytest.mark.parametrize(
    ("widths", "activation", "bias"),
    [([4, 3], "relu", False), ([4, 5, 3], "relu", False), ([4, 4, 3, 3], "tanh", True)],
)
def test_hessians_along_the_path(widths, activation, bias, loss, optimiser):
    """At five checkpoints, all layers and the blocks between them.

    Central differences of exact gradients are wrong by STEP² times fourth derivatives and by
    ε·|gradient|/STEP = 2e-10 each; no unit of ReLU changes sign within STEP for this seed.
    """
    rng = np.random.default_rng(18)
    scale = 0.3 if bias else None
    net = rh.Network.random(widths, rng, activation=activation, bias_scale=scale)
    X = rng.standard_normal((40, 4))
    y = np.argmax(X[:, :3], axis=1)
    path = rh.train(net, X, y, loss, checkpoints=4, **OPTIONS[optimiser])
    assert path.losses[-1] < 0.6 * path.losses[0]
    for network in path.networks:
        objective = Objective(network, X, y, get_loss(loss, 3))
        theta = objective.start
        columns = [
            objective.gradient(theta + STEP * e) - objective.gradient(theta - STEP * e)
            for e in np.eye(theta.size)
        ]
        H = rh.network_hessian(network, X, y, loss, bias=bias).to_dense()
        differences = np.array(columns) / (2 * STEP)
        np.testing.assert_allclose(H, differences, rtol=0, atol=1e-8 * (1 + np.abs(H).max()))
