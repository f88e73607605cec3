"""Population laws of blocks over classes, aspect ratios, layers and blocks: no node shows.

``STRESS=1`` (``make stress``) for all cases, else a tenth of them.
"""

import os

import numpy as np
import pytest

from rmt_hessian import Ensemble
from rmt_hessian.theory import GeneralizedMarchenkoPastur, block_law, weight_law
from rmt_hessian.theory.laws.weight_density import ContinuousMarchenkoPastur
from rmt_hessian.theory.structure.relu_features import output_block_law, relu_feature_spectrum
from rmt_hessian.theory.weights import softmax_densities, softmax_rules
from rmt_hessian.theory.weights.gauss_rules import log_sum_exp_rule

N_CASES = 400 if os.environ.get("STRESS") else 40
N = 100_000  # of the aspect ratio p/N


def case(k):
    """Case k of the stress, an ensemble and j of a block (0, j).

    Classes 2 … 10⁴ and γ = 0.01 … 5, both uniform in the logarithm.
    """
    rng = np.random.default_rng([14, k])
    C = int(np.exp(rng.uniform(np.log(2), np.log(10**4))))
    j = 1 - int(rng.integers(2))
    p = int(N * np.exp(rng.uniform(np.log(0.01), np.log(5))))
    init = str(rng.choice(["lecun", "he"]))
    if k % 3 == 0:
        return Ensemble([p, C], 0, "ce", N, init=init), j
    if k % 3 == 1:
        d = int(p * np.exp(rng.uniform(-1, 1)))
        return Ensemble([d, p, C], 1, "ce", N, init=init), j
    m = int(rng.integers(2, 17))
    C = min(C, 1000)  # a quarter of a second each
    V = rng.standard_normal((C, m)) / np.sqrt(m)
    return Ensemble([p, m, C], 0, "ce", N, init=init, weights=[None, V]), j


def bulk(law, n=200, tail=1e-3):
    """Quantiles of the continuous part, from tail to 1 - tail."""
    edge = np.geomspace(tail, 0.5, n // 2)
    q = np.concatenate([edge, 1 - edge[::-1]]) * (1 - law.atom_at_zero)
    below = law.cdf(0.0) - law.atom_at_zero
    return np.unique(law.ppf(np.where(q < below, q, q + law.atom_at_zero)))


def valleys(law, x):
    """Local minima of the density at points x on one side of 0."""
    slopes = np.sign(np.diff(law.pdf(x)))
    return int((np.diff(slopes) > 0).sum())


def finer(ens, j):
    """The law from panels of a quarter of the length and half as many nodes again of log Σ exp."""
    C, gain = ens.n_classes, 2.0 if ens.init == "he" else 1.0
    std = np.sqrt(gain) if ens.n_layers == 1 else gain / np.sqrt(2)
    steps = {"STEP": 0.125, "SPLINE_STEP": 0.02, "PANELS": 48, "MOST_PANELS": 10**5}
    with pytest.MonkeyPatch.context() as patch:
        for name, value in steps.items():
            patch.setattr(softmax_densities, name, value)
        if j == 0 or C == 2:
            sign = -1.0 if j else 1.0
            others = log_sum_exp_rule(C - 1, std, 72)
            density = softmax_densities.diagonal_density(0.0, std, others, sign)
        else:
            others = log_sum_exp_rule(C - 2, std, 72)
            density = softmax_densities.off_diagonal_density((0.0, 0.0), (std, std), others)
    if ens.n_layers == 1:
        return ContinuousMarchenkoPastur(density, ens.aspect_ratio)
    nodes = 4 * max(64, int(np.ceil(48 / np.sqrt(ens.aspect_ratio))))
    return output_block_law(ens, density, None, nodes)


def moments(ens, j):
    """E X and E X², from those of the weights and of the features."""
    weights, a = weight_law(ens, 0, j), (np.ones(1), np.ones(1))
    if ens.layer == 1:
        a = relu_feature_spectrum(ens, 64)
    mean, square = a[1] @ a[0], a[1] @ a[0] ** 2
    first = weights.mean()
    second = ens.aspect_ratio * weights.second_moment() * mean**2 + first**2 * square
    return first * mean, second


@pytest.mark.parametrize("k", range(N_CASES))
def test_no_node_shows(k):
    """At most three components, no gap and no valley inside the bulk, and the whole support has a
    density; linear and output layers: the density of a much finer rule to 1e-5, or 1e-4 where the
    tails of the weights are trimmed."""
    ens, j = case(k)
    law = block_law(ens, 0, j)
    components = law.components()
    assert len(components) <= 3
    for lo, hi in components:
        inner = lo + (hi - lo) * (np.arange(1, 100) / 100)
        assert (law.pdf(inner) > 0).all()
    x, output = bulk(law), ens.layer == 1
    # of more features than inputs, a share has the variance of the noise alone: a second peak
    peaks = 2 if output and ens.widths[0] < ens.n_features else 1
    for sign in (-1, 1):
        side = x[sign * x > 1e-6 * np.abs(x).max()]
        if side.size > 10 and ens.is_last:
            assert valleys(law, side) < peaks
    assert law.component_masses().sum() + law.atom_at_zero == pytest.approx(1, abs=1e-9)
    first, second = moments(ens, j)
    assert law.mean() == pytest.approx(first, rel=1e-7 if output else 1e-9)
    assert law.moment(2) == pytest.approx(second, rel=1e-5 if output else 1e-7)
    if ens.is_last:
        fine = finer(ens, j).pdf(x)
        np.testing.assert_allclose(law.pdf(x), fine, rtol=1e-4 if output else 1e-5)


def test_the_comb_of_a_hundred_classes():
    """Linear CE, C = 100, γ = 0.4, off the diagonal had 180 components and nothing in 95 % of its
    support; its law is one interval, everywhere positive, and its bulk that of the old rule."""
    ens = Ensemble([400, 100], 0, "ce", 1000)
    law = block_law(ens, 0, 1)
    assert len(law.components()) == 1
    x = np.linspace(*law.support(), 1002)[1:-1]
    assert (law.pdf(x) > 0).all()
    weights = weight_law(ens, 0, 1, refinement=2)
    rule = GeneralizedMarchenkoPastur(weights.nodes, weights.probabilities, 0.4)
    assert len(rule.components()) > 3
    inside = bulk(law, tail=0.1)
    np.testing.assert_allclose(law.pdf(inside), rule.pdf(inside), rtol=1e-4)


@pytest.mark.parametrize("j", [0, 1], ids=["diagonal", "off"])
def test_hidden_ce_from_sixteen_times_as_many_points(j):
    """CDF to the stated error times three; the density within 1 % on the diagonal, and off it,
    where E λ itself is known to a per cent of √(E λ²), within a fifth in the tails."""
    V = np.random.default_rng(7).standard_normal((10, 8)) / np.sqrt(8)
    ens = Ensemble([400, 8, 10], 0, "ce", 1000, weights=[None, V])
    for gamma in (0.01, 0.1, 0.4, 1.0, 5.0):
        law = weight_law(ens, 0, j).block_law(gamma)
        fine = weight_law(ens, 0, j, refinement=16, rng=1).block_law(gamma)
        x = bulk(fine)
        assert np.abs(law.cdf(x) - fine.cdf(x)).max() < 3 * law.error + 2e-5
        x = bulk(fine, tail=0.02)
        apart = np.abs(law.pdf(x) / fine.pdf(x) - 1).max()
        assert apart < (0.01 if j == 0 and gamma <= 1 else 0.2)


def test_the_rules_that_know_directions_are_as_before():
    """Outliers need masses along directions, which densities do not have: the rules stay."""
    rule = softmax_rules.diagonal_rule(5, 0.15)
    assert len(rule.directions) == 2
