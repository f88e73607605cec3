"""Laws of layers from matrices: special cases that reduce to blocks, limits, the equation."""

import numpy as np
import pytest

from rmt_hessian import Ensemble
from rmt_hessian.theory import (
    GeneralizedMarchenkoPastur,
    MarchenkoPastur,
    block_law,
    conditional_law,
    layer_law,
)
from rmt_hessian.theory.laws import matrix_solver
from rmt_hessian.theory.laws.matrix_equation import MatrixEquation
from rmt_hessian.theory.laws.matrix_layer import MatrixLayerLaw
from rmt_hessian.theory.laws.tabulated_distribution import TabulatedDistribution
from rmt_hessian.theory.weights.given_weights import GivenWeights, gaussian_points
from tests import oracles
from tests.tolerances import EXACT

TABLE = 1e-6  # of a CDF from the table, between its nodes


def distance(first, second, n=400):
    """Largest difference of two CDFs, at quantiles of both."""
    q = (np.arange(n) + 0.5) / n
    x = np.concatenate([first.ppf(q), second.ppf(q)])
    return np.abs(first.cdf(x) - second.cdf(x)).max()


def weights_sample(n, rng):
    return np.exp(rng.standard_normal(n)), rng.uniform(0.5, 1.5, n)


@pytest.mark.parametrize("gamma", [0.05, 0.4])
def test_one_unit_is_a_block(gamma, rng):
    lam, _ = weights_sample(300, rng)
    law = MatrixLayerLaw(lam[:, None, None], gamma)
    exact = GeneralizedMarchenkoPastur(lam, np.full(300, 1 / 300), gamma)
    assert distance(law, exact) < TABLE
    np.testing.assert_allclose(law.components(), exact.components(), rtol=1e-6)
    assert law.residual < 1e-10


def test_one_unit_with_an_atom(rng):
    lam, _ = weights_sample(300, rng)
    law = MatrixLayerLaw(lam[:, None, None], 1.6)
    exact = GeneralizedMarchenkoPastur(lam, np.full(300, 1 / 300), 1.6)
    assert law.atom_at_zero == pytest.approx(exact.atom_at_zero, abs=EXACT)
    assert distance(law, exact) < TABLE


@pytest.mark.parametrize("gamma", [1.1, 1.6])
def test_the_atom_beside_a_gap(gamma):
    """``1 - 1/γ`` for constant weights."""
    law = MatrixLayerLaw(np.ones((4, 1, 1)), gamma)
    assert law.atom_at_zero == pytest.approx(1 - 1 / gamma, abs=EXACT)


def test_a_hard_edge_at_zero():
    """γ = 1, constant weights: ``|x|^{-1/2}`` at 0, no atom; the classical law."""
    law, exact = MatrixLayerLaw(np.ones((4, 1, 1)), 1.0), MarchenkoPastur(1.0)
    assert law.atom_at_zero == 0.0
    assert law.components()[0][0] == 0.0
    assert distance(law, exact) < 1e-5
    x = exact.ppf(np.linspace(0.01, 0.99, 50))
    np.testing.assert_allclose(law.pdf(x), exact.pdf(x), rtol=1e-5)


def test_independent_units_are_a_mixture(rng):
    """Diagonal M: the layer is two blocks side by side, where one begins inside the other too."""
    lam, mu = weights_sample(300, rng)
    M = np.zeros((300, 2, 2))
    M[:, 0, 0], M[:, 1, 1] = lam, 3 * mu
    law = MatrixLayerLaw(M, 0.3)
    parts = [GeneralizedMarchenkoPastur(t, np.full(300, 1 / 300), 0.3) for t in (lam, 3 * mu)]
    x = np.linspace(*law.support(), 200)
    np.testing.assert_allclose(law.cdf(x), sum(part.cdf(x) for part in parts) / 2, atol=TABLE)
    z = np.array([0.5 + 0.1j, 2.0 - 1.0j])
    expected = sum(part.stieltjes(z) for part in parts) / 2
    np.testing.assert_allclose(law.stieltjes(z), expected, rtol=1e-6)


def test_a_rotation_of_the_units_changes_nothing(rng):
    Q = np.linalg.qr(rng.standard_normal((3, 3)))[0]
    lam = np.exp(rng.standard_normal((200, 3)))
    M = lam[:, :, None] * np.eye(3)
    laws = [MatrixLayerLaw(T, 0.3) for T in (M, Q @ M @ Q.T)]
    assert distance(*laws) < TABLE


def test_softmax_matrices_give_the_scalar_law():
    """M = diag(p) - p pᵀ, C = 3: two laws by different equations, within the sampling error."""
    u = np.concatenate(list(gaussian_points(3, 0, log2_points=7)))
    p = oracles.softmax(u)
    law = MatrixLayerLaw(p[:, :, None] * np.eye(3) - p[:, :, None] * p[:, None, :], 0.25)
    scalar = layer_law(Ensemble([100, 3], 0, "ce", 400))
    assert law.atom_at_zero == pytest.approx(1 / 3, abs=EXACT)
    assert distance(law, scalar) < 2e-3 + 3 * law.error


def test_few_features_per_sample_give_the_mean(rng):
    """γ → 0: one component around each eigenvalue of E[M], of mass 1/k."""
    A = rng.standard_normal((400, 3, 3)) + np.diag([3.0, 6.0, 9.0])
    M = A @ A.transpose(0, 2, 1)
    law = MatrixLayerLaw(M, 1e-5)
    np.testing.assert_allclose(law.component_masses(), np.full(3, 1 / 3), atol=EXACT)
    centres = np.mean(law.components(), axis=1)
    np.testing.assert_allclose(centres, np.linalg.eigvalsh(M.mean(axis=0)), rtol=2e-3)


def test_moments(rng):
    """``m₁ = tr E[M]/k``, ``m₂ = (tr E[M]² + γ E tr M²)/k``: expansion of G at infinity."""
    A = rng.standard_normal((300, 3, 2))
    M = A @ A.transpose(0, 2, 1)
    law = MatrixLayerLaw(M, 0.2)
    mean = M.mean(axis=0)
    assert law.mean() == pytest.approx(np.trace(mean) / 3, rel=EXACT)
    second = np.trace(mean @ mean) / 3 + 0.2 * np.einsum("nij,nji->", M, M) / 300 / 3
    assert law.moment(2) == pytest.approx(second, rel=EXACT)
    assert law.var() == pytest.approx(second - law.mean() ** 2, rel=EXACT)
    tabulated = [TabulatedDistribution.moment(law, order) for order in (1, 2)]
    np.testing.assert_allclose(tabulated, [law.mean(), second], rtol=TABLE)


def test_the_error_from_two_halves_is_true():
    """Hidden CE, m = 4: against eight times as many points, within four times the error, and the
    table's own."""
    V = np.random.default_rng(1).standard_normal((6, 4)) / 2
    layer = GivenWeights.of(Ensemble([100, 4, 6], 0, "ce", 400, weights=[None, V]))

    def law(log2_points, rng):
        u = np.concatenate(list(gaussian_points(4, rng, log2_points=log2_points)))
        return MatrixLayerLaw(layer.output_hessians(u), 0.25)

    small, large = law(5, 0), law(8, 1)
    assert distance(small, large) < 4 * small.error + TABLE
    assert large.error < small.error < 0.02


@pytest.mark.parametrize("second", [1.1, 0.9])
def test_the_error_is_half_the_distance_of_the_halves(second):
    """Halves of constant weights: two Marchenko–Pastur laws. 10 %: every fourth node."""
    law = MatrixLayerLaw(np.repeat([1.0, second], 4)[:, None, None], 0.3)
    halves = [MarchenkoPastur(0.3), MarchenkoPastur(0.3, second)]
    assert law.error == pytest.approx(distance(*halves) / 2, rel=0.1)


def test_half_the_distance_of_the_halves_is_the_spread_over_seeds():
    """``(F_1 - F_2)/2`` of two halves and ``(F_1 + F_2)/2 - F`` of the whole have one law, to first
    order. Mean squares over 400 seeds, of what strays as a ``χ²_1`` at most: each to ``√(2/400)``;
    four standard deviations of the ratio are 40 %. Without the half it would be 4."""
    weights, n, gamma = np.array([0.5, 2.0]), 400, 0.3
    law = GeneralizedMarchenkoPastur(weights, [0.5, 0.5], gamma)
    x = np.linspace(*law.support(), 60)[1:-1]
    squares = []
    for seed in range(400):
        sample = np.random.default_rng(seed).choice(weights, n).reshape(2, -1)
        whole, *halves = (
            conditional_law(part.ravel(), round(gamma * part.size)).cdf(x)
            for part in (sample, *sample)
        )
        squares.append(
            [np.abs(halves[0] - halves[1]).max() ** 2 / 4, np.abs(whole - law.cdf(x)).max() ** 2]
        )
    stated, spread = np.mean(squares, axis=0)
    assert stated / spread == pytest.approx(1.0, abs=0.4)


@pytest.mark.parametrize("n_samples", [1000, 10**6])
def test_narrow_supports_are_found(n_samples):
    """γ ≪ 1: components far narrower than the grid, at the eigenvalues of E[M]."""
    ens = Ensemble([1, 1, 1], 0, "mse", n_samples, weights=[None, [[1.0]]])
    law, exact = layer_law(ens), block_law(ens, 0, 0)
    np.testing.assert_allclose(law.components(), exact.components(), rtol=1e-9)


@pytest.mark.parametrize("gamma", [0.05, 0.4, 1.0, 1.6])
@pytest.mark.parametrize("shift", [0.3, -8.0])
def test_one_unit_of_both_signs_is_a_block(gamma, shift, rng):
    lam = rng.standard_normal(200) + shift
    law = MatrixLayerLaw(lam[:, None, None], gamma)
    exact = GeneralizedMarchenkoPastur(lam, np.full(200, 1 / 200), gamma)
    assert distance(law, exact) < TABLE
    assert law.atom_at_zero == pytest.approx(exact.atom_at_zero, abs=EXACT)
    assert law.mean() == pytest.approx(exact.mean(), rel=EXACT)
    assert law.var() == pytest.approx(exact.var(), rel=EXACT)
    np.testing.assert_allclose(law.components(), exact.components(), rtol=1e-6)
    np.testing.assert_allclose(law.component_masses(), exact.component_masses(), atol=TABLE)
    tabulated = [TabulatedDistribution.moment(law, order) for order in (1, 2, 3)]
    np.testing.assert_allclose(tabulated, [exact.moment(k) for k in (1, 2, 3)], rtol=1e-5)
    z = np.array([0.5 + 0.1j, -1.0 - 0.3j, -0.4, 0.2, 90.0, -90.0])
    np.testing.assert_allclose(law.stieltjes(z), exact.stieltjes(z), rtol=1e-6)
    q = np.linspace(0.02, 0.98, 25)
    x = law.ppf(q)
    np.testing.assert_allclose(law.pdf(x[x != 0]), exact.pdf(x[x != 0]), rtol=1e-4)


@pytest.mark.parametrize("gamma", [0.3, 1.5])
def test_units_of_opposite_signs(gamma, rng):
    """A positive unit and a negative one: each a block of its own; an atom from one of them."""
    lam, mu = weights_sample(300, rng)
    M = np.zeros((300, 2, 2))
    M[:, 0, 0], M[:, 1, 1] = lam, -3 * mu
    Q = np.linalg.qr(rng.standard_normal((2, 2)))[0]
    law = MatrixLayerLaw(Q @ M @ Q.T, gamma)
    parts = [GeneralizedMarchenkoPastur(t, np.full(300, 1 / 300), gamma) for t in (lam, -3 * mu)]
    x = np.linspace(*law.support(), 200)
    np.testing.assert_allclose(law.cdf(x), sum(part.cdf(x) for part in parts) / 2, atol=TABLE)
    assert law.atom_at_zero == pytest.approx(max(0, 1 - 1 / gamma), abs=EXACT)


def test_rounding_below_zero_is_none(rng):
    """Eigenvalues of -1e-12 beside 1 are those of a matrix that came with rounding."""
    A = rng.standard_normal((60, 3, 1))
    M = A @ A.transpose(0, 2, 1)
    law, noisy = MatrixLayerLaw(M, 0.3), MatrixLayerLaw(M - 1e-12 * np.eye(3), 0.3)
    assert not noisy.equation.signed
    assert noisy.support()[0] > 0
    assert distance(law, noisy) < TABLE


def test_a_layer_without_weights_is_an_atom():
    law = MatrixLayerLaw(np.zeros((3, 2, 2)), 0.5)
    assert law.components() == []
    assert law.atom_at_zero == 1


def test_bad_samples():
    with pytest.raises(ValueError, match=r"shape \(n, k, k\), n >= 2, got \(3, 2, 1\)"):
        MatrixLayerLaw(np.ones((3, 2, 1)), 0.5)
    with pytest.raises(ValueError, match="aspect_ratio"):
        MatrixLayerLaw(np.ones((3, 2, 2)), 0.0)
    with pytest.raises(ValueError, match="must be symmetric"):
        MatrixLayerLaw(np.array([[[1.0, 2.0], [0.0, 1.0]]] * 2), 0.5)


def test_an_equation_that_is_not_solved_raises():
    equation = MatrixEquation(np.eye(2)[None], 0.5)
    with pytest.raises(RuntimeError, match=r"not solved at z = .* residual"):
        equation.solve(0.5 + 1e-9j, tolerance=0.0)


def test_newton_converges_quadratically(rng, monkeypatch):
    """Five steps from a tenth off square the error again and again; without γ 1 % is left."""
    A = rng.standard_normal((50, 2, 2))
    equation = MatrixEquation(A @ A.transpose(0, 2, 1), 0.3)
    z = 1.5 + 0.3j
    start = equation.solve(1.1 * z)
    monkeypatch.setattr(matrix_solver, "NEWTON_ITERATIONS", 5)
    G, slope = equation._newton(z / equation.scale, equation.inward(start), 1e-12)
    assert slope is not None
    G = equation.outward(G)
    assert equation.residual(G, z) <= 1e-12
    np.testing.assert_allclose(G, equation.solve(z), rtol=1e-6)
