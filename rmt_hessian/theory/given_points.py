"""Factors of a layer of given weights, Hessian or gradient covariance, at points of its span."""

from __future__ import annotations

import numpy as np

from rmt_hessian._random import random_generator
from rmt_hessian._types import FloatArray, IntArray, RandomState
from rmt_hessian.ensemble import Ensemble
from rmt_hessian.mixture import Mixture
from rmt_hessian.theory.coverage import units, white_features
from rmt_hessian.theory.trained.factors import Matrix
from rmt_hessian.theory.weights.given_weights import GivenWeights

LAYER_LOG2_POINTS = 7  # of each of 8 blocks: 1024 output Hessians
OUTLIER_LOG2_POINTS = 11
MANY_UNITS, MOST_LOG2_MORE = 16, 3


def points(
    ens: Ensemble, log2_points: int, rng: RandomState
) -> tuple[FloatArray, IntArray, GivenWeights]:
    """Sobol' points u in the directions of given weights, labels, and the layer, a function of u.

    Labels are those of a mixture, or else uniform.
    """
    layer, rng = GivenWeights.of(ens), random_generator(rng)
    pairs = list(layer.points(rng, log2_points=log2_points))
    u, labels = (np.concatenate(parts) for parts in zip(*pairs, strict=True))
    if layer.gaussian:
        labels = rng.permutation(np.arange(len(u)) % ens.n_classes)
    return u, labels, layer


def layer_factors(
    ens: Ensemble, matrix: Matrix, rng: RandomState
) -> tuple[FloatArray, FloatArray, GivenWeights]:
    """M, (n, k, k), at points u, (n, r).

    Of mixtures and of gradients few points decide: there are more of them where k is small.
    """
    log2_points = LAYER_LOG2_POINTS
    if matrix != "hessian" or isinstance(ens.inputs, Mixture):
        more = 2 * np.log2(MANY_UNITS / ens.n_units)
        log2_points += int(np.clip(more, 0, MOST_LOG2_MORE))
    if matrix == "hessian":
        u, _, layer = points(ens, log2_points, rng)
        return layer.output_hessians(u), u, layer
    g, u, layer = gradients(ens, log2_points, rng)
    return g[:, :, None] * g[:, None, :], u, layer


def gradient_weights(
    ens: Ensemble, i: int, j: int, rng: RandomState
) -> tuple[FloatArray, FloatArray, GivenWeights]:
    """``g_i g_j``, (n,), at points u, (n, r)."""
    i, j = units(white_features(ens, mixtures=True, offsets=True), i, j)
    g, u, layer = gradients(ens, OUTLIER_LOG2_POINTS, rng)
    return g[:, i] * g[:, j], u, layer


def gradients(
    ens: Ensemble, log2_points: int, rng: RandomState
) -> tuple[FloatArray, FloatArray, GivenWeights]:
    """Gradients g of the pre-activations, (n, k), at points u, (n, r)."""
    if any(W is None for W in ens.weights):
        raise ValueError(f"all weights must be given for gradients, by ens.given(net), got {ens}")
    u, labels, layer = points(ens, log2_points, rng)
    return layer.gradients(u, labels), u, layer
