"""The equation of the separable law and its solver, against mpmath, NumPy and differences."""

import mpmath
import numpy as np
import pytest

from rmt_hessian.theory.laws import kernels, separable_solver
from rmt_hessian.theory.laws.separable_equation import SeparableEquation
from rmt_hessian.theory.laws.separable_solver import far_start, newton, outside, solve
from tests.tolerances import EXACT, ITERATIVE


def equation(lam, w, a, p, phi):
    return SeparableEquation(*(np.array(x, dtype=float) for x in (lam, w, a, p)), phi)


SIGNED = equation([-0.5, 0.2, 1.0], [0.3, 0.3, 0.4], [0.1, 0.4, 1.0], [0.2, 0.5, 0.3], 0.4)
ZEROS = equation([-0.5, 1.0], [0.3, 0.4], [0.1, 1.0], [0.2, 0.5], 0.9)


@pytest.mark.parametrize("n_atoms", [1, 15, 16, 37, 1000])
def test_sums_over_atoms(n_atoms):
    rng = np.random.default_rng(n_atoms)
    x, y = rng.standard_normal((2, 5)) + 1j * rng.random((2, 5))
    b, c = rng.standard_normal((2, n_atoms))
    terms = x[:, None] * b + y[:, None]
    first, second = kernels.fraction_sums(x, y, b, c)
    size = np.abs(c) @ (1 / np.abs(terms) ** 2).max(axis=0) * np.abs(b).max() + 1
    np.testing.assert_allclose(first, (c / terms).sum(axis=1), atol=EXACT * size)
    np.testing.assert_allclose(second, (c * b / terms**2).sum(axis=1), atol=EXACT * size)
    angles = kernels.angle_sums(x, y, b, c)
    np.testing.assert_allclose(angles, (c * np.angle(terms)).sum(axis=1), atol=EXACT * n_atoms)


def test_a_sum_depends_on_no_other_point():
    """The same bits alone and among others."""
    rng = np.random.default_rng(0)
    x, y = rng.standard_normal((2, 9)) + 1j
    b, c = rng.standard_normal((2, 100))
    together = kernels.fraction_sums(x, y, b, c)
    for k in range(9):
        alone = kernels.fraction_sums(x[k : k + 1], y[k : k + 1], b, c)
        assert [s[0] for s in alone] == [s[k] for s in together]


# --- the defect and its derivatives -------------------------------------------------------------


def true_map(eq, delta, z):
    """``T(δ; z)`` in mpmath."""
    lam, w, a, p = ([mpmath.mpf(t) for t in x] for x in (eq.lam, eq.w, eq.a, eq.p))
    kappa = sum(s * t / (1 + t * delta) for t, s in zip(lam, w, strict=True))
    return eq.phi * sum(s * t / (t * kappa - z) for t, s in zip(a, p, strict=True))


HARD = equation([-0.5, 0.2, 1.0], [0.25, 0.25, 0.5], [0.1, 1.0], [0.5, 0.5], 1.0)
CUSP = equation([-1.0, 0.5, 1.0], [0.5, 0.125, 0.25], [0.1, 1.0], [0.5, 0.5], 0.875)


@pytest.mark.parametrize(
    ("eq", "delta", "z"),
    [
        (SIGNED, 0.3 + 0.8j, 0.5 + 0.1j),
        (ZEROS, -2.0 + 1e-3j, 0.02 + 0j),
        (HARD, 1e3 * (1 + 2j), 1e-5 + 0j),
        (HARD, 1e12 * (-1 + 2j), 1e-23 + 0j),  # κδ is 1 up to 1e-11
        (CUSP, 1e14 * (1 + 0.5j), -3e-40 + 0j),
    ],
)
def test_defect_and_its_derivatives(eq, delta, z):
    with mpmath.workdps(80):
        exact = mpmath.mpmathify(delta)
        point = mpmath.mpmathify(z)
        true = true_map(eq, exact, point) - exact
        slope = mpmath.diff(lambda d: true_map(eq, d, point) - d, exact, h=abs(exact) * 1e-25)
        in_z = point * mpmath.diff(lambda t: true_map(eq, exact, t), point, h=abs(point) * 1e-25)
        true, slope, in_z = complex(true), complex(slope), complex(in_z)
    here = eq.defect(np.array([delta]), np.array([z]))
    assert abs(here.difference[0] - true) <= 1e-13 * here.size[0]
    assert abs(here.contraction[0] + slope) <= 1e-13 * here.contraction_size[0]
    assert here.in_z[0] == pytest.approx(in_z, rel=1e-9)
    # and the sizes are those of what is left
    assert here.size[0] <= 100 * abs(true)


# --- solutions ----------------------------------------------------------------------------------


@pytest.mark.parametrize("eq", [SIGNED, ZEROS, HARD])
def test_from_any_start_to_the_same_solution(eq):
    """Guess, far start and descent, at points inside and outside the support and above it."""
    x = np.array([-0.3, -0.02, 1e-3, 0.04, 0.3, 0.8, 5.0])
    z = np.concatenate([x + 0j, x + 0.05j, x + 1e-9j])
    delta = solve(eq, z)
    np.testing.assert_allclose(eq.defect(delta, z).residual, 0, atol=1e-13)
    with np.errstate(all="ignore"):
        lowered = separable_solver._descend(eq, z)
    for start in (lowered, far_start(eq, z) * 1e6, far_start(eq, z) * 1e-6):
        np.testing.assert_allclose(solve(eq, z, start), delta, rtol=1e-9)
    bad = np.where(np.arange(z.size) % 2, np.nan, -1j)
    np.testing.assert_array_equal(solve(eq, z, bad), delta)


def test_newton_is_exact_for_moebius_maps():
    """One λ, one a: one step from anywhere (a second one sees that it was right)."""
    eq = equation([1.0], [1.0], [1.0], [1.0], 0.5)
    z = np.array([0.3, 0.9, 2.5]) + 0j
    start = np.array([1e-3 + 5j, 2 + 1j, -1 + 0.1j])
    expected = solve(eq, z)
    for steps, tolerance in ((1, 1e-12), (2, 1e-14)):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(separable_solver, "STEPS", steps)
            np.testing.assert_allclose(newton(eq, start, z), expected, rtol=tolerance)


def test_steps_that_Newtons_method_needs():
    """Ten or so on the axis itself, from far away, over 12 and 8 decades."""
    rng = np.random.default_rng(1)
    lam = np.sort(10 ** rng.uniform(-12, 0, 300) * rng.choice([-1, 1], 300))
    a = np.sort(10 ** rng.uniform(-8, 0, 300))
    share = np.full(300, 1 / 300)
    calls, sums = [], kernels.fraction_sums
    for phi in (0.01, 0.3, 1.0, 1.5, 50.0):
        eq = equation(lam / np.abs(lam).max(), share, a / a.max(), share, phi)
        z = np.geomspace(1e-25, eq.reach, 200) + 0j
        with pytest.MonkeyPatch.context() as patch:
            count = lambda x, *rest: calls.append(x.size) or sums(x, *rest)  # noqa: E731
            patch.setattr(kernels, "fraction_sums", count)
            solve(eq, z)
    assert sum(calls) / 2 / 1000 < 16  # evaluations a point, the check of the solution included


@pytest.mark.parametrize("eq", [SIGNED, HARD])
def test_real_solutions_are_limits(eq):
    """Outside the support δ is real, ``dT/dδ < 1``, and the limit from above."""
    x = np.array([-2.0, -0.9, 3.0, 6.0])
    delta = solve(eq, x + 0j)
    assert (delta.imag == 0).all()
    assert (eq.defect(delta, x + 0j).contraction.real > 0).all()
    np.testing.assert_allclose(solve(eq, x + 1e-9j), delta, atol=1e-7)


def test_of_two_real_roots_one_is_the_limit():
    """``5 δ² + 4.5 δ + 0.5 = 0`` at x = 5 for constant weights, Σ = I, φ = ½."""
    eq = equation([1.0], [1.0], [1.0], [1.0], 0.5)
    roots = (-4.5 + np.array([1, -1]) * np.sqrt(10.25)) / 10
    found, contraction = outside(eq, roots + 1e-4, np.array([5.0, 5.0]))
    np.testing.assert_allclose(found, roots, rtol=1e-12)
    np.testing.assert_allclose(contraction, 1 - 0.5 / (1 - 5 * (1 + roots)) ** 2, rtol=1e-12)
    assert (contraction > 0).tolist() == [True, False]
    assert solve(eq, np.array([5.0 + 0j]))[0] == pytest.approx(roots[0], rel=1e-12)


@pytest.mark.parametrize("eq", [SIGNED, ZEROS, HARD])
def test_far_from_the_support(eq):
    """T is real there up to 1e-24 of Im δ and less; ``δ → -φ E a/z``."""
    x = np.array([1e9, -1e12, 1e40, -1e70])
    for z in (x + 0j, x + 1e-18j * np.abs(x), x * 1j * np.sign(x)):
        np.testing.assert_allclose(solve(eq, z), -eq.phi * (eq.p @ eq.a) / z, rtol=1e-8)


def test_newton_alone_where_the_map_is_nearly_real():
    """``Im T`` is 1e-16 of Im δ and less: ``1 - c`` of rounding alone led nowhere."""
    eq = equation([-1e-4, 1e-3, 1.0], [1 / 3] * 3, [1e-3, 1.0], [0.5, 0.5], 0.5)
    x = np.geomspace(1e5, 1e12, 200)
    z = np.concatenate([x, -x]) + 0j
    with np.errstate(all="ignore"):
        _, solved = separable_solver._attempt(eq, far_start(eq, z), z)
    assert solved.all()


# --- the distribution function ------------------------------------------------------------------


def potential(eq, kappa, delta, z):
    """``V = ∫ log(z - aκ) dν + E log(1 + λδ)/φ - κδ/φ``, zeros of the population included."""
    V = (eq.p * np.log(z - eq.a * kappa)).sum() + (1 - eq.p_nonzero) * np.log(z)
    return V + ((eq.w * np.log(1 + eq.lam * delta)).sum() - kappa * delta) / eq.phi


@pytest.mark.parametrize("eq", [SIGNED, ZEROS])
def test_potential(eq):
    """V is stationary in κ and δ, ``dV/dz = -s``, and its imaginary part is ``π (1 - F)``."""
    z = np.array([0.3 + 0.2j])
    delta = solve(eq, z)
    kappa = eq.kappa(delta)[0]
    V = potential(eq, kappa[0], delta[0], z[0])
    for h in (1e-4, 1e-4j):
        assert abs(potential(eq, kappa[0] + h, delta[0], z[0]) - V) < 1e2 * abs(h) ** 2
        assert abs(potential(eq, kappa[0], delta[0] + h, z[0]) - V) < 1e2 * abs(h) ** 2
    ends = [
        potential(eq, eq.kappa(d)[0][0], d[0], t[0])
        for t in (z - 1e-5, z + 1e-5)
        for d in [solve(eq, t)]
    ]
    s = eq.stieltjes(delta, z)[0] - (1 - eq.p_nonzero) / z[0]
    assert (ends[1] - ends[0]) / 2e-5 == pytest.approx(-s, rel=ITERATIVE)
    x = np.array([-0.05, 0.3])
    delta = solve(eq, x + 0j)
    assert (delta.imag > 0).all()
    kappa = eq.kappa(delta)[0]
    F = eq.distribution(delta, x)
    for k in range(2):
        phase = potential(eq, kappa[k], delta[k], x[k] + 0j).imag
        assert F[k] == pytest.approx(1 - phase / np.pi, abs=EXACT)
    # an error of δ enters squared
    for h in (1e-4, 1e-5):
        moved = np.abs(eq.distribution(delta * (1 + h * 1j), x) - F)
        assert (moved < 30 * h**2).all()


def test_counts_in_gaps():
    """φ = 50: a component of mass ``w_k/φ`` for each λ, the atom between the two signs."""
    eq = equation([-1.0, -0.3, 0.2, 1.0], [0.1, 0.2, 0.3, 0.4], [0.5, 1.0], [0.5, 0.5], 50.0)
    x = np.array([-90.0, -25.0, -1e-3, 1e-3, 20.0, 90.0])
    delta = solve(eq, x + 0j)
    assert (delta.imag == 0).all()
    F = eq.share_below(eq.index(delta.real, x), x)
    expected = np.array([0, 0.1, 0.3, 49.3, 49.6, 50]) / 50
    np.testing.assert_allclose(F, expected, atol=EXACT)
    assert len(set(map(tuple, eq.index(delta.real, x).T))) == 6
    # few features, φ = 1e-3: one component for each a, on both sides
    eq = equation([-1.0, 0.5], [0.5, 0.5], [0.01, 1.0], [0.25, 0.75], 1e-3)
    x = np.array([-0.5, -0.1, 0.1])
    delta = solve(eq, x + 0j)
    F = eq.share_below(eq.index(delta.real, x), x)
    np.testing.assert_allclose(F, [0, 0.75, 1], atol=EXACT)
