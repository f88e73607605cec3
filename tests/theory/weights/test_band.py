import numpy as np
import pytest
from scipy.stats import binom

from rmt_hessian import Ensemble
from rmt_hessian.theory import (
    GeneralizedMarchenkoPastur,
    conditional_law,
    sampling_band,
    weight_law,
)
from rmt_hessian.theory.weights.band import band_of_weights
from rmt_hessian.theory.weights.law import WeightLaw


def test_a_fresh_sample_is_outside_once_in_twenty():
    """30 bands, 40 fresh samples each, on a fine grid: 5 %, up to 4 standard deviations."""
    weights = WeightLaw(np.array([0.2, 1.0, 3.0]), np.array([0.3, 0.5, 0.2]), 0.0)
    law = GeneralizedMarchenkoPastur(weights.nodes, weights.probabilities, 0.4)
    x, rng = np.linspace(*law.support(), 200), np.random.default_rng(9)

    def distance():
        sample = rng.choice(weights.nodes, 100, p=weights.probabilities)
        return np.abs(conditional_law(sample, 40).cdf(x) - law.cdf(x)).max()

    bands = [band_of_weights(weights, 40, 100, rng=seed) for seed in range(30)]
    outside = np.mean([distance() > band for band in bands for _ in range(40)])
    # the share outside a band of 19 draws is Beta(1, 19): standard deviation 0.048 a band
    assert outside == pytest.approx(0.05, abs=4 * 0.048 / np.sqrt(30) + 0.01)


def test_band_falls_like_the_root_of_the_sample():
    weights = WeightLaw(np.array([0.2, 1.0, 3.0]), np.array([0.3, 0.5, 0.2]), 0.0)
    ratio = band_of_weights(weights, 40, 100) / band_of_weights(weights, 640, 1600)
    assert ratio == pytest.approx(4, rel=0.4)


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_band_of_a_gap_is_binomial(sign):
    """A tenth of the weights 50 times as large: their component holds the share ``p/γ`` of the
    eigenvalues, and in the gap ``F_sample - F`` is the deviation of their number over ``γN``.

    The gap lies at the quantile 3/4, for the mirrored law at 1/4: a band that looked at either half
    alone would be less than half as wide for one of the two. 15 %: the 0.95 quantile of 999
    deviations that are nearly Gaussian is uncertain by 2.7 %, four times, and the step of a
    binomial is 8 %. Without the gap itself the band is 23 % narrower.
    """
    n, share, gamma = 400, 0.1, 0.4
    weights = WeightLaw(sign * np.array([1.0, 50.0]), np.array([1 - share, share]), 0.0)
    deviations = np.abs(np.arange(n + 1) - n * share) / (gamma * n)
    order = np.argsort(deviations)
    total = np.cumsum(binom.pmf(order, n, share))
    expected = deviations[order][np.searchsorted(total, 0.95)]
    band = band_of_weights(weights, int(gamma * n), n, n_draws=999)
    assert band == pytest.approx(expected, rel=0.15)


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_one_draw_is_the_distance_over_the_whole_axis(sign, rng):
    """Mean over 400 draws against 400 others on a fine grid: both to 4 % (their standard deviation
    is 0.8 means), bound at four times. No gap; the upper half alone or the lower sees one half.
    """
    n, p = 400, 160
    weights = WeightLaw(sign * np.array([1.0, 4.0]), np.array([0.95, 0.05]), 0.0)
    law = GeneralizedMarchenkoPastur(weights.nodes, weights.probabilities, p / n)
    x = np.linspace(*law.support(), 300)
    distances = [
        np.abs(conditional_law(sample, p).cdf(x) - law.cdf(x)).max()
        for sample in rng.choice(weights.nodes, (400, n), p=weights.probabilities)
    ]
    found = [band_of_weights(weights, p, n, n_draws=1, rng=seed) for seed in range(400)]
    assert np.mean(found) == pytest.approx(np.mean(distances), rel=4 * 0.04 * np.sqrt(2))


def test_nineteen_distances_have_their_largest_as_95_per_cent():
    """No distance lies between two of them: a fresh one exceeds the largest once in twenty."""
    weights = WeightLaw(np.array([0.2, 1.0, 3.0]), np.array([0.3, 0.5, 0.2]), 0.0)
    bands = [band_of_weights(weights, 40, 100, level=level) for level in (0.94, 0.95, 1.0)]
    assert bands[0] < bands[1] + 1e-15
    assert bands[1] == bands[2]


@pytest.mark.parametrize("j", [0, 1])
def test_band_of_a_block_is_that_of_its_weights(j):
    ens = Ensemble([40, 4], 0, "ce", 100)
    band = band_of_weights(weight_law(ens, 0, j), 40, 100, level=0.5, n_draws=5, rng=2)
    assert sampling_band(ens, 0, j, level=0.5, n_draws=5, rng=2) == band > 0


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda ens: sampling_band(ens, 0, 0, level=1.5), r"level must lie in \[0, 1\], got 1.5"),
        (lambda ens: sampling_band(ens, 0, 0, n_draws=0), "n_draws must be at least 1, got 0"),
        (lambda ens: sampling_band(ens, 0, 0, n_points=0), "n_points must be at least 1, got 0"),
        (
            lambda _: sampling_band(Ensemble([5, 4, 3], 1, "mse", 9), 0, 0),
            "layer must be 0: the features of others are not white, got 1",
        ),
        (
            lambda _: sampling_band(Ensemble([5, 4, 3], 0, "mse", 9), 0, 0),
            "the weights above layer 0 must be given",
        ),
        (lambda _: band_of_weights([1.0], 4, 8), r"weights must be a WeightLaw, got \[1.0\]"),
        (lambda ens: band_of_weights(weight_law(ens, 0, 0), 0, 8), "n_features must be at least 1"),
    ],
)
def test_refusals(call, message):
    with pytest.raises(ValueError, match=message):
        call(Ensemble([4, 3], 0, "mse", 8))
