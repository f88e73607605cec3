"""The free convolution of weights and a spectrum: closed cases, its equation, simulations."""

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from rmt_hessian import ks_distance
from rmt_hessian.theory import SeparableLaw
from rmt_hessian.theory.laws.free_convolution import FreeConvolution
from rmt_hessian.theory.laws.separable_solver import solve
from tests.tolerances import EXACT, ITERATIVE, STATISTICAL


def equal_masses(weights, spectrum, phi):
    weights, spectrum = np.asarray(weights), np.asarray(spectrum)
    w, p = (np.full(x.size, 1 / x.size) for x in (weights, spectrum))
    return FreeConvolution(weights, w, spectrum, p, phi)


def drawn_weights(kind, n, rng):
    return {
        "positive": lambda: rng.lognormal(0, 1, n),
        "negative": lambda: -rng.lognormal(0, 1, n) * rng.lognormal(0, 1, n),
        "signs": lambda: rng.choice([-1.0, 1.0], n) + 0.2 * rng.standard_normal(n),
        "masked": lambda: rng.standard_normal(n) * (rng.random(n) < 0.4),
        "uniform": lambda: rng.uniform(0.5, 1.5, n),
        "nearly constant": lambda: 1 + 0.03 * rng.uniform(-1, 1, n),
    }[kind]()


KINDS = ["positive", "negative", "signs", "masked", "uniform", "nearly constant"]


@pytest.mark.parametrize(("q", "phi"), [(0.3, 0.5), (0.6, 0.2), (0.2, 0.1), (0.1, 0.6)])
def test_two_projections(q, phi):
    """Weights 0 and 1, all e = 1: the law of a block of a random projection (Wachter 1980),
    ``ρ = √((x - x₋)(x₊ - x))/(2π φ x (1 - x))``, ``x_± = (√(q(1 - φ)) ± √(φ(1 - q)))²``."""
    law = FreeConvolution([0.0, 1.0], [1 - q, q], [1.0], [1.0], phi)
    root = np.sqrt(q * (1 - phi)), np.sqrt(phi * (1 - q))
    lo, hi = (root[0] - root[1]) ** 2, (root[0] + root[1]) ** 2
    np.testing.assert_allclose(law.components(), [(lo, hi)], rtol=1e-9)
    x = lo + (hi - lo) * np.linspace(0.01, 0.99, 50)
    density = np.sqrt((x - lo) * (hi - x)) / (2 * np.pi * phi * x * (1 - x))
    np.testing.assert_allclose(law.pdf(x), density, rtol=1e-9)
    assert law.atom_at_zero == pytest.approx(max(1 - q / phi, 0.0), abs=EXACT)


@pytest.mark.parametrize("phi", [0.3, 3.0])
@pytest.mark.parametrize("weights", [[0.2, 1.0, 3.0], [-1.0, 0.5, 2.0], [-2.0, -0.1, 0.0]])
def test_it_takes_the_population_out_of_the_separable_law(phi, weights):
    """The spectrum of features of population ν, of 1000 quantiles: CDFs to a thousandth or so."""
    population, masses = [1.0, 4.0], [0.6, 0.4]
    thirds = np.full(3, 1 / 3)
    features = SeparableLaw([1.0], [1.0], population, masses, phi)
    spectrum = features.ppf((np.arange(1000) + 0.5) / 1000)
    law = FreeConvolution(weights, thirds, spectrum, np.full(1000, 1e-3), phi)
    separable = SeparableLaw(weights, thirds, population, masses, phi)
    x = separable.ppf(np.linspace(0.005, 0.995, 200))
    x = x[x != 0]
    np.testing.assert_allclose(law.cdf(x), separable.cdf(x), atol=2e-3)
    assert law.atom_at_zero == pytest.approx(separable.atom_at_zero, abs=2e-3)


def transform_by_iteration(z, lam, w, e, p, phi):
    """δ ← ½ (δ + g A/(1 - A)) until nothing moves: slow, obvious, for Im z of order one."""
    delta = 1j
    for _ in range(20000):
        kappa = sum(wk * lk / (1 + lk * delta) for lk, wk in zip(lam, w, strict=True))
        g = 1 / kappa - delta
        A = phi * sum(pk * ek / (ek - z * g) for ek, pk in zip(e, p, strict=True))
        image = g * A / (1 - A)
        if abs(image - delta) < 1e-15 * abs(delta):
            break
        delta = (delta + image) / 2
    return (A / phi - 1) / z


@pytest.mark.parametrize("phi", [0.4, 2.0])
@pytest.mark.parametrize("weights", [[0.5, 2.0, 1.0], [-1.0, 3.0, 0.0], [1.0, 1.1, 0.95]])
def test_transform(phi, weights):
    rng = np.random.default_rng(1)
    e = rng.uniform(0.5, 2.0, 6) * (np.arange(6) < 6 / phi)
    thirds, sixths = np.full(3, 1 / 3), np.full(6, 1 / 6)
    law = FreeConvolution(weights, thirds, e, sixths, phi)
    lam, w = law._equation.lam * (law._unit / e.max()), law._equation.w  # with their least spread
    for z in (1.0 + 1.0j, -0.5 + 0.8j, 2.0j, 3.0 + 0.5j):
        expected = transform_by_iteration(z, lam, w, e, sixths, phi)
        assert law.stieltjes(z) == pytest.approx(expected, rel=1e-11)
        assert law.stieltjes(z.conjugate()) == pytest.approx(expected.conjugate(), rel=1e-11)


@given(st.sampled_from(KINDS), st.integers(5, 30), st.integers(2, 30), st.integers(0, 2**20))
@settings(max_examples=60)
@example("signs", 4, 20, 3)  # regular: as many weights as eigenvalues, both signs
@example("masked", 10, 4, 18)
@example("masked", 11, 6, 0)  # 6 weights, 6 eigenvalues: a hard edge
def test_masses_and_moments(kind, n, p, seed):
    rng = np.random.default_rng(seed)
    lam = drawn_weights(kind, n, rng)
    e = np.zeros(p)
    e[: min(n, p)] = rng.uniform(0.3, 2.0, min(n, p))
    law = equal_masses(lam, e, p / n)
    assert law.component_masses().sum() + law.atom_at_zero == pytest.approx(1, abs=1e-9)
    assert law.mean() == pytest.approx(lam.mean() * e.mean(), abs=EXACT * np.abs(lam).max() * 2)
    lo, hi = law.support()
    assert (np.diff(law.cdf(np.linspace(lo, hi, 40))) >= -1e-12).all()
    reach = 1.5 * np.abs(lam).max() * e.max()
    assert -reach <= lo <= hi <= reach
    assert lam.any() == bool(law.components())
    # the series of the moments against the transform far out: relative (3/30)^9
    z = 30j * max(abs(lo), abs(hi), 1e-3)
    series = -sum(law.moment(k) / z ** (k + 1) for k in range(9))
    assert law.stieltjes(z) == pytest.approx(series, rel=1e-9)


def test_the_variance_counts_null_features_and_null_weights():
    """``(Eλ)² Var e + φ Var λ (Ee)²`` of all λ and e, zeros among them, and ``m₂ - m₁²``."""
    lam, e = (
        np.array([0.0, 1.0, -2.0, 4.0, 0.0, 0.0, 1.0, 1.0]),
        np.array([0.0, 0.0, 1.0, 2.0, 3.0]),
    )
    law = equal_masses(lam, e, 5 / 8)
    expected = lam.mean() ** 2 * e.var() + 5 / 8 * lam.var() * e.mean() ** 2
    assert law.var() == pytest.approx(expected, rel=EXACT)
    assert law.moment(2) - law.mean() ** 2 == pytest.approx(expected, rel=EXACT)


@pytest.mark.parametrize("kind", ["positive", "signs", "masked"])
def test_density_is_that_of_the_cdf(kind):
    rng = np.random.default_rng(4)
    law = equal_masses(drawn_weights(kind, 60, rng), rng.uniform(0.5, 3.0, 40), 2 / 3)
    q = np.linspace(0.03, 0.97, 30)
    x = law.ppf(q)
    x = x[np.abs(x) > 1e-6]
    h = 1e-5 * np.abs(x)
    slope = (law.cdf(x + h) - law.cdf(x - h)) / (2 * h)
    inside = law.pdf(x) > 1e-2 * law.pdf(x).max()
    np.testing.assert_allclose(law.pdf(x)[inside], slope[inside], rtol=1e-4)
    np.testing.assert_allclose(law.ppf(law.cdf(x[inside])), x[inside], rtol=1e-9)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("p", "n"), [(400, 800), (400, 200), (360, 2000)])
def test_features_with_a_covariance(kind, p, n):
    """Spectra of drawn matrices, from the features' own spectrum; for any covariance."""
    rng = np.random.default_rng(p + n)
    Z = rng.standard_normal((n, p)) * np.sqrt(np.where(np.arange(p) % 2, 5.0, 1.0))
    lam = drawn_weights(kind, n, rng)
    e = np.zeros(p)
    e[: min(n, p)] = np.linalg.svd(Z, compute_uv=False) ** 2 / n
    values = np.linalg.eigvalsh((Z.T * lam) @ Z / n)
    assert ks_distance(values, equal_masses(lam, e, p / n)) < STATISTICAL


@pytest.mark.parametrize("weights", [[0.5, 2.0, 1.0], [-2.5, 3.0, 0.0], [-1.0, -1.3, -0.8]])
def test_an_error_of_the_solution_enters_the_distribution_squared(weights):
    """In both coordinates, on both sides of 0: halving it takes a quarter of what it does to F."""
    thirds, e = np.full(3, 1 / 3), np.linspace(0.5, 2.0, 40)
    equation = FreeConvolution(weights, thirds, e, np.full(40, 1 / 40), 0.5)._equation
    x = np.array([-0.3, 0.3])
    delta = solve(equation, x + 0j)
    x, delta = x[delta.imag > 0], delta[delta.imag > 0]
    assert x.size == (2 if min(weights) < 0 < max(weights) else 1)
    F = equation.distribution(delta, x)
    first, second = (equation.distribution(delta * (1 + h), x) - F for h in (2e-4, 1e-4))
    assert (np.abs(first) < 1e-5).all()
    np.testing.assert_allclose(first / second, 4, rtol=0.05)


def test_mirrored_and_scaled():
    rng = np.random.default_rng(6)
    lam, e = rng.standard_normal(30), rng.uniform(0.5, 2.0, 20)
    law, mirrored = equal_masses(lam, e, 2 / 3), equal_masses(-3 * lam, e, 2 / 3)
    x = np.linspace(*law.support(), 33)[1:-1]
    np.testing.assert_allclose(law.cdf(x), 1 - mirrored.cdf(-3 * x), atol=1e-10)
    np.testing.assert_allclose(law.pdf(x), 3 * mirrored.pdf(-3 * x), rtol=ITERATIVE, atol=1e-10)


def test_equal_weights_give_the_spectrum_itself():
    """Smoothed by 0.006, see the docstring of the law, beside the steps of 1/p."""
    e = np.linspace(0.5, 4.0, 300) ** 2
    law = equal_masses(np.full(600, 2.0), e, 0.5)
    assert ks_distance(2 * e, law) < 0.006 + 1 / 300
    assert law.mean() == pytest.approx(2 * e.mean())


def test_of_nothing():
    assert equal_masses([0.0, 0.0], [1.0, 2.0], 0.5).atom_at_zero == 1.0
    law = equal_masses([1.0, 2.0], [0.0, 0.0], 0.5)
    assert (law.atom_at_zero, law.mean(), law.moment(3)) == (1.0, 0.0, 0.0)


def test_more_eigenvalues_than_samples():
    with pytest.raises(ValueError, match=r"spectrum must have a rank of at most N, a share .* 0.5"):
        equal_masses([1.0, 2.0], [1.0, 2.0, 3.0, 4.0], 2.0)
