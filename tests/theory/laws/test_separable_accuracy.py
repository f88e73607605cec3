"""Accuracy of the separable law against mpmath at 50 digits: density, CDF, ends of components."""

import mpmath
import numpy as np
import pytest

from rmt_hessian.theory.laws.separable import SeparableLaw
from rmt_hessian.theory.laws.separable_solver import solve
from tests.theory.laws.test_separable import first_moments
from tests.theory.laws.test_separable_stress import random_case

DIGITS = 50


def atoms(law):
    """Pairs (λ, w) and (a, p) in mpmath."""
    laws = (law.weights, law.probabilities), (law.population, law.population_probabilities)
    return [[(mpmath.mpf(t), mpmath.mpf(s)) for t, s in zip(x, w, strict=True)] for x, w in laws]


def exact_point(law, x):
    """δ, density and CDF at x: Newton's method on ``δ = T(δ)`` from the floating-point solution.

    Whatever it starts from, a fixed point with Im δ > 0 is the only one.
    """
    lam, a = atoms(law)
    delta = solve(law._equation, np.array([x / law._unit + 0j]))[0] / (law._unit / law._a_unit)
    phi, x, delta = mpmath.mpf(law.aspect_ratio), mpmath.mpf(x), mpmath.mpc(delta)
    for _ in range(60):
        kappa = sum(w * t / (1 + t * delta) for t, w in lam)
        slope = -sum(w * t**2 / (1 + t * delta) ** 2 for t, w in lam)
        T = phi * sum(p * t / (t * kappa - x) for t, p in a)
        T_slope = -phi * slope * sum(p * t**2 / (t * kappa - x) ** 2 for t, p in a)
        step = (T - delta) / (1 - T_slope)
        delta += step
        if abs(step) < mpmath.mpf(10) ** -40 * abs(delta):
            break
    assert delta.imag > 0
    kappa = sum(w * t / (1 + t * delta) for t, w in lam)
    s = sum(p / (t * kappa - x) for t, p in a)
    turned = sum(w * mpmath.arg(1 + t * delta) for t, w in lam) - mpmath.im(kappa * delta)
    F = 1 - (sum(p * mpmath.arg(x - t * kappa) for t, p in a) + turned / phi) / mpmath.pi
    return s.imag / mpmath.pi, F


def log_uniform_points(rng, lo, hi, n):
    """Points of a component away from its ends by 1e-6 of its width in log|x|, or more."""
    if lo <= 0 <= hi:
        ends = [end for end in (lo, hi) if end != 0]
        return rng.choice(ends, n) * 10.0 ** rng.uniform(-20, -1e-5, n)
    length = np.log(hi / lo)
    return lo * np.exp(
        length * np.where(rng.random(n) < 0.5, t := 10 ** rng.uniform(-6, -0.3, n), 1 - t)
    )


HARD = {
    "decades": (
        10.0 ** -np.arange(13),
        np.full(13, 1 / 13),
        10.0 ** -np.arange(9),
        np.full(9, 1 / 9),
    ),
    "decades, signed": (
        10.0 ** -np.arange(13) * (-1) ** np.arange(13),
        np.full(13, 1 / 13),
        10.0 ** -np.arange(9),
        np.full(9, 1 / 9),
    ),
    "a spike of little mass": ([1.0, 100.0], [1 - 1e-10, 1e-10], [1.0, 2.0], [0.5, 0.5]),
    "nearly equal": ([1.0, 1.0 + 1e-7], [0.5, 0.5], [1.0, 1.0 - 1e-9, 0.5], [0.3, 0.3, 0.4]),
}


@pytest.mark.parametrize("phi", [0.01, 0.7, 1.0, 1.001, 50.0])
@pytest.mark.parametrize("case", HARD.values(), ids=HARD)
def test_hard_cases(case, phi):
    check(SeparableLaw(*case, phi), np.random.default_rng(0))


@pytest.mark.parametrize("seed", range(40))
def test_random_spectra(seed):
    case = random_case(seed)
    if case[0].size * case[2].size > 400:
        case = (case[0][:1], [1.0], *case[2:]) if case[2].size <= 20 else case
    if case[0].size + case[2].size > 60:
        case = ([1.0, -1e-3], [0.5, 0.5], [1e-6, 1e-2, 1.0], [0.2, 0.2, 0.6], case[4])
    check(SeparableLaw(*case), np.random.default_rng(seed))


def check(law, rng):
    """Density to 1e-8 of itself and an ulp of x, CDF to 1e-12, at points of up to five components.

    Beside a hard edge an ulp of the probabilities, whose sums are compared, counts as well. In
    components of mass below 1e-8 Im δ is lost in the rounding of δ.
    """
    ends, masses = law.components(), law.component_masses()
    excess = abs(law._equation.excess)
    for k in rng.permutation(len(ends))[:5]:
        for x in log_uniform_points(rng, *ends[k], 3):
            if not ends[k][0] < x < ends[k][1] or masses[k] < 1e-8:
                continue
            with mpmath.workdps(DIGITS):
                density, F = exact_point(law, x)
                assert abs(F - law.cdf(x)) <= 1e-12
                error = abs(law.pdf(x) / density - 1)
            ulp = 2**-52 * abs(x) / min(x - ends[k][0], ends[k][1] - x)
            hard = 1e-14 / excess if excess > 0 else 0.0
            assert error <= 1e-8 + 10 * ulp + hard


@pytest.mark.parametrize("phi", [0.01, 0.4, 1.5, 50.0])
@pytest.mark.parametrize("case", list(HARD.values())[:3], ids=list(HARD)[:3])
def test_ends(case, phi):
    """``T = δ`` and ``dT/dδ = 1`` at real (δ, x), to 1e-12 of x."""
    law = SeparableLaw(*case, phi)
    lam, a = atoms(law)
    ends = np.array(law.components()).ravel()
    ends = ends[ends != 0]
    outward = np.where(np.arange(ends.size) % 2 == 0, -1, 1)
    with mpmath.workdps(DIGITS):
        for x, side in list(zip(ends, outward, strict=True))[:8]:
            near = x * (1 + side * np.sign(x) * 1e-7)  # in the gap

            def equations(delta, log_x):
                kappa = sum(w * t / (1 + t * delta) for t, w in lam)
                slope = -sum(w * t**2 / (1 + t * delta) ** 2 for t, w in lam)
                place = mpmath.exp(log_x) * int(np.sign(x))  # noqa: B023
                T = phi * sum(p * t / (t * kappa - place) for t, p in a)
                T_slope = -phi * slope * sum(p * t**2 / (t * kappa - place) ** 2 for t, p in a)
                return T / delta - 1, T_slope - 1

            delta = solve(law._equation, np.array([near / law._unit + 0j]))[0].real / (
                law._unit / law._a_unit
            )
            _, log_x = mpmath.findroot(equations, (delta, mpmath.log(abs(near))))
            assert abs(mpmath.exp(log_x) / abs(mpmath.mpf(x)) - 1) < 1e-12


def test_moments_are_exact():
    """The third by the non-crossing formula; and of constant weights the companion's."""
    case = HARD["decades, signed"]
    law = SeparableLaw(*case, 0.7)
    for k, exact in enumerate(first_moments(*case, 0.7), start=1):
        assert law.moment(k) == pytest.approx(exact, rel=1e-13)
    assert law.var() == pytest.approx(law.moment(2) - law.mean() ** 2, rel=1e-12)


def test_fourth_and_fifth_moments():
    """Sums over all permutations pairs by brute force: non-crossing partitions π and complements.

    ``E X^k = Σ_π φ^{k - |π|} Π E λ^{|V|} Π E a^{|U|}`` over blocks V of π and U of its Kreweras
    complement.
    """
    lam, w = np.array([1.0, -0.5, 0.3]), np.array([0.2, 0.3, 0.5])
    a, p, phi = np.array([0.4, 2.0]), np.array([0.6, 0.4]), 1.7
    law = SeparableLaw(lam, w, a, p, phi)
    for k in (1, 2, 3, 4, 5, 6):
        total = 0.0
        for partition in non_crossing(k):
            term = phi ** (k - len(partition))
            for block in partition:
                term *= w @ lam ** len(block)
            for size in complement(partition, k):
                term *= p @ a**size
            total += term
        assert law.moment(k) == pytest.approx(total, rel=1e-12)


def non_crossing(k):
    """Non-crossing partitions of 0 … k-1, as lists of ascending blocks."""

    def partitions(items):
        if not items:
            yield []
            return
        for rest in partitions(items[1:]):
            yield [[items[0]], *rest]
            for i in range(len(rest)):
                yield [*rest[:i], [items[0], *rest[i]], *rest[i + 1 :]]

    def crosses(P, Q):
        return any(i < u < j < v for i in P for j in P for u in Q for v in Q)

    for partition in partitions(list(range(k))):
        if not any(crosses(P, Q) for P in partition for Q in partition if P is not Q):
            yield partition


def complement(partition, k):
    """Sizes of the blocks of the Kreweras complement: cycles of π⁻¹ composed with (0 1 … k-1)."""
    back = {}
    for block in partition:
        for i, j in zip(block, block[1:] + block[:1], strict=True):
            back[j] = i
    step = {i: back[(i + 1) % k] for i in range(k)}
    sizes, left = [], set(range(k))
    while left:
        i, size = min(left), 0
        while i in left:
            left.remove(i)
            i, size = step[i], size + 1
        sizes.append(size)
    return sizes
