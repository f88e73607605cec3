"""Against laws that are known (Σ = I, constant weights), the equation itself, and moments."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rmt_hessian.theory import GeneralizedMarchenkoPastur
from rmt_hessian.theory.laws import separable_solver
from rmt_hessian.theory.laws.separable import SeparableLaw
from tests.tolerances import EXACT, ITERATIVE

RNG = np.random.default_rng(11)
PDF = CDF = 1e-8  # relative to the largest density; absolute


def inner_points(law, n=60):
    share = np.sin((np.arange(n) + 0.5) * np.pi / (2 * n)) ** 2
    return np.concatenate([lo + (hi - lo) * share for lo, hi in law.components()])


def fixed_point(z, lam, w, a, p, phi):
    """δ ← ½(δ + T(δ)) until nothing moves: slow, obvious, for Im z of order one."""
    delta = 1j
    for _ in range(20000):
        kappa = sum(wk * lk / (1 + lk * delta) for lk, wk in zip(lam, w, strict=True))
        image = phi * sum(pk * ak / (ak * kappa - z) for ak, pk in zip(a, p, strict=True))
        if abs(image - delta) < 1e-15 * abs(delta):
            break
        delta = (delta + image) / 2
    return sum(pk / (ak * kappa - z) for ak, pk in zip(a, p, strict=True))


def integrals(law, tolerance=1e-11):
    """``∫ x^k dμ`` over the continuous part, k = 0, 1, 2, and the mass of each component.

    Adaptive Gauss–Legendre quadrature of the density on one side of 0 at a time, in θ with
    ``log|x| = log lo + log(hi/lo) sin²θ``; where a component reaches 0, from 1e-60 of its end on.
    The moments are relative to the largest |x|.
    """
    pieces = []
    for k, (lo, hi) in enumerate(law.components()):
        if lo < 0 < hi:
            pieces += [(k, -1, 0.0, -lo), (k, 1, 0.0, hi)]
        else:
            pieces.append((k, 1, lo, hi) if hi > 0 else (k, -1, -hi, -lo))
    owner, sign, lo, hi = (np.array(column) for column in zip(*pieces, strict=True))
    lo = np.maximum(lo, 1e-60 * hi)
    length = np.log1p((hi - lo) / lo)
    t, weight = np.polynomial.legendre.leggauss(12)

    def cells(piece, left, right):
        """Integrals over cells of θ, shape (n, 3)."""
        theta = left[:, None] + (right - left)[:, None] * (t + 1) / 2
        low, high = np.sin(theta) ** 2, np.cos(theta) ** 2
        lo_, hi_, length_, sign_ = (v[piece][:, None] for v in (lo, hi, length, sign))
        r = np.where(low < 0.5, lo_ + lo_ * np.expm1(length_ * low), hi_ * np.exp(-length_ * high))
        mass = law.pdf(sign_ * r) * r * length_ * np.sin(2 * theta) * weight
        mass *= (right - left)[:, None] / 2
        return np.stack([(mass * (sign_ * r) ** k).sum(axis=1) for k in range(3)], axis=1)

    n = 4
    piece = np.repeat(np.arange(owner.size), n)
    left = np.tile(np.arange(n) * np.pi / (2 * n), owner.size)
    right = left + np.pi / (2 * n)
    whole = cells(piece, left, right)
    total, by_component = np.zeros(3), np.zeros(len(law.components()))
    scale = max(np.abs(law.support())) ** np.arange(3.0)
    for _ in range(40):
        middle = (left + right) / 2
        halves = [cells(piece, left, middle), cells(piece, middle, right)]
        fine = halves[0] + halves[1]
        # halving a cell that is coarse by a factor of 2 gains 24 binary digits
        good = (np.abs(fine - whole) <= tolerance * scale).all(axis=1)
        total += fine[good].sum(axis=0)
        np.add.at(by_component, owner[piece[good]], fine[good, 0])
        if good.all():
            return total, by_component
        piece = np.concatenate([piece[~good]] * 2)
        left, right = (
            np.concatenate(pair)
            for pair in ((left[~good], middle[~good]), (middle[~good], right[~good]))
        )
        whole = np.concatenate([half[~good] for half in halves])
    raise AssertionError("the quadrature did not converge")


# --- limits that are other laws -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("weights", "gamma"),
    [
        ([1.0], 0.3),
        ([1.0], 1.0),  # hard edge
        ([1.0, 0.2], 3.0),  # atom at 0
        ([1.0, -0.6], 0.4),  # through 0
        ([1.0, 0.0, -0.6], 0.8),  # atom between components
        ([-1.0, -10.0], 1e3),  # split
        (RNG.standard_normal(40), 0.6),
        (np.exp(2 * RNG.standard_normal(60)) * 1e-9, 0.33),
    ],
)
def test_identity_covariance_is_the_generalised_law(weights, gamma):
    probabilities = np.full(len(weights), 1 / len(weights))
    exact = GeneralizedMarchenkoPastur(weights, probabilities, gamma)
    law = SeparableLaw(weights, probabilities, [2.0], [1.0], gamma)
    scale = max(np.abs(exact.support()))
    assert len(law.components()) == len(exact.components())
    np.testing.assert_allclose(
        np.array(law.components()) / 2, exact.components(), atol=1e-9 * scale
    )
    assert law.atom_at_zero == pytest.approx(exact.atom_at_zero, abs=EXACT)
    x = inner_points(exact)
    rho = exact.pdf(x)
    np.testing.assert_allclose(2 * law.pdf(2 * x), rho, atol=PDF * rho.max())
    np.testing.assert_allclose(law.cdf(2 * x), exact.cdf(x), atol=CDF)


POPULATION = np.array([0.2, 1.0, 3.0, 7.0]), np.array([0.1, 0.5, 0.3, 0.1])


@pytest.mark.parametrize("phi", [0.01, 0.3, 1.0, 2.5])
def test_constant_weights_give_the_sample_covariance_law(phi):
    """``Σ^{1/2} G Gᵀ Σ^{1/2}/N`` and its companion ``Gᵀ Σ G/N = (1/N) Σ_k a_k g_k g_kᵀ`` share
    their nonzero eigenvalues, and the companion is a generalised law with weights φ a and aspect
    ratio 1/φ: ``ρ = ρ_companion/φ``."""
    a, p = POPULATION
    law = SeparableLaw([1.0], [1.0], a, p, phi)
    companion = GeneralizedMarchenkoPastur(phi * a, p, 1 / phi)
    np.testing.assert_allclose(law.components(), companion.components(), atol=1e-8)
    x = inner_points(law)
    rho = companion.pdf(x) / phi
    np.testing.assert_allclose(law.pdf(x), rho, atol=PDF * rho.max())
    hi = law.support()[1]
    np.testing.assert_allclose(1 - law.cdf(x), (1 - companion.cdf(x)) / phi, atol=CDF / phi)
    assert law.cdf(hi) == 1


@pytest.mark.parametrize("phi", [0.4, 2.0])
def test_weights_and_population_change_places(phi):
    """The companion of positive weights: λ ↔ φ a, φ ↔ 1/φ, density over φ."""
    a, p = POPULATION
    lam, w = np.array([0.3, 1.0]), np.array([0.4, 0.6])
    law, companion = SeparableLaw(lam, w, a, p, phi), SeparableLaw(phi * a, p, lam, w, 1 / phi)
    x = inner_points(law)
    rho = companion.pdf(x) / phi
    np.testing.assert_allclose(law.pdf(x), rho, atol=PDF * rho.max())


# --- the equation -------------------------------------------------------------------------------

CASES = {
    "positive": ([0.3, 1.0], [0.4, 0.6], *POPULATION, 0.4),
    "signed": ([-0.5, 1.0], [0.4, 0.6], *POPULATION, 0.3),
    "zeros of both": ([0.0, 1.0, -2.0], [0.3, 0.4, 0.3], [0.0, 1.0, 4.0], [0.5, 0.3, 0.2], 0.9),
    "wide": ([0.3, 1.0], [0.4, 0.6], *POPULATION, 5.0),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_stieltjes_transform_solves_the_equation(case):
    law = SeparableLaw(*case)
    z = np.array([1 + 1j, -2 + 0.5j, 0.3 + 2j, 10 + 0.7j])
    expected = [fixed_point(t, *case) for t in z]
    np.testing.assert_allclose(law.stieltjes(z), expected, rtol=1e-10)
    np.testing.assert_allclose(law.stieltjes(z.conj()), np.conj(expected), rtol=1e-10)
    # a wrong constant is rejected: φ off by 1 %
    wrong = [fixed_point(t, *case[:-1], 1.01 * case[-1]) for t in z]
    assert np.abs(law.stieltjes(z) / wrong - 1).max() > 1e-4
    # on the axis its imaginary part is the density
    x = inner_points(law)
    np.testing.assert_allclose(law.stieltjes(x).imag, np.pi * law.pdf(x), rtol=1e-9)


def first_moments(lam, w, a, p, phi):
    """Sums over non-crossing partitions and their complements: κ_n = φ^{n-1} E λⁿ against E aⁿ."""
    l1, l2, l3 = (w @ lam**k for k in (1, 2, 3))
    a1, a2, a3 = (p @ a**k for k in (1, 2, 3))
    return (
        l1 * a1,
        l1**2 * a2 + phi * l2 * a1**2,
        l1**3 * a3 + 3 * phi * l2 * l1 * a1 * a2 + phi**2 * l3 * a1**3,
    )


share = st.floats(0.05, 1.0)
weight = st.floats(0.1, 3.0) | st.floats(-3.0, -0.1)


@settings(max_examples=8)
@given(
    st.lists(st.tuples(weight, share), min_size=1, max_size=4),
    st.lists(st.tuples(st.floats(0.1, 3.0), share), min_size=1, max_size=4),
    st.floats(0.05, 0.7) | st.floats(1.5, 20.0),
)
def test_moments(weights, population, phi):
    lam, w = np.transpose(weights)
    a, p = np.transpose(population)
    w, p = w / w.sum(), p / p.sum()
    law = SeparableLaw(lam, w, a, p, phi)
    scale = max(np.abs(law.support()))
    for k, expected in enumerate(first_moments(lam, w, a, p, phi), start=1):
        assert law.moment(k) == pytest.approx(expected, abs=ITERATIVE * scale**k)


@pytest.mark.parametrize("scale", [1e-8, 50.0])
def test_scaling_and_mirroring(scale):
    lam, w, a, p, phi = CASES["signed"]
    base = SeparableLaw(lam, w, a, p, phi)
    law = SeparableLaw(-scale * np.array(lam), w, 3 * a, p, phi)
    x = inner_points(base, 20)
    np.testing.assert_allclose(law.cdf(-3 * scale * x), 1 - base.cdf(x), atol=CDF)


# --- atoms --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("w0", "p0", "n", "p"),
    [(0.0, 0.25, 80, 40), (0.5, 0.0, 40, 60), (0.5, 0.5, 40, 30), (0.0, 0.5, 40, 120)],
)
def test_the_atom_is_what_the_rank_leaves(w0, p0, n, p):
    rng = np.random.default_rng(0)
    lam, a = np.ones(n), np.ones(p)
    lam[: int(w0 * n)] = 0
    a[: int(p0 * p)] = 0
    Z = rng.standard_normal((n, p)) * np.sqrt(a)
    values = np.linalg.eigvalsh(Z.T @ (lam[:, None] * Z) / n)
    law = SeparableLaw(lam, np.full(n, 1 / n), a, np.full(p, 1 / p), p / n)
    assert law.atom_at_zero == pytest.approx(np.mean(np.abs(values) < 1e-10), abs=EXACT)


def test_the_atom_of_few_weights_and_fewer_samples():
    """``φ P(a≠0) = 2 P(λ≠0)``, both far below any rounding of sums to 1."""
    law = SeparableLaw([0.0, 1.0], [1 - 2.0**-45, 2.0**-45], [1.0, 2.0], [0.5, 0.5], 2.0**-44)
    assert law.atom_at_zero == pytest.approx(0.5)
    assert law.component_masses().sum() == pytest.approx(0.5)


def test_an_atom_inside_a_component():
    """Half of the features are null; the other half, signed and short, passes through 0."""
    law = SeparableLaw([1.0, -2.0], [0.5, 0.5], [0.0, 1.0], [0.5, 0.5], 0.5)
    ((lo, hi),) = law.components()
    assert lo < 0 < hi
    half = GeneralizedMarchenkoPastur([1.0, -2.0], [0.5, 0.5], 0.25)
    x = np.array([-1.0, -1e-9, 0.0, 0.4])
    np.testing.assert_allclose(law.cdf(x), half.cdf(x) / 2 + 0.5 * (x >= 0), atol=CDF)
    assert law.ppf(law.cdf(-1e-9) + 0.3) == 0


def test_atoms_that_are_equal_are_merged_and_those_without_mass_left_out():
    law = SeparableLaw([1.0, -2.0], [0.3, 0.7], [1.0, 4.0], [0.5, 0.5], 0.4)
    lam = [1.0, -2.0, 1.0 + 4e-16, -2.0 - 9e-16, 1e300]
    a = [4.0, 1.0, 1.0 - 2e-16, 1e200]
    same = SeparableLaw(lam, [0.1, 0.3, 0.2, 0.4, 0.0], a, [0.5, 0.2, 0.3, 0.0], 0.4)
    assert same.weights.size == same.population.size == 3
    np.testing.assert_allclose(same.components(), law.components(), rtol=1e-12)
    x = inner_points(law, 7)
    np.testing.assert_allclose(same.pdf(x), law.pdf(x), rtol=1e-9)
    assert [same.moment(k) for k in range(4)] == pytest.approx([law.moment(k) for k in range(4)])
    assert same.var() == pytest.approx(law.var())
    (one,), (other,) = same.outliers(20.0), law.outliers(20.0)
    assert one.place == pytest.approx(other.place, rel=1e-12)


def test_nothing_left_is_the_unit_atom():
    for law in (
        SeparableLaw([0.0], [1.0], [1.0, 2.0], [0.5, 0.5], 0.5),
        SeparableLaw([1.0], [1.0], [0.0], [1.0], 0.5),
    ):
        assert law.components() == []
        assert law.atom_at_zero == 1
        assert law.stieltjes(2j) == pytest.approx(0.5j)
        assert law.outliers(5.0) == []


def test_the_transform_at_the_origin_and_far_away():
    law = SeparableLaw(*CASES["wide"])
    assert np.isinf(law.stieltjes(0.0))  # the atom
    assert law.stieltjes(1e-30j) == pytest.approx(1e30j * law.atom_at_zero, rel=1e-9)
    assert np.isinf(SeparableLaw([1.0], [1.0], *POPULATION, 1.0).stieltjes(0.0))  # a hard edge
    through = SeparableLaw(*CASES["signed"])
    assert through.stieltjes(0.0).imag == pytest.approx(np.pi * through.pdf(0.0), rel=1e-12)
    assert through.pdf(0.0) == pytest.approx(through.pdf(1e-12), rel=1e-6)
    for z in (1e80j, -1e150, 1e250 + 1e250j):
        assert law.stieltjes(z) == pytest.approx(-1 / z, rel=1e-12)


# --- hard edges ---------------------------------------------------------------------------------


@pytest.mark.parametrize("distance", [0.0, 1e-12, 1e-9, 1e-6, 1e-3, 1e-2])
@pytest.mark.parametrize("side", [-1, 1])
@pytest.mark.parametrize(
    "weights",
    [
        ([1.0], [1.0]),  # |x|^{-1/2} on the right
        ([1.0, -1.0], [0.5, 0.5]),  # |x|^{-1/3} on both sides
        ([1.0, -1.0], [0.5 + 1e-9, 0.5 - 1e-9]),  # the one far out, the other near 0
        ([2.0, -1.0], [0.5, 0.5]),  # |x|^{-1/2} on the left
    ],
)
def test_hard_edges(weights, side, distance):
    """Against the general law (Σ = 2), masses against inertia: ``min(…)`` of the ranks."""
    lam, w = np.array(weights)
    phi = 1.0 + side * distance
    exact, law = GeneralizedMarchenkoPastur(lam, w, phi), SeparableLaw(lam, w, [2.0], [1.0], phi)
    x = np.geomspace(1e-7, 3, 60)
    x = np.append(-x, x)
    # the closed form of the general law knows the CDF to the square root of an ulp here
    np.testing.assert_allclose(law.cdf(2 * x), exact.cdf(x), atol=1e-7)
    assert law.cdf(0.0) - law.cdf(-1e-300) == pytest.approx(law.atom_at_zero, abs=1e-12)
    total, _ = integrals(law)
    assert total[0] + law.atom_at_zero == pytest.approx(1, abs=1e-9)
    assert total[1] == pytest.approx(law.mean(), abs=1e-9)
    if phi >= 1:
        assert law.cdf(-1e-300) == pytest.approx(w[lam < 0].sum() / phi, abs=EXACT)
    q = np.linspace(0.01, 0.99, 25)
    assert (law.cdf(law.ppf(q)) >= q - 1e-11).all()


def test_the_law_through_a_hard_edge_is_continuous():
    """λ = ±1 over a wide Σ: from just below to just above ``φ P(a≠0) = P(λ≠0)``."""
    a = 10.0 ** -np.linspace(0, 5, 40)
    x = np.geomspace(1e-9, 3, 50)
    x = np.append(-x, x)
    at = SeparableLaw([1.0, -1.0], [0.5, 0.5], a, np.full(40, 1 / 40), 1.0).cdf(x)
    for distance in (1e-9, 1e-6, 1e-3, 1e-2):
        for side in (-1, 1):
            phi = 1 + side * distance
            law = SeparableLaw([1.0, -1.0], [0.5, 0.5], a, np.full(40, 1 / 40), phi)
            assert np.abs(law.cdf(x) - at).max() < 2 * distance + 1e-12


def test_the_power_of_the_density_at_hard_edges():
    """``|x|^{-1/2}``, or ``|x|^{-1/3}`` where E[1/λ] = 0, down to 1e-25 of the largest x."""
    r = 10.0 ** -np.array([15.0, 20.0, 25.0])
    law = SeparableLaw([1.0, 0.3], [0.5, 0.5], *POPULATION, 1.0)
    np.testing.assert_allclose(np.diff(np.log10(law.pdf(r))), 2.5, atol=1e-6)
    law = SeparableLaw([1.0, -0.5, -1.0], [0.6, 0.2, 0.2], *POPULATION, 1.0)
    for x in (r, -r):
        np.testing.assert_allclose(np.diff(np.log10(law.pdf(x))), 5 / 3, atol=1e-3)
    assert law.pdf(0.0) > law.pdf(1e-30) > 0


# --- failures -----------------------------------------------------------------------------------


def test_what_is_not_solved_raises(monkeypatch):
    law = SeparableLaw(*CASES["signed"])
    monkeypatch.setattr(separable_solver, "RESIDUAL", 0.0)
    for call in (law.pdf, law.cdf, law.stieltjes):
        with pytest.raises(RuntimeError, match="did not converge, residual"):
            call(np.linspace(0.1, 0.9, 30))


LAW = SeparableLaw([1.0], [1.0], [1.0], [1.0], 0.5)
BAD = {
    "shapes": (lambda: SeparableLaw([1, 2], [1], [1], [1], 1), "weights and probabilities must"),
    "population": (lambda: SeparableLaw([1], [1], [-1], [1], 1), "population must not be negative"),
    "sum": (lambda: SeparableLaw([1], [1], [1], [0.9], 1), "population_probabilities must sum"),
    "negative": (lambda: SeparableLaw([1, 2], [2, -1], [1], [1], 1), "must not be negative, got"),
    "NaN": (lambda: SeparableLaw([np.nan], [1], [1], [1], 1), "weights must be finite"),
    "ratio": (lambda: SeparableLaw([1], [1], [1], [1], 0), "aspect_ratio must be positive"),
    "spike": (lambda: LAW.outliers([2, 0]), "spikes must be positive, got 0"),
}


@pytest.mark.parametrize(("call", "message"), BAD.values(), ids=BAD.keys())
def test_bad_input(call, message):
    with pytest.raises(ValueError, match=message):
        call()
