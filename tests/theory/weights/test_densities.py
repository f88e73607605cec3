"""Densities of block weights against the rules of nodes, simulation and closed forms."""

import math

import numpy as np
import pytest
from scipy.stats import kstest, lognorm

from rmt_hessian.theory import weight_law
from rmt_hessian.theory.laws.weight_density import ContinuousMarchenkoPastur
from rmt_hessian.theory.weights import softmax_densities
from rmt_hessian.theory.weights.curvature_law import curvature_law
from rmt_hessian.theory.weights.gauss_rules import grouped_exponentials, log_sum_exp_rule
from rmt_hessian.theory.weights.sampled_density import sampled_density
from rmt_hessian.theory.weights.sampled_weights import active_points, active_probability
from tests import oracles
from tests.tolerances import EXACT

CLASSES = [2, 3, 5, 40, 1000, 10**4]
both = pytest.mark.parametrize("diagonal", [True, False], ids=["diagonal", "off"])


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
def test_moments_are_those_of_the_rule(C, diagonal, init):
    """Two quadratures of different kind: 1e-10, and 1e-8 of E λ² where the rule has heavy tails."""
    law = weight_law(model="linear", loss="ce", n_classes=C, diagonal=diagonal, init=init)
    density = law.density()
    assert density.mean() == pytest.approx(law.mean(), rel=1e-10)
    assert density.second_moment() == pytest.approx(law.second_moment(), rel=2e-8)
    output = weight_law(model="output", loss="ce", n_classes=C, diagonal=diagonal, init=init)
    assert output.density().mean() == pytest.approx(output.mean(), rel=1e-10)


@both
@pytest.mark.parametrize("C", [2, 3, 5, 40])
def test_distribution_of_simulated_weights(C, diagonal, rng):
    """KS test of 100,000 draws at the level 1e-4; the law of one class more is rejected."""
    p = oracles.softmax(rng.standard_normal((100_000, C)))
    lam = p[:, 0] * (1 - p[:, 0]) if diagonal else -p[:, 0] * p[:, 1]
    for classes, accepted in ((C, True), (C + 1, False)):
        law = weight_law(model="linear", loss="ce", n_classes=classes, diagonal=diagonal)
        density = law.density()
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
def test_unequal_logits_against_simulation(diagonal, scale, rng):
    """Offsets and widths that differ, four classes: none of them is grouped."""
    means, stds = scale * rng.standard_normal(4), scale * rng.uniform(0.5, 2.0, 4)
    p = oracles.softmax(means + stds * rng.standard_normal((100_000, 4)))
    if diagonal:
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
def test_infinitely_many_classes(diagonal, init):
    """``λ`` is lognormal, with σ² = 1 or 2, He twice that; its second moment to 1e-10, where the
    rule of nodes, which ends at nine standard deviations, is 2e-7 low."""
    case = {"model": "linear", "loss": "ce", "n_classes": math.inf, "init": init}
    density = weight_law(**case, diagonal=diagonal).density()
    variance = (1 if diagonal else 2) * (2 if init == "he" else 1)
    std = math.sqrt(variance)
    x = np.abs(density.nodes)
    exact = lognorm(std, scale=math.exp(-variance / 2)).pdf(x)
    np.testing.assert_allclose(density.density.ravel(), exact, rtol=1e-10)
    assert density.second_moment() == pytest.approx(math.exp(variance), rel=1e-10)


def test_two_classes_off_the_diagonal_mirror_the_diagonal():
    plus, minus = (
        weight_law(model="linear", loss="ce", n_classes=2, diagonal=on).density()
        for on in (True, False)
    )
    np.testing.assert_array_equal(plus.nodes, -minus.nodes[::-1])
    np.testing.assert_allclose(plus.density.ravel(), minus.density.ravel()[::-1], rtol=EXACT)


def test_logits_too_wide_for_panels_are_left_to_the_rule():
    others = log_sum_exp_rule(9, 40.0)
    assert softmax_densities.diagonal_density(0.0, 40.0, others) is None
    V = 60 * np.random.default_rng(0).standard_normal((5, 5))
    law = weight_law(model="output", loss="ce", V=V)
    assert law.density() is None
    assert law.block_law(0.3).mean() == pytest.approx(law.mean())


# --- sampled weights ----------------------------------------------------------------------------


@pytest.mark.parametrize("rho", [-1 + 1e-9, -0.99, -0.3, 0.0, 0.6, 1.0])
def test_points_where_two_units_are_active(rho):
    """Both pre-activations positive at every point, with the moments of the bivariate normal above
    0: ``E[g_i; both] = (1 + ρ)/(2 √(2π))`` by integration over the sector."""
    factor = np.array([[2.0, 3 * rho], [0.0, 3 * math.sqrt(1 - rho**2)], [0.0, 0.0]])
    share = active_probability(factor, 0, 1)
    assert share == pytest.approx(0.25 + math.asin(rho) / (2 * math.pi), rel=1e-6)
    u = np.concatenate(list(active_points(factor, 0, 1, 0)))
    g = u @ factor
    assert (g > 0).mean() > 0.999
    mean = (1 + rho) / (2 * math.sqrt(2 * math.pi)) / share
    np.testing.assert_allclose(g.mean(axis=0) / [2, 3], mean, rtol=2e-3)
    assert u[:, 2].var() == pytest.approx(1, rel=0.02)


def test_one_input_decides_both_units():
    """A factor of one row: rows of W are parallel or opposite, and never half so."""
    factor = np.array([[0.5, 2.0, -1.0]])
    u = np.concatenate(list(active_points(factor, 0, 1, 0)))
    assert (u @ factor[:, :2] > 0).all()
    assert u.mean() == pytest.approx(math.sqrt(2 / math.pi), rel=1e-3)
    assert active_probability(factor, 0, 1) == pytest.approx(0.5)
    assert active_probability(factor, 0, 2) == 0.0


def test_points_where_one_unit_is_active():
    factor = np.random.default_rng(0).standard_normal((4, 3))
    u = np.concatenate(list(active_points(factor, 1, 1, 0)))
    g = u @ factor[:, 1] / np.linalg.norm(factor[:, 1])
    assert (g > 0).all()
    assert g.mean() == pytest.approx(math.sqrt(2 / math.pi), rel=1e-3)
    assert active_probability(factor, 1, 1) == 0.5


def test_nearly_opposite_rows_lose_nothing():
    """The stated error was 0.49 at an angle of 0.002 between w_i and -w_j; it is 0.01 at most, and
    the moments do not depend on how the points are drawn."""
    rng = np.random.default_rng(3)
    V, W = rng.standard_normal((6, 5)) / np.sqrt(5), rng.standard_normal((5, 30))
    W[1] = -W[0] + 1e-3 * rng.standard_normal(30)
    law, again = (
        weight_law(model="hidden", loss="ce", V=V, W=W, block=(0, 1), rng=seed) for seed in (0, 1)
    )
    assert law.error < 0.01
    assert law.mean() == pytest.approx(again.mean(), rel=0.02)
    angle = math.acos(W[0] @ W[1] / np.linalg.norm(W[0]) / np.linalg.norm(W[1]))
    assert 1 - law.density().zero == pytest.approx((math.pi - angle) / (2 * math.pi), rel=1e-6)
    W[1] = -2 * W[0]  # never active together
    law = weight_law(model="hidden", loss="ce", V=V, W=W, block=(0, 1))
    assert law.second_moment() == 0.0
    assert law.block_law(0.5).atom_at_zero == 1.0


@both
def test_sampled_density_keeps_moments_and_quantiles(diagonal):
    rng = np.random.default_rng(5)
    V = rng.standard_normal((10, 6)) / np.sqrt(6)
    law = weight_law(model="hidden", loss="ce", V=V, diagonal=diagonal)
    density = law.density()
    assert density.zero == pytest.approx(0.5 if diagonal else 0.75, abs=EXACT)
    assert density.mean() == pytest.approx(law.mean(), rel=1e-9)
    assert density.second_moment() == pytest.approx(law.second_moment(), rel=1e-9)
    lam = law.nodes[law.nodes != 0]
    F = (cdf(density, np.sort(lam)) - density.zero * (np.sort(lam) >= 0)) / (1 - density.zero)
    # neighbouring quantiles hold 0.1 between them; a cubic strays by less than a twentieth of it
    assert np.abs(F - (np.arange(lam.size) + 0.5) / lam.size).max() < 5e-3


@pytest.mark.parametrize("gamma", [0.3, 5.0])
def test_block_laws_of_two_halves_give_the_error(gamma):
    """At quantiles of the continuous part, be the atom as large as 0.95."""
    V = np.random.default_rng(5).standard_normal((10, 6)) / np.sqrt(6)
    law = weight_law(model="hidden", loss="ce", V=V, diagonal=False)
    block = law.block_law(gamma)
    first, second = (half.block_law(gamma) for half in law.halves)
    q = np.linspace(0.001, 0.999, 2000)
    x = np.concatenate([np.linspace(*block.interval(0.9999), 2000), block.ppf(q)])
    apart = np.abs(first.cdf(x) - second.cdf(x)).max() / 2
    assert 0 < block.error <= apart * 1.001
    assert block.error > 0.5 * apart
    assert weight_law(model="linear", loss="ce", n_classes=4).block_law(0.3).error < 1e-9


@pytest.mark.parametrize("scale", [1e-170, 1e-12, 1e-8, 1.0, 30.0, 1e4])
def test_any_scale_of_the_weights_has_a_law(scale):
    """From weights that are all one number up to rounding to weights over a hundred decades."""
    V = np.random.default_rng(0).standard_normal((5, 6))
    for diagonal in (True, False):
        weights = weight_law(model="hidden", loss="ce", V=scale * V, diagonal=diagonal)
        law = weights.block_law(0.4)
        assert law.component_masses().sum() + law.atom_at_zero == pytest.approx(1, abs=1e-9)
        assert law.mean() == pytest.approx(weights.mean(), rel=1e-6, abs=1e-9 * law.std())


def test_what_is_discrete_has_no_density():
    assert weight_law(model="linear", loss="mse", n_classes=3).density() is None
    V = np.random.default_rng(0).standard_normal((4, 3))
    assert weight_law(model="hidden", loss="mse", V=V).density() is None
    assert sampled_density(np.repeat([1.0, 2.0], 5000)) is None
    assert sampled_density(np.arange(1.0, 100.0)) is None  # too few


@pytest.mark.parametrize("C", [2, 3, 10, 300])
def test_curvature_density(C):
    """Exact mean and second moment, from the blocks; the counts themselves to 1e-3."""
    law = curvature_law(C)
    density = law.density()
    blocks = [
        weight_law(model="linear", loss="ce", n_classes=C, diagonal=on) for on in (True, False)
    ]
    second = C / (C - 1) * blocks[0].second_moment() + C * blocks[1].second_moment()
    assert density.mean() == pytest.approx(C / (C - 1) * blocks[0].mean(), rel=1e-9)
    assert density.second_moment() == pytest.approx(second, rel=1e-9)
    order = np.argsort(law.nodes)
    F = np.cumsum(law.probabilities[order]) - law.probabilities[order] / 2
    step = law.probabilities.max()
    assert np.abs(cdf(density, law.nodes[order]) - F).max() < 2e-3 + step / 2
    assert isinstance(law.block_law(2.0), ContinuousMarchenkoPastur)
