"""Gauss rules of discrete laws and of log Σ exp keep their moments."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rmt_hessian.theory.weights import gauss_rules
from tests.tolerances import EXACT


@given(st.integers(1, 40), st.integers(2, 12), st.integers(0, 10**6))
def test_gauss_rule_keeps_moments(n, size, seed):
    rng = np.random.default_rng(seed)
    nodes, probabilities = rng.standard_normal(n + size), rng.dirichlet(np.ones(n + size))
    x, w = gauss_rules.gauss_rule(nodes, probabilities, size)
    assert (w > -EXACT).all()
    for k in range(2 * size):
        scale = probabilities @ np.abs(nodes) ** k
        assert w @ x**k == pytest.approx(probabilities @ nodes**k, abs=1e-9 * scale)


@pytest.mark.parametrize("n", [1, 2, 3, 7, 1000, 131071])
def test_exponential_sums_have_their_mean_and_variance(n):
    """``E S = n e^{1/2}``, ``Var S = n (e² - e)``."""
    L, P = gauss_rules.log_sum_exp_rule(n)
    S = np.exp(L)
    assert P @ S / n == pytest.approx(np.exp(0.5), rel=1e-9)
    assert P @ (S - P @ S) ** 2 / n == pytest.approx(np.e**2 - np.e, rel=1e-6)
