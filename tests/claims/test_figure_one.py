"""[W]'s Figure 1 without training of convolutions: two chains, each above random ones of its own.

24 units on 216 features of the same digits: six filters of 5 × 5 pixels, at 36 places, then ReLU.
The sweep `figure_one` has LeNet5 and a residual network, whose convolutions learn too.
"""

from dataclasses import dataclass
from functools import cache

import numpy as np
import pytest
from numpy.lib.stride_tricks import sliding_window_view

from rmt_hessian import (
    Network,
    eigenvalues,
    layer_hessian,
    mnist_digits,
    overlap_by_dimension,
    reshape_eigenvectors,
    standardise,
    train,
)
from rmt_hessian.spectra.eigenvalues import top_eigenspace

N, UNITS, CLASSES, DIMENSIONS, PAIRS = 600, 24, 10, 48, 4
N_FILTERS, SIDE, STEP = 6, 5, 4
BY_CHANCE = np.arange(1, DIMENSIONS + 1) / (UNITS * 216)


@dataclass(frozen=True)
class Pair:
    """Of two networks: overlap less that of random spaces; of the first, top eigenvectors."""

    excess: np.ndarray
    rank_one: np.ndarray  # σ₁²/Σσ² of the four top eigenvectors
    leading: float  # of the leading eigenvalue in the trace of E[z zᵀ]


def features(patches, place, rng):
    """Of random filters; ``place`` of a normalisation: channels before ReLU, features behind it."""
    maps = patches @ rng.standard_normal((SIDE**2, N_FILTERS)) / SIDE
    if place == "before":
        maps = (maps - maps.mean(axis=(0, 1))) / maps.std(axis=(0, 1))
    Z = np.maximum(maps, 0.0).reshape(N, -1)
    return standardise(Z) if place == "after" else Z


@cache
def pairs(place, trained):
    X, y = mnist_digits()
    found = []
    for seed in range(PAIRS):
        some = np.random.default_rng(seed).permutation(len(X))[:N]
        windows = sliding_window_view(X[some].reshape(-1, 28, 28), (SIDE, SIDE), axis=(1, 2))
        patches = windows[:, ::STEP, ::STEP].reshape(N, -1, SIDE**2)
        layers = []
        for number in range(2):
            rng = np.random.default_rng([seed, number])
            Z = features(patches, place, rng)
            net = Network.random([Z.shape[1], UNITS, CLASSES], rng)
            if trained:
                net = train(net, Z, y[some], "ce", weight_decay=1e-3, steps=60).network
            layers.append(layer_hessian(net, Z, 0, "ce"))
        spaces = [top_eigenspace(H, DIMENSIONS) for H in layers]
        top = reshape_eigenvectors(spaces[0][:, -4:], (UNITS, layers[0].block_size))
        mu = eigenvalues(layers[0].input_autocorrelation())
        overlaps = overlap_by_dimension(*spaces)
        found.append(Pair(overlaps - BY_CHANCE, top.rank_one_share, mu[-1] / mu.sum()))
    return found


def curve(place, trained):
    """Overlap above that of random spaces by dimension, mean over the pairs."""
    return np.mean([pair.excess for pair in pairs(place, trained)], axis=0)


@pytest.mark.parametrize("place", ["none", "before"])
def test_before_training_the_maximum_is_broad_about_the_units(place):
    """Beyond the classes, and at the number of units the overlap is near its largest."""
    excess = curve(place, False)
    assert np.argmax(excess) + 1 > CLASSES
    assert excess[UNITS - 1] > 0.9 * excess.max()


@pytest.mark.parametrize("place", ["none", "before"])
def test_training_moves_the_maximum_from_the_units_to_the_classes(place):
    excess = curve(place, True)
    assert abs(np.argmax(excess) + 1 - (CLASSES - 1)) <= 1
    assert excess[UNITS - 1] < 0.75 * excess.max()
    assert excess[UNITS - 1] < 0.75 * curve(place, False)[UNITS - 1]


@pytest.mark.parametrize("trained", [False, True])
def test_normalised_features_share_little(trained):
    """Behind ReLU half is left or less; before it there is more than without."""
    after, none, before = (curve(place, trained).max() for place in ("after", "none", "before"))
    assert after < 0.6 * none
    assert before > 1.5 * none


def test_a_mean_is_what_is_lost():
    """The leading direction of the features has half of their trace, or an eighth."""
    for trained in (False, True):
        assert min(pair.leading for pair in pairs("none", trained)) > 0.4
        assert max(pair.leading for pair in pairs("after", trained)) < 0.2


@pytest.mark.parametrize("trained", [False, True])
def test_top_eigenvectors_are_near_rank_one(trained):
    """Less so of normalised features, after training."""
    none, after = (
        np.mean([pair.rank_one for pair in pairs(p, trained)]) for p in ("none", "after")
    )
    assert none > 0.85
    assert after < none
