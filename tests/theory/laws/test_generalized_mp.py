import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import quad

from rmt_hessian.theory import (
    GeneralizedMarchenkoPastur,
    MarchenkoPastur,
    conditional_law,
)
from rmt_hessian.theory.laws import kernels
from rmt_hessian.theory.laws.generalized_mp import NO_PANELS
from tests import oracles
from tests.strategies import aspect_ratios, weight_laws
from tests.tolerances import EXACT, ITERATIVE


def make(law, gamma):
    return GeneralizedMarchenkoPastur(*law, gamma)


def inner_points(law, n=50):
    """Points of every component of noticeable mass, away from its ends."""
    t = (np.arange(n) + 0.5) / n
    parts = [lo + (hi - lo) * t for lo, hi in law.components()]
    kept = [p for p, mass in zip(parts, law.component_masses(), strict=True) if mass > 1e-8]
    return np.concatenate(kept) if kept else np.empty(0)


# --- closed forms -------------------------------------------------------------------------------


@pytest.mark.parametrize("gamma", [1e-3, 0.2, 0.999, 1.0, 1.001, 5.0, 1e3])
@pytest.mark.parametrize("scale", [1.0, 1e-10, 37.0])
def test_constant_weights_give_marchenko_pastur(gamma, scale):
    law = GeneralizedMarchenkoPastur([scale, scale], [0.25, 0.75], gamma)
    lo, hi = scale * (1 - np.sqrt(gamma)) ** 2, scale * (1 + np.sqrt(gamma)) ** 2
    # an edge is known to eps times the largest; at γ = 1 it sits at 0 and is hard
    np.testing.assert_allclose(law.components(), [(lo, hi)], rtol=0, atol=1e-13 * hi)
    x = lo + (hi - lo) * np.linspace(0.01, 0.99, 97)
    expected = oracles.marchenko_pastur_pdf(x, gamma, scale)
    np.testing.assert_allclose(law.pdf(x), expected, rtol=1e-10)
    np.testing.assert_allclose(MarchenkoPastur(gamma, scale).pdf(x), expected, rtol=1e-10)
    assert law.atom_at_zero == pytest.approx(max(0, 1 - 1 / gamma), abs=EXACT)


@pytest.mark.parametrize("gamma", [0.05, 0.4, 1.0, 3.0])
@pytest.mark.parametrize("weights", [(1.0, -0.6), (2.0, 0.3), (-1.0, -0.2)])
def test_two_atoms_against_the_roots_of_the_cubic(weights, gamma):
    probabilities = (0.3, 0.7)
    law = GeneralizedMarchenkoPastur(weights, probabilities, gamma)
    x = inner_points(law, 12)
    expected = [
        float(oracles.stieltjes_root(t, weights, probabilities, gamma).imag) / np.pi for t in x
    ]
    np.testing.assert_allclose(law.pdf(x), expected, rtol=1e-9)
    lo, hi = law.support()
    outside = np.array([lo - 0.1, hi + 0.1])
    assert not law.pdf(outside).any()
    for t in outside:
        assert abs(oracles.stieltjes_root(t, weights, probabilities, gamma).imag) < 1e-12


@given(weight_laws(max_atoms=4), st.floats(0.05, 5.0))
def test_any_law_against_the_roots_of_its_polynomial(law, gamma):
    weights, probabilities = law
    law = make(law, gamma)
    x = inner_points(law, 3)[:6]
    if x.size:
        pdf = [
            float(oracles.stieltjes_root(t, weights, probabilities, gamma).imag) / np.pi for t in x
        ]
        np.testing.assert_allclose(law.pdf(x), pdf, rtol=1e-7, atol=1e-8 * np.max(pdf))


# --- mass, distribution, quantiles --------------------------------------------------------------


@given(weight_laws(), aspect_ratios)
def test_components_and_atom_carry_mass_one(law, gamma):
    law = make(law, gamma)
    assert law.component_masses().sum() + law.atom_at_zero == pytest.approx(1, abs=1e-10)
    assert (law.component_masses() >= -EXACT).all()
    ends = np.ravel(law.components())
    assert (np.diff(ends) >= 0).all()
    lo, hi = law.support()
    assert law.cdf(np.nextafter(lo, -np.inf)) == 0
    assert law.cdf(hi) == pytest.approx(1, abs=1e-10)


@given(weight_laws(), aspect_ratios)
def test_cdf_increases_and_is_the_integral_of_the_density(law, gamma):
    law = make(law, gamma)
    lo, hi = law.support()
    x = np.sort(np.append(np.linspace(lo - 1, hi + 1, 50), inner_points(law, 40)))
    assert (np.diff(law.cdf(x)) >= -EXACT * 10).all()
    for (a, b), mass in zip(law.components(), law.component_masses(), strict=True):
        if mass < 1e-6 or gamma == 1:
            continue
        # x = a + (b - a) sin²θ takes the square roots at both ends out of the integrand
        theta = (np.arange(2000) + 0.5) * np.pi / 4000
        t = a + (b - a) * np.sin(theta) ** 2
        cells = law.pdf(t) * (b - a) * np.sin(2 * theta) * np.pi / 4000
        error = np.abs(np.cumsum(cells) - (law.cdf(t) - law.cdf(np.nextafter(a, -np.inf))))
        atom = law.atom_at_zero if a <= 0 <= b else 0.0
        # an atom at 0 never lies inside a component, up to the resolution of its ends
        assert atom == 0 or max(-a, 0.0) * max(b, 0.0) <= 1e-13 * max(-a, b) ** 2
        assert error.max() < 2e-2 * mass + ITERATIVE
        assert cells.sum() == pytest.approx(mass, rel=2e-3)


@pytest.mark.parametrize("weights", [(1.0, -0.6), (2.0, 0.3)])
def test_cdf_against_adaptive_quadrature(weights):
    law = GeneralizedMarchenkoPastur(weights, (0.3, 0.7), 0.4)
    for (a, b), mass in zip(law.components(), law.component_masses(), strict=True):
        middle = 0.3 * a + 0.7 * b
        below = quad(law.pdf, a, middle, epsabs=1e-12, limit=200)[0]
        assert law.cdf(middle) - law.cdf(a - 1e-9) == pytest.approx(below, abs=1e-9)
        assert quad(law.pdf, a, b, epsabs=1e-12, limit=200)[0] == pytest.approx(mass, abs=1e-9)


@given(weight_laws(), aspect_ratios, st.integers(0, 10**6))
def test_quantiles_invert_the_cdf(law, gamma, seed):
    law = make(law, gamma)
    q = np.random.default_rng(seed).random(20)
    x = law.ppf(q)
    continuous = x != 0
    # off the atom, up to the resolution of x itself near very narrow components
    slack = 4 * np.spacing(np.abs(x).max(initial=0)) * law.pdf(x[continuous]).max(initial=0)
    assert np.abs(law.cdf(x) - q)[continuous].max(initial=0) <= 1e-9 + slack
    assert (law.cdf(0.0) >= q[~continuous]).all()
    lo, hi = law.support()
    assert law.ppf(0.0) == lo
    assert law.ppf(1.0) == pytest.approx(hi, rel=1e-9, abs=1e-13 * max(-lo, hi))


def test_draws_follow_the_law():
    """Kolmogorov's bound: KS of n draws exceeds 1.95/√n with probability 0.001."""
    law = GeneralizedMarchenkoPastur([1.0, -0.5, 0.0], [0.2, 0.3, 0.5], 0.8)
    draws = np.sort(law.rvs(4000, rng=1))
    assert (draws == 0).mean() == pytest.approx(law.atom_at_zero, abs=0.03)
    F = law.cdf(draws)
    empirical = np.searchsorted(draws, draws, side="right") / draws.size
    assert np.abs(F - empirical).max() < 1.95 / np.sqrt(4000)
    np.testing.assert_array_equal(law.rvs(3, rng=5), law.rvs(3, rng=5))
    assert np.isscalar(law.rvs(rng=5))


def test_a_thousand_random_signed_laws():
    """Weights over twelve decades, repeated, nearly equal or zero, γ at P(λ≠0) too: no failure,
    F increasing, mass 1."""
    rng = np.random.default_rng(0)
    for _ in range(1000):
        n = int(rng.integers(1, 41))
        base = rng.standard_normal(n)
        kinds = (
            base,
            np.abs(base),
            np.round(base, 1),
            base * 10 ** rng.uniform(-6, 6, n),
            base[0] * (1 + 1e-9 * base),
            base * (rng.random(n) > 0.4),
        )
        lam = kinds[rng.integers(len(kinds))]
        w = rng.dirichlet(np.full(n, 10 ** rng.uniform(-1.5, 1.5)))
        gamma = 10 ** rng.uniform(-3, 3)
        if rng.random() < 0.1 and lam.any():
            gamma = w[lam != 0].sum()
        law = GeneralizedMarchenkoPastur(lam, w, gamma)
        assert abs(law.component_masses().sum() + law.atom_at_zero - 1) <= 1e-10
        lo, hi = law.support()
        x = np.sort(np.append(np.linspace(lo - 1e-9, hi + 1e-9, 40), law.ppf(rng.random(10))))
        assert (np.diff(law.cdf(x)) >= 0).all()
        assert np.isfinite(law.pdf(x)).all()


# --- moments ------------------------------------------------------------------------------------


@given(weight_laws(), st.floats(0.01, 20.0))
def test_moments_from_free_cumulants(law, gamma):
    """Against the sum over non-crossing partitions, listed one by one."""
    weights, probabilities = law
    law = make(law, gamma)
    scale = max(np.abs(weights).max(), 1e-300) * max(1.0, gamma)
    for n in range(1, 6):
        expected = oracles.noncrossing_partition_moment(
            n, lambda k: gamma ** (k - 1) * np.sum(probabilities * weights**k)
        )
        assert law.moment(n) == pytest.approx(expected, rel=1e-10, abs=1e-13 * (10 * scale) ** n)
    assert law.moment(0) == 1
    assert law.mean() == pytest.approx(law.moment(1), abs=EXACT * scale)
    assert law.var() == pytest.approx(law.moment(2) - law.moment(1) ** 2, abs=1e-10 * scale**2)


@given(weight_laws(), st.floats(0.05, 5.0))
def test_moments_are_integrals_against_the_density(law, gamma):
    law = make(law, gamma)
    theta = (np.arange(4000) + 0.5) * np.pi / 8000
    for n in (1, 2, 3):
        total, size = 0.0, 0.0
        for a, b in law.components():
            t = a + (b - a) * np.sin(theta) ** 2
            cells = law.pdf(t) * (b - a) * np.sin(2 * theta) * np.pi / 8000
            total += np.sum(cells * t**n)
            size += np.sum(cells * np.abs(t) ** n)
        assert law.moment(n) == pytest.approx(total, abs=2e-3 * size + 1e-300)


# --- equivariance and degenerate cases ----------------------------------------------------------


@given(weight_laws(), aspect_ratios, st.sampled_from([1e-10, 1e-3, 7.0, 1e8]))
def test_scaling_the_weights_scales_the_law(law, gamma, scale):
    base, scaled = make(law, gamma), make((law[0] * scale, law[1]), gamma)
    x = inner_points(base, 20)
    # the scaled weights are rounded: a relative error of eps in x moves F by eps |x| pdf
    slack = 8 * np.finfo(float).eps * (np.abs(x) * base.pdf(x)).max(initial=0)
    slack *= 1 + np.abs(base.support()).max() / np.abs(x).min(initial=1)
    np.testing.assert_allclose(scaled.cdf(scale * x), base.cdf(x), atol=1e-8 + slack)
    np.testing.assert_allclose(
        np.array(scaled.support()),
        scale * np.array(base.support()),
        rtol=1e-10,
        atol=1e-12 * scale * max(1e-300, np.abs(base.support()).max()),
    )


@given(weight_laws(), aspect_ratios)
def test_negating_the_weights_mirrors_the_law(law, gamma):
    base, mirror = make(law, gamma), make((-law[0], law[1]), gamma)
    assert mirror.support() == pytest.approx((-base.support()[1], -base.support()[0]))
    np.testing.assert_allclose(mirror.component_masses(), base.component_masses()[::-1], atol=1e-9)


def test_components_split_when_the_aspect_ratio_is_small():
    """As γ → 0 the law tends to the law of its mean; well separated weights never split it, for
    features of one block share all weights: the law has one component of width O(√γ)."""
    law = GeneralizedMarchenkoPastur([1.0, 3.0], [0.5, 0.5], 1e-3)
    ((lo, hi),) = law.components()
    assert lo < 2 < hi
    # semicircle of variance γ E λ² = 5e-3
    assert hi - lo == pytest.approx(4 * np.sqrt(5e-3), rel=0.05)


def test_components_split_when_the_aspect_ratio_is_large():
    """For γ ≫ 1 each weight carries its own component, near γ λ_k, of mass w_k/γ."""
    law = GeneralizedMarchenkoPastur([1.0, 10.0], [0.5, 0.5], 1e3)
    np.testing.assert_allclose(law.component_masses(), [5e-4, 5e-4], rtol=1e-9)
    for (lo, hi), lam in zip(law.components(), (1.0, 10.0), strict=True):
        assert lo < 1e3 * lam * 1.02
        assert hi > 1e3 * lam * 0.98


def test_conditional_law_merges_equal_weights():
    law = conditional_law([2.0, 0.0, 2.0, -1.0], 3)
    np.testing.assert_array_equal(law.weights, [-1, 0, 2])
    np.testing.assert_array_equal(law.probabilities, [0.25, 0.25, 0.5])
    assert law.aspect_ratio == 0.75
    assert repr(law).endswith("([-1.0, 0.0, 2.0], [0.25, 0.25, 0.5], 0.75)")


def test_mixed_scales_keep_relative_accuracy():
    """A component at 1e-15 of the other keeps its shape: ``cdf(0.2 ε)`` does not depend on ε."""
    for tiny in (1e-6, 1e-12, 1e-15):
        law = GeneralizedMarchenkoPastur([1.0, tiny], [0.2, 0.8], 0.5)
        assert law.cdf(0.2 * tiny) == pytest.approx(0.0400320814, rel=1e-5)


def test_weights_that_underflow_count_as_zero():
    law = GeneralizedMarchenkoPastur([1e-170, 1.0], [0.5, 0.5], 0.6)
    assert law.atom_at_zero == pytest.approx(1 - 0.5 / 0.6)
    assert 0 < law.cdf(0.5) < 1


def test_extreme_quantiles_are_the_support():
    weights = [-2.93005, -0.247676, -1.244707, -1.34344, -0.36438, -0.096442, -0.183204]
    law = GeneralizedMarchenkoPastur(weights, np.full(7, 1 / 7), 0.98279)
    assert (law.ppf(0.0), law.ppf(1.0)) == law.support()
    assert law.cdf(law.support()[1]) == 1


def test_shapes_follow_the_argument():
    law = MarchenkoPastur(0.5)
    assert law.pdf(np.ones((2, 3))).shape == (2, 3)
    assert law.cdf(np.ones((2, 3))).shape == (2, 3)
    assert np.ndim(law.pdf(1.0)) == np.ndim(law.cdf(1.0)) == np.ndim(law.ppf(0.5)) == 0
    assert np.isnan(law.pdf(np.nan))
    assert np.isnan(law.cdf(np.nan))
    np.testing.assert_array_equal(law.cdf([-np.inf, np.inf]), [0, 1])


def test_a_solver_that_does_not_converge_raises():
    with pytest.raises(RuntimeError, match="did not converge"):
        kernels.height_squared(np.nan, np.array([1.0]), np.array([1.0]), NO_PANELS)
