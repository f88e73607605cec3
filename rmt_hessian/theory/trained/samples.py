"""Points of integration: noise and label of samples, and what training makes of their logits."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rmt_hessian._random import random_generator
from rmt_hessian._types import FloatArray, IntArray, RandomState
from rmt_hessian.theory.trained.softmax_prox import Fitted
from rmt_hessian.theory.weights.given_weights import gaussian_points

SOBOL_CLASSES = 64  # the first of so many logits have low discrepancy; the label is one of them
NUMBERS = 2**17  # of one set of points, about
FEWEST, MOST = 11, 14  # log2 of the points
MATRICES = 12  # log2 of those of all classes together, where each has a K × K system


@dataclass(frozen=True, eq=False)
class Points:
    """Standard Gaussian noise ξ of the logits, (n, K), labels and masses of samples."""

    noise: FloatArray
    labels: IntArray
    masses: FloatArray


@dataclass(frozen=True, eq=False)
class TrainedSample:
    """Training samples of a model at its optimum.

    Attributes
    ----------
    unseen : numpy.ndarray, shape (n, K)
        ω: logits that the model would give a sample had it not been trained on it.
    fitted : Fitted
        Logits f, losses, probabilities p and gradients g of the sample in training.
    labels : numpy.ndarray of int, shape (n,)
    masses : numpy.ndarray, shape (n,)
        Of sum 1.
    """

    unseen: FloatArray
    fitted: Fitted
    labels: IntArray
    masses: FloatArray


def points_of(frequencies: FloatArray, symmetric: bool, rng: RandomState) -> Points:
    """Points for classes of these probabilities.

    Each class has its own points, as many, with masses. Classes that a symmetry permutes share one
    set, laid out as label first: every sum over it is one over all labels.
    """
    K, rng = frequencies.size, random_generator(rng)
    log2_points = int(np.clip(np.log2(NUMBERS / K), FEWEST, MOST))
    if symmetric:
        noise = _noise(K, log2_points, rng)
        labels = rng.permutation(np.arange(len(noise)) % K)
        own = np.arange(len(noise)), labels
        first = noise[:, 0].copy()
        noise[:, 0] = noise[own]
        noise[own] = first
        return Points(noise, labels, np.full(len(noise), 1 / len(noise)))
    log2_each = max(MATRICES - int(np.log2(K)), 7)
    noise = np.concatenate([_noise(K, log2_each, rng) for _ in range(K)])
    labels = np.repeat(np.arange(K), 2**log2_each)
    return Points(noise, labels, frequencies[labels] / 2**log2_each)


def _noise(K: int, log2_points: int, rng: np.random.Generator) -> FloatArray:
    (sobol,) = gaussian_points(min(K, SOBOL_CLASSES), rng, blocks=1, log2_points=log2_points)
    if K <= SOBOL_CLASSES:
        return sobol
    rest = rng.standard_normal((len(sobol), K - SOBOL_CLASSES))
    return np.concatenate([sobol, rest], axis=1)
