"""Outliers of population spikes: closed forms, differences, another route to κ, and simulation."""

import mpmath
import numpy as np
import pytest

from rmt_hessian.theory import GeneralizedMarchenkoPastur, MarchenkoPastur, SeparableLaw
from rmt_hessian.theory.laws.continuous_mp import ContinuousMarchenkoPastur
from rmt_hessian.theory.laws.separable import ContinuousSeparableLaw
from rmt_hessian.theory.laws.weight_density import WeightDensity

POPULATION = np.array([0.2, 1.0, 3.0, 7.0]), np.array([0.1, 0.5, 0.3, 0.1])


def white(weights, probabilities, phi):
    return SeparableLaw(weights, probabilities, [1.0], [1.0], phi)


def places(law, spikes):
    return np.array([outlier.place for outlier in law.outliers(spikes)])


# --- constant weights, white features: known --------------------------------------------------


@pytest.mark.parametrize("phi", [0.04, 0.5, 3.0])
@pytest.mark.parametrize("kind", [MarchenkoPastur, lambda phi: white([1.0], [1.0], phi)])
def test_a_spiked_covariance(kind, phi):
    """Baik & Silverstein: ``θ (1 + φ/(θ - 1))`` for ``|θ - 1| > √φ``; overlaps of Paul 2007."""
    law, root = kind(phi), np.sqrt(phi)
    spikes = [1 + 1.001 * root, 1 + 2 * root, 1 + 1e4 * root]
    if phi < 1:
        spikes = [(1 - root) / 3, 1 - 1.001 * root, *spikes]
    for theta, outlier in zip(spikes, law.outliers(spikes), strict=True):
        factor = 1 + phi / (theta - 1)
        assert outlier.place == pytest.approx(theta * factor, rel=1e-11)
        overlap = (1 - phi / (theta - 1) ** 2) / factor
        assert outlier.overlap == pytest.approx(overlap, rel=1e-8)
        assert (outlier.spike, outlier.multiplicity) == (theta, 1)
    assert law.outliers([1 + 0.999 * root, 1.0, max(1 - 0.999 * root, 0.001)]) == []


def test_equal_spikes_are_one_outlier_and_a_number_is_one_spike():
    law = MarchenkoPastur(0.25)
    first, second = law.outliers([4.0, 3.0, 4.0])
    assert (first.multiplicity, second.multiplicity) == (1, 2)
    assert law.outliers(3.0) == law.outliers([3.0]) == [first]


# --- gaps ---------------------------------------------------------------------------------------


def test_spikes_in_a_gap_of_the_population():
    """``z = θ (1 + φ ∫ a/(θ - a) dν)`` where its derivative is positive (Bai & Yao 2012)."""
    a, p, phi = np.array([1.0, 10.0]), np.array([0.4, 0.6]), 0.1
    law = SeparableLaw([1.0], [1.0], a, p, phi)
    spikes = np.geomspace(0.05, 40, 60)
    z = spikes * (1 + phi * (p * a / (spikes[:, None] - a)).sum(axis=1))
    slope = 1 + phi * (p * a / (spikes[:, None] - a)).sum(axis=1)
    slope -= spikes * phi * (p * a / (spikes[:, None] - a) ** 2).sum(axis=1)
    expected = sorted(zip(z[slope > 0], spikes[slope > 0], strict=True))
    found = law.outliers(spikes)
    assert [o.spike for o in found] == [theta for _, theta in expected]
    np.testing.assert_allclose([o.place for o in found], [z for z, _ in expected], rtol=1e-11)
    lo, hi = law.components()
    assert any(lo[1] < o.place < hi[0] for o in found)
    assert any(o.place < lo[0] for o in found)


@pytest.mark.parametrize("phi", [0.1, 0.5, 1.0, 2.0, 5.0])
@pytest.mark.parametrize("weights", [[1.0, 20.0], [1.0, -20.0], [-1.0, 3.0], [-2.0, -0.1]])
def test_both_laws_of_white_features_agree(weights, phi):
    """One in a, the other in δ: two routes. Several outliers of one spike, in several gaps."""
    spikes = [0.01, 0.2, 0.8, 4.0, 7.0, 50.0]
    law, twin = (
        GeneralizedMarchenkoPastur(weights, [0.7, 0.3], phi),
        white(weights, [0.7, 0.3], phi),
    )
    found, others = law.outliers(spikes), twin.outliers(spikes)
    assert [o.spike for o in found] == [o.spike for o in others]
    for one, other in zip(found, others, strict=True):
        assert one.place == pytest.approx(other.place, rel=1e-10)
        assert one.overlap == pytest.approx(other.overlap, rel=1e-7)
        assert not any(lo <= one.place <= hi for lo, hi in law.components())


def kappa(law, z, digits=30):
    """``E[λ/(1 + λδ)]`` in mpmath, δ by damped iteration above the real axis."""
    with mpmath.workdps(digits):
        pairs = list(zip(law.weights.tolist(), law.probabilities.tolist(), strict=True))
        atoms = zip(law.population.tolist(), law.population_probabilities.tolist(), strict=True)
        atoms, delta = list(atoms), mpmath.mpc(0, 1)
        for _ in range(4000):
            k = sum(w * l / (1 + l * delta) for l, w in pairs)
            image = law.aspect_ratio * sum(p * a / (a * k - z) for a, p in atoms)
            if abs(image - delta) < 1e-25 * abs(delta):
                return k
            delta = (delta + image) / 2
        raise AssertionError("not converged")


POSITIVE, SIGNED = ([1.0, 0.3], [0.4, 0.6]), ([1.0, -1.0], [0.5, 0.5])


@pytest.mark.parametrize(
    ("weights", "spike"),
    [(POSITIVE, 0.02), (POSITIVE, 16.0), (POSITIVE, 60.0), (SIGNED, 16.0), (SIGNED, 60.0)],
)
def test_the_equation_and_the_overlap(weights, spike):
    """``κ(z) θ = z``, and ``d log z/d log θ`` by differences: fourth order, of relative 1e-9."""
    law = SeparableLaw(*weights, *POPULATION, 0.3)
    found = law.outliers(spike)
    assert found
    h = 1e-3
    around = [np.log(np.abs(places(law, spike * np.exp(k * h)))) for k in (-2, -1, 1, 2)]
    slopes = (around[0] - 8 * around[1] + 8 * around[2] - around[3]) / (12 * h)
    np.testing.assert_allclose([o.overlap for o in found], slopes, rtol=1e-7)
    for o in found:
        assert float(mpmath.re(kappa(law, o.place)) * spike) == pytest.approx(o.place, rel=1e-10)


def test_an_atom_at_zero_is_no_outlier():
    """Rank of H below p: the gap around 0 has none; below p by null features, it has."""
    for law in (MarchenkoPastur(3.0), SeparableLaw([1.0], [1.0], [0.0, 1.0], [0.5, 0.5], 4.0)):
        assert places(law, [0.1, 50.0]).min() > law.support()[1]
    null = SeparableLaw([1.0], [1.0], [0.0, 1.0], [0.5, 0.5], 0.2)  # MarchenkoPastur(0.1), half
    (outlier,) = null.outliers(0.2)
    assert outlier.place == pytest.approx(0.2 * (1 + 0.1 / (0.2 - 1)), rel=1e-11)


def test_spikes_of_any_size():
    """Far out ``z/θ`` is ``E λ``, and near 0 ``κ(0)``, here ``1 - γ``; no overflow."""
    for law in (MarchenkoPastur(0.5), white([1.0], [1.0], 0.5)):
        small, large = law.outliers([1e-150, 1e150])
        assert (small.place / 1e-150, large.place / 1e150) == pytest.approx((0.5, 1.0), rel=1e-12)
        assert (small.overlap, large.overlap) == pytest.approx((1.0, 1.0), abs=1e-12)


def test_weights_with_a_density():
    edges = np.array([[0.5, 1.0], [1.0, 1.5]])
    density = WeightDensity(edges, np.ones((2, 8)))
    fine = np.linspace(0.5, 1.5, 20001)[1::2]  # midpoints of 10,000 cells
    nodes = GeneralizedMarchenkoPastur(fine, np.full(fine.size, 1 / fine.size), 0.3)
    spikes = [0.1, 3.0]
    for law in (
        ContinuousMarchenkoPastur(density, 0.3),
        ContinuousSeparableLaw(density, [1.0], [1.0], 0.3),
    ):
        assert places(law, spikes) == pytest.approx(places(nodes, spikes), rel=1e-7)


# --- simulation ---------------------------------------------------------------------------------


def test_outliers_of_signed_weights():
    """Eλ = 0: one on each side, far from ``θ Eλ = 0``.

    Against 10 matrices with that spike. ``q = (1/N) Σ λ_n g_n²`` of the spiked direction moves
    both the same way, so the geometric mean of the two sizes is compared: it has a relative
    standard deviation of 4.5 % per draw (30 draws), of which three standard errors.
    """
    lam, w, (a, p), n, spike = np.array([-1.0, 1.0]), np.full(2, 0.5), POPULATION, 1000, 60.0
    law = SeparableLaw(lam, w, a, p, 0.3)
    z = places(law, spike)
    assert z.size == 2
    assert z[0] < law.support()[0] < law.support()[1] < z[1]
    spectrum = np.append(np.repeat(a, np.round(p * 300).astype(int)), spike)
    weights, rng, sizes = np.repeat(lam, n // 2), np.random.default_rng(3), []
    for _ in range(10):
        Z = rng.standard_normal((n, spectrum.size)) * np.sqrt(spectrum)
        ends = np.linalg.eigvalsh(Z.T @ (weights[:, None] * Z) / n)[[0, -1]]
        sizes.append(np.sqrt(-ends[0] * ends[1]))
    assert np.mean(sizes) == pytest.approx(np.sqrt(-z[0] * z[1]), rel=3 * 0.045 / np.sqrt(10))


def test_places_and_overlaps_in_simulation():
    """One spike below, one in the gap, one above; p = 1500, N = 6000, signed weights.

    Fluctuations of an outlier are Gaussian of relative size ``√(2 E[λ²]/N)/|Eλ|`` to first order
    (that of ``(1/N) Σ λ g²``, g of the spike), 0.021; places to four of them. Overlaps differ by
    O(1/√N) as well: to 4/√N of 1.
    """
    p, n = 1500, 6000
    lam, w = np.array([1.0, -0.1]), np.array([0.8, 0.2])
    population, spikes = np.repeat([1.0, 12.0], p // 2), [0.2, 4.0, 30.0]
    law = SeparableLaw(lam, w, [1.0, 12.0], [0.5, 0.5], p / n)
    found = [o for o in law.outliers(spikes) if o.place > 0]
    assert sorted(o.spike for o in found) == spikes
    rng = np.random.default_rng(5)
    a = np.append(population, spikes)
    weights = np.repeat(lam, (w * n).astype(int))
    Z = rng.standard_normal((n, a.size)) * np.sqrt(a)
    values, vectors = np.linalg.eigh(Z.T @ (weights[:, None] * Z) / n)
    error = 4 * np.sqrt(2 * (w @ lam**2) / n) / (w @ lam)
    for o in found:
        k = np.abs(values - o.place).argmin()
        seen = vectors[population.size + spikes.index(o.spike), k] ** 2
        assert values[k] == pytest.approx(o.place, rel=error)
        assert seen == pytest.approx(o.overlap, abs=4 / np.sqrt(n))
