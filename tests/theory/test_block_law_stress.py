"""Population laws of blocks over classes, aspect ratios, layers and blocks: no node shows.

``STRESS=1`` (``make stress``) for all cases, else a tenth of them.
"""

import os

import numpy as np
import pytest

from rmt_hessian.theory import (
    GeneralizedMarchenkoPastur,
    block_law,
    output_block_law,
    output_population,
    weight_law,
)
from rmt_hessian.theory.laws.weight_density import ContinuousMarchenkoPastur
from rmt_hessian.theory.weights import softmax_densities, softmax_rules
from rmt_hessian.theory.weights.gauss_rules import log_sum_exp_rule

N_CASES = 400 if os.environ.get("STRESS") else 40
N_SAMPLES = 100_000  # of the aspect ratio n_features/n_samples


def case(k):
    """Case k of the stress: classes 2 … 10⁴ and γ = 0.01 … 5, both uniform in the logarithm."""
    rng = np.random.default_rng([14, k])
    model = ("linear", "output", "hidden")[k % 3]
    C = int(np.exp(rng.uniform(np.log(2), np.log(10**4))))
    sizes = {
        "model": model,
        "loss": "ce",
        "diagonal": bool(rng.integers(2)),
        "n_features": int(N_SAMPLES * np.exp(rng.uniform(np.log(0.01), np.log(5)))),
        "n_samples": N_SAMPLES,
        "init": str(rng.choice(["lecun", "he"])),
    }
    if model == "hidden":
        m = int(rng.integers(2, 17))
        C = min(C, 1000)  # a quarter of a second each
        return sizes | {"V": rng.standard_normal((C, m)) / np.sqrt(m)}
    if model == "output":
        m = sizes["n_features"]
        return sizes | {"n_classes": C, "n_inputs": int(m * np.exp(rng.uniform(-1, 1)))}
    return sizes | {"n_classes": C}


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


def finer(sizes):
    """The law from panels of a quarter of the length and half as many nodes again of log Σ exp."""
    C, gain = sizes["n_classes"], 2.0 if sizes["init"] == "he" else 1.0
    std = np.sqrt(gain) if sizes["model"] == "linear" else gain / np.sqrt(2)
    steps = {"STEP": 0.125, "SPLINE_STEP": 0.02, "PANELS": 48, "MOST_PANELS": 10**5}
    with pytest.MonkeyPatch.context() as patch:
        for name, value in steps.items():
            patch.setattr(softmax_densities, name, value)
        if sizes["diagonal"] or C == 2:
            sign = 1.0 if sizes["diagonal"] else -1.0
            others = log_sum_exp_rule(C - 1, std, 72)
            density = softmax_densities.diagonal_density(0.0, std, others, sign)
        else:
            others = log_sum_exp_rule(C - 2, std, 72)
            density = softmax_densities.off_diagonal_density((0.0, 0.0), (std, std), others)
    m, N = sizes["n_features"], sizes["n_samples"]
    if sizes["model"] == "linear":
        return ContinuousMarchenkoPastur(density, m / N)
    nodes = 4 * max(64, int(np.ceil(48 / np.sqrt(m / N))))
    return output_block_law(density, None, m, sizes["n_inputs"], N, gain, nodes)


def moments(sizes):
    """E X and E X², from those of the weights and of the features."""
    given = ("n_features", "n_samples", "n_inputs")
    weights = weight_law(**{key: value for key, value in sizes.items() if key not in given})
    a = np.ones(1), np.ones(1)
    if sizes["model"] == "output":
        gain = 2.0 if sizes["init"] == "he" else 1.0
        a = output_population(sizes["n_features"], sizes["n_inputs"], gain, 64)
    mean, square = a[1] @ a[0], a[1] @ a[0] ** 2
    gamma, first = sizes["n_features"] / sizes["n_samples"], weights.mean()
    second = gamma * weights.second_moment() * mean**2 + first**2 * square
    return first * mean, second


@pytest.mark.parametrize("k", range(N_CASES))
def test_no_node_shows(k):
    """At most three components, no gap and no valley inside the bulk, and the whole support has a
    density; linear and output layers: the density of a much finer rule to 1e-5, or 1e-4 where the
    tails of the weights are trimmed."""
    sizes = case(k)
    law = block_law(**sizes)
    components = law.components()
    assert len(components) <= 3
    for lo, hi in components:
        inner = lo + (hi - lo) * (np.arange(1, 100) / 100)
        assert (law.pdf(inner) > 0).all()
    x = bulk(law)
    # of more features than inputs, a share has the variance of the noise alone: a second peak
    peaks = 2 if sizes["model"] == "output" and sizes["n_inputs"] < sizes["n_features"] else 1
    for sign in (-1, 1):
        side = x[sign * x > 1e-6 * np.abs(x).max()]
        if side.size > 10 and sizes["model"] != "hidden":
            assert valleys(law, side) < peaks
    assert law.component_masses().sum() + law.atom_at_zero == pytest.approx(1, abs=1e-9)
    trimmed = sizes["model"] == "output"
    first, second = moments(sizes)
    assert law.mean() == pytest.approx(first, rel=1e-7 if trimmed else 1e-9)
    assert law.moment(2) == pytest.approx(second, rel=1e-5 if trimmed else 1e-7)
    if sizes["model"] != "hidden":
        fine = finer(sizes).pdf(x)
        np.testing.assert_allclose(law.pdf(x), fine, rtol=1e-4 if trimmed else 1e-5)


def test_the_comb_of_a_hundred_classes():
    """Linear CE, C = 100, γ = 0.4, off the diagonal had 180 components and nothing in 95 % of its
    support; its law is one interval, everywhere positive, and its bulk that of the old rule."""
    sizes = {"model": "linear", "loss": "ce", "diagonal": False, "n_classes": 100}
    law = block_law(**sizes, n_features=400, n_samples=1000)
    assert len(law.components()) == 1
    x = np.linspace(*law.support(), 1002)[1:-1]
    assert (law.pdf(x) > 0).all()
    weights = weight_law(**sizes, refinement=2)
    rule = GeneralizedMarchenkoPastur(weights.nodes, weights.probabilities, 0.4)
    assert len(rule.components()) > 3
    inside = bulk(law, tail=0.1)
    np.testing.assert_allclose(law.pdf(inside), rule.pdf(inside), rtol=1e-4)


@pytest.mark.parametrize("diagonal", [True, False], ids=["diagonal", "off"])
def test_hidden_ce_from_sixteen_times_as_many_points(diagonal):
    """CDF to the stated error times three; the density within 1 % on the diagonal, and off it,
    where E λ itself is known to a per cent of √(E λ²), within a fifth in the tails."""
    V = np.random.default_rng(7).standard_normal((10, 8)) / np.sqrt(8)
    case = {"model": "hidden", "loss": "ce", "V": V, "diagonal": diagonal}
    for gamma in (0.01, 0.1, 0.4, 1.0, 5.0):
        law = weight_law(**case).block_law(gamma)
        fine = weight_law(**case, refinement=16, rng=1).block_law(gamma)
        x = bulk(fine)
        assert np.abs(law.cdf(x) - fine.cdf(x)).max() < 3 * law.error + 2e-5
        x = bulk(fine, tail=0.02)
        apart = np.abs(law.pdf(x) / fine.pdf(x) - 1).max()
        assert apart < (0.01 if diagonal and gamma <= 1 else 0.2)


def test_the_rules_that_know_directions_are_as_before():
    """Outliers need masses along directions, which densities do not have: the rules stay."""
    rule = softmax_rules.diagonal_rule(5, 0.15)
    assert len(rule.directions) == 2
