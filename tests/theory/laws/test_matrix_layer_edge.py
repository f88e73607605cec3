"""Laws of whole layers through the hard edge, ``r = E rank M/(k γ) = 1``, and their atoms."""

import numpy as np
import pytest

from rmt_hessian import Ensemble, ks_distance
from rmt_hessian.theory import GeneralizedMarchenkoPastur, MarchenkoPastur, layer_law
from rmt_hessian.theory.laws.matrix_equation import MatrixEquation
from rmt_hessian.theory.laws.matrix_layer import MatrixLayerLaw
from rmt_hessian.theory.laws.matrix_solution import Solution
from rmt_hessian.theory.laws.tabulated_distribution import TabulatedDistribution
from rmt_hessian.theory.weights.given_weights import GivenWeights, gaussian_points
from tests.tolerances import EXACT, ITERATIVE, STATISTICAL

TABLE = 1e-6  # of a CDF from the table, between its nodes


def rank_ratio(M, gamma):
    return np.linalg.matrix_rank(M, hermitian=True).mean() / (M.shape[1] * gamma)


def assert_sound(law):
    """Mass, mean and variance of the table, F that grows, quantiles that come back."""
    hi = law.support()[1]
    wide = 4 * max(law.interpolation_error, 1e-8)
    assert law.component_masses().sum() + law.atom_at_zero == pytest.approx(1, abs=EXACT)
    assert (law.component_masses() > 0).all()
    mean, square = (TabulatedDistribution.moment(law, k) for k in (1, 2))
    assert abs(mean - law.mean()) <= wide * hi
    assert abs(square - law.moment(2)) <= 2 * wide * hi**2
    x = np.unique(np.append(np.geomspace(1e-14 * hi, hi, 200), law.ppf(np.linspace(0, 1, 200))))
    assert (np.diff(law.cdf(x)) >= -EXACT).all()
    assert (law.pdf(x) >= 0).all()
    q = np.linspace(law.atom_at_zero, 1, 50)[1:-1]
    np.testing.assert_allclose(law.cdf(law.ppf(q)), q, atol=1e-10)
    assert law.residual < 1e-6


# --- the cases that failed ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("V", "n_features", "n_samples", "atom"),
    [
        (np.random.default_rng(4).standard_normal((2, 4)) / 2, 100, 400, 0.0625),
        (np.random.default_rng(101).standard_normal((2, 4)) / 2, 400, 1364, None),
        (np.random.default_rng(101).standard_normal((3, 4)) / 2, 400, 1364, None),
    ],
)
@pytest.mark.parametrize("loss", ["ce", "mse"])
def test_named_cases(V, n_features, n_samples, atom, loss):
    ens = Ensemble([n_features, 4, len(V)], 0, loss, n_samples, weights=[None, V])
    law = layer_law(ens)
    assert_sound(law)
    ranks = law.equation.weights @ law.equation.ranks
    exact = max(0.0, 1 - ranks / (4 * ens.aspect_ratio))
    assert law.atom_at_zero == pytest.approx(exact, abs=EXACT)
    if atom is not None and loss == "ce":  # one of two classes is free: rank 1, or no unit active
        assert law.atom_at_zero == pytest.approx(atom, abs=1e-4)


@pytest.mark.parametrize("n_samples", [10, 1])
def test_many_features_per_sample(n_samples):
    """γ = 40 and 400."""
    V = np.random.default_rng(1).standard_normal((10, 4)) / 2
    law = layer_law(Ensemble([400, 4, 10], 0, "ce", n_samples, weights=[None, V]))
    assert_sound(law)
    ranks = law.equation.weights @ law.equation.ranks
    assert law.atom_at_zero == pytest.approx(1 - ranks * n_samples / 1600, abs=EXACT)


# --- through the edge ---------------------------------------------------------------------------

OFFSETS = (0.0, *(sign * size for size in (1e-8, 1e-4, 1e-3, 1e-2) for sign in (1, -1)))


@pytest.mark.parametrize("offset", OFFSETS)
def test_constant_weights_through_the_edge(offset):
    """``γ = 1/(1 + offset)``: the classical law, whose lower edge is ``(1 - √γ)²``."""
    gamma = 1 / (1 + offset)
    law, exact = MatrixLayerLaw(np.ones((4, 1, 1)), gamma), MarchenkoPastur(gamma)
    assert_sound(law)
    assert law.atom_at_zero == pytest.approx(exact.atom_at_zero, abs=EXACT)
    q = np.linspace(exact.atom_at_zero, 1, 200)[1:-1]
    x = exact.ppf(q)
    np.testing.assert_allclose(law.cdf(x), exact.cdf(x), atol=TABLE)
    if abs(offset) >= 1e-4:
        (lo, hi), (exact_lo, exact_hi) = law.components()[0], exact.components()[0]
        assert hi == pytest.approx(exact_hi, rel=1e-9)
        assert lo == pytest.approx(exact_lo, rel=1e-3)
    elif offset == 0:
        assert law.components()[0][0] == 0.0


@pytest.mark.parametrize("offset", OFFSETS)
@pytest.mark.parametrize("loss", ["ce", "mse"])
def test_hidden_layers_through_the_edge(offset, loss, rng):
    """Full and deficient ranks: more classes than units, fewer, and two."""
    for classes in (8, 3, 2):
        V = rng.standard_normal((classes, 4)) / 2
        u = np.concatenate(list(gaussian_points(4, 0, log2_points=4)))
        ens = Ensemble([100, 4, classes], 0, loss, 400, weights=[None, V])
        M = GivenWeights.of(ens).output_hessians(u)
        ratio = 1 + offset
        law = MatrixLayerLaw(M, rank_ratio(M, 1.0) / ratio)
        assert_sound(law)
        assert law.atom_at_zero == pytest.approx(max(0.0, 1 - ratio), abs=EXACT)


def test_weights_over_sixteen_decades():
    """Mass on every scale down to rounding, beside an atom of an eighth: as for one unit."""
    lam = 10.0 ** np.random.default_rng(0).uniform(-15.9, 0, 40)
    law = MatrixLayerLaw(lam[:, None, None], 8 / 7)
    exact = GeneralizedMarchenkoPastur(lam, np.full(40, 1 / 40), 8 / 7)
    assert_sound(law)
    assert law.atom_at_zero == pytest.approx(1 / 8, abs=EXACT)
    x = exact.ppf(np.linspace(0.13, 0.999, 100))
    np.testing.assert_allclose(
        law.cdf(x), exact.cdf(x), atol=4 * law.interpolation_error, rtol=EXACT
    )


def test_mass_below_the_lowest_node_is_kept():
    """Weights of 2e-16 just below the hard edge: what lies under 1e-18 is in the head."""
    lam = np.repeat([1.0, 2e-16], 20)
    law = MatrixLayerLaw(lam[:, None, None], 1.0 + 1e-3)
    assert law.component_masses().sum() + law.atom_at_zero == pytest.approx(1, abs=EXACT)
    assert law.atom_at_zero == pytest.approx(1 - 1 / 1.001, abs=EXACT)
    assert law.cdf(1e-10) == pytest.approx(1 - 0.5 / 1.001, abs=1e-4)


# --- narrow and small components ----------------------------------------------------------------


@pytest.mark.parametrize("gamma", [1e-8, 1e-10, 1e-12])
def test_a_narrow_component(gamma):
    law, exact = MatrixLayerLaw(np.ones((4, 1, 1)), gamma), MarchenkoPastur(gamma)
    assert law.interpolation_error < TABLE
    width = np.diff(exact.components())
    assert (np.abs(np.subtract(law.components(), exact.components())) < 1e-3 * width).all()


@pytest.mark.parametrize("gamma", [1e-6, 1e-8])
def test_narrow_components(gamma, rng):
    """γ → 0: one around each average, of width ``√γ``; units that decouple, in any basis. Halving
    alone would not reach all twelve with the nodes there are."""
    lam = rng.uniform(0.5, 1.5, (20, 12)) * 1.5 ** np.arange(12)
    Q = np.linalg.qr(rng.standard_normal((12, 12)))[0]
    law = MatrixLayerLaw((Q * lam[:, None, :]) @ Q.T, gamma)
    parts = [GeneralizedMarchenkoPastur(w, np.full(20, 0.05), gamma) for w in lam.T]
    assert law.interpolation_error < 10 * TABLE
    np.testing.assert_allclose(law.component_masses(), 1 / 12, atol=1e-9)
    ends = np.sort([part.components()[0] for part in parts], axis=0)
    width = np.diff(ends)
    assert (np.abs(law.components() - ends) < 1e-4 * width).all()


def test_components_of_hardly_any_mass():
    """One weight in a thousand at γ = 1e5: 1e-8 of the mass, far out, and seen."""
    lam = np.append(np.ones(999), 1000.0)
    law = MatrixLayerLaw(lam[:, None, None], 1e5)
    exact = GeneralizedMarchenkoPastur([1.0, 1000.0], [0.999, 0.001], 1e5)
    np.testing.assert_allclose(law.component_masses(), exact.component_masses(), rtol=1e-4)
    # with so little mass its edge is found to the order of its width, 4e-4 of its place
    np.testing.assert_allclose(law.components(), exact.components(), rtol=2e-4)


# --- ranks and subspaces ------------------------------------------------------------------------


def decoupled(rng):
    """Two groups of units: a heavy-tailed one, and one of which half the samples know nothing."""
    n = 200
    lam = np.exp(rng.standard_normal(n))
    mu = np.where(rng.random(n) < 0.5, 3 * rng.uniform(0.5, 1.5, n), 0.0)
    return lam, mu


@pytest.mark.parametrize("gamma", [0.2, 0.5, 0.7, 1.0, 1.3, 3.0])
@pytest.mark.parametrize("rotated", [False, True])
def test_units_that_decouple(gamma, rotated, rng):
    """A mixture of block laws, in any basis of the units: supports that overlap, one with an atom
    and one without, and a hard edge beside an atom."""
    lam, mu = decoupled(rng)
    M = np.zeros((lam.size, 2, 2))
    M[:, 0, 0], M[:, 1, 1] = lam, mu
    Q = np.linalg.qr(rng.standard_normal((2, 2)))[0] if rotated else np.eye(2)
    law = MatrixLayerLaw(Q @ M @ Q.T, gamma)
    assert_sound(law)
    equal = np.full(lam.size, 1 / lam.size)
    parts = [GeneralizedMarchenkoPastur(w, equal, gamma) for w in (lam, mu)]
    atom = np.mean([part.atom_at_zero for part in parts])
    assert law.atom_at_zero == pytest.approx(atom, abs=EXACT)
    q = np.linspace(0.003, 0.997, 200)
    x = np.concatenate([one.ppf(q) for one in (law, *parts)])
    np.testing.assert_allclose(law.cdf(x), np.mean([p.cdf(x) for p in parts], axis=0), atol=TABLE)


@pytest.mark.parametrize("seed", range(8))
def test_a_hard_edge_beside_an_atom(seed):
    """Down to x = 1e-16, where 1/x of the atom leaves no digit of the density: only F is known."""
    rng = np.random.default_rng(seed)
    M = np.stack([np.diag(pair) for pair in zip(*decoupled(rng), strict=True)])
    Q = np.linalg.qr(rng.standard_normal((2, 2)))[0]
    law = MatrixLayerLaw(Q @ M @ Q.T, 1.0)
    assert_sound(law)
    assert law.components()[0][0] < 1e-14
    assert law.atom_at_zero == pytest.approx((M[:, 1, 1] == 0).mean() / 2, abs=EXACT)


@pytest.mark.parametrize("gamma", [0.3, 1.0, 1.2])
def test_a_null_space_of_all_samples(gamma, rng):
    """Of M in general position on a plane: the law of the plane, and a third of zeros."""
    u = rng.standard_normal((100, 2, 3))
    small = u @ u.transpose(0, 2, 1)
    frame = np.linalg.qr(rng.standard_normal((3, 2)))[0]
    plane = MatrixLayerLaw(small, gamma)
    law = MatrixLayerLaw(frame @ small @ frame.T, gamma)
    assert_sound(law)
    assert (law.equation.L == 0).all(axis=(0, 2)).sum() == 1  # in its basis a unit that is missing
    assert law.atom_at_zero == pytest.approx((1 + 2 * plane.atom_at_zero) / 3, abs=EXACT)
    x = plane.ppf(np.linspace(0.5, 0.999, 50))
    np.testing.assert_allclose(law.cdf(x), (1 + 2 * plane.cdf(x)) / 3, atol=TABLE)


@pytest.mark.parametrize("rank", [1, 2, 3])
@pytest.mark.parametrize("empty", [0.0, 0.5])
def test_deficient_ranks(rank, empty, rng):
    """Samples of one rank, or none: the atom of general position on both sides of the edge."""
    u = rng.standard_normal((100, 3, rank)) * (np.arange(100) >= empty * 100)[:, None, None]
    u = u[rng.permutation(100)]
    for ratio in (0.6, 1.0, 1.7):
        law = MatrixLayerLaw(u @ u.transpose(0, 2, 1), rank * (1 - empty) / (3 * ratio))
        assert_sound(law)
        assert law.atom_at_zero == pytest.approx(max(0.0, 1 - ratio), abs=EXACT)


def test_a_half_of_the_sample_without_weights():
    """Its law is the atom: the halves differ by all the mass there is."""
    law = MatrixLayerLaw(np.array([np.eye(2), np.zeros((2, 2))]), 0.25)
    assert law.error == pytest.approx(0.5, abs=0.02)


@pytest.mark.parametrize("order", [True, 1.0, -1, None])
def test_moments_of_no_order(order):
    with pytest.raises(ValueError, match="k must be"):
        MatrixLayerLaw(np.ones((2, 1, 1)), 0.5).moment(order)


@pytest.mark.parametrize("unit", [1e-300, 1e-30, 1e200, 1e307])
def test_units_of_measurement(unit, rng):
    u = rng.standard_normal((40, 2, 3))
    M = u @ u.transpose(0, 2, 1)
    plain, law = MatrixLayerLaw(M, 0.4), MatrixLayerLaw(M * unit, 0.4)
    x = plain.ppf(np.linspace(0.01, 0.99, 20))
    np.testing.assert_allclose(law.cdf(x * unit), plain.cdf(x), atol=TABLE)
    assert law.mean() == pytest.approx(plain.mean() * unit, rel=EXACT)
    np.testing.assert_allclose(
        np.array(law.components()) / unit, plain.components(), rtol=ITERATIVE
    )


# --- simulation ---------------------------------------------------------------------------------


@pytest.mark.parametrize("n_samples", [490, 500, 510])
def test_simulation_at_the_edge(n_samples, rng):
    """M of rank one, k = 2, p = 250: ``r = N/500``. The eigenvalues of one draw of the features lie
    within STATISTICAL of the law of its own M, as those of blocks do; zeros count exactly."""
    p = 250
    b = rng.standard_normal((n_samples, 2)) * np.exp(rng.standard_normal((n_samples, 1)) / 2)
    rows = (b[:, :, None] * rng.standard_normal((n_samples, 1, p))).reshape(n_samples, 2 * p)
    values = np.linalg.eigvalsh(rows.T @ rows / n_samples)
    values[: 2 * p - min(n_samples, 2 * p)] = 0.0
    law = MatrixLayerLaw(b[:, :, None] * b[:, None, :], p / n_samples)
    assert law.atom_at_zero == pytest.approx(max(0.0, 1 - n_samples / 500), abs=EXACT)
    assert ks_distance(values, law) <= STATISTICAL
    wrong = MatrixLayerLaw(b[:, :, None] * b[:, None, :], p / n_samples * 1.1)
    assert ks_distance(values, wrong) > 2 * STATISTICAL


# --- the transform ------------------------------------------------------------------------------


def test_stieltjes_on_the_axis(rng):
    """Real points: limits from above, the density inside, real outside; at 0 too."""
    lam = np.exp(rng.standard_normal(100))
    for gamma in (0.3, 2.0):
        law = MatrixLayerLaw(lam[:, None, None], gamma)
        exact = GeneralizedMarchenkoPastur(lam, np.full(100, 0.01), gamma)
        z = np.append(exact.ppf(np.linspace(0.6, 0.99, 7)), [-3.0, 2 * law.support()[1], 0.0])
        np.testing.assert_allclose(law.stieltjes(z), exact.stieltjes(z), rtol=ITERATIVE)
        assert (law.stieltjes(z[-3:]).imag == 0).all()
    assert np.isnan(MatrixLayerLaw(np.ones((4, 1, 1)), 1.0).stieltjes(0.0))
    assert MatrixLayerLaw(np.zeros((4, 2, 2)), 1.0).stieltjes(-2.0) == pytest.approx(0.5)


# --- never a wrong curve ------------------------------------------------------------------------


def wrong_atom(monkeypatch):
    monkeypatch.setattr(MatrixEquation, "atom_at_zero", lambda *_: 0.25)


def falling(monkeypatch):
    F = Solution.distribution
    monkeypatch.setattr(
        Solution, "distribution", lambda self, gamma: F(self, gamma) - (1.0 < self.z.real < 1.2)
    )


def wrong_mean(monkeypatch):
    """A mass of 3 % that is found too far up."""
    F = Solution.distribution
    monkeypatch.setattr(
        Solution,
        "distribution",
        lambda self, gamma: F(self, gamma) ** 1.1 if self.inside else F(self, gamma),
    )


@pytest.mark.parametrize(
    ("wrong", "message"),
    [(wrong_atom, "is left above 0"), (falling, "found falls by"), (wrong_mean, "mean of the law")],
)
def test_what_is_wrong_raises(wrong, message, monkeypatch):
    M = np.ones((4, 1, 1))
    assert_sound(MatrixLayerLaw(M, 0.3))
    wrong(monkeypatch)
    with pytest.raises(RuntimeError, match=message):
        MatrixLayerLaw(M, 0.3)
