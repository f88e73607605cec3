"""[W]: top eigenspaces of independent networks overlap where the features have a strong mean.

The overlap peaks at the number of units k (the last layer with CE: at C-1), since the eigenvectors
``r_i ⊗ x̂`` share x̂. Two networks, each with its own sample of the same inputs.
"""

from dataclasses import dataclass
from functools import cache

import numpy as np
import pytest

from rmt_hessian import (
    Network,
    digits,
    eigenvalues,
    gaussian_inputs,
    kronecker_approximation,
    layer_hessian,
    overlap_by_dimension,
    standardise,
)
from rmt_hessian.spectra.eigenvalues import top_eigenspace
from rmt_hessian.spectra.rank import energy_share
from rmt_hessian.theory import overlap_peak, population_factors
from rmt_hessian.theory.structure.overlap import mean_feature_overlap

N, D, DIMENSIONS, SEEDS = 2000, 60, 20, 8
HIDDEN, OUTPUT = ([D, 8, 20], 0), ([D, 60, 10], 1)  # widths and the layer looked at
FOUR_CLASSES = ([D, 8, 4], 0)


@dataclass(frozen=True)
class Pair:
    """Overlaps in dimension 1 … 20: measured, predicted, and without a shared direction.

    The prediction is that of the Kronecker products of `population_factors`. Without a shared
    direction, features turned at random, the expected overlap is ``tr(R R')/(p q)``, R the sum of
    ``u uᵀ`` over the top q eigenvectors as matrices u of units × features. It is not q/(k p) for
    each pair: two networks may have their largest unit in common.
    """

    overlap: np.ndarray
    predicted: np.ndarray
    unshared: np.ndarray
    peaks: tuple  # of each network, by the condition on its own factors
    share: float  # of the leading eigenvalue in the trace of E[z zᵀ]

    @property
    def place(self):
        return int(np.argmax(self.overlap)) + 1


def hessian(net, X, layer, standardised):
    """Of the network above the layer if its features are standardised."""
    if not standardised:
        return layer_hessian(net, X, layer, "ce")
    above = Network(net.weights[layer:])
    return layer_hessian(above, standardise(net.forward(X).features[layer]), 0, "ce")


def sides(U, k):
    """``R_q`` of the top q columns, q = 1 … 20: (20, k, k)."""
    vectors = U.T[::-1].reshape(U.shape[1], k, -1)
    return np.cumsum(vectors @ vectors.swapaxes(1, 2), axis=0)


def compared(first, second, predicted):
    layers, p = (first, second), first.block_size
    frames = [top_eigenspace(H, DIMENSIONS) for H in layers]
    R, S = (sides(U, first.n_blocks) for U in frames)
    products = [kronecker_approximation(H) for H in layers]
    return Pair(
        overlap_by_dimension(*frames),
        predicted,
        np.sum(R * S, axis=(1, 2)) / (p * np.arange(1, DIMENSIONS + 1)),
        tuple(map(overlap_peak, products)),
        energy_share(eigenvalues(products[0].right), 1, power=1),
    )


@cache
def pairs(which, mean=0.0, standardised=False, n=SEEDS):
    widths, layer = {"hidden": HIDDEN, "four": FOUR_CLASSES, "output": OUTPUT}[which]
    result = []
    for seed in range(n):
        rng = np.random.default_rng([seed, 9])
        layers, frames = [], []
        for _ in range(2):
            net = Network.random(widths, rng)
            X = gaussian_inputs(N, D, rng, mean=mean)
            layers.append(hessian(net, X, layer, standardised))
            product = population_factors(net.weights, "ce", input_mean=np.full(D, mean))[layer]
            frames.append(product.top_eigenspace(DIMENSIONS))
        result.append(compared(*layers, overlap_by_dimension(*frames)))
    return result


# --- hidden layer -------------------------------------------------------------------------------


def test_hidden_layer_has_its_peak_at_the_number_of_units():
    """C = 20, inputs of mean 1. Where all eight eigenvectors of both networks satisfy the
    condition the maximum is at 8 and above 0.9; else within 1 of the mean count of the two."""
    full = 0
    for pair in pairs("hidden", 1.0):
        assert abs(pair.place - np.mean(pair.peaks)) <= 1
        assert pair.overlap.max() > 0.65 > 10 * pair.unshared[pair.place - 1]
        if pair.peaks == (8, 8):
            assert pair.place == 8
            assert pair.overlap[7] > 0.9
            full += 1
    assert full >= 2
    mean = np.mean([pair.overlap for pair in pairs("hidden", 1.0)], axis=0)
    assert np.argmax(mean) + 1 == 8


def test_few_classes_make_the_maximum_broad():
    """C = 4: E[M] is near rank 3, five to eight eigenvectors satisfy the condition, and by a
    little only. The mean of the curves has its maximum at 6 or 7, lower than for C = 20, and does
    not fall by 15 % within one dimension; the places of single pairs are 6.4 on average, as the
    counts, but some are off by two."""
    few, many = pairs("four", 1.0), pairs("hidden", 1.0)
    mean = np.mean([pair.overlap for pair in few], axis=0)
    top = int(np.argmax(mean))
    assert top + 1 in (6, 7)
    assert mean[top - 1 : top + 2].min() > 0.85 * mean[top]
    assert mean.max() < 0.85 * np.mean([pair.overlap for pair in many], axis=0).max()
    places = [pair.place for pair in few]
    counts = [np.mean(pair.peaks) for pair in few]
    assert np.mean(places) == pytest.approx(np.mean(counts), abs=0.75)  # each off by 2/√8
    assert max(abs(a - b) for a, b in zip(places, counts, strict=True)) <= 2


@pytest.mark.parametrize("standardised", [False, True])
def test_no_peak_without_a_mean(standardised):
    """Centred inputs, and inputs of mean 1 that are standardised: the overlap is that of unshared
    feature directions (within 0.03, a third of what they have by chance where two networks share
    their largest unit), grows up to dimension 20 and stays below 0.1."""
    centred = pairs("hidden", float(standardised), standardised, n=4)
    for pair in centred:
        assert np.abs(pair.overlap - pair.unshared).max() < 0.03
        assert pair.overlap.max() < 0.1
        assert pair.place > 15
        assert pair.share < 0.03
    assert all(np.abs(p.overlap - p.unshared).max() > 0.6 for p in pairs("hidden", 1.0))
    assert min(pair.share for pair in pairs("hidden", 1.0)) > 0.5


# --- output layer -------------------------------------------------------------------------------


def test_output_layer_has_its_peak_at_C_minus_one():
    """Centred inputs, C = 10: at 9, since ``E[A] 1 = 0``; the features keep a mean. As m, d → ∞ the
    height is 1; the predicted one is 0.97 to 0.98, of 2000 samples 0.03 less."""
    assert mean_feature_overlap(0.0) == pytest.approx(1.0)
    for pair in pairs("output", n=4):
        assert pair.place == 9
        assert 0.93 < pair.overlap[8] < pair.predicted[8] < mean_feature_overlap(0.0)
        assert pair.predicted[8] - pair.overlap[8] < 0.045
        assert pair.peaks == (9, 9)
        assert pair.share > 0.3


def test_a_mean_of_the_inputs_lowers_the_peak():
    """Of mean 1: still at 9, and a larger leading share, but the mean features of two networks have
    ``cos² = 0.27`` only. Over eight pairs within three standard errors of that, of 0.02; each pair
    within 0.015 of what its weights say."""
    lowered = pairs("output", 1.0)
    heights = np.array([pair.overlap[8] for pair in lowered])
    error = heights.std(ddof=1) / np.sqrt(SEEDS)
    assert abs(heights.mean() - mean_feature_overlap(1.0)) < 3 * error < 0.1
    for pair in lowered:
        assert pair.place == 9
        assert pair.overlap[8] == pytest.approx(pair.predicted[8], abs=0.015)
        assert pair.share > 0.5


def test_standardised_features_have_no_peak():
    for pair in pairs("output", 0.0, True, n=4):
        assert np.abs(pair.overlap - pair.unshared).max() < 0.03
        assert pair.overlap.max() < 0.07
        assert pair.share < 0.06


# --- curves from the weights ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("which", "mean", "n", "bound"),
    # mean distance over dimensions 1 … 20; seen: at most 0.097, 0.082, 0.026, 0.006
    [("hidden", 1.0, 8, 0.12), ("four", 1.0, 8, 0.1), ("output", 0.0, 4, 0.04),
     ("output", 1.0, 8, 0.012)],
)  # fmt: skip
def test_predicted_curves(which, mean, n, bound):
    """Of the Kronecker products made of the weights. The curve of another pair is further away."""
    cases = pairs(which, mean, n=n)
    own = [np.abs(pair.overlap - pair.predicted).mean() for pair in cases]
    other = [np.abs(pair.overlap - cases[i - 1].predicted).mean() for i, pair in enumerate(cases)]
    assert max(own) < bound
    assert np.mean(own) < 0.75 * np.mean(other)


# --- real data ----------------------------------------------------------------------------------


def test_digits():
    """Grey values have a strong mean, 70 % of the trace, and a maximum of 0.5 to 0.8 at 5 to 8 of
    eight units. Standardised, 12 % and no maximum within 20 dimensions; the leading directions of
    the data, which the networks share, still raise the overlap to 0.2 at 8 and 0.4 at 20."""
    curves = {}
    for standardised in (False, True):
        X, _ = digits(standardised=standardised)
        curves[standardised] = []
        for seed in range(4):
            rng = np.random.default_rng([seed, 6])
            layers = [layer_hessian(Network.random([64, 8, 10], rng), X, 0, "ce") for _ in range(2)]
            pair = compared(*layers, None)
            curves[standardised].append(pair.overlap)
            if standardised:
                assert pair.place > 15
                assert pair.share < 0.15
            else:
                assert 4 <= pair.place <= 8
                assert pair.overlap.max() > 0.5
                assert pair.share > 0.65
    raw, standard = (np.mean(curves[key], axis=0) for key in (False, True))
    assert raw[4:8].min() > 0.5 > 2 * standard[4:8].max()
    assert raw[19] < 0.75 * raw.max()
