"""The second moment of the gradients of the samples: ``M_n = g_n g_nᵀ``."""

from dataclasses import replace

import numpy as np
import pytest

import rmt_hessian as rh
from tests import oracles
from tests import oracles_of_networks as networks
from tests.expected import expected_layer
from tests.hessian.test_any_network import of_each, unweighted, with_and_without_biases
from tests.hessian.test_members_of_any_network import SINGLE
from tests.members import compare_layer
from tests.problems import ACTIVATIONS, draw, network, weighting
from tests.tolerances import EXACT


def covariance(problem, layer, **options):
    options = weighting(problem) | options
    return rh.layer_gradient_covariance(
        network(problem), problem.X, layer, problem.loss, y=problem.y, **options
    )


@of_each
def test_every_member_by_derivatives_of_the_losses_of_samples(activation, index):
    problem = draw(activation, index)
    for bias in with_and_without_biases(problem):
        for layer in range(problem.n_layers):
            H = covariance(problem, layer, bias=bias)
            compare_layer(H, expected_layer(problem, layer, bias, "covariance"))


@pytest.mark.parametrize("chunk_size", [1, 7, 40])
@pytest.mark.parametrize("index", [0, 3, 4, 8])
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_small_chunks(activation, index, chunk_size):
    problem = draw(activation, index)
    for layer in range(problem.n_layers):
        H = covariance(problem, layer, chunk_size=chunk_size)
        compare_layer(H, expected_layer(problem, layer, part="covariance"))


@pytest.mark.parametrize("index", range(5))
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_single_precision(activation, index):
    problem = draw(activation, index)
    for layer in range(problem.n_layers):
        H = covariance(problem, layer, dtype="float32")
        assert H.dtype == H.to_dense().dtype == np.float32
        compare_layer(H, expected_layer(problem, layer, part="covariance"), SINGLE)


@pytest.mark.parametrize("index", range(5))
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_its_mean_over_labels_of_the_network_is_the_gauss_newton_part(activation, index):
    """``Σ_c p_nc (p - e_c)(p - e_c)ᵀ = A_n``: each sample with every label, weighted by p_nc."""
    problem = replace(unweighted(draw(activation, index)), loss="ce")
    net, (N, _) = network(problem), problem.X.shape
    p = oracles.softmax(net(problem.X))
    C = p.shape[1]
    labelled = replace(
        problem,
        X=np.repeat(problem.X, C, axis=0),
        y=np.tile(np.arange(C), N),
        sample_weight=p.ravel(),
    )
    for layer in range(problem.n_layers):
        fisher = covariance(labelled, layer).to_dense()
        part = rh.layer_hessian(net, problem.X, layer, "ce", part="gauss-newton").to_dense()
        atol = EXACT * expected_layer(problem, layer, part="gauss-newton").size
        np.testing.assert_allclose(fisher, part, rtol=0, atol=atol)


@pytest.mark.parametrize("index", range(5))
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_its_mean_over_targets_around_the_outputs_is_the_gauss_newton_part(activation, index):
    """MSE: residuals ``±√C e_c``, all equally likely, have second moment ``I = A_n``."""
    problem = replace(unweighted(draw(activation, index)), loss="mse")
    net = network(problem)
    f = net(problem.X)
    C, signs = f.shape[1], np.array([1.0, -1.0])
    steps = np.sqrt(C) * (signs[:, None, None] * np.eye(C)).reshape(-1, C)
    targets = (f[:, None, :] + steps).reshape(-1, C)
    every = replace(problem, X=np.repeat(problem.X, 2 * C, axis=0), y=targets)
    for layer in range(problem.n_layers):
        moment = covariance(every, layer).to_dense()
        part = rh.layer_hessian(net, problem.X, layer, "mse", part="gauss-newton").to_dense()
        size = expected_layer(problem, layer, part="gauss-newton").size * (1 + np.abs(f).max())
        np.testing.assert_allclose(moment, part, rtol=0, atol=EXACT * size)


@pytest.mark.parametrize("loss", ["ce", "mse"])
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_its_trace_is_the_mean_squared_gradient(activation, loss):
    """Over all layers, biases included."""
    problem = replace(unweighted(draw(activation, 9)), loss=loss)
    if not problem.has_biases:
        problem = networks.with_biases(problem)
    if loss == "ce" and problem.y.ndim == 2:
        problem = replace(problem, y=np.abs(problem.y) / np.abs(problem.y).sum(1, keepdims=True))
    found = sum(covariance(problem, l, bias=True).trace() for l in range(problem.n_layers))
    g = networks.sample_gradients(problem)
    assert found == pytest.approx(np.mean(np.sum(g**2, axis=1)), rel=1e-11)


def test_positive_and_of_rank_at_most_the_samples(rng):
    net, X = rh.Network.random([6, 8, 5], rng), rng.standard_normal((4, 6))
    for layer in (0, 1):
        H = rh.layer_gradient_covariance(net, X, layer, "ce", y=[0, 4, 2, 2])
        eigenvalues = np.linalg.eigvalsh(H.to_dense())
        assert (eigenvalues > -EXACT * eigenvalues[-1]).all()
        assert np.count_nonzero(eigenvalues > 1e-10 * eigenvalues[-1]) == 4


@pytest.mark.parametrize("margin", [1.0, 40.0, 150.0])
def test_a_confident_and_correct_sample_keeps_its_digits(margin):
    """``g = p_1 (-1, 1)`` for label 0, where p_0 rounds to 1; norms need room for ``p_1⁴``."""
    net = rh.Network([[[margin], [0.0]]])
    H = rh.layer_gradient_covariance(net, [[1.0]], 0, "ce", y=[0])
    p1 = np.exp(-margin) / (1 + np.exp(-margin))
    expected = p1**2 * np.array([[1, -1], [-1, 1]])
    np.testing.assert_allclose(H.to_dense(), expected, rtol=1e-11)
    np.testing.assert_allclose(H.block_norms(), np.abs(expected), rtol=1e-11)
    np.testing.assert_allclose(H.mean_squared_block_norms(), [p1**4, p1**4], rtol=1e-10)
    np.testing.assert_allclose(H @ np.array([1.0, 0.0]), expected[0], rtol=1e-11)


def test_a_confident_and_wrong_sample_keeps_the_digits_of_small_entries():
    """``g = (-1, ε, ε')`` of three classes of four: off the diagonal blocks are only ε and ε'."""
    net = rh.Network([[[0.0], [40.0], [1.0], [2.0]]])
    H = rh.layer_gradient_covariance(net, [[1.0]], 0, "ce", y=[0]).restrict([0, 2, 3])
    g = np.array([-1.0, np.exp(-39), np.exp(-38)]) / (1 + np.exp(-38))
    squares = np.square(np.outer(g, g))
    off_diagonal = np.sum(squares[~np.eye(3, dtype=bool)]) / 6
    np.testing.assert_allclose(H.mean_squared_block_norms()[1], off_diagonal, rtol=1e-11)
    np.testing.assert_allclose(H.block_norms() ** 2, squares, rtol=1e-11)


def test_labels_are_needed():
    net = rh.Network.random([3, 2], 0)
    with pytest.raises(ValueError, match=r"\by must be given"):
        rh.layer_gradient_covariance(net, np.ones((2, 3)), 0, "ce", y=None)
    with pytest.raises(TypeError, match=r"\by\b"):
        rh.layer_gradient_covariance(net, np.ones((2, 3)), 0, "ce")
