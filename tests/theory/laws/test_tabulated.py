"""Against closed forms: the semicircle and Marchenko–Pastur laws, tabulated."""

import numpy as np
import pytest

from rmt_hessian.theory import MarchenkoPastur
from rmt_hessian.theory.laws.tabulated import TabulatedLaw
from tests.oracles import marchenko_pastur_pdf
from tests.tolerances import EXACT, ITERATIVE


def sine_nodes(lo, hi, n):
    return lo + (hi - lo) * np.sin(np.linspace(0, np.pi / 2, n)) ** 2


def marchenko_pastur_table(gamma, n=513, nodes=sine_nodes, **kwargs):
    lo, hi = (1 - np.sqrt(gamma)) ** 2, (1 + np.sqrt(gamma)) ** 2
    x = nodes(lo, hi, n)
    x[[0, -1]] = lo, hi
    with np.errstate(divide="ignore", invalid="ignore"):
        rho = marchenko_pastur_pdf(x, gamma)
    rho[0] = np.inf if gamma == 1 else 0.0
    return TabulatedLaw([(x, rho)], max(0.0, 1 - 1 / gamma), **kwargs)


GAMMAS = [0.3, 1.0, 2.0]  # soft edges; a hard edge at 0; an atom at 0
Q = np.append((np.arange(40) + 0.5) / 40, [0.0, 1.0])


@pytest.mark.parametrize("gamma", GAMMAS)
def test_equals_the_law_that_was_tabulated(gamma):
    """Spline of order h⁶, h = π/1024: below 1e-11 for these smooth densities."""
    law, exact = marchenko_pastur_table(gamma), MarchenkoPastur(gamma)
    ((lo, hi),) = law.components()
    x = lo + (hi - lo) * Q[:-2]
    np.testing.assert_allclose(law.pdf(x), marchenko_pastur_pdf(x, gamma), atol=1e-9)
    np.testing.assert_allclose(law.cdf(x), exact.cdf(x), atol=1e-10)
    np.testing.assert_allclose(law.ppf(Q), exact.ppf(Q), atol=1e-9)
    assert law.component_masses().sum() + law.atom_at_zero == pytest.approx(1, abs=EXACT)
    assert law.cdf(hi) == 1
    assert law.cdf(np.nextafter(min(lo, 0.0), -1)) == 0
    assert law.support() == (min(lo, 0.0) if gamma > 1 else lo, hi)
    for k in range(6):
        assert law.moment(k) == pytest.approx(exact.moment(k), rel=1e-10)
    assert law.var() == pytest.approx(exact.var(), rel=1e-10)
    assert abs(law.mass_error) < 1e-10


@pytest.mark.parametrize("gamma", GAMMAS)
def test_stieltjes_transform(gamma):
    """Closed form, off the axis, on it outside the support, and its upper limit inside."""
    law = marchenko_pastur_table(gamma)
    lo, hi = (1 - np.sqrt(gamma)) ** 2, (1 + np.sqrt(gamma)) ** 2
    z = np.array([1 + 0.5j, hi + 0.1, -0.2, lo + 0.1 + 1e-6j, (lo + hi) / 2, lo + 0.01])
    root = np.sqrt(z - lo + 0j) * np.sqrt(z - hi + 0j)
    expected = (1 - gamma - z + root) / (2 * gamma * z)
    np.testing.assert_allclose(law.stieltjes(z), expected, atol=1e-9)
    np.testing.assert_array_equal(law.stieltjes(z[:1].conj()), law.stieltjes(z[:1]).conj())
    np.testing.assert_allclose(law.stieltjes(z).imag[-2:] / np.pi, law.pdf(z.real[-2:]), atol=1e-9)
    assert law.stieltjes(2j) == pytest.approx(law.stieltjes(np.array([2j]))[0])


def test_the_error_falls_with_the_sixth_power():
    errors = []
    for n in (65, 129, 257):
        law = marchenko_pastur_table(0.3, n)
        x = law.ppf(Q[:-2])
        errors.append(np.abs(law.cdf(x) - MarchenkoPastur(0.3).cdf(x)).max())
    rates = np.log2(np.array(errors[:-1]) / errors[1:])
    assert (rates > 5.0).all()


@pytest.mark.parametrize("seed", range(3))
def test_nodes_of_any_spacing(seed):
    """Random nodes: the largest of 2000 gaps in θ is about (π/2) log(2000)/2000 = 0.006."""
    rng = np.random.default_rng(seed)

    def nodes(lo, hi, n):
        theta = np.sort(np.append(rng.random(n - 2) * np.pi / 2, [0.0, np.pi / 2]))
        return lo + (hi - lo) * np.sin(theta) ** 2

    law = marchenko_pastur_table(0.3, 2000, nodes)
    x = law.ppf(Q)
    np.testing.assert_allclose(law.cdf(x), MarchenkoPastur(0.3).cdf(x), atol=ITERATIVE)


def test_a_density_that_ends_in_a_jump():
    """Uniform on [1, 3]: ends at ½, not in a square root."""
    x = np.linspace(1, 3, 400)
    law = TabulatedLaw([(x, np.full(400, 0.5))], tolerance=1e-4)
    t = np.linspace(1.01, 2.99, 50)
    np.testing.assert_allclose(law.cdf(t), (t - 1) / 2, atol=1e-4)
    assert law.var() == pytest.approx(1 / 3, rel=1e-3)


def two_semicircles(atom=0.0):
    """Masses 0.3 and 0.7 of what the atom leaves, about -2 and 1, radius 1."""
    x = np.cos(np.linspace(np.pi, 0, 257))
    rho = 2 / np.pi * np.sqrt(1 - x**2) * (1 - atom)
    return TabulatedLaw([(x - 2, 0.3 * rho), (x + 1, 0.7 * rho)], atom)


def test_two_components_and_an_atom_at_the_end_of_one():
    law = two_semicircles(0.2)
    assert law.atom_at_zero == 0.2
    np.testing.assert_allclose(law.component_masses(), [0.24, 0.56], rtol=1e-12)
    np.testing.assert_allclose(law.cdf([-3, -2, -0.5, 0, 1, 2]), [0, 0.12, 0.24, 0.44, 0.72, 1])
    np.testing.assert_allclose(law.ppf([0, 0.12, 0.3, 0.43, 0.72, 1]), [-3, -2, 0, 0, 1, 2])
    assert law.mean() == pytest.approx(0.24 * -2 + 0.56, rel=1e-12)
    assert law.stieltjes(3j) == pytest.approx(
        0.8 * two_semicircles().stieltjes(3j) - 0.2 / 3j, rel=1e-10
    )


def test_an_atom_inside_a_component():
    x = np.cos(np.linspace(np.pi, 0, 257))
    law = TabulatedLaw([(x, 1 / np.pi * np.sqrt(1 - x**2))], 0.5)
    assert law.cdf(np.nextafter(0, -1)) == pytest.approx(0.25)
    assert law.cdf(0.0) == pytest.approx(0.75)
    assert np.isinf(law.stieltjes(0.0).real)
    np.testing.assert_array_equal(law.ppf([0.26, 0.5, 0.74]), 0)
    q = np.array([0.1, 0.2, 0.8, 0.9])
    np.testing.assert_allclose(law.cdf(law.ppf(q)), q, atol=1e-12)
    assert law.support() == (-1, 1)


def test_draws_follow_the_law():
    """Kolmogorov's bound: KS of n draws exceeds 1.95/√n with probability 0.001."""
    law = two_semicircles(0.2)
    draws = np.sort(law.rvs(4000, rng=1))
    empirical = np.searchsorted(draws, draws, side="right") / draws.size
    assert np.abs(law.cdf(draws) - empirical).max() < 1.95 / np.sqrt(4000)
    np.testing.assert_array_equal(law.rvs(3, rng=5), law.rvs(3, rng=5))
    assert np.isscalar(law.rvs(rng=5))


def test_mass_is_made_one_within_the_tolerance():
    x = np.cos(np.linspace(np.pi, 0, 129))
    rho = 2 / np.pi * np.sqrt(1 - x**2)
    law = TabulatedLaw([(x, 1.001 * rho)], tolerance=0.01)
    assert law.mass_error == pytest.approx(1e-3, rel=1e-6)
    assert law.component_masses().sum() == pytest.approx(1, abs=EXACT)
    assert law.var() == pytest.approx(0.25, rel=1e-9)
    with pytest.raises(ValueError, match=r"total mass must be 1 to 1e-06, got 1\.001"):
        TabulatedLaw([(x, 1.001 * rho)])


def test_nothing_but_the_atom():
    law = TabulatedLaw([], 1.0)
    assert law.components() == []
    assert law.support() == (0, 0)
    np.testing.assert_array_equal(law.cdf([-1.0, 0.0, 1.0]), [0, 1, 1])
    assert law.ppf(0.5) == law.mean() == law.var() == law.pdf(0.0) == 0
    assert law.moment(0) == 1
    assert law.stieltjes(1j) == pytest.approx(1j)


def test_shapes_and_nan_follow_the_argument():
    law = two_semicircles()
    assert law.pdf(np.ones((2, 3))).shape == law.cdf(np.ones((2, 3))).shape == (2, 3)
    assert law.stieltjes(np.full((2, 3), 1j)).shape == law.ppf(np.full((2, 3), 0.5)).shape == (2, 3)
    assert np.ndim(law.pdf(1.0)) == np.ndim(law.cdf(1.0)) == np.ndim(law.ppf(0.5)) == 0
    assert np.isnan(law.pdf(np.nan))
    assert np.isnan(law.cdf(np.nan))
    np.testing.assert_array_equal(law.cdf([-np.inf, np.inf]), [0, 1])
    assert "2 components" in repr(law)


GRID = np.linspace(0.0, 1.0, 9)
BAD = {
    "order": (lambda: TabulatedLaw([(GRID[::-1], GRID)]), "ascending nodes"),
    "few": (lambda: TabulatedLaw([(GRID[:3], GRID[:3])]), "at least 6"),
    "shape": (lambda: TabulatedLaw([(GRID, GRID[:4])]), "one density per node"),
    "negative": (lambda: TabulatedLaw([(GRID, GRID - 0.5)]), "must not be negative, got -0.5"),
    "NaN": (lambda: TabulatedLaw([(GRID, GRID * np.nan)]), "must be finite"),
    "pole inside": (
        lambda: TabulatedLaw([(GRID, np.where(GRID == 0.5, np.inf, 1.0))]),
        "must be finite, got 1",
    ),
    "overlap": (lambda: TabulatedLaw([(GRID, GRID), (GRID, GRID)]), "components must ascend"),
    "atom": (lambda: TabulatedLaw([(GRID, GRID)], 1.5), r"atom_at_zero must lie in \[0, 1\]"),
    "nothing": (lambda: TabulatedLaw([], 0.4), "total mass must be 1"),
    "tolerance": (lambda: TabulatedLaw([], 1.0, tolerance=0), "tolerance must be positive"),
    "quantile": (lambda: two_semicircles().ppf(1.5), r"q must lie in \[0, 1\]"),
    "moment": (lambda: two_semicircles().moment(-1), "k must be at least 0"),
}


@pytest.mark.parametrize(("call", "message"), BAD.values(), ids=BAD.keys())
def test_bad_input(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_a_density_is_nowhere_negative():
    """A peak beside zeros, where the spline swings below 0."""
    x = np.cos(np.linspace(np.pi, 0, 21))
    rho = np.where(np.abs(x) < 0.1, 1.0, 0.0)
    law = TabulatedLaw([(x, rho)], tolerance=10.0)
    density = law.pdf(np.linspace(-1, 1, 2001))
    assert density.min() == 0.0
    assert density.max() > 0.5
