"""Networks of ordinary size, where sums are split into chunks and go to several threads.

Second derivatives of the loss along a few directions, single weights and random ones, are exact at
any size.
"""

from dataclasses import replace

import numpy as np
import pytest

import rmt_hessian as rh
from tests import oracles_of_networks as networks
from tests.problems import SMOOTH, Problem, network, random_parameters, random_targets, weighting

N_SAMPLES = 150
WIDTHS = [20, 40, 30, 25]


def wide(activation, loss, seed):
    rng = np.random.default_rng(seed)
    W, b = random_parameters(WIDTHS, rng, biases=True)
    X = rng.standard_normal((N_SAMPLES, WIDTHS[0]))
    kind = ("labels", "targets")[seed % 2]
    y = random_targets(N_SAMPLES, WIDTHS[-1], loss, kind, rng)
    w = rng.exponential(size=N_SAMPLES) * (rng.random(N_SAMPLES) > 0.1)
    problem = Problem(W, b, activation, X, y, loss, sample_weight=w)
    if kind == "labels":
        problem = replace(problem, class_weight=rng.exponential(size=WIDTHS[-1]))
    return problem


def directions(problem, layers, rng):
    """Three single parameters of each of some layers, and four random unit vectors."""
    P = networks.parameters(problem).size
    places = [networks.places(problem, layer) for layer in layers]
    single = np.concatenate([rng.choice(place, 3, replace=False) for place in places])
    D = np.zeros((P, single.size + 4))
    D[single, np.arange(single.size)] = 1.0
    every = np.concatenate(places)
    D[every, single.size :] = rng.standard_normal((every.size, 4)) / np.sqrt(every.size)
    return D, every


@pytest.mark.parametrize("loss", ["ce", "mse"])
@pytest.mark.parametrize("activation", ["identity", *SMOOTH])
def test_the_whole_along_directions(activation, loss):
    problem = wide(activation, loss, len(activation))
    D, _ = directions(problem, range(problem.n_layers), np.random.default_rng(1))
    expected, error = networks.hessian_along(problem, D)
    options = {"bias": True} | weighting(problem)
    for chunk_size in (2**24, 5000):
        H = rh.network_hessian(
            network(problem), problem.X, problem.y, loss, chunk_size=chunk_size, **options
        )
        dense = H.to_dense()
        atol = error + 1e-12 * np.abs(dense).max()
        np.testing.assert_allclose(D.T @ dense @ D, expected, rtol=0, atol=atol)
        np.testing.assert_allclose(D.T @ (H @ D), expected, rtol=0, atol=atol)
        np.testing.assert_allclose(H.frobenius_norm(), np.linalg.norm(dense), rtol=1e-10)
        np.testing.assert_allclose(H.diagonal(), dense.diagonal(), rtol=0, atol=atol)


@pytest.mark.parametrize("layer", [0, 1, 2])
@pytest.mark.parametrize("activation", ["identity", *SMOOTH])
def test_layers_along_directions(activation, layer):
    problem = wide(activation, "ce", layer)
    D, every = directions(problem, [layer], np.random.default_rng(2))
    expected, error = networks.hessian_along(problem, D)
    D = D[every]
    net, options = network(problem), {"bias": True} | weighting(problem)
    for chunk_size in (2**24, 5000):
        H = rh.layer_hessian(
            net, problem.X, layer, "ce", y=problem.y, chunk_size=chunk_size, **options
        )
        dense, (k, p) = H.to_dense(), (H.n_blocks, H.block_size)
        largest = np.abs(dense).max()
        atol = error + 1e-12 * largest
        np.testing.assert_allclose(D.T @ dense @ D, expected, rtol=0, atol=atol)
        np.testing.assert_allclose(D.T @ (H @ D), expected, rtol=0, atol=atol)
        norms = np.linalg.norm(dense.reshape(k, p, k, p), axis=(1, 3))
        np.testing.assert_allclose(H.block_norms(), norms, rtol=0, atol=1e-10 * norms.max())
        means = np.mean(norms.diagonal() ** 2), np.mean(norms[~np.eye(k, dtype=bool)] ** 2)
        np.testing.assert_allclose(H.mean_squared_block_norms(), means, rtol=1e-10)
        np.testing.assert_allclose(H.frobenius_norm(), np.linalg.norm(dense), rtol=1e-10)
        np.testing.assert_allclose(H.trace(), np.trace(dense), rtol=0, atol=1e-10 * norms.max())
        of_last = dense.reshape(k, p, k, p)[:, -1, :, -1]  # of the constant feature: M itself
        np.testing.assert_allclose(H.output_hessian(), of_last, rtol=0, atol=1e-12 * largest)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("loss", ["ce", "mse"])
@pytest.mark.parametrize("activation", ["tanh", "silu"])
def test_means_of_output_hessians_of_a_wide_layer_below_narrow_ones(activation, loss, weighted):
    """Gram matrices of rows of three kinds: of the logits, and of the bends of two layers above."""
    rng = np.random.default_rng(5)
    W, b = random_parameters([3, 30, 4, 3, 2], rng, biases=True)
    X, y = rng.standard_normal((4, 3)), random_targets(4, 2, loss, "labels", rng)
    w = rng.exponential(size=4) if weighted else None
    problem = Problem(W, b, activation, X, y, loss, sample_weight=w)
    M, error = networks.output_hessians(problem)
    M, net, stop = M.sum(axis=0) / networks.masses(problem).sum(), network(problem), 0
    for layer, k in enumerate([30, 4, 3, 2]):
        units = slice(stop, stop := stop + k)
        H = rh.layer_hessian(net, X, layer, loss, y=y, **weighting(problem))
        atol = error + 1e-12 * np.abs(M).max()
        np.testing.assert_allclose(H.output_hessian(), M[units, units], rtol=0, atol=atol)


@pytest.mark.parametrize("layer", [0, 1, 2])
@pytest.mark.parametrize("loss", ["ce", "mse"])
def test_gradient_covariances_by_gradients_along_directions(layer, loss):
    problem = wide("tanh", loss, 3 + layer)
    D, every = directions(problem, [layer], np.random.default_rng(3))
    theta, w = networks.parameters(problem), networks.masses(problem)

    def losses(t):
        logits = networks.pre_activations(problem, theta + t @ D.T)[-1]
        return networks.sample_losses(problem, logits)

    g = networks.complex_step(losses, np.zeros((1, D.shape[1])))[0]  # w_n ∂ℓ_n along them, (m, N)
    kept = w > 0
    expected = (g[:, kept] / w[kept]) @ g[:, kept].T / w.sum()
    for chunk_size in (2**24, 5000):
        H = rh.layer_gradient_covariance(
            network(problem),
            problem.X,
            layer,
            loss,
            y=problem.y,
            bias=True,
            chunk_size=chunk_size,
            **weighting(problem),
        )
        atol = 1e-12 * np.abs(H.to_dense()).max()
        np.testing.assert_allclose(D[every].T @ (H @ D[every]), expected, rtol=0, atol=atol)
        dense = H.to_dense()
        np.testing.assert_allclose(D[every].T @ dense @ D[every], expected, rtol=0, atol=atol)
        np.testing.assert_allclose(H.frobenius_norm(), np.linalg.norm(dense), rtol=1e-10)
