"""Densities of softmax weights against the rules of nodes, simulation and closed forms."""

import math

import numpy as np
import pytest
from scipy.stats import kstest, lognorm

from rmt_hessian import Ensemble
from rmt_hessian.theory import weight_law, weight_law_limit
from rmt_hessian.theory.weights import softmax_densities
from rmt_hessian.theory.weights.gauss_rules import grouped_exponentials, log_sum_exp_rule
from tests import oracles
from tests.tolerances import EXACT

CLASSES = [2, 3, 5, 40, 1000, 10**4]
both = pytest.mark.parametrize("j", [0, 1], ids=["diagonal", "off"])


def linear(C):
    return Ensemble([400, C], 0, "ce", 1000)


def cdf(density, x):
    """``P(λ <= x)`` by the panels, the last one cut by a rule of its own."""
    x = np.asarray(x)
    at = np.maximum(np.searchsorted(density.edges[:, 0], x, side="right") - 1, 0)
    lengths = np.diff(density.edges, axis=1)[:, 0]
    mass = density.probabilities.reshape(-1, 8).sum(axis=1)
    below = np.append(0.0, np.cumsum(mass))
    share = np.clip((x - density.edges[at, 0]) / lengths[at], 0.0, 1.0)
    t, w = np.polynomial.legendre.leggauss(16)
    inside = np.zeros(x.shape)
    for tk, wk in zip(t, w, strict=True):
        values = np.polynomial.legendre.legval(
            share * (1 + tk) - 1, _legendre(density.density)[at].T, tensor=False
        )
        inside += wk / 2 * share * lengths[at] * values
    return below[at] + inside + density.zero * (x >= 0)


def _legendre(values):
    t, w = np.polynomial.legendre.leggauss(8)
    P = np.polynomial.legendre.legvander(t, 7)
    return (values * w) @ P * (np.arange(8) + 0.5)


@both
@pytest.mark.parametrize("C", CLASSES)
@pytest.mark.parametrize("init", ["lecun", "he"])
def test_moments_are_those_of_the_rule(C, j, init):
    """Two quadratures of different kind: 1e-10, and 1e-8 of E λ² where the rule has heavy tails."""
    law = weight_law(Ensemble([400, C], 0, "ce", 1000, init=init), 0, j)
    density = law.density()
    assert density.mean() == pytest.approx(law.mean(), rel=1e-10)
    assert density.second_moment() == pytest.approx(law.second_moment(), rel=2e-8)
    output = weight_law(Ensemble([50, 400, C], 1, "ce", 1000, init=init), 0, j)
    assert output.density().mean() == pytest.approx(output.mean(), rel=1e-10)


@both
@pytest.mark.parametrize("C", [2, 3, 5, 40])
def test_distribution_of_simulated_weights(C, j, rng):
    """KS test of 100,000 draws at the level 1e-4; the law of one class more is rejected."""
    p = oracles.softmax(rng.standard_normal((100_000, C)))
    lam = -p[:, 0] * p[:, 1] if j else p[:, 0] * (1 - p[:, 0])
    for classes, accepted in ((C, True), (C + 1, False)):
        density = weight_law(linear(classes), 0, j).density()
        assert (kstest(lam, lambda x, d=density: cdf(d, x)).pvalue > 1e-4) == accepted


def test_widths_that_differ_much():
    """Off the diagonal τ and δ depend on each other: the whole range of both counts."""
    others = log_sum_exp_rule(2, 1.0)
    density = softmax_densities.off_diagonal_density((0.0, 1.0), (4.0, 0.8), others)
    swapped = softmax_densities.off_diagonal_density((1.0, 0.0), (0.8, 4.0), others)
    assert density.mean() == pytest.approx(swapped.mean(), rel=1e-9)
    rng = np.random.default_rng(2)
    f = np.column_stack([4 * rng.standard_normal(10**5), 1 + 0.8 * rng.standard_normal(10**5)])
    p = oracles.softmax(np.column_stack([f, rng.standard_normal((10**5, 2))]))
    lam = -p[:, 0] * p[:, 1]
    assert kstest(lam, lambda x: cdf(density, x)).pvalue > 1e-4
    assert abs(density.mean() - lam.mean()) < 4 * lam.std() / np.sqrt(lam.size)


@both
@pytest.mark.parametrize("scale", [0.05, 1.0, 3.0])
def test_unequal_logits_against_simulation(j, scale, rng):
    """Offsets and widths that differ, four classes: none of them is grouped."""
    means, stds = scale * rng.standard_normal(4), scale * rng.uniform(0.5, 2.0, 4)
    p = oracles.softmax(means + stds * rng.standard_normal((100_000, 4)))
    if j == 0:
        lam, others = p[:, 0] * (1 - p[:, 0]), grouped_exponentials(means[1:], stds[1:], 8)
        density = softmax_densities.diagonal_density(means[0], stds[0], others)
    else:
        lam, others = -p[:, 0] * p[:, 1], grouped_exponentials(means[2:], stds[2:], 8)
        density = softmax_densities.off_diagonal_density(means[:2], stds[:2], others)
    assert kstest(lam, lambda x: cdf(density, x)).pvalue > 1e-4
    error = lam.std() / np.sqrt(lam.size)
    assert abs(density.mean() - lam.mean()) < 4 * error


@both
@pytest.mark.parametrize("init", ["lecun", "he"])
def test_infinitely_many_classes(j, init):
    """``λ`` is lognormal, with σ² = 1 or 2, He twice that; its second moment to 1e-10, where the
    rule of nodes, which ends at nine standard deviations, is 2e-7 low."""
    density = weight_law_limit(Ensemble([400, 3], 0, "ce", 1000, init=init), 0, j).density()
    variance = (1 + j) * (2 if init == "he" else 1)
    std = math.sqrt(variance)
    x = np.abs(density.nodes)
    exact = lognorm(std, scale=math.exp(-variance / 2)).pdf(x)
    np.testing.assert_allclose(density.density.ravel(), exact, rtol=1e-10)
    assert density.second_moment() == pytest.approx(math.exp(variance), rel=1e-10)


def test_two_classes_off_the_diagonal_mirror_the_diagonal():
    plus, minus = (weight_law(linear(2), 0, j).density() for j in (0, 1))
    np.testing.assert_array_equal(plus.nodes, -minus.nodes[::-1])
    np.testing.assert_allclose(plus.density.ravel(), minus.density.ravel()[::-1], rtol=EXACT)


def test_logits_too_wide_for_panels_are_left_to_the_rule():
    others = log_sum_exp_rule(9, 40.0)
    assert softmax_densities.diagonal_density(0.0, 40.0, others) is None
    V = 60 * np.random.default_rng(0).standard_normal((5, 5))
    law = weight_law(Ensemble([30, 5, 5], 1, "ce", 1000, weights=[None, V]), 0, 0)
    assert law.density() is None
    assert law.block_law(0.3).mean() == pytest.approx(law.mean())
