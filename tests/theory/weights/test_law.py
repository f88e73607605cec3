"""Shorter rules of a law of weights, and what they keep."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rmt_hessian import Ensemble
from rmt_hessian.theory import GeneralizedMarchenkoPastur, weight_law
from rmt_hessian.theory.weights.law import WeightLaw


def linear(C, j, init="lecun", refinement=1):
    """The law of block (0, j) of linear CE."""
    return weight_law(Ensemble([400, C], 0, "ce", 1000, init=init), 0, j, refinement=refinement)


def test_compression_keeps_the_density():
    law = linear(10, 0)
    small = law.compressed(0.4, tolerance=1e-6)
    assert small.nodes.size < 30 < law.nodes.size
    full, other = (GeneralizedMarchenkoPastur(t.nodes, t.probabilities, 0.4) for t in (law, small))
    x = np.linspace(*full.support(), 200)[1:-1]
    np.testing.assert_allclose(other.pdf(x), full.pdf(x), atol=1e-5 / np.ptp(full.support()))
    fine = linear(10, 0, refinement=8)
    assert fine.compressed(50.0) is fine  # γ > 1: the density shows every node


@given(st.integers(1, 30), st.integers(1, 20), st.integers(0, 10**6))
def test_equal_masses_keep_the_mean_and_the_order(K, n, seed):
    """Mean exact, CDF within 1/n, nothing outside the range; n = 1 is the mean."""
    rng = np.random.default_rng(seed)
    law = WeightLaw(rng.standard_normal(K), rng.dirichlet(np.ones(K)), 0.0)
    equal = law.equal_masses(n)
    assert equal.mean() == pytest.approx(law.mean(), abs=1e-12)
    assert (np.diff(equal.nodes) >= -1e-9).all()
    x = rng.standard_normal(20)
    F, G = ((x[:, None] >= t.nodes) @ t.probabilities for t in (law, equal))
    assert np.abs(F - G).max() <= 1 / n + 1e-9
