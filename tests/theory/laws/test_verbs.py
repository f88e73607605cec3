"""SciPy's verbs on every law: against scipy.stats, closed forms, identities, and the borders."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import integrate, stats

from rmt_hessian.theory import (
    GeneralizedMarchenkoPastur,
    MarchenkoPastur,
    SeparableLaw,
    SpectralLaw,
    WithNullSpace,
)
from rmt_hessian.theory.laws.free_convolution import FreeConvolution
from rmt_hessian.theory.laws.matrix_free_convolution import MatrixFreeConvolution
from rmt_hessian.theory.laws.matrix_layer import MatrixLayerLaw
from rmt_hessian.theory.laws.tabulated import TabulatedLaw
from tests.strategies import aspect_ratios, weight_laws
from tests.tolerances import EXACT, ITERATIVE

COSINES = np.cos(np.linspace(np.pi, 0, 513))
RNG = np.random.default_rng(5)
MATRICES = np.stack([np.eye(2), 2 * np.eye(2)] * 20)


def semicircle(scale=1.0, atom=0.0):
    rho = 2 / np.pi * np.sqrt(1 - COSINES**2) * (1 - atom) / scale
    return TabulatedLaw([(scale * COSINES, rho)], atom)


LAWS = {
    "classical": MarchenkoPastur(0.5),
    "scaled": MarchenkoPastur(0.5, scale=2.0),
    "hard edge": MarchenkoPastur(1.0),
    "negative, hard edge": GeneralizedMarchenkoPastur([-1.0, -0.5], [0.5, 0.5], 1.0),
    "atom": MarchenkoPastur(4.0),
    "negative, atom": GeneralizedMarchenkoPastur([-1.0], [1.0], 3.0),
    "signed": GeneralizedMarchenkoPastur([1.0, -0.8], [0.5, 0.5], 0.7),
    "atom between components": GeneralizedMarchenkoPastur([1.0, -0.8], [0.5, 0.5], 3.0),
    "twelve decades": GeneralizedMarchenkoPastur(
        10.0 ** np.arange(-12, 1), np.full(13, 1 / 13), 5.0
    ),
    "only the atom": GeneralizedMarchenkoPastur([0.0], [1.0], 0.5),
    "many weights": GeneralizedMarchenkoPastur(RNG.standard_normal(40), np.full(40, 0.025), 0.4),
    "semicircle": semicircle(),
    "atom inside": semicircle(atom=0.25),
    "atom below": TabulatedLaw([(3 + COSINES, 1.5 / np.pi * np.sqrt(1 - COSINES**2))], 0.25),
    "atom at the hard edge": WithNullSpace(MarchenkoPastur(1.0), 0.25),
    "null space inside": WithNullSpace(
        GeneralizedMarchenkoPastur([1.0, -0.8], [0.5, 0.5], 0.7), 0.25
    ),
    "separable": SeparableLaw([1.0, 0.5], [0.5, 0.5], [1.0, 4.0], [0.5, 0.5], 0.25),
    "layer": MatrixLayerLaw(MATRICES, 0.2),
    "layer of both signs": MatrixLayerLaw(MATRICES * np.diag([1.0, -0.5]), 0.2),
    "free convolution": FreeConvolution([1.0, -0.5], [0.5, 0.5], [1.0, 4.0], [0.5, 0.5], 0.25),
    "layer on given features": MatrixFreeConvolution(MATRICES, [1.0, 4.0], [0.5, 0.5], 0.25),
}
CONTINUOUS = {k: law for k, law in LAWS.items() if law.atom_at_zero == 0}
every_law = pytest.mark.parametrize("law", LAWS.values(), ids=LAWS.keys())
Q = np.array([0.0, 1e-6, 0.01, 0.3, 0.5, 0.77, 0.99, 1 - 1e-6, 1.0])


def points(law):
    lo, hi = law.support()
    inner = law.ppf(Q)
    return np.concatenate([inner, (inner[1:] + inner[:-1]) / 2, [lo - 1, hi + 1, 0.0]])


# --- distribution functions ---------------------------------------------------------------------


@every_law
def test_survival_is_what_the_distribution_leaves(law):
    x = points(law)
    np.testing.assert_allclose(law.sf(x), 1 - law.cdf(x), rtol=0, atol=EXACT)
    np.testing.assert_allclose(np.exp(law.logcdf(x)), law.cdf(x), rtol=1e-12, atol=0)
    np.testing.assert_allclose(np.exp(law.logpdf(x)), law.pdf(x), rtol=1e-12, atol=0)
    lo, hi = law.support()
    assert law.sf(hi) == law.sf(np.inf) == law.logcdf(hi) == law.logcdf(np.inf) == 0
    assert np.signbit(law.logcdf(hi)) == np.False_
    assert law.sf(np.nextafter(lo, -np.inf)) == law.sf(-np.inf) == 1
    assert law.logcdf(lo - 1) == law.logpdf(lo - 1) == law.logpdf(hi + 1) == -np.inf
    assert law.logpdf(np.inf) == law.logcdf(-np.inf) == -np.inf


@given(weight_laws(), aspect_ratios, st.integers(0, 10**6))
def test_survival_of_any_law(law, gamma, seed):
    law = GeneralizedMarchenkoPastur(*law, gamma)
    q = np.random.default_rng(seed).random(20)
    deep = law.isf(10.0 ** -np.arange(1.0, 15.0))
    assert (np.diff(deep) >= -1e-15 * max(np.abs(law.support()))).all()  # as ppf at a hard edge
    x = np.sort(np.append(law.ppf(q), deep))
    sf = law.sf(x)
    np.testing.assert_allclose(sf, 1 - law.cdf(x), rtol=0, atol=EXACT)
    hard = law.support()[1] == 0 == law.atom_at_zero  # F is known to 1e-8 beside it
    assert (np.diff(sf) <= (ITERATIVE if hard else 2e-14)).all()
    q = q[q > 1e-3]
    np.testing.assert_array_equal(law.isf(q), law.ppf(1 - q))


def test_the_upper_tail_of_the_semicircle():
    """``∫_x^1 2/π √(1-t²) dt``, known to SciPy where 1 - cdf is rounding; ε of x moves it by
    ``1.5 ε/(1 - x)``, the table is good to 1e-11."""
    law, distance = semicircle(), 10.0 ** -np.arange(1.0, 14.0)
    x = 1 - distance
    exact = stats.beta(1.5, 1.5).sf((1 + x) / 2)
    tail = 2**0.5 * 2 / np.pi * distance**1.5 / 1.5  # its first term
    np.testing.assert_allclose(exact[8:], tail[8:], rtol=1e-2)
    slack = 1e-11 + 4 * np.finfo(float).eps / (1 - x)
    assert (np.abs(law.sf(x) / exact - 1) <= slack).all()
    q = 10.0 ** -np.arange(1.0, 20.0)
    x = law.isf(q)
    assert (np.abs(law.sf(x) / q - 1) <= 1e-11 + 4 * np.finfo(float).eps / (1 - x)).all()
    far = -law.ppf(q[:12])  # by symmetry, known to ε of F
    np.testing.assert_allclose(1 - x[:6], 1 - far[:6], rtol=1e-8)
    assert law.logcdf(x[-1]) == pytest.approx(-1e-19, rel=0.1, abs=0)


@pytest.mark.parametrize("gamma", [0.25, 1.0, 3.0])
def test_the_upper_tail_of_marchenko_and_pastur(gamma):
    law = MarchenkoPastur(gamma)
    lo, hi = (1 - np.sqrt(gamma)) ** 2, (1 + np.sqrt(gamma)) ** 2
    for distance in (1e-2, 1e-4, 1e-6, 1e-8):
        x = hi * (1 - distance)

        def integrand(s, x=x):
            t = hi - (hi - x) * s * s
            return (hi - x) ** 1.5 * s * s * np.sqrt(t - lo) / (np.pi * gamma * t)

        exact = integrate.quad(integrand, 0, 1, epsabs=0, epsrel=1e-13)[0]
        assert law.sf(x) == pytest.approx(exact, rel=1e-10 + 1e-15 / distance)
        assert law.isf(exact) == pytest.approx(x, rel=1e-14, abs=1e-9 * hi * distance)


@every_law
def test_quantiles_from_above(law):
    np.testing.assert_allclose(law.isf(Q), law.ppf(1 - Q), rtol=1e-9, atol=EXACT)
    lo, hi = law.support()
    assert (law.isf(0), law.isf(1)) == (hi, lo)
    deep = law.isf(10.0 ** -np.arange(3.0, 18.0))
    assert (np.diff(deep) >= 0).all()
    assert deep[-1] <= hi


def test_an_atom_above_everything_is_the_tail():
    law = LAWS["negative, atom"]  # mass 2/3 at 0
    np.testing.assert_array_equal(law.isf([0.0, 1e-300, 1e-3, 0.6]), 0)
    assert law.sf(-1e-9) == pytest.approx(2 / 3, abs=EXACT)
    assert law.isf(0.7) < 0


def test_the_tail_at_a_hard_edge_above():
    """``-MP(1)``: ``P(X > -y) = 2 √y/π`` and a relative y/24 less."""
    law = GeneralizedMarchenkoPastur([-1.0], [1.0], 1.0)
    y = np.array([1e-6, 1e-8, 1e-10])
    np.testing.assert_allclose(law.sf(-y), 2 * np.sqrt(y) / np.pi, rtol=1e-5)
    q = np.array([1e-4, 1e-5, 1e-6])
    np.testing.assert_allclose(law.sf(law.isf(q)), q, rtol=1e-9)


def test_a_last_component_lighter_than_the_tail():
    law = GeneralizedMarchenkoPastur([1.0, 100.0], [0.9999, 0.0001], 2.0)
    last = law.component_masses()[-1]
    assert last == pytest.approx(5e-5, rel=1e-9)
    assert law.isf(2e-4) == pytest.approx(law.ppf(1 - 2e-4), rel=1e-10)
    assert law.isf(2e-4) < law.components()[-1][0] < law.isf(2e-5)


def test_a_needle_in_the_tail_is_not_overlooked():
    """1e-8 of the mass within 1e-9 of ``1 - 5e-7``, between the nodes of both rules on
    ``[1 - 1e-6, 1]``; the rest there is 6e-10."""
    at, width = 1 - 5e-7, 1e-9
    x = np.union1d(COSINES, at + np.linspace(-8, 8, 641) * width)
    needle = np.exp(-(((x - at) / width) ** 2) / 2) / (width * np.sqrt(2 * np.pi))
    law = TabulatedLaw([(x, 2 / np.pi * np.sqrt(1 - x**2) + 1e-8 * needle)])
    assert law.sf(1 - 1e-6) == pytest.approx(1.06e-8, rel=1e-2)


def test_median_and_intervals():
    law = semicircle(3.0)
    exact = stats.semicircular(scale=3.0)
    assert law.median() == pytest.approx(0, abs=1e-9)
    for confidence in (0.0, 0.3, 0.95, 1.0):
        np.testing.assert_allclose(law.interval(confidence), exact.interval(confidence), atol=1e-8)
    lo, hi = law.interval([[0.5], [0.9]])
    assert lo.shape == hi.shape == (2, 1)
    np.testing.assert_allclose(law.cdf(hi) - law.cdf(lo), [[0.5], [0.9]], rtol=1e-9)
    assert law.interval(1) == law.support()
    c = 1 - 2e-14
    assert law.interval(c)[1] == law.isf((1 - c) / 2) != law.ppf(1 - (1 - c) / 2)


@every_law
def test_medians_and_intervals_are_quantiles(law):
    assert law.median() == law.ppf(0.5)
    assert isinstance(law.median(), float)
    np.testing.assert_allclose(law.interval(0.9), law.ppf([0.05, 0.95]), rtol=1e-9, atol=EXACT)
    assert law.interval(1.0) == law.support()


# --- expectations -------------------------------------------------------------------------------


@every_law
def test_expectations_are_moments(law):
    size = max(np.abs(law.support()))
    assert law.expect(lambda x: 1) == pytest.approx(1, abs=EXACT)
    between = 1e-9 + getattr(law, "interpolation_error", 0.0)
    assert law.expect() == pytest.approx(law.mean(), abs=between * size)
    table = getattr(law, "interpolation_error", 0.0)  # of F; its moments 1 and 2 are exact
    for k in range(5):
        bound = 1e-9 * law.expect(lambda x, k=k: abs(x) ** k) + table * size**k
        assert law.expect(lambda x, k=k: x**k) == pytest.approx(law.moment(k), abs=bound)
    assert law.var() == pytest.approx(law.std() ** 2, rel=EXACT)
    second = law.expect(lambda x: (x - law.mean()) ** 2)
    assert law.var() == pytest.approx(second, rel=1e-9, abs=table * size**2)
    value, exponent = SpectralLaw._variance(law)  # what a law without a formula does
    assert 4.0**exponent * value == pytest.approx(law.var(), rel=1e-9, abs=table * size**2)
    assert isinstance(law.expect(), float)


@pytest.mark.parametrize("name", [name for name in LAWS if not name.startswith("layer on")])
def test_complex_expectations_are_transforms(name):
    law, z = LAWS[name], 0.3 + 0.1j  # but of the layer's, whose table is good to 2e-3
    transform = law.expect(lambda x: 1 / (x - z))
    assert transform == pytest.approx(complex(law.stieltjes(z)), rel=ITERATIVE)


@given(weight_laws(), aspect_ratios)
def test_expectations_of_any_law(law, gamma):
    law = GeneralizedMarchenkoPastur(*law, gamma)
    assert law.expect(lambda x: 1.0) == pytest.approx(1, abs=EXACT)
    for k in (1, 2, 3):
        bound = 1e-9 * law.expect(lambda x, k=k: abs(x) ** k)
        assert law.expect(lambda x, k=k: x**k) == pytest.approx(law.moment(k), abs=bound)
    assert law.std() ** 2 == pytest.approx(law.var(), rel=EXACT)


def test_expectations_over_many_decades():
    """A share of 1e-9 far above the rest, and twelve decades of components: ``E[1/X; X > 0]``
    from the smallest, ``E X`` from the largest."""
    law = GeneralizedMarchenkoPastur([1e-6, 1.0], [1 - 1e-9, 1e-9], 0.5)
    assert law.expect() == pytest.approx(1e-9 + 1e-6, rel=1e-8)
    law = LAWS["twelve decades"]
    assert law.expect(lambda x: x) == pytest.approx(law.mean(), rel=1e-9)
    below = law.components()[0]
    inverse = law.expect(lambda x: 1 / x, lb=below[0])
    assert 1 / below[1] < inverse / law.component_masses()[0] < 1 / below[0]
    assert law.expect(lambda x: x < 1e-5, lb=below[0]) == pytest.approx(
        law.cdf(1e-5) - law.atom_at_zero, abs=1e-9
    )


@pytest.mark.parametrize("gamma", [0.1, 0.5, 0.9, 0.999])
def test_the_mean_logarithm_and_the_mean_reciprocal(gamma):
    """``E log X = -1 - (1-γ)/γ log(1-γ)`` and ``E 1/X = 1/(1-γ)``."""
    law = MarchenkoPastur(gamma)
    exact = -1 - (1 - gamma) / gamma * np.log1p(-gamma)
    assert law.expect(np.log) == pytest.approx(exact, abs=1e-9)
    assert law.expect(lambda x: 1 / x) == pytest.approx(1 / (1 - gamma), rel=1e-9)


def test_functions_that_are_not_smooth():
    law = LAWS["classical"]
    assert law.expect(lambda x: x > 0.3) == pytest.approx(law.sf(0.3), abs=1e-9)
    assert law.expect(lambda x: 1.0 if x > 0.3 else 0.0) == pytest.approx(law.sf(0.3), abs=1e-9)
    call = law.expect(lambda x: max(x - 1, 0))
    above = integrate.quad(lambda x: (x - 1) * law.pdf(x), 1, law.support()[1], epsabs=1e-12)[0]
    assert call == pytest.approx(above, rel=1e-8)
    # at the hard edge the quantiles are known to 1e-8 of probability
    assert LAWS["hard edge"].expect(np.log) == pytest.approx(-1, abs=1e-5)
    assert LAWS["hard edge"].expect(lambda x: 1 / x) == np.inf
    noise = law.expect(lambda x: x + 1e-6 * RNG.random())  # rougher than wanted, not too rough
    assert noise == pytest.approx(1, abs=2e-6)
    narrow = MarchenkoPastur(1e-24).expect(lambda x: (x - 1) ** 2)  # x in 4e4 roundings
    assert narrow == pytest.approx(1e-24, rel=1e-4)
    with pytest.raises(RuntimeError, match="did not converge"):
        law.expect(lambda x: RNG.random())


def test_bounds_count_the_atom_as_scipy_counts_it():
    law = LAWS["atom inside"]
    half = 0.375
    assert law.expect(lambda x: 1, ub=0) == pytest.approx(half + 0.25, abs=1e-9)
    assert law.expect(lambda x: 1, lb=0) == pytest.approx(half + 0.25, abs=1e-9)
    assert law.expect(lambda x: 1, ub=-1e-300) == pytest.approx(half, abs=1e-9)
    assert law.expect(lambda x: 7, lb=0, ub=0) == pytest.approx(7 / 4, abs=EXACT)
    assert law.expect(lambda x: x + 2, lb=-0.3, ub=0.4, conditional=True) == pytest.approx(
        law.expect(lambda x: x + 2, lb=-0.3, ub=0.4) / (law.cdf(0.4) - law.cdf(-0.3)), rel=1e-9
    )
    assert law.expect(lambda x: 1, lb=5) == 0
    assert law.expect(lb=-np.inf, ub=np.inf) == pytest.approx(0, abs=1e-9)
    exact = stats.semicircular()
    for lb, ub in ((-0.5, 0.25), (None, 0.9), (0.1, None), (-3, 3)):
        for conditional in (False, True):
            ours = semicircle().expect(np.exp, lb=lb, ub=ub, conditional=conditional)
            theirs = exact.expect(np.exp, lb=lb, ub=ub, conditional=conditional, epsabs=1e-12)
            assert ours == pytest.approx(theirs, rel=1e-8)


def test_entropy_of_the_semicircle():
    assert semicircle().entropy() == pytest.approx(stats.semicircular.entropy(), abs=1e-9)
    exact = stats.semicircular(scale=1e-3).entropy()
    assert semicircle(1e-3).entropy() == pytest.approx(exact, abs=1e-9)


def test_entropy_of_marchenko_and_pastur():
    """By quadrature of the closed density, in θ."""
    for gamma, mass in ((0.3, 1.0), (4.0, 0.25)):
        lo, hi = (1 - np.sqrt(gamma)) ** 2, (1 + np.sqrt(gamma)) ** 2

        def integrand(theta, gamma=gamma, lo=lo, hi=hi):
            x = lo + (hi - lo) * np.sin(theta) ** 2
            rho = (hi - lo) * np.sin(2 * theta) / (4 * np.pi * gamma * x)
            return -rho * np.log(rho) * (hi - lo) * np.sin(2 * theta)

        exact = integrate.quad(integrand, 0, np.pi / 2, epsabs=1e-12, limit=200)[0]
        law = MarchenkoPastur(gamma)
        assert law.entropy() == pytest.approx(exact, abs=1e-9)
        for scale in (1e-300, 1e-3, 7.0, 1e200):
            scaled = MarchenkoPastur(gamma, scale).entropy()
            assert scaled == pytest.approx(exact + mass * np.log(scale), rel=1e-9)


def test_entropy_is_of_the_continuous_part():
    base = LAWS["signed"]
    law = WithNullSpace(base, 0.25)
    assert law.entropy() == pytest.approx(0.75 * base.entropy() - 0.75 * np.log(0.75), abs=1e-9)
    assert LAWS["only the atom"].entropy() == 0
    assert TabulatedLaw([], 1.0).entropy() == 0
    # nearly Gaussian, of variance γ: to √γ of γ log-corrections
    x = np.linspace(0, 1, 400)  # log ρ = 0, but for the spline at the ends
    uniform = TabulatedLaw([(x, np.ones(400))], tolerance=1e-4)
    assert uniform.entropy() == pytest.approx(0, abs=1e-3)
    narrow = MarchenkoPastur(1e-12).entropy()
    assert narrow == pytest.approx(stats.semicircular(scale=2e-6).entropy(), abs=1e-5)
    with pytest.raises(RuntimeError, match="too narrow"):
        MarchenkoPastur(1e-24).entropy()


# --- draws --------------------------------------------------------------------------------------


def test_both_names_of_the_random_state_mean_the_same():
    law = LAWS["classical"]
    for state in (3, [1, 2]):
        np.testing.assert_array_equal(law.rvs(4, rng=state), law.rvs(4, random_state=state))
    drawn = np.random.default_rng(3).random((2, 2))
    np.testing.assert_array_equal(law.rvs((2, 2), random_state=3), law.ppf(drawn))
    np.testing.assert_array_equal(law.rvs(4, 3), law.rvs(4, None, 3))
    assert np.ndim(law.rvs(rng=1)) == 0
    with pytest.raises(ValueError, match=r"must not both be given, .* got 1 and 1"):
        law.rvs(4, rng=1, random_state=1)
    with pytest.raises(ValueError, match="random_state must be None, an int"):
        law.rvs(4, random_state=-1)


def test_draws_are_those_of_before():
    """Of the releases that knew one name only, with rng=7."""
    draws = MarchenkoPastur(0.5).rvs(3, random_state=7)
    np.testing.assert_allclose(draws, [1.12165061, 2.0785133, 1.57320611], rtol=1e-8)
    law = GeneralizedMarchenkoPastur([1.0, -0.8, 0.0], [0.3, 0.3, 0.4], 0.9)
    draws = law.rvs(4, rng=7)
    np.testing.assert_allclose(draws, [0.0, 0.99697581, 0.42687879, -0.31633875], rtol=1e-7)


@every_law
def test_every_law_has_a_repr_and_equals_itself(law):
    assert law == law
    assert hash(law) == hash(law)
    assert type(law).__name__ in repr(law)
    assert len(repr(law)) < 400
    if not repr(law).startswith("<"):
        assert eval(repr(law)) == law


# --- shapes and what is refused -----------------------------------------------------------------


@every_law
def test_shapes_follow_the_argument(law):
    for verb in (law.sf, law.logpdf, law.logcdf, law.isf):
        assert np.ndim(verb(0.5)) == 0
        assert verb(np.full((2, 3), 0.5)).shape == (2, 3)
        assert verb(np.empty((0, 2))).shape == (0, 2)
        assert verb([]).shape == (0,)
        assert verb([0, 1]).shape == verb((0.25, 1)).shape == (2,)
        np.testing.assert_array_equal(verb([0.5, 0.25])[0], verb(0.5))
        np.testing.assert_array_equal(verb(1), verb(1.0))
        np.testing.assert_array_equal(verb(np.float32(0.5)), verb(0.5))
    for verb in (law.sf, law.logpdf, law.logcdf):
        assert np.isnan(verb(np.nan))
        np.testing.assert_array_equal(np.isnan(verb([0.5, np.nan])), [False, True])
    assert law.interval([])[0].shape == (0,)


REFUSED = {
    "isf": (lambda law: law.isf(1.5), r"q must lie in \[0, 1\], got 1.5"),
    "isf NaN": (lambda law: law.isf([0.5, np.nan]), r"q must lie in \[0, 1\], got nan"),
    "interval": (lambda law: law.interval(-0.1), r"confidence must lie in \[0, 1\], got -0.1"),
    "func": (lambda law: law.expect(3), "func must be a function of a number, got 3"),
    "text": (lambda law: law.expect(lambda x: "a"), "func must return a number, got 'a' at"),
    "array": (lambda law: law.expect(lambda x: [x, x]), "func must return a number, got "),
    "ragged": (
        lambda law: law.expect(lambda x: [x] * (2 if x > 1 else 1)),
        "func must return a number",
    ),
    "bounds": (lambda law: law.expect(lb=2, ub=1), "lb must be at most ub, got 2 and 1"),
    "NaN bound": (lambda law: law.expect(lb=np.nan), "lb must be finite, got nan"),
    "condition": (
        lambda law: law.expect(lb=90, conditional=True),
        "lb and ub must have mass between them, got 90 and inf",
    ),
    "conditional": (lambda law: law.expect(conditional=1), "conditional must be True or False"),
}


@pytest.mark.parametrize(("call", "message"), REFUSED.values(), ids=REFUSED.keys())
def test_what_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call(LAWS["classical"])
