"""The matrix equation at a point: its kernel, its derivative, its root, and F in closed form."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.integrate import quad

from rmt_hessian.theory import GeneralizedMarchenkoPastur
from rmt_hessian.theory.laws.matrix_equation import MatrixEquation
from rmt_hessian.theory.laws.matrix_factors import atom_at_zero, factors
from rmt_hessian.theory.laws.matrix_kernels import transforms
from tests.tolerances import EXACT, ITERATIVE

GAMMAS = (1e-6, 0.05, 0.4, 1.0, 1.6, 30.0)


def draws(n, k, rank, rng):
    """Output Hessians of ranks from 0 to ``rank``, sizes over six decades, units missing."""
    M = np.empty((n, k, k))
    for one in M:
        A = rng.standard_normal((k, rng.integers(0, rank + 1))) * (rng.random((k, 1)) < 0.7)
        one[:] = A @ A.T * 10 ** rng.uniform(-6, 0)
    return M


def positive(k, rng, shift=0.0):
    """A G with positive definite imaginary part."""
    A, B = rng.standard_normal((2, k, k))
    return A + A.T + 1j * (B @ B.T + shift * np.eye(k))


# --- the kernel ---------------------------------------------------------------------------------


@pytest.mark.parametrize("gamma", [1e-5, 0.3, 5.0])
@pytest.mark.parametrize("size", [1e-3, 1.0, 1e8])
@pytest.mark.parametrize("signed", [False, True])
def test_kernel(gamma, size, signed, rng):
    """B of each sample, their mean, and the sum of arguments, which is that of the eigenvalues."""
    M, weights = draws(100, 4, 4, rng), rng.dirichlet(np.ones(100))
    M *= rng.choice([-1.0, 1.0], 100)[:, None, None] if signed else 1.0
    L, ranks, signs = factors(M, 2.0**-52)
    LT = L.transpose(0, 2, 1)
    np.testing.assert_allclose((L * signs[:, None, :]) @ LT, M, atol=EXACT)
    assert (signs < 0).any() == signed
    assert not L[np.einsum("nii->ni", M) == 0].any()  # units that are missing stay so
    G = size * positive(4, rng)
    B_real, B_imag = np.zeros((2, 100, 10))
    real, imag, angle = transforms(
        L, ranks, signs, weights, G.real.copy(), G.imag.copy(), gamma, B_real, B_imag
    )
    S = signs[:, :, None] * np.eye(L.shape[2]) + gamma * LT @ G @ L
    B = L @ np.linalg.solve(S, LT)
    scale = np.abs(B).max()
    np.testing.assert_allclose(real + 1j * imag, np.tensordot(weights, B, 1), atol=EXACT * scale)
    np.testing.assert_allclose(
        B_real + 1j * B_imag, B[:, *np.triu_indices(4)], atol=10 * EXACT * scale
    )
    arguments = np.angle(np.linalg.eigvals(S)).sum(axis=1) - np.pi * (signs < 0).sum(axis=1)
    traces = np.einsum("ij,nji->n", G, B).imag
    assert angle == pytest.approx(weights @ (arguments - gamma * traces), abs=10 * EXACT)


def test_ranks_are_counted_against_rounding():
    """Beside 1, an eigenvalue of 1e-14 counts and one of 1e-17 does not, nor a sample of 1e-17."""
    M = np.array([np.diag(d) for d in ([1.0, 1e-14], [1.0, 1e-17], [1e-15, 1e-15], [1e-17, 0.0])])
    assert factors(M, 2.0**-52)[1].tolist() == [2, 1, 2, 0]
    assert factors(M, 2.0**-23)[1].tolist() == [1, 1, 2, 0]  # came in float32


# --- Newton's method ----------------------------------------------------------------------------


def test_slope_is_the_derivative(rng):
    M = draws(40, 3, 3, rng)
    equation = MatrixEquation(M, 0.4)
    z, h = (0.4 + 0.2j) * equation.bound, 1e-5 * equation.bound
    ahead, behind = (equation.solution(z + s).G for s in (h, -h))
    slope = equation.solution(z).slope
    np.testing.assert_allclose(
        slope, (ahead - behind) / (2 * h), atol=ITERATIVE * np.abs(slope).max()
    )


def test_another_root_in_a_gap_is_refused():
    """Weights 1 and 30, γ = 2: three real roots in the gap, and ``s' > 0`` at one."""
    lam, gamma = np.array([1.0, 30.0]), 2.0
    equation = MatrixEquation(np.repeat(lam, 5)[:, None, None], gamma)
    law = GeneralizedMarchenkoPastur(lam, [0.5, 0.5], gamma)
    x = np.ravel(law.components())[1:3].mean()
    # z(a) = x of `generalized_mp`, times its denominators
    p, c, a = gamma * lam, gamma * lam**2 / 2, np.poly1d([1.0, 0.0])
    roots = (
        (a + lam.mean() - x) * (a - p[0]) * (a - p[1]) + c[0] * (a - p[1]) + c[1] * (a - p[0])
    ).r
    assert np.isreal(roots).all()
    s = law.stieltjes(x).real
    z = x / equation.scale * (1 + 1j * equation.height)
    found = [equation._attempt(z, np.array([[-equation.scale / root]]), 1e-12) for root in roots]
    accepted = [one.solved for one in found]
    assert sum(accepted) == 1
    assert found[accepted.index(True)].s / equation.scale == pytest.approx(s, rel=ITERATIVE)
    # beside a unit that is inside its support, where Im G is large and hides the sign
    beside = np.zeros((10, 2, 2))
    beside[:, 0, 0], beside[:, 1, 1] = np.repeat(lam, 5), x
    equation = MatrixEquation(beside, gamma)
    z = x / equation.scale * (1 + 1j * equation.height)
    right = equation.solution(z).G
    assert right[0, 0].real / equation.scale == pytest.approx(s, rel=ITERATIVE)
    for root, good in zip(roots, accepted, strict=True):
        start = right.copy()
        start[0, 0] = -equation.scale / root
        assert equation._attempt(z, start, 1e-12).solved == good


def test_small_steps_beside_a_pole_are_no_convergence(rng):
    """Where ``1 + γ λ G`` nearly vanishes Newton's steps are small far from any root, and Im G and
    its slope look as they should: the residual tells."""
    lam = np.exp(rng.standard_normal(300))
    equation = MatrixEquation(lam[:, None, None], 30.0)
    law = GeneralizedMarchenkoPastur(lam, np.full(300, 1 / 300), 30.0)
    for x in law.ppf([0.97, 0.98, 0.99]):
        z = x / equation.scale * (1 + 1j * equation.height)
        for pole in -equation.scale / (30.0 * lam[:20]):
            found = equation._attempt(z, np.array([[pole * (1 + 1e-9 - 1e-9j)]]), 1e-12)
            assert equation._in_domain(z, found.G, found.slope)
            assert found.residual > 1
            assert not found.solved


@pytest.mark.parametrize("exponent", [-1000, -530, 0, 664, 1000])
def test_units_do_not_matter(exponent, rng):
    """Powers of two change nothing but the unit, to the last bit."""
    M = draws(30, 3, 3, rng)
    unit = 2.0**exponent
    plain, scaled = MatrixEquation(M, 0.4), MatrixEquation(M * unit, 0.4)
    z = 0.3 * plain.reach * (1 + 0.1j)
    np.testing.assert_array_equal(scaled.solve(z * unit) * unit, plain.solve(z))
    assert scaled.reach == plain.reach * unit
    assert scaled.residual(scaled.solve(z * unit), z * unit) < 1e-12


# --- the distribution ---------------------------------------------------------------------------


@pytest.mark.parametrize("gamma", GAMMAS)
def test_distribution_of_one_unit(gamma, rng):
    """Against the generalised Marchenko–Pastur law; for γ = 1e-6 one ulp of x moves it by 1e-12."""
    lam = np.exp(rng.standard_normal(200))
    equation = MatrixEquation(lam[:, None, None], gamma)
    law = GeneralizedMarchenkoPastur(lam, np.full(200, 1 / 200), gamma)
    q = law.atom_at_zero + (1 - law.atom_at_zero) * np.array([0.001, 0.1, 0.5, 0.9, 0.999])
    for x in law.ppf(q):
        solution = equation.solution(x / equation.scale * (1 + 1j * equation.height))
        assert solution.distribution(gamma) == pytest.approx(law.cdf(x), abs=1e-10)
        density = solution.density / equation.scale
        assert density == pytest.approx(law.pdf(x), rel=ITERATIVE, abs=1e-9 * law.pdf(x))


def test_distribution_is_the_integral_of_the_density(rng):
    M = draws(60, 3, 3, rng)
    equation = MatrixEquation(M, 0.3)

    def solution(x):
        return equation.solution(x * (1 + 1j * equation.height))

    ends = np.array([0.5, 1.5]) * equation.averages.mean()
    F = [solution(x).distribution(0.3) for x in ends]
    mass, error = quad(lambda x: solution(x).density, *ends, epsabs=1e-10)
    assert F[1] - F[0] == pytest.approx(mass, abs=1e-9 + error)


def test_distribution_is_stationary(rng):
    """An error ε of G moves F by ε²."""
    M = draws(60, 3, 3, rng)
    equation = MatrixEquation(M, 0.3)
    z = equation.averages.mean() * (1 + 1j * equation.height)
    solution = equation.solution(z)
    assert solution.inside
    error = rng.standard_normal((3, 3))
    shifts = []
    for size in (1e-2, 1e-3):
        G = solution.G + size * np.abs(solution.G).max() * (error + error.T)
        K, angle = equation._means(G)
        wrong = replace(solution, G=G, K=K, angle=angle)
        shifts.append(wrong.distribution(0.3) - solution.distribution(0.3))
    assert abs(shifts[0]) > 1e-6
    assert shifts[0] / shifts[1] == pytest.approx(100, rel=0.2)


# --- the atom -----------------------------------------------------------------------------------


def test_the_atom_of_units_that_decouple_needs_a_subspace(rng):
    """Rank 1 on a plane in general position, and a full unit: at γ = 0.8 the plane alone, of rank
    one and dimension two, has a null space, ``(2 - 1/0.8)/3``; all units together less."""
    Q = np.linalg.qr(rng.standard_normal((3, 3)))[0]
    u = rng.standard_normal((50, 2))
    M = np.zeros((50, 3, 3))
    M[:, :2, :2] = u[:, :, None] * u[:, None, :]
    M[:, 2, 2] = rng.uniform(1, 2, 50)
    M = Q @ M @ Q.T
    L, ranks, _ = factors(M, 2.0**-52)
    weights, plane = np.full(50, 1 / 50), Q[:, :2] @ Q[:, :2].T
    together = atom_at_zero(L, ranks, weights, 0.8, None, 2.0**-52)
    alone = atom_at_zero(L, ranks, weights, 0.8, plane, 2.0**-52)
    assert together == pytest.approx(1 - 2 / (3 * 0.8), abs=EXACT)
    assert alone == pytest.approx((2 - 1 / 0.8) / 3, abs=EXACT)
