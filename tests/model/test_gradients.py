"""The objective of training and its gradient, against the oracles of networks."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import rmt_hessian as rh
from rmt_hessian.model.gradients import Objective
from rmt_hessian.model.losses import get_loss
from rmt_hessian.model.sample_weights import counted_samples
from tests import problems

STEP = 1e-5


def objective_of(problem, weight_decay=0.0):
    net, C = problems.network(problem), len(problem.weights[-1])
    loss = get_loss(problem.loss, C)
    weighting = problems.weighting(problem)
    samples = counted_samples(len(problem.X), C, loss, problem.y, with_targets=True, **weighting)
    return Objective(
        net, problem.X[samples.kept], samples.targets, loss, samples.weights, weight_decay
    )


def slow_loss(problem, theta, weight_decay):
    """``Σ w_n ℓ_n / Σ w_n + (μ/2) Σ ‖W‖²``, sample by sample, from numbers of a problem."""
    weights, biases, place = [], [], 0
    for l, W in enumerate(problem.weights):
        b = None if problem.biases is None else problem.biases[l]
        rows = theta[place : place + W.size + (0 if b is None else len(b))].reshape(len(W), -1)
        place += rows.size
        weights.append(rows[:, : W.shape[1]])
        biases.append(np.zeros(len(W)) if b is None else rows[:, -1])
    sigma = problems.network(problem).activation.function
    total, mass = 0.0, 0.0
    N, C = len(problem.X), len(weights[-1])
    w = np.ones(N) if problem.sample_weight is None else problem.sample_weight
    for n in range(N):
        z, y = problem.X[n], problem.y[n]
        if np.ndim(y) == 0:
            if y == problem.ignore_index:
                continue
            y = np.eye(C)[y]
        weight = w[n]
        if problem.class_weight is not None:
            weight, y = weight * (problem.class_weight @ y), problem.class_weight * y
            y = y / y.sum()
        for W, b in zip(weights[:-1], biases[:-1], strict=True):
            z = sigma(W @ z + b)
        f = weights[-1] @ z + biases[-1]
        top = f.max()
        if problem.loss == "ce":
            loss = top + np.log(np.exp(f - top).sum()) - y @ f
        else:
            loss = np.sum((f - y) ** 2) / 2
        total, mass = total + weight * loss, mass + weight
    return total / mass + weight_decay / 2 * sum(np.sum(W * W) for W in weights)


@pytest.mark.parametrize(("activation", "index"), problems.EACH[::3])
def test_loss_and_gradient(activation, index):
    """Of any depth, biases, weights of samples: by differences of a loop over samples.

    Central differences are wrong by STEP² times third derivatives of order one, and by ε/STEP.
    """
    problem, decay = problems.draw(activation, index), 0.1 * (index % 2)
    objective = objective_of(problem, decay)
    theta = objective.start
    value, gradient = objective.value_and_gradient(theta)
    assert value == pytest.approx(slow_loss(problem, theta, decay), rel=1e-12, abs=1e-14)
    weights, _ = objective.parts(theta)
    data_loss = value - decay / 2 * sum(np.sum(W * W) for W in weights)
    assert objective.mean_loss(theta) == pytest.approx(data_loss, rel=1e-12, abs=1e-14)
    steps = STEP * np.eye(theta.size)
    differences = [
        (slow_loss(problem, theta + e, decay) - slow_loss(problem, theta - e, decay)) / (2 * STEP)
        for e in steps
    ]
    np.testing.assert_allclose(gradient, differences, rtol=1e-6, atol=1e-8)
    np.testing.assert_array_equal(gradient, objective.gradient(theta))


@pytest.mark.parametrize("activation", ["relu", "tanh", "gelu"])
@pytest.mark.parametrize("bias", [False, True])
def test_differences_of_the_gradient_are_the_hessian(activation, bias, rng):
    """In the order of parameters of `network_hessian`; three layers, CE."""
    scale = 0.5 if bias else None
    net = rh.Network.random([3, 4, 3, 3], rng, activation=activation, bias_scale=scale)
    X, y = rng.standard_normal((6, 3)), rng.integers(3, size=6)
    objective = Objective(net, X, y, get_loss("ce", 3))
    theta, h = objective.start, 1e-6
    columns = [
        (objective.gradient(theta + h * e) - objective.gradient(theta - h * e)) / (2 * h)
        for e in np.eye(theta.size)
    ]
    H = rh.network_hessian(net, X, y, "ce", bias=bias).to_dense()
    np.testing.assert_allclose(columns, H, rtol=0, atol=1e-8)


def test_some_samples_and_chunks_add_up(rng, monkeypatch):
    problem = replace(problems.draw("silu", 7, n_samples=9), ignore_index=None)
    objective = objective_of(problem, 0.3)
    theta = objective.start + 0.1
    whole = objective.gradient(theta)
    N = len(objective.X)
    parts = [np.arange(0, N // 2), np.arange(N // 2, N)]
    means = sum(part.size / N * objective.gradient(theta, part) for part in parts)
    np.testing.assert_allclose(means, whole, rtol=1e-12, atol=1e-14)
    monkeypatch.setattr("rmt_hessian.model.gradients.IN_CACHE", 1)
    np.testing.assert_allclose(objective.gradient(theta), whole, rtol=1e-12, atol=1e-14)


@settings(max_examples=40)
@given(
    logits=st.lists(st.floats(-700, 700), min_size=2, max_size=5),
    label=st.integers(0, 4),
)
def test_losses_of_labels_to_full_relative_accuracy(logits, label):
    """Against mpmath: also where ℓ is 1e-300, and where exp overflows."""
    import mpmath

    label %= len(logits)
    with mpmath.workdps(700):
        f = [mpmath.mpf(x) for x in logits]
        expected = mpmath.log(sum(mpmath.exp(x - f[label]) for x in f))
    value = get_loss("ce", 2).values(np.array([logits]), np.array([label]))[0]
    assert value == pytest.approx(float(expected), rel=1e-14 * (1 + max(map(abs, logits))), abs=0)


def test_losses_of_labels_and_of_distributions_agree(rng):
    """However small: one-hot rows are labels, here with logits up to 100 apart."""
    f, y = 30 * rng.standard_normal((70, 4)), rng.integers(4, size=70)
    f[:40, 0], y[:40] = 100.0, 0
    for name in ("ce", "mse"):
        loss = get_loss(name, 4)
        np.testing.assert_allclose(
            loss.values(f, y), loss.values(f, np.eye(4)[y]), rtol=1e-12, atol=0
        )
