"""What the oracles say of a layer, or all: the matrix, its factors, and what errors scale with."""

from dataclasses import dataclass
from functools import cache

import numpy as np

from tests import oracles_of_networks as oracles


@dataclass(frozen=True)
class Expected:
    """``H = (1/N) Σ M_n ⊗ z_n z_nᵀ``: ``dense``, M (N, k, k), Z (N, p) of the samples that count.

    ``shares`` of the samples in the loss, which sum to 1. ``size``: what rounding errors of an
    entry scale with. ``error``: the oracle's own. The first three arguments of `tests.members`.
    """

    dense: np.ndarray
    M: np.ndarray
    Z: np.ndarray
    shares: np.ndarray
    size: float
    error: float


@cache
def parts(problem, part):
    """With respect to all parameters: H, its error, ``ω_n M_n`` of all layers and its error."""
    w = oracles.masses(problem)
    if part == "full":
        (H, error), (M, of_M) = oracles.hessian(problem), oracles.output_hessians(problem)
        return H, error, M / w.sum(), of_M / w.sum()
    with_biases = oracles.with_biases(problem)
    place = oracles.bias_places(with_biases)
    if part == "gauss-newton":
        B, A = oracles.jacobians(with_biases)[:, :, place], oracles.curvatures(problem)
        M = w[:, None, None] * np.swapaxes(B, 1, 2) @ A @ B
        return oracles.gauss_newton(problem), 0.0, M / w.sum(), 0.0
    assert part == "covariance"
    g = oracles.sample_gradients(with_biases)[:, place]
    M = w[:, None, None] * g[:, :, None] * g[:, None, :]
    return oracles.gradient_covariance(problem), 0.0, M / w.sum(), 0.0


def select(problem, layer, bias, part):
    H, error, M, of_M = parts(problem, part)
    place = oracles.places(problem, layer, bias)
    kept = oracles.masses(problem) > 0
    N, shares = kept.sum(), oracles.masses(problem)[kept] / oracles.masses(problem).sum()
    J = oracles.jacobians(problem)[:, :, place][kept]
    dense = H[np.ix_(place, place)]
    size = (np.abs(J) ** 2).max() + np.abs(dense).max()
    if part == "covariance":
        size += np.square(oracles.sample_gradients(problem)).max()
    return dense, N * M[kept], kept, shares, size, error + N * of_M


def expected_layer(problem, layer, bias=False, part="full"):
    dense, M, kept, shares, size, error = select(problem, layer, bias, part)
    start = sum(W.shape[0] for W in problem.weights[:layer])
    units = slice(start, start + problem.weights[layer].shape[0])
    Z = oracles.features(problem, layer, bias)[kept]
    return Expected(dense, M[:, units, units], Z, shares, size, error)


def expected_network(problem, bias=False, part="full"):
    dense, M, kept, shares, size, error = select(problem, None, bias, part)
    Z = [oracles.features(problem, layer, bias)[kept] for layer in range(problem.n_layers)]
    return Expected(dense, M.mean(axis=0), np.hstack(Z), shares, size, error)
