"""Accuracy of the generalised Marchenko–Pastur law against mpmath at 30 digits."""

import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import quad

from rmt_hessian.theory import GeneralizedMarchenkoPastur, MarchenkoPastur
from tests.strategies import aspect_ratios, weight_laws

EPS = np.finfo(float).eps


def true_point(law, x):
    """Density and CDF at x, by Newton on ``z(a) = x`` at 30 digits from a float start."""
    nonzero = law.weights != 0
    with mpmath.workdps(30):
        gamma = mpmath.mpf(law.aspect_ratio)
        lam = [mpmath.mpf(t) for t in law.weights[nonzero]]
        w = [mpmath.mpf(t) for t in law.probabilities[nonzero]]
        a = mpmath.mpmathify(-1 / law.stieltjes(x + 1e-7j * np.ptp(law.support())))
        for _ in range(100):
            value = a + sum(s * t * a / (a - gamma * t) for s, t in zip(w, lam, strict=True))
            slope = 1 - sum(gamma * s * t**2 / (a - gamma * t) ** 2 for s, t in zip(w, lam))  # noqa: B905
            step = (x - value) / slope
            a += step
            if abs(step) < mpmath.mpf(10) ** -27 * abs(a):
                break
        assert a.imag > 0
        phi = -mpmath.log(a)
        for s, t in zip(w, lam, strict=True):
            phi += s / gamma * (mpmath.log(a) - mpmath.log(a - gamma * t))
            phi -= s * t / (a - gamma * t)
        return (-1 / a).imag / mpmath.pi, 1 + phi.imag / mpmath.pi, abs(slope)


@given(weight_laws(max_atoms=6), aspect_ratios, st.integers(0, 10**6))
def test_density_and_cdf(law, gamma, seed):
    """``pdf · width`` to 1e-12 from relative distance 1e-6 of an edge on, 1e-8 nearer; CDF to
    1e-12. An ulp of x itself moves the density by ``|pdf'| ulp(x)``, which is added: it passes
    1e-12 only for γ of order 1e-3, where the law is narrow and far from 0."""
    law = GeneralizedMarchenkoPastur(*law, gamma)
    rng = np.random.default_rng(seed)
    hard = abs(law.probabilities[law.weights != 0].sum() / gamma - 1) < 1e-6
    for (lo, hi), mass in zip(law.components(), law.component_masses(), strict=True):
        if mass < 1e-8 or hard:
            continue
        near = 10 ** rng.uniform([-6, -12], [-0.31, -6])  # a relative distance of each kind
        x = np.where(rng.random(2) < 0.5, lo + (hi - lo) * near, hi - (hi - lo) * near)
        distance = np.minimum(x - lo, hi - x) / (hi - lo)
        for point, r, pdf, cdf in zip(x, distance, law.pdf(x), law.cdf(x), strict=True):
            if r <= 1e-13:
                continue
            exact_pdf, exact_cdf, slope = true_point(law, point)
            # dρ/dx = Im(a'/a²)/π = Im(1/(a² z'))/π, |1/a| <= π ρ up to the real part: bounded by
            s2 = abs(law.stieltjes(point + 1e-9j * (hi - lo))) ** 2
            ulp = 4 * np.spacing(abs(point)) * float(s2 / slope) * (hi - lo)
            bound = (1e-12 if r >= 1e-6 else 1e-8) + ulp
            assert abs(float(exact_pdf - pdf)) * (hi - lo) <= bound
            assert abs(float(exact_cdf - cdf)) <= 1e-12


@pytest.mark.parametrize("gamma", [1e-3, 0.3, 1.0, 7.0, 1e3])
def test_edges(gamma):
    """Against the roots of ``z'(a) = 0`` at 30 digits, to 1e-13 of the largest edge."""
    weights, probabilities = (1.0, -0.7, 0.2), (0.25, 0.5, 0.25)
    law = GeneralizedMarchenkoPastur(weights, probabilities, gamma)
    with mpmath.workdps(30):
        g = mpmath.mpf(gamma)
        pairs = [(mpmath.mpf(t), mpmath.mpf(s)) for t, s in zip(weights, probabilities)]  # noqa: B905

        def h(a):
            return sum(g * s * t**2 / (a - g * t) ** 2 for t, s in pairs) - 1

        exact = []
        for start in (end for gap in law.gaps() for end in gap if np.isfinite(end)):
            a = mpmath.findroot(h, start)
            exact.append(a + sum(s * t * a / (a - g * t) for t, s in pairs))
    edges = np.ravel(law.components())
    assert len(exact) == edges.size
    np.testing.assert_allclose(edges, np.array(exact, float), atol=1e-13 * np.abs(edges).max())


@given(weight_laws(), aspect_ratios, st.integers(0, 10**6))
def test_quantiles_to_the_last_digits(law, gamma, seed):
    """``|cdf(ppf(q)) - q| <= 1e-12`` off the jump, and what an ulp of x changes."""
    law = GeneralizedMarchenkoPastur(*law, gamma)
    q = np.random.default_rng(seed).random(20)
    x = law.ppf(q)
    slack = 4 * np.spacing(np.abs(x)) * law.pdf(x)
    assert (np.abs(law.cdf(x) - q) <= 1e-12 + slack)[x != 0].all()


# --- transforms ---------------------------------------------------------------------------------


@given(weight_laws(), aspect_ratios, st.integers(0, 10**6))
def test_stieltjes_transform_solves_its_equation(law, gamma, seed):
    """At heights from 1e-12 to 100 times the width, above and below the axis."""
    weights, probabilities = law
    law = GeneralizedMarchenkoPastur(weights, probabilities, gamma)
    rng = np.random.default_rng(seed)
    lo, hi = law.support()
    width = max(hi - lo, 1.0)
    z = rng.uniform(lo - 1, hi + 1, 12) + 1j * width * 10 ** rng.uniform(-12, 2, 12)
    s = law.stieltjes(z)
    terms = probabilities * weights / (1 + gamma * weights * s[:, None])
    size = np.abs(terms).sum(axis=1) + np.abs(z)
    assert (s.imag > 0).all()
    np.testing.assert_allclose(law.stieltjes(z.conj()), s.conj(), rtol=1e-14)
    assert (np.abs(1 / s - terms.sum(axis=1) + z) <= 1e-12 * size + 1e-12 / np.abs(s)).all()


def test_stieltjes_transform_on_the_axis_outside_the_support():
    law = GeneralizedMarchenkoPastur([1.0, -0.5], [0.4, 0.6], 3.0)
    lo, hi = law.support()
    (_, b), (c, _) = law.components()
    for x in (lo - 1, (b + 0) / 2, c / 2, hi + 1):
        parts = [
            quad(lambda t: law.pdf(t) / (t - x), *ends, epsabs=1e-12)[0]  # noqa: B023
            for ends in law.components()
        ]
        expected = sum(parts) - law.atom_at_zero / x
        assert law.stieltjes(x) == pytest.approx(expected, rel=1e-8)
    assert law.stieltjes(0.0) == np.inf
    middle = (lo + b) / 2
    assert law.stieltjes(middle).imag == pytest.approx(np.pi * law.pdf(middle), rel=1e-12)
    assert np.isfinite(law.stieltjes(lo))
    with pytest.raises(ValueError, match="finite"):
        law.stieltjes(np.nan)
    assert law.stieltjes(np.ones((2, 3)) * 1j).shape == (2, 3)


def test_places_and_gaps():
    """``z(-1/s(x)) = x`` with ``s' = 1/(a² z')``, and gaps end at the edges."""
    law = GeneralizedMarchenkoPastur([1.0, -0.5], [0.4, 0.6], 3.0)
    x = np.array([-5.0, -0.01, 0.02, 9.0])
    a = -1 / law.stieltjes(x).real
    np.testing.assert_allclose(law.place(a), x, rtol=1e-12)
    step = 1e-6
    slopes = (law.stieltjes(x + step) - law.stieltjes(x - step)).real / (2 * step)
    np.testing.assert_allclose(1 / (a**2 * law.slope(a)), slopes, rtol=1e-4)
    ends = np.array([end for gap in law.gaps() for end in gap][1:-1])
    np.testing.assert_allclose(law.place(ends), np.ravel(law.components()), rtol=1e-12)


@pytest.mark.parametrize("gamma", [0.05, 0.7, 2.7])
@pytest.mark.parametrize("z", [3.0, -2.0, 0.3, 1 + 1j, -0.2 - 0.01j])
def test_log_potential_is_the_integral(gamma, z):
    law = GeneralizedMarchenkoPastur([1.0, -0.5], [0.4, 0.6], gamma)
    total = law.atom_at_zero * np.log(abs(z))
    for lo, hi in law.components():
        inside = [z] if np.isreal(z) and lo < z < hi else None
        total += quad(lambda t: law.pdf(t) * np.log(abs(z - t)), lo, hi, limit=500, points=inside)[
            0
        ]
    assert law.log_potential(z) == pytest.approx(total, abs=1e-7)


def test_log_potential_of_the_classical_law():
    """At γ = 1 and z = 0: ``∫ log x dμ = -1``."""
    assert MarchenkoPastur(1.0).log_potential(-1e-12) == pytest.approx(-1, abs=1e-5)


def test_log_potential_beside_an_atom():
    """``~ atom · log|z|`` down to the smallest numbers."""
    law = MarchenkoPastur(2.0)
    U = law.log_potential(np.array([1e-150, 1e-160, 1e-300]))
    np.testing.assert_allclose(np.diff(U), -0.5 * np.log(10) * np.array([10, 140]), rtol=1e-9)


def test_a_large_law_keeps_its_accuracy():
    """1000 weights: the equation at 30 random points of the support."""
    rng = np.random.default_rng(0)
    lam = rng.standard_normal(1000) * np.exp(rng.standard_normal(1000))
    law = GeneralizedMarchenkoPastur(lam, np.full(1000, 1e-3), 0.6)
    for x in rng.uniform(*law.components()[0], 5):
        pdf, cdf, _ = true_point(law, x)
        assert abs(float(pdf - law.pdf(x))) * np.ptp(law.support()) <= 1e-12
        assert abs(float(cdf - law.cdf(x))) <= 1e-12
