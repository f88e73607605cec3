import numpy as np
import pytest

from rmt_hessian.theory import (
    GeneralizedMarchenkoPastur,
    WeightLaw,
    conditional_law,
    sampling_band,
)


def test_band_holds_most_samples():
    """Against 200 fresh samples on a fine grid: 20 draws give the 95 % quantile to a third."""
    weights = WeightLaw(np.array([0.2, 1.0, 3.0]), np.array([0.3, 0.5, 0.2]), 0.0)
    band = sampling_band(weights, 40, 100)
    law = GeneralizedMarchenkoPastur(weights.nodes, weights.probabilities, 0.4)
    x, rng = np.linspace(*law.support(), 300), np.random.default_rng(9)
    distances = [
        np.abs(
            conditional_law(rng.choice(weights.nodes, 100, p=weights.probabilities), 40).cdf(x)
            - law.cdf(x)
        ).max()
        for _ in range(200)
    ]
    assert band == pytest.approx(np.quantile(distances, 0.95), rel=0.35)


def test_band_falls_like_the_root_of_the_sample():
    weights = WeightLaw(np.array([0.2, 1.0, 3.0]), np.array([0.3, 0.5, 0.2]), 0.0)
    ratio = sampling_band(weights, 40, 100) / sampling_band(weights, 640, 1600)
    assert ratio == pytest.approx(4, rel=0.4)
