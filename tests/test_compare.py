import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import cauchy, expon, ks_1samp, norm, uniform
from scipy.stats import wasserstein_distance as scipy_wasserstein

from rmt_hessian import Ensemble, ks_distance, wasserstein_distance
from rmt_hessian.compare import density_curve
from rmt_hessian.theory import (
    GeneralizedMarchenkoPastur,
    MarchenkoPastur,
    SeparableLaw,
    WithNullSpace,
    block_law,
    conditional_law,
)
from tests.tolerances import EXACT


class Continuous:
    """A scipy law dressed as a spectral law without atom."""

    atom_at_zero = 0.0

    def __init__(self, law, lo, hi):
        self.cdf, self.ppf, self._ends = law.cdf, lambda q: np.clip(law.ppf(q), lo, hi), (lo, hi)

    def support(self):
        return self._ends

    def components(self):
        return [self._ends]


@given(st.integers(1, 200), st.integers(0, 10**6))
def test_ks_without_atom_equals_scipy(n, seed):
    x = np.random.default_rng(seed).standard_normal(n)
    law = Continuous(norm, -40, 40)
    assert ks_distance(x, law) == pytest.approx(ks_1samp(x, norm.cdf).statistic, abs=EXACT)


@given(st.integers(1, 60), st.integers(0, 10**6), st.sampled_from([norm, expon, cauchy]))
def test_ks_to_a_law_without_ends(n, seed, law):
    """Whose support is infinite: no scale of rounding comes from there."""
    x = np.random.default_rng(seed).standard_normal(n)
    assert ks_distance(x, law()) == pytest.approx(ks_1samp(x, law.cdf).statistic, abs=EXACT)


def test_ks_of_eigenvalues_far_out_is_one():
    assert ks_distance([10.0, 11.0], norm()) == pytest.approx(1.0)
    assert ks_distance([-10.0, -11.0], norm()) == pytest.approx(1.0)


def test_ks_with_an_atom_by_hand():
    """Half of the mass at 0; a spectrum with three of four eigenvalues at 0, one inside."""
    law = GeneralizedMarchenkoPastur([1.0], [1.0], 2.0)  # atom ½ at 0
    lo, _ = law.components()[0]
    # at 0: F_n = ¾ against ½; below 0 both are 0; from 0 to the component F_n stays ¾
    assert ks_distance([0, 0, 0, lo + 1e-9], law) == pytest.approx(0.5, abs=1e-3)  # F_n = 1 vs ½
    assert ks_distance([0.0] * 4, law) == pytest.approx(0.5)
    assert ks_distance([0.0, 0.0, *law.ppf([0.625, 0.875])], law) == pytest.approx(0.125)


def test_rounding_errors_of_null_eigenvalues_belong_to_the_atom():
    law = GeneralizedMarchenkoPastur([1.0], [1.0], 2.0)
    noisy = [1e-16, -3e-15, *law.ppf([0.625, 0.875])]
    assert ks_distance(noisy, law) == pytest.approx(0.125)


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_an_eigenvalue_on_the_limit_of_rounding_belongs_to_the_atom(sign):
    """1e-13 of the largest, exactly; the law is an atom, half of the eigenvalues lie elsewhere."""
    law = GeneralizedMarchenkoPastur([0.0], [1.0], 1.0)
    for small in (1e-13, -1e-13):
        assert ks_distance([small, sign], law) == 0.5


@given(st.integers(1, 60), st.integers(0, 10**6), st.floats(0.1, 4.0))
def test_quantiles_of_a_law_are_half_a_step_away(n, seed, gamma):
    law = MarchenkoPastur(gamma)
    if law.atom_at_zero == 0:
        x = law.ppf((np.arange(n) + 0.5) / n)
        assert ks_distance(x, law) == pytest.approx(0.5 / n, abs=1e-9)


def test_wasserstein_of_a_uniform_law():
    """One eigenvalue at the middle of [0, 1]: ∫|x - ½| = ¼."""
    law = Continuous(uniform, 0.0, 1.0)
    assert wasserstein_distance([0.5], law) == pytest.approx(0.25, abs=1e-6)
    assert wasserstein_distance([2.0], law) == pytest.approx(1.5, abs=1e-6)


def test_wasserstein_against_a_large_sample(rng):
    """scipy's distance to 10⁵ quantiles of the law: error at most their spacing, 1e-5 widths."""
    law = GeneralizedMarchenkoPastur([1.0, -0.5], [0.3, 0.7], 1.6)
    x = rng.standard_normal(30)
    expected = scipy_wasserstein(x, law.ppf((np.arange(20_000) + 0.5) / 20_000))
    assert wasserstein_distance(x, law) == pytest.approx(expected, rel=2e-4)


def test_wasserstein_of_a_rigid_spectrum():
    """F crosses F_n between most neighbours; quantiles in the middle give 1.10e-4 at n = 5000."""
    law = MarchenkoPastur(0.3)
    x = law.ppf((np.arange(5000) + 0.5) / 5000)
    fine = np.linspace(*law.support(), 2**19 + 1)
    empirical = np.searchsorted(x, fine, side="right") / x.size
    expected = np.trapezoid(np.abs(law.cdf(fine) - empirical), fine)
    assert wasserstein_distance(x, law) == pytest.approx(expected, rel=0.01)


def test_wasserstein_where_cells_cross(rng):
    """n = 100 shares no quantiles with the 256 cells: F crosses F_n inside most of them.

    Against the same integral on 2¹⁹ points. Cells at the soft edges, where F is no line, cost
    1e-3; whole trapezia instead of triangles would cost 10 %.
    """
    law = MarchenkoPastur(0.3)
    x = law.ppf((np.arange(100) + 0.5) / 100)
    fine = np.linspace(*law.support(), 2**19 + 1)
    empirical = np.searchsorted(x, fine, side="right") / x.size
    expected = np.trapezoid(np.abs(law.cdf(fine) - empirical), fine)
    assert wasserstein_distance(x, law) == pytest.approx(expected, rel=3e-3)


def test_wasserstein_from_zero_is_the_mean_of_a_wide_law(rng):
    law = GeneralizedMarchenkoPastur(np.exp(4 * rng.standard_normal(200)), np.full(200, 0.005), 2)
    assert wasserstein_distance([0.0], law) == pytest.approx(law.mean(), rel=1e-3)


def test_saturated_weights_sit_on_their_law(rng):
    """A confident softmax leaves most weights below the resolution of an eigenvalue."""
    Z = rng.standard_normal((400, 200))
    for spread in (10.0, 60.0, 400.0):
        lam = np.exp(-spread * rng.random(400))
        spectrum = np.linalg.eigvalsh((Z.T * lam) @ Z / 400)
        assert ks_distance(spectrum, conditional_law(lam, 200)) < 0.02


@given(st.floats(-3, 3))
def test_wasserstein_to_an_atom_is_a_mean_distance(x):
    law = GeneralizedMarchenkoPastur([0.0], [1.0], 1.0)
    assert wasserstein_distance([x, 2 * x, 0.0], law) == pytest.approx(abs(x), abs=1e-9)


# --- curves -------------------------------------------------------------------------------------


def test_density_curve_is_the_density():
    law = MarchenkoPastur(0.25)
    x, density = density_curve(law)
    assert (x[0], x[-1]) == law.support()
    assert density[0] == density[-1] == 0.0
    x, density = x[1:-1], density[1:-1]
    inside = slice(5, -5)  # cells at the ends average a square root
    np.testing.assert_allclose(density[inside], law.pdf(x[inside]), rtol=0.02)
    cells = np.diff(0.25 + 2 * np.sin(np.linspace(0, np.pi / 2, 151)) ** 2)
    assert density @ cells == pytest.approx(1)


def test_density_curve_leaves_the_atom_out():
    law = GeneralizedMarchenkoPastur([1.0, -1.0], [0.5, 0.5], 4.0)
    (a, _), (_, b) = law.components()
    x, density = density_curve(law)
    cells = np.diff(a + (b - a) * np.sin(np.linspace(0, np.pi / 2, 151)) ** 2)
    assert density[1:-1] @ cells == pytest.approx(1 - law.atom_at_zero)
    assert (x[0], x[-1]) == (a, b)


CURVES = {
    "hard edge, null space": WithNullSpace(MarchenkoPastur(1.0), 0.25),
    "hard edge": MarchenkoPastur(1.0),
    "gap, null space": WithNullSpace(MarchenkoPastur(0.25), 0.5),
    "gap and atom": MarchenkoPastur(4.0),
    "gap, atom, null space": WithNullSpace(MarchenkoPastur(4.0), 0.3),
    "two gaps about an atom": GeneralizedMarchenkoPastur([1.0, -1.0], [0.5, 0.5], 4.0),
    "atom inside": WithNullSpace(GeneralizedMarchenkoPastur([1.0, -0.8], [0.5, 0.5], 0.7), 0.2),
    "below an atom": WithNullSpace(GeneralizedMarchenkoPastur([-1.0], [1.0], 1.0), 0.3),
    "separable, atom": SeparableLaw([1.0, 0.0], [0.6, 0.4], [1.0, 3.0], [0.5, 0.5], 1.5),
}


@pytest.mark.parametrize("law", CURVES.values(), ids=CURVES)
def test_density_curve_holds_the_continuous_part(law):
    """Mass ``1 - atom``, no negative density, 0 at both ends, and in each cell the mean of the pdf.

    The mean by 20 Gauss–Legendre points, over cells a cell away from the ends of components.
    """
    x, density = density_curve(law)
    assert (x[0], x[-1]) == (law.components()[0][0], law.components()[-1][1])
    assert density[0] == density[-1] == 0.0
    x, density = x[1:-1], density[1:-1]
    edges = [law.components()[0][0]]
    for middle in x:
        edges.append(2 * middle - edges[-1])
    edges = np.array(edges)
    assert edges[-1] == pytest.approx(law.components()[-1][1], abs=1e-9 * np.ptp(edges))
    assert density.min() >= 0.0
    assert density @ np.diff(edges) == pytest.approx(1 - law.atom_at_zero, abs=1e-6)
    nodes, weights = np.polynomial.legendre.leggauss(20)
    half = np.diff(edges)[:, None] / 2
    mean = law.pdf(x[:, None] + half * nodes) @ weights / 2
    ends = np.append(np.array(law.components()).ravel(), 0.0)
    away = np.abs(x[:, None] - ends).min(axis=1) > 4 * half[:, 0]
    assert away.sum() > 100
    np.testing.assert_allclose(density[away], mean[away], rtol=1e-4, atol=1e-9)


def test_density_curve_leaves_negligible_components_out():
    """A weight of probability 1e-5, 1000 times as large: a component of mass 1e-4, far away."""
    law = GeneralizedMarchenkoPastur([1.0, 1000.0], [1 - 1e-5, 1e-5], 0.1)
    (lo, hi), _ = law.components()
    assert law.component_masses()[1] == pytest.approx(1e-4)
    x, _ = density_curve(law)
    assert (x.min(), x.max()) == (lo, hi)
    assert density_curve(law, min_mass=1e-5)[0].max() > 10 * hi


def test_density_curve_shows_the_bulk_of_a_law_with_long_tails():
    """Linear CE, C = 1024, off the diagonal: the support is 10⁴ times as wide as the bulk."""
    law = block_law(Ensemble([400, 1024], layer=0, loss="ce", n_samples=1000), 0, 1)
    x, density = density_curve(law)
    lo, hi = law.interval(0.98)
    assert ((lo < x) & (x < hi)).sum() > 40
    np.testing.assert_allclose(density[80:120], law.pdf(x[80:120]), rtol=0.02)
    assert law.cdf(x[0]) == pytest.approx(1e-4, rel=0.05)  # the tail that is left out
    # where a tail goes on the curve ends at the mean of the last cell
    left, right = law.support()
    assert (density[0], density[-1]) == (
        0.0 if x[0] == left else density[1],
        0.0 if x[-1] == right else density[-2],
    )
    assert np.sum(density * np.gradient(x)) == pytest.approx(1, abs=0.03)
