"""Weights with a density: their law against quadrature, and against ever finer discrete weights."""

from itertools import pairwise

import mpmath as mp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from scipy.integrate import quad

from rmt_hessian.theory import GeneralizedMarchenkoPastur
from rmt_hessian.theory.laws.continuous_mp import ContinuousMarchenkoPastur
from rmt_hessian.theory.laws.weight_density import (
    WeightDensity,
    gauss_nodes,
)
from tests.tolerances import EXACT

UNIFORM = WeightDensity(np.array([[0.5, 1.0], [1.0, 1.5]]), np.ones((2, 8)))
SIGNED = WeightDensity(
    np.array([[-2.0, -1.0], [0.5, 1.0], [1.0, 1.5]]),
    np.vstack([np.full((1, 8), 0.3), np.full((2, 8), 0.5)]),
    zero=0.2,
)


def lognormal(std):
    """Panels of length ½ in log λ, to nine standard deviations."""
    t = np.linspace(-9 * std, 9 * std, int(36 * std) + 1)
    edges = np.exp(np.column_stack([t[:-1], t[1:]]))
    return WeightDensity.of(
        lambda x: np.exp(-(np.log(x) ** 2) / (2 * std**2)) / (x * std * np.sqrt(2 * np.pi)), edges
    )


def triangle():
    """``1 - |λ|`` on [-1, 1]: through 0, where neither density nor law has a gap."""
    halves = 2.0 ** -np.arange(40)[::-1]
    ends = np.column_stack([halves[:-1], halves[1:]])
    edges = np.concatenate([-ends[::-1, ::-1], ends])
    return WeightDensity.of(lambda x: 1 - np.abs(x), edges)


WEIGHTS = {
    "uniform": UNIFORM,
    "signed": SIGNED,
    "lognormal": lognormal(1.0),
    "heavy": lognormal(2.0),
    "through 0": triangle(),
}
GAMMAS = (0.01, 0.4, 1.0, 5.0)
every = pytest.mark.parametrize("gamma", GAMMAS)


def bulk(law, n=40, tail=1e-3):
    """Quantiles of the continuous part, between its tails."""
    q = tail + (1 - 2 * tail) * (np.arange(n) + 0.5) / n
    below = law.cdf(0.0) - law.atom_at_zero
    q = q * (1 - law.atom_at_zero)
    return law.ppf(np.where(q < below, q, q + law.atom_at_zero))


@every
@pytest.mark.parametrize("weights", [UNIFORM, SIGNED], ids=["uniform", "signed"])
def test_ever_finer_discrete_weights(weights, gamma):
    """40,000 atoms at midpoints: an error of 1e-9 in h, of order 1e-9 in the density."""
    n = 20_000
    middle, mass = [], []
    for (lo, hi), density in zip(weights.edges, weights.density, strict=True):
        middle.append(lo + (hi - lo) * (np.arange(n) + 0.5) / n)
        mass.append(np.full(n, density[0] * (hi - lo) / n))
    lam = np.append(np.concatenate(middle), 0.0)
    w = np.append(np.concatenate(mass), weights.zero)
    discrete = GeneralizedMarchenkoPastur(lam, w / w.sum(), gamma)
    law = ContinuousMarchenkoPastur(weights, gamma)
    x = bulk(law)
    np.testing.assert_allclose(law.pdf(x), discrete.pdf(x), rtol=1e-7)
    np.testing.assert_allclose(law.cdf(x), discrete.cdf(x), atol=1e-9)
    assert law.atom_at_zero == pytest.approx(discrete.atom_at_zero, abs=1e-12)
    assert law.moment(3) == pytest.approx(discrete.moment(3), rel=1e-7)


@every
@pytest.mark.parametrize("name", WEIGHTS)
def test_distribution_is_the_integral_of_the_density(name, gamma):
    law = ContinuousMarchenkoPastur(WEIGHTS[name], gamma)
    x = bulk(law, 12)
    rises = [quad(law.pdf, a, b, epsabs=1e-12, limit=200)[0] for a, b in pairwise(x)]
    at_zero = law.atom_at_zero * ((x[:-1] < 0) & (x[1:] >= 0))
    np.testing.assert_allclose(np.diff(law.cdf(x)) - at_zero, rises, atol=1e-9)
    q = np.array([0.02, 0.3, 0.7, 0.999])
    q = q[law.ppf(q) != 0]
    np.testing.assert_allclose(law.cdf(law.ppf(q)), q, rtol=1e-12)
    assert law.component_masses().sum() + law.atom_at_zero == pytest.approx(1, abs=EXACT)


@every
@pytest.mark.parametrize("name", WEIGHTS)
def test_no_node_shows(name, gamma):
    """One interval each side of 0, and no local minimum inside; eight nodes a panel have many."""
    law = ContinuousMarchenkoPastur(WEIGHTS[name], gamma)
    assert len(law.components()) <= (2 if name in ("signed", "through 0") else 1)
    for sign in (-1, 1):
        x = np.unique(bulk(law, 400))
        x = x[sign * x > 1e-9 * np.abs(x).max()]
        turns = np.diff(np.sign(np.diff(law.pdf(x))))
        assert (turns > 0).sum() <= (1 if name in ("signed", "uniform") else 0)
    if name == "heavy" and gamma == 5.0:  # the rule of nodes by itself does show them
        nodes = WEIGHTS[name].nodes, WEIGHTS[name].probabilities
        assert len(GeneralizedMarchenkoPastur(*nodes, gamma).components()) > 50


@pytest.mark.parametrize("gamma", [0.4, 5.0])
@pytest.mark.parametrize("q", [0.05, 0.5, 0.9999, 1 - 1e-9])
def test_the_equation_by_mpmath(gamma, q):
    """``s = 1/(E[λ/(1 + γ λ s)] - z)`` by quadrature, far into a tail."""
    law = ContinuousMarchenkoPastur(lognormal(1.0), gamma)
    x = float(law.ppf(law.atom_at_zero + (1 - law.atom_at_zero) * q))
    s = mp.mpc(complex(law.stieltjes(x)))
    assert s.imag / mp.pi == pytest.approx(law.pdf(x), rel=1e-10)
    with mp.workdps(30):

        def integrand(t):
            lam = mp.exp(t)
            return lam / (1 + gamma * lam * s) * mp.npdf(t)

        pole = mp.log(-1 / (gamma * s)).real
        width = max(abs(mp.log(-1 / (gamma * s)).imag), mp.mpf(10) ** -14)
        near = [pole + k * width for k in (-100, -10, -1, 0, 1, 10, 100)]
        ends = sorted([mp.mpf(-9), mp.mpf(9), *(t for t in near if -9 < t < 9)])
        residual = 1 / (mp.quad(integrand, ends) - x) / s - 1
    assert abs(residual) < 1e-9


@every
def test_potential_and_transform(gamma):
    law = ContinuousMarchenkoPastur(SIGNED, gamma)
    z = np.array([1 + 1j, -2 + 0.5j, 0.3 + 0.01j, 9.0])
    step = 1e-5
    slope = (law.log_potential(z + step) - law.log_potential(z - step)) / (2 * step)
    np.testing.assert_allclose(-slope, law.stieltjes(z).real, rtol=1e-6)
    s = law.stieltjes(z)
    a = -1 / s
    w, lam = SIGNED.probabilities, SIGNED.nodes
    far = np.abs(a - gamma * lam[:, None]).min(axis=0) > 1.5 * gamma  # where Gauss's rule holds
    place = a + np.sum(w[:, None] * lam[:, None] * a / (a - gamma * lam[:, None]), axis=0)
    np.testing.assert_allclose(place[far], z[far], rtol=1e-9)
    x = bulk(law, 9)
    x = x[x != 0]
    np.testing.assert_allclose(law.stieltjes(x).imag / np.pi, law.pdf(x), rtol=1e-10)


@given(st.floats(-2, 2), st.floats(0.02, 3.0), st.floats(0.0, 0.9), st.floats(-4, 4))
def test_one_interval_of_any_place_and_length(middle, length, zero, log_gamma):
    """Against its own 8 × 64 Gauss nodes where the height is many spacings, and everywhere exact
    masses and moments."""
    lo, hi = middle - length / 2, middle + length / 2
    ends = np.unique([lo, hi, *([0.0] if lo < 0 < hi else [])])
    edges = np.column_stack([ends[:-1], ends[1:]])
    weights = WeightDensity.of(np.ones_like, edges, zero)
    law = ContinuousMarchenkoPastur(weights, np.exp(log_gamma))
    second = (1 - zero) * (middle**2 + length**2 / 12)
    assert law.mean() == pytest.approx((1 - zero) * middle, abs=1e-14)
    assert law.var() == pytest.approx(np.exp(log_gamma) * second, rel=1e-12)
    assert law.component_masses().sum() + law.atom_at_zero == pytest.approx(1, abs=1e-9)
    x = law.ppf((np.arange(20) + 0.5) / 20)
    F = law.cdf(x)
    assert (np.diff(F) >= 0).all()
    assert np.isfinite(law.pdf(x)).all()


def test_hard_edges_beside_panels():
    """P(λ≠0) = γ: the law begins at 0, also where a panel begins as far from 0 as it is long."""
    for edges in ([[0.5, 1.0], [3.0, 3.5]], [[0.5, 1.0], [1.0, 20.0]], [[0.5, 1.5]]):
        law = ContinuousMarchenkoPastur(WeightDensity.of(np.ones_like, edges), 1.0)
        assert law.support()[0] == 0.0
        q = np.array([0.01, 0.02, 0.2, 0.6])
        np.testing.assert_allclose(law.cdf(law.ppf(q)), q, rtol=1e-9)


def test_poles_roots_and_gaps():
    """Panels halve towards a pole; one that is empty is a gap."""
    for law, edges in (
        (stats.gamma(0.5), [[0, 1], [1, 40]]),
        (stats.beta(0.8, 2), [[0, 0.5], [0.5, 1]]),
        (stats.semicircular, [[-1, 0], [0, 1]]),
    ):
        weights = WeightDensity.of(law.pdf, edges)
        assert weights.mean() == pytest.approx(law.mean(), abs=1e-8)
        assert weights.second_moment() == pytest.approx(law.moment(2), rel=1e-8)
    halves = np.array([[0.0, 1.0], [1.0, 2.0], [2.0, 3.0]])
    empty = WeightDensity(halves, np.array([[0.5], [0.0], [0.5]]) * np.ones(8))
    gap = WeightDensity(halves[[0, 2]], np.full((2, 8), 0.5))
    assert empty == gap
    assert len(ContinuousMarchenkoPastur(empty, 30.0).components()) == 2
    with pytest.raises(ValueError, match="finite and not negative, got -"):
        WeightDensity.of(lambda x: 1.5 - 3 * x, [[0, 1]])
    with pytest.raises(ValueError, match="positive integral"):
        WeightDensity.of(np.zeros_like, [[0, 1]])


@pytest.mark.parametrize("scale", [1e-200, 1e200])
def test_any_scale(scale):
    weights = WeightDensity.of(np.ones_like, [[scale, 1.5 * scale]])
    one = ContinuousMarchenkoPastur(WeightDensity.of(np.ones_like, [[1, 1.5]]), 0.5)
    law = ContinuousMarchenkoPastur(weights, 0.5)
    assert law.median() == pytest.approx(scale * one.median(), rel=1e-12)
    assert law.std() == pytest.approx(scale * one.std(), rel=1e-12)


def test_scaled():
    law = SIGNED.scaled(3.0)
    assert law.mean() == pytest.approx(3 * SIGNED.mean(), rel=EXACT)
    assert law.probabilities.sum() == pytest.approx(0.8, rel=EXACT)


WRONG = {
    "around 0": (([[-1.0, 1.0]], np.full((1, 8), 0.5)), "no panel around 0"),
    "not ascending": (([[1.0, 0.5]], np.ones((1, 8))), "ascending ends"),
    "shape": (([[0.0, 1.0]], np.ones((1, 7))), r"density must have shape \(1, 8\)"),
    "negative": (([[0.0, 1.0]], -np.ones((1, 8))), "must not be negative"),
    "total": (([[0.0, 1.0]], 2 * np.ones((1, 8))), "must be 1 to 1e-08, got 2"),
    "zero": (([[0.0, 1.0]], np.ones((1, 8)), 1.0), r"zero must lie in \[0, 1\)"),
}


@pytest.mark.parametrize(("arguments", "message"), WRONG.values(), ids=WRONG.keys())
def test_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        WeightDensity(*arguments)


def test_unresolved_density_raises():
    with pytest.raises(RuntimeError, match="do not resolve"):
        WeightDensity.of(lambda x: np.abs(np.sin(1e5 * x)), np.array([[0.5, 1.0]]))
    with pytest.raises(ValueError, match="weights must be a WeightDensity"):
        ContinuousMarchenkoPastur([1.0], 0.5)


def test_gauss_nodes_integrate_polynomials():
    edges = np.array([[0.0, 1.0], [2.0, 5.0]])
    x = gauss_nodes(edges)
    assert x.shape == (2, 8)
    law = WeightDensity.of(np.ones_like, edges)
    assert law.probabilities @ law.nodes**7 == pytest.approx((1 + 5**8 - 2**8) / 8 / 4, rel=1e-13)
