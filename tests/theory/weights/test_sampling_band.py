import numpy as np
import pytest

from rmt_hessian.theory import (
    GeneralizedMarchenkoPastur,
    WeightLaw,
    conditional_law,
    sampling_band,
)


def test_a_fresh_sample_is_outside_once_in_twenty():
    """30 bands, 40 fresh samples each, on a fine grid: 5 %, up to 4 standard deviations."""
    weights = WeightLaw(np.array([0.2, 1.0, 3.0]), np.array([0.3, 0.5, 0.2]), 0.0)
    law = GeneralizedMarchenkoPastur(weights.nodes, weights.probabilities, 0.4)
    x, rng = np.linspace(*law.support(), 200), np.random.default_rng(9)

    def distance():
        sample = rng.choice(weights.nodes, 100, p=weights.probabilities)
        return np.abs(conditional_law(sample, 40).cdf(x) - law.cdf(x)).max()

    bands = [sampling_band(weights, 40, 100, rng=seed) for seed in range(30)]
    outside = np.mean([distance() > band for band in bands for _ in range(40)])
    # the share outside a band of 19 draws is Beta(1, 19): standard deviation 0.048 a band
    assert outside == pytest.approx(0.05, abs=4 * 0.048 / np.sqrt(30) + 0.01)


def test_band_falls_like_the_root_of_the_sample():
    weights = WeightLaw(np.array([0.2, 1.0, 3.0]), np.array([0.3, 0.5, 0.2]), 0.0)
    ratio = sampling_band(weights, 40, 100) / sampling_band(weights, 640, 1600)
    assert ratio == pytest.approx(4, rel=0.4)
