"""Layers on given features: blocks as special cases, the equation, simulations, borders."""

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rmt_hessian import ks_distance
from rmt_hessian.theory.laws.free_convolution import FreeConvolution
from rmt_hessian.theory.laws.matrix_convolution import ConvolutionSolution
from rmt_hessian.theory.laws.matrix_free_convolution import MatrixFreeConvolution, spread_out_stack
from rmt_hessian.theory.laws.matrix_layer import MatrixLayerLaw
from rmt_hessian.theory.laws.tabulated_distribution import TabulatedDistribution
from tests.tolerances import EXACT, ITERATIVE, STATISTICAL

TABLE = 2e-4  # of a CDF from the table, between its nodes


def equal_masses(M, spectrum, phi):
    return MatrixFreeConvolution(M, spectrum, np.full(len(spectrum), 1 / len(spectrum)), phi)


def block(lam, spectrum, phi):
    w, p = (np.full(len(x), 1 / len(x)) for x in (lam, spectrum))
    return FreeConvolution(lam, w, spectrum, p, phi)


def distance(first, second, n=400):
    """Largest difference of two CDFs, at quantiles of both."""
    q = (np.arange(n) + 0.5) / n
    x = np.concatenate([first.ppf(q), second.ppf(q)])
    return np.abs(first.cdf(x) - second.cdf(x)).max()


def matrices(kind, n, k, rng):
    A, masks = rng.standard_normal((n, k, k)), rng.random((n, k, 1)) < 0.5
    return {
        "positive": lambda: A @ A.transpose(0, 2, 1),
        "both signs": lambda: A + A.transpose(0, 2, 1) + np.eye(k),
        "rank one": lambda: A[:, :, :1] @ A[:, :, :1].transpose(0, 2, 1),
        "masked": lambda: (A[0] @ A[0].T) * masks * masks.transpose(0, 2, 1),
        "negative": lambda: -A @ A.transpose(0, 2, 1),
    }[kind]()


KINDS = ["positive", "both signs", "rank one", "masked", "negative"]


# --- one unit, and units that decouple ----------------------------------------------------------


@pytest.mark.parametrize("phi", [0.4, 1.0, 1.5])
@pytest.mark.parametrize("shift", [0.0, -0.5, -20.0])
def test_one_unit_is_a_block(phi, shift, rng):
    lam, p = rng.lognormal(0, 1, 200) + shift, round(200 * phi)
    e = rng.uniform(0.5, 3.0, p) * (np.arange(p) < 200)
    law, exact = equal_masses(lam[:, None, None], e, phi), block(lam, e, phi)
    assert distance(law, exact) < TABLE
    assert law.atom_at_zero == pytest.approx(exact.atom_at_zero, abs=1e-8)
    assert law.mean() == pytest.approx(exact.mean(), rel=EXACT)
    assert law.var() == pytest.approx(exact.var(), rel=EXACT)
    z = np.array([1 + 0.1j, -2 - 0.3j, 0.01 + 0.2j, 90.0, -90.0])
    np.testing.assert_allclose(law.stieltjes(z), exact.stieltjes(z), rtol=ITERATIVE)
    x = law.ppf([0.1, 0.3, 0.7, 0.9])
    x = x[exact.pdf(x) > 0]
    s = law.stieltjes(x)  # on the axis, from above
    np.testing.assert_allclose(s, exact.stieltjes(x), rtol=1e-5)


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_independent_units_are_a_mixture(sign, rng):
    """Two blocks side by side, in any basis of the units; the second of either sign."""
    lam, mu, e = rng.lognormal(0, 1, 200), rng.uniform(0.5, 1.5, 200), rng.uniform(0.5, 3.0, 60)
    M = np.zeros((200, 2, 2))
    M[:, 0, 0], M[:, 1, 1] = lam, 3 * sign * mu
    Q = np.linalg.qr(rng.standard_normal((2, 2)))[0]
    parts = [block(t, e, 0.3) for t in (lam, 3 * sign * mu)]
    for law in (equal_masses(T, e, 0.3) for T in (M, Q @ M @ Q.T)):
        x = np.linspace(*law.support(), 200)
        mixture = sum(part.cdf(x) for part in parts) / 2
        np.testing.assert_allclose(law.cdf(x), mixture, atol=2 * TABLE)


def test_units_and_features_that_are_zero(rng):
    """Their null space is an atom; the rest is the law without them."""
    M, e = matrices("positive", 100, 2, rng), rng.uniform(0.5, 3.0, 30)
    law = equal_masses(M, e, 0.3)
    wider = np.zeros((100, 3, 3))
    wider[:, :2, :2] = M
    Q = np.linalg.qr(rng.standard_normal((3, 3)))[0]
    larger = equal_masses(Q @ wider @ Q.T, np.append(e, np.zeros(10)), 0.4)
    assert larger.null_space == larger.atom_at_zero == pytest.approx(0.5)
    x = np.linspace(*law.support(), 50)
    np.testing.assert_allclose(larger.cdf(x), 0.5 + 0.5 * law.cdf(x), atol=TABLE)
    z = np.array([1.0 + 0.5j, -2.0 + 0.1j])
    expected = 0.5 * law.stieltjes(z) - 0.5 / z
    np.testing.assert_allclose(larger.stieltjes(z), expected, rtol=ITERATIVE)
    assert larger.var() == pytest.approx(0.5 * (law.var() + 0.5 * law.mean() ** 2), rel=1e-9)


# --- the equation -------------------------------------------------------------------------------


def transform_by_iteration(z, M, e, phi):
    """D ← ½ (D + T(D)) until nothing moves: slow, obvious, for Im z of order one."""
    k = M.shape[1]
    eye, D = np.eye(k), 1j * np.eye(k)
    for _ in range(20000):
        K = np.mean([m @ np.linalg.inv(eye + D @ m) for m in M], axis=0)
        W = z * (np.linalg.inv(K) - D)
        A = phi * np.mean([x * np.linalg.inv(x * eye - W) for x in e], axis=0)
        image = W @ A @ np.linalg.inv(eye - A) / z
        if np.abs(image - D).max() < 1e-14 * np.abs(D).max():
            break
        D = (D + image) / 2
    return np.trace(A / phi - eye) / (k * z)


@pytest.mark.parametrize("phi", [0.5, 2.0])
@pytest.mark.parametrize("kind", ["positive", "both signs"])
def test_transform(phi, kind, rng):
    M, p = matrices(kind, 6, 2, rng), round(6 * phi)
    e = rng.uniform(0.5, 2.0, p) * (np.arange(p) < 6)
    law = equal_masses(M, e, phi)
    size = np.abs(M).max()
    for z in (1.0 + 1.0j, -0.5 + 0.8j, 2.0j, 3.0 + 0.5j):
        expected = transform_by_iteration(z * size, M, e, phi)
        assert law.stieltjes(z * size) == pytest.approx(expected, rel=1e-9)
        conjugate = law.stieltjes(np.conj(z) * size)
        assert conjugate == pytest.approx(np.conj(expected), rel=1e-9)


@pytest.mark.parametrize("kind", ["positive", "both signs"])
def test_slopes_are_derivatives(kind, rng):
    equation = equal_masses(matrices(kind, 40, 3, rng), rng.uniform(0.5, 2.0, 12), 0.3).equation
    z, h = (0.3 + 0.2j) * equation.bound, 1e-5
    at, ahead, behind = (equation.solution(z + s, tolerance=1e-12) for s in (0.0, h, -h))
    for name in ("G", "s"):
        slope = {"G": at.slope, "s": at.s_slope}[name]
        difference = (getattr(ahead, name) - getattr(behind, name)) / (2 * h)
        np.testing.assert_allclose(slope, difference, atol=ITERATIVE * np.abs(slope).max())


@pytest.mark.parametrize("kind", ["positive", "both signs"])
def test_an_error_of_the_solution_enters_the_distribution_squared(kind, rng):
    equation = equal_masses(matrices(kind, 40, 3, rng), rng.uniform(0.5, 2.0, 12), 0.3).equation
    z = 0.2 * equation.bound * (1 + 1j * equation.height)
    solution = equation.solution(z, tolerance=1e-12)
    assert solution.inside
    error = rng.standard_normal((3, 3)) * np.abs(solution.G).max()
    F = solution.distribution(0.3)
    first, second = (
        equation._found(z, solution.G + h * (error + error.T), solution.slope).distribution(0.3) - F
        for h in (1e-3, 1e-4)
    )
    assert abs(first) > 1e-9
    assert first / second == pytest.approx(100, rel=0.2)


def image_in_mpmath(z, D, M, e, phi):
    """``T = -(m(W)^{-1} + W)/z``, ``W = z (K^{-1} - D)``, as it is stated, in 80 digits."""
    with mpmath.workdps(80):
        D, eye = mpmath.matrix(D.tolist()), mpmath.eye(len(D))
        K = sum((m * (eye + D * m) ** -1 for m in map(mpmath.matrix, M.tolist())), eye * 0)
        W = z * ((K / len(M)) ** -1 - D)
        mean = sum(((x * eye - W) ** -1 for x in e.tolist()), eye * 0) * mpmath.mpf(phi) / len(e)
        T = -((mean - (1 - mpmath.mpf(phi)) * W**-1) ** -1 + W) / z
        return np.array([[complex(x) for x in row] for row in T.tolist()])


@pytest.mark.parametrize("small", [1.0, 1e-6, 1e-12])
def test_the_equation_where_a_direction_has_little_curvature(small, rng):
    """One direction of the units, oblique to them, has almost no curvature: W is large there."""
    Q = np.linalg.qr(rng.standard_normal((3, 3)))[0]
    values = rng.lognormal(0, 1, (30, 3)) * [1.0, 1.0, small]
    M, e, phi = np.einsum("ia,na,ja->nij", Q, values, Q), rng.uniform(0.5, 2.0, 9), 0.3
    equation = equal_masses(M, e, phi).equation
    A = rng.standard_normal((3, 3))
    G = 0.1 * (A + A.T) + 1j * (np.eye(3) + 0.1 * A @ A.T)
    z = equation.bound * (0.5 + 0.5j)
    defect, jacobian, _ = equation._linearised(z, G)
    M = np.einsum("nia,na,nja->nij", equation.L, equation.signs, equation.L)
    expected = image_in_mpmath(complex(z), phi * G, M, equation.e, equation.gamma)
    accuracy = EXACT * np.abs(expected).max()
    np.testing.assert_allclose(phi * G - defect, expected, rtol=0, atol=accuracy)
    step = 1e-6 * (rng.standard_normal((3, 3)) + 1j * rng.standard_normal((3, 3)))
    step = step + step.T
    ahead, behind = (equation._linearised(z, G + s * step)[0] for s in (1, -1))
    found = equation.symmetric.matrix(jacobian @ equation.symmetric.vector(step))
    np.testing.assert_allclose(found, (behind - ahead) / 2, atol=1e-7 * np.abs(step).max())


def test_no_root_where_nothing_is_left_of_K():
    """``K = 0`` solves ``K + z m(W) = 0`` but not the equation: F would be 0.2 near 0."""
    rng = np.random.default_rng(0)
    lam, e = rng.lognormal(size=200), rng.uniform(0.5, 3, 60)
    equation = equal_masses(lam[:, None, None], e, 0.4).equation
    z = complex(1e-8, 1e-18) * equation.bound
    far = equation.solution(z)
    wrong = equation._attempt(z, np.array([[-1.554 + 0j]]), 1e-12)
    assert far.distribution(0.4) == pytest.approx(0.0, abs=1e-9)
    assert not wrong.solved or np.allclose(wrong.G, far.G)


# --- masses, moments, simulations ---------------------------------------------------------------


@given(
    st.sampled_from(KINDS), st.integers(1, 3), st.integers(5, 25), st.integers(2, 25), st.integers()
)
@settings(max_examples=25)
def test_masses_and_moments(kind, k, n, p, seed):
    rng = np.random.default_rng(abs(seed))
    M, e = matrices(kind, n, k, rng), rng.uniform(0.3, 2.0, p) * (np.arange(p) < n)
    law = equal_masses(M, e, p / n)
    assert M.any() == bool(law.components())
    if not M.any():
        return
    assert law.component_masses().sum() + law.atom_at_zero == pytest.approx(1, abs=EXACT)
    mean = np.trace(M.mean(axis=0)) / k * e.mean()
    size = np.abs(M).max() * e.max()
    assert law.mean() == pytest.approx(mean, abs=EXACT * size)
    lo, hi = law.support()
    x = np.linspace(lo, hi, 40)
    assert (np.diff(law.cdf(x)) >= -EXACT).all()
    wide = 4 * max(law.interpolation_error, 1e-7)
    first, second = (TabulatedDistribution.moment(law, order) for order in (1, 2))
    assert abs(first - mean) <= wide * max(abs(lo), hi)
    assert abs(second - law.moment(2)) <= 2 * wide * max(abs(lo), hi) ** 2
    z = 30j * max(abs(lo), hi, 1e-3 * size)
    assert (law.stieltjes(z) + 1 / z + mean / z**2) * z**3 == pytest.approx(
        -law.moment(2), abs=0.05 * max(abs(lo), hi) ** 2
    )


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("phi", [0.3, 1.0, 1.5])
def test_simulated_frames(kind, phi, rng):
    """``(1/N) Σ M_n ⊗ z_n z_nᵀ``, the features' N-side singular vectors a random frame."""
    N, k = 300, 3
    p, r = round(N * phi), min(N, round(N * phi))
    e = np.append(10 ** rng.uniform(-1, 1, r), np.zeros(p - r))
    M = matrices(kind, N, k, rng)
    V = np.linalg.qr(rng.standard_normal((N, r)))[0] * np.sqrt(N * e[:r])
    H = np.einsum("nij,na,nb->iajb", M, V, V, optimize=True).reshape(k * r, k * r) / N
    values = np.append(np.linalg.eigvalsh(H), np.zeros(k * (p - r)))
    values[np.abs(values) < 1e-12 * np.abs(values).max()] = 0.0
    law = equal_masses(M, e, phi)
    assert ks_distance(values, law) < STATISTICAL
    assert law.atom_at_zero == pytest.approx(np.mean(values == 0), abs=0.01)


def test_a_white_spectrum_gives_the_law_of_white_features(rng):
    M = matrices("positive", 400, 2, rng)
    Z = rng.standard_normal((400, 120))
    law = equal_masses(M, np.linalg.eigvalsh(Z.T @ Z / 400), 0.3)
    assert distance(law, MatrixLayerLaw(M, 0.3)) < STATISTICAL


# --- little spread, scale, borders --------------------------------------------------------------


def test_constant_matrices_give_the_spectrum_itself(rng):
    """``E[M] ⊗ e``, smoothed: by 0.006 beside the steps of 1/(kp) of a dense spectrum."""
    e = np.linspace(0.5, 4.0, 150) ** 2
    B = np.diag([1.0, 3.0])
    law = equal_masses(np.repeat(B[None], 400, 0), e, 0.375)
    assert ks_distance(np.append(e, 3 * e), law) < 0.006 + 1 / 150
    assert law.mean() == pytest.approx(2 * e.mean())


@pytest.mark.parametrize("size", [0.0, 0.03, 0.5])
def test_spread(size, rng):
    """At least a tenth in every direction, whatever the units' sizes; the mean is kept."""
    B = rng.standard_normal((3, 3))
    M = (B @ B.T) * (1 + size * rng.standard_normal((50, 1, 1))) ** 2
    weights = np.full(50, 1 / 50)
    wide, masses = spread_out_stack(M, weights)
    mean = np.tensordot(masses, wide, 1)
    np.testing.assert_allclose(mean, np.tensordot(weights, M, 1), rtol=1e-12)
    relative = wide[:, 0, 0] / mean[0, 0]
    deviation = np.sqrt(masses @ (relative - 1) ** 2)
    assert deviation == pytest.approx(max(0.1, np.std(M[:, 0, 0]) / mean[0, 0]), rel=5e-3)


@pytest.mark.parametrize("exponent", [-300, 300])
def test_units_do_not_matter(exponent, rng):
    M, e = matrices("positive", 50, 2, rng), rng.uniform(0.5, 2.0, 20)
    law, scaled = equal_masses(M, e, 0.4), equal_masses(M * 2.0**exponent, e / 4, 0.4)
    unit = 2.0 ** (exponent - 2)
    q = np.linspace(0.1, 0.9, 9)
    np.testing.assert_allclose(scaled.ppf(q), unit * law.ppf(q), rtol=1e-9)
    assert scaled.std() == pytest.approx(unit * law.std())


def test_of_nothing():
    e, w = [1.0, 2.0], [0.5, 0.5]
    zero = np.zeros((3, 2, 2))
    for law in (
        MatrixFreeConvolution(zero, e, w, 0.5),
        MatrixFreeConvolution(zero + np.eye(2), [0.0], [1.0], 0.5),
    ):
        assert (law.atom_at_zero, law.components(), law.mean(), law.var()) == (1.0, [], 0.0, 0.0)
        assert law.stieltjes(2.0j) == -1 / 2.0j


def test_bad_arguments():
    M, e, w = np.ones((4, 1, 1)), [1.0, 2.0], [0.5, 0.5]
    with pytest.raises(ValueError, match=r"shape \(N, k, k\), got \(4, 2, 1\)"):
        MatrixFreeConvolution(np.ones((4, 2, 1)), e, w, 0.5)
    with pytest.raises(ValueError, match="output_hessians must be symmetric"):
        MatrixFreeConvolution([[[1.0, 2.0], [0.0, 1.0]]] * 2, e, w, 0.5)
    with pytest.raises(ValueError, match="spectrum must have a rank of at most N"):
        MatrixFreeConvolution(M, e, w, 2.0)
    with pytest.raises(ValueError, match="spectrum must not be negative"):
        MatrixFreeConvolution(M, [1.0, -2.0], w, 0.5)
    with pytest.raises(ValueError, match="aspect_ratio"):
        MatrixFreeConvolution(M, e, w, 0.0)


def test_never_a_wrong_curve(monkeypatch, rng):
    F = ConvolutionSolution.distribution
    monkeypatch.setattr(
        ConvolutionSolution,
        "distribution",
        lambda self, gamma: F(self, gamma) ** 1.2 if self.inside else F(self, gamma),
    )
    with pytest.raises(RuntimeError, match="mean of the law"):
        equal_masses(matrices("positive", 50, 2, rng), rng.uniform(0.5, 2.0, 20), 0.4)


def test_a_density_that_passes_through_zero():
    """There and beside it that of the equation, from either side."""
    law = equal_masses([[[1.0]], [[-2.0]], [[3.0]]], [1.0, 2.0], 0.5)
    assert law.components()[0][0] < 0 < law.components()[0][1]
    expected = law.stieltjes(0.0).imag / np.pi
    assert expected == pytest.approx(law.stieltjes(1e-13j).imag / np.pi, rel=1e-6)
    for x in (0.0, 1e-300, -1e-300, 1e-15, -1e-15):
        assert law.pdf(x) == pytest.approx(expected, rel=1e-3)
        assert law.stieltjes(x).imag == pytest.approx(np.pi * expected, rel=1e-6)


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_the_transform_at_zero_and_far_out(sign):
    """Below or above the support, in a gap around 0, and where squares overflow."""
    M = np.array([np.diag([1.0, 2.0]), np.diag([3.0, 2.0])])
    law, exact = equal_masses(sign * M, [1.0, 2.0], 0.5), equal_masses(M, [1.0, 2.0], 0.5)
    assert law.stieltjes(0.0) == pytest.approx(sign * exact.stieltjes(1e-9j).real, rel=1e-6)
    split = equal_masses(M * np.diag([1.0, -1.0]), [1.0, 2.0], 0.5)
    assert split.stieltjes(0.0).imag == 0.0
    assert split.stieltjes(0.0) == pytest.approx(split.stieltjes(1e-9j).real, rel=1e-6)
    for z in (1e160j, 1e200, -1e300 + 1e300j):
        assert law.stieltjes(z) == pytest.approx(-1 / z)
