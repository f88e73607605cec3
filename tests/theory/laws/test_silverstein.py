"""Against the classical law, a polynomial, Silverstein and Choi's ends, and a simulation."""

import numpy as np
import pytest
from numpy.polynomial import Polynomial

from rmt_hessian import ks_distance
from rmt_hessian.theory import MarchenkoPastur, SeparableLaw, SilversteinLaw
from tests.tolerances import EXACT


@pytest.mark.parametrize("ratio", [0.1, 1.0, 2.5])
def test_constant_population_is_the_classical_law(ratio):
    law, exact = SilversteinLaw([3.0, 3.0, 3.0], ratio), MarchenkoPastur(ratio, 3.0)
    np.testing.assert_allclose(law.components(), exact.components(), atol=1e-9)
    x = np.linspace(0.01, 12, 40)
    np.testing.assert_allclose(law.cdf(x), exact.cdf(x), atol=1e-8)
    assert law.atom_at_zero == pytest.approx(exact.atom_at_zero, abs=EXACT)


def companion(law):
    """For a population of a few atoms: numerator of ``z + 1/m - c ∫ t/(1 + t m) dH`` at real z.

    Silverstein's equation times ``m Π(1 + t m)``: a cubic in m for two atoms.
    """
    m, factors = Polynomial([0, 1]), [Polynomial([1, t]) for t in law.population]

    def product(without=None):
        kept = [f for k, f in enumerate(factors) if k != without]
        return np.prod([Polynomial([1]), *kept])

    masses = law.ratio * law.population * law.population_probabilities
    rest = sum(mass * product(k) for k, mass in enumerate(masses))
    return lambda z: (z * m + 1) * product() - m * rest


@pytest.mark.parametrize("ratio", [0.05, 0.5, 3.0])
@pytest.mark.parametrize("population", [[1.0, 10.0], [0.5, 2.0, 2.0]])
def test_density_from_the_roots_of_the_polynomial(population, ratio):
    """``ρ = Im m/(π c)``, m the one root in the upper half plane."""
    law = SilversteinLaw(population, ratio)
    polynomial = companion(law)
    for lo, hi in law.components():
        for x in np.linspace(lo, hi, 23)[1:-1]:
            density = polynomial(x).roots().imag.max() / (np.pi * ratio)
            assert law.pdf(x) == pytest.approx(density, rel=1e-6)


@pytest.mark.parametrize("ratio", [0.02, 0.1, 0.6])
def test_ends_of_silverstein_and_choi(ratio):
    """Where ``x(m) = -1/m + c ∫ t/(1 + t m) dH`` is stationary at real m: roots of a polynomial."""
    t, w = np.array([1.0, 3.0, 10.0]), np.array([0.5, 0.3, 0.2])
    law = SilversteinLaw(t, ratio, w)
    squares = [Polynomial([1, s]) ** 2 for s in t]
    m2 = Polynomial([0, 0, 1])
    slope = np.prod(squares)  # m² Π(1 + t m)² x'(m)
    for k in range(3):
        others = np.prod([Polynomial([1]), *(s for j, s in enumerate(squares) if j != k)])
        slope = slope - ratio * w[k] * t[k] ** 2 * m2 * others
    m = slope.roots()
    m = m[np.abs(m.imag) < 1e-9].real
    ends = np.sort(-1 / m + ratio * (w * t / (1 + np.outer(m, t))).sum(axis=1))
    np.testing.assert_allclose(np.ravel(law.components()), ends, rtol=1e-9)


def test_simulation():
    """p = 500, n = 1000: counting eigenvalues fluctuates by O(log p), here 5/p; log 500 = 6.2."""
    rng = np.random.default_rng(0)
    population = np.exp(rng.standard_normal(500))
    X = rng.standard_normal((1000, 500)) * np.sqrt(population)
    spectrum = np.linalg.eigvalsh(X.T @ X / 1000)
    assert ks_distance(spectrum, SilversteinLaw(population, 0.5)) < 5 / 500
    assert ks_distance(spectrum, SilversteinLaw(population, 2.0)) > 0.1  # n/p is another ratio


def test_it_is_a_separable_law_with_a_repr_of_its_own():
    law = SilversteinLaw([1.0, 4.0], 0.5, [0.25, 0.75])
    twin = SeparableLaw([1.0], [1.0], [1.0, 4.0], [0.25, 0.75], 0.5)
    assert law.mean() == twin.mean() == 3.25
    np.testing.assert_array_equal(law.components(), twin.components())
    assert eval(repr(law)) == law
    assert law != SilversteinLaw([1.0, 4.0], 0.5)
    assert "500 population" in repr(SilversteinLaw(np.arange(500.0), 0.5))


BAD = {
    "negative": (lambda: SilversteinLaw([-1.0, 2.0], 0.5), "population must not be negative"),
    "empty": (lambda: SilversteinLaw([], 0.5), "population must not be empty"),
    "ratio": (lambda: SilversteinLaw([1.0], 0), "ratio must be positive"),
    "shapes": (lambda: SilversteinLaw([1.0, 2.0], 1, [1.0]), "must have one shape"),
}


@pytest.mark.parametrize(("call", "message"), BAD.values(), ids=BAD.keys())
def test_bad_input(call, message):
    with pytest.raises(ValueError, match=message):
        call()
