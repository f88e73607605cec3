"""The error of the decoupling: closed cases, and its terms by other ways."""

from dataclasses import replace

import numpy as np
import pytest

from rmt_hessian import Ensemble, Network
from rmt_hessian.theory import expected_kronecker_error, weight_law
from rmt_hessian.theory.structure.kronecker_error import KroneckerErrorTerms
from tests.theory.structure.layer_samples import samples, squared_norms
from tests.tolerances import EXACT


def test_constant_output_hessians_decouple(rng):
    """MSE of the last layer: M = I, so both terms vanish for any features."""
    V, W = rng.standard_normal((3, 6)), rng.standard_normal((6, 4))
    linear = Ensemble([6, 3], 0, "mse", 10, weights=[V])
    output = Ensemble([4, 6, 3], 1, "mse", 10, weights=[W, V])
    for ens in (linear, output):
        d = expected_kronecker_error(ens)
        assert d.spread == pytest.approx(1.0, abs=1e-12)
        assert abs(d.plateau) < 1e-12
        assert d.fluctuation < 1e-12
        assert d.squared_mean == pytest.approx(1.0, abs=1e-12)
        assert d.relative_error(10) < 1e-5  # √ of rounding


def test_spread_of_linear_ce_is_that_of_the_weight_laws():
    """V with orthonormal rows: independent logits N(0, 1), as the population law has them.

    ``E‖A‖² = C E λ_ii² + C(C-1) E λ_ij²``, the same of the means for ``‖E A‖²``. 16,384 Sobol'
    points: 1e-3 is ten times the spread between seeds.
    """
    C = 4
    ens = Ensemble([30, C], 0, "ce", 10)
    laws = [weight_law(ens, 0, j) for j in (0, 1)]
    counts = [C, C * (C - 1)]
    squares = sum(
        n * (law.probabilities @ law.nodes**2) for n, law in zip(counts, laws, strict=True)
    )
    means = sum(n * law.mean() ** 2 for n, law in zip(counts, laws, strict=True))
    d = expected_kronecker_error(ens.given([np.eye(C, 30)]))
    assert d.spread == pytest.approx(squares / means, rel=1e-3)
    assert d.participation == 30


def test_participation_of_output_features_is_that_of_the_arc_cosine_kernel(rng):
    W = rng.standard_normal((5, 3))
    norms = np.linalg.norm(W, axis=1)
    rho = np.clip(W @ W.T / np.outer(norms, norms), -1, 1)
    S = (np.sqrt(1 - rho**2) + (np.pi - np.arccos(rho)) * rho) / (2 * np.pi)
    S *= np.outer(norms, norms)
    d = expected_kronecker_error(Ensemble([3, 5, 2], 1, "mse", 10, weights=[W, np.eye(2, 5)]))
    assert d.participation == pytest.approx(np.trace(S) ** 2 / np.sum(S**2), rel=5e-3)


def test_plateau_of_two_classes_is_an_integral():
    """C = 2, V = ±e₁/√2·s: ``A = p(1-p) (1 -1; -1 1)`` depends on one coordinate u, so
    ``τ = (E[λ(u² - 1)]/E λ)²/p``."""
    s, p = 2.0, 7
    V = np.zeros((2, p))
    V[:, 0] = [s / 2, -s / 2]
    g, w = np.polynomial.hermite_e.hermegauss(100)
    weights = 0.25 / np.cosh(s * g / 2) ** 2  # p(1-p) at logit difference s g
    expected = (w @ (weights * (g**2 - 1)) / (w @ weights)) ** 2 / p
    d = expected_kronecker_error(Ensemble([p, 2], 0, "ce", 10, weights=[V]))
    assert d.plateau == pytest.approx(expected, rel=2e-3)
    along = w @ (weights * g**2) / (w @ weights)  # E[M ⊗ z zᵀ] there; E M on the other coordinates
    assert d.squared_mean == pytest.approx((along**2 + p - 1) / p, rel=1e-3)
    assert d.squared_mean < 0.9 < 1 + d.plateau
    spread = (w @ weights**2) * w.sum() / (w @ weights) ** 2
    assert d.spread == pytest.approx(spread, rel=1e-3)


def test_a_plateau_of_zero_is_not_the_noise_of_a_mean(rng):
    """Hidden MSE, V = I: ``M = diag(D)``, and ``E[D_i (u uᵀ - I)] = 0`` as u and -u are alike.

    One mean over n = 2048 independent points, squared, would have ``(r + 1)/n`` (a third of it at
    Sobol' points); products of independent means none, and 28 of them a noise of at most ``1/√28``
    of that, less the more directions the noise has: 0.04 of it were the most in four seeds.
    """
    r = 16
    weights = [rng.standard_normal((r, r)), np.eye(r)]
    d = expected_kronecker_error(Ensemble([r, r, r], 0, "mse", 10, weights=weights))
    assert abs(d.plateau) < 0.1 * (r + 1) / 2048


def test_error_falls_like_the_root_of_n_to_the_plateau():
    d = KroneckerErrorTerms(3.0, 10.0, 0.0, 20.0, squared_mean=0.8, second_moment=30.0)
    assert d.relative_error(10**8) == pytest.approx(np.sqrt(2e-7 / 0.8), rel=1e-6)
    assert d.relative_error(1) == pytest.approx(np.sqrt(20 / 30))
    assert d.relative_error(4) == pytest.approx(np.sqrt(5 / (0.8 * 3 / 4 + 30 / 4)))
    assert replace(d, plateau=0.01).relative_error(np.inf) == pytest.approx(np.sqrt(0.01 / 0.8))
    assert replace(d, plateau=-1e-9).relative_error(np.inf) == 0.0


CASES = {
    "linear CE": ([6, 2], 0, "ce"),
    "hidden CE": ([6, 3, 2], 0, "ce"),
    "hidden MSE": ([6, 3, 2], 0, "mse"),
    "output CE": ([6, 3, 2], 1, "ce"),
}


@pytest.mark.parametrize("case", CASES)
def test_moments_by_simulation(case, rng):
    """φ, ψ, τ and μ from 400,000 draws of x by plain means: five standard errors of each, estimated
    from 20 batches, and 2 % for the Sobol' points; τ, μ by products of different batches."""
    widths, layer, loss = CASES[case]
    V, W = rng.standard_normal((2, 3)), np.zeros((3, 6))  # two inputs have no weights
    W[:, :4] = rng.standard_normal((3, 4))
    weights = [W[:2]] if len(widths) == 2 else [W, V]
    ens = Ensemble(widths, layer, loss, 10, weights=weights)
    d, batches = expected_kronecker_error(ens), []
    for _ in range(20):
        x = rng.standard_normal((20_000, 6))
        M, z = samples(weights, ens, x)
        M = M.reshape(len(x), -1)
        zz = (z[:, :, None] * z[:, None, :]).reshape(len(x), -1)
        raw = M.T @ zz / len(x)
        cross = raw - np.outer(M.mean(axis=0), zz.mean(axis=0))
        second = np.mean(np.sum(M**2, axis=1) * np.sum(zz**2, axis=1))
        spread = np.sum((M - M.mean(axis=0)) ** 2, axis=1)
        first = np.mean(spread * np.sum((zz - zz.mean(axis=0)) ** 2, axis=1))
        batches.append((first, second, cross, raw, np.sum(M.mean(axis=0) ** 2), zz.mean(axis=0)))
    first, second, cross, raw, square, S = map(np.array, zip(*batches, strict=True))
    unit = square.mean() * np.sum(S.mean(axis=0) ** 2)
    for value, seen in ((d.fluctuation, first / unit), (d.second_moment, second / unit)):
        assert value == pytest.approx(seen.mean(), rel=0.02, abs=5 * seen.std() / np.sqrt(20))
    tau, mu = ((np.sum(x.sum(axis=0) ** 2) - np.sum(x**2)) / (20 * 19) / unit for x in (cross, raw))
    assert d.plateau == pytest.approx(tau, rel=0.03)
    assert d.plateau < 0.9 * d.fluctuation  # not each other
    assert d.squared_mean == pytest.approx(mu, rel=0.02)


@pytest.mark.parametrize("loss", ["ce", "mse"])
@pytest.mark.parametrize("layer", [0, 1])
def test_one_input_is_a_sum(layer, loss):
    """d = 1: every mean is a sum over one coordinate, half a line at a time by Gauss–Legendre, 400
    nodes each. μ, here down to 0.03, within five standard errors of forty seeds."""
    W, V = np.array([[1.5], [-0.7], [0.4]]), np.array([[2.0, -1.0, 0.5], [-1.0, 1.0, 1.0]])
    ens = Ensemble([1, 3, 2], layer, loss, 10, weights=[W, V])
    t, w = np.polynomial.legendre.leggauss(400)
    u = np.concatenate([-5 - 5 * t, 5 + 5 * t])
    w = np.tile(w, 2) * np.exp(-(u**2) / 2)
    w /= w.sum()
    M, z = samples(ens.weights, ens, u[:, None])
    zz = z[:, :, None] * z[:, None, :]
    EM, S = np.einsum("n,nij->ij", w, M), np.einsum("n,nab->ab", w, zz)
    raw = np.einsum("n,nij,nab->ijab", w, M, zz)
    unit = np.sum(EM**2) * np.sum(S**2)
    T = raw - np.multiply.outer(EM, S)
    tau, mu = np.sum(T**2) / unit, np.sum(raw**2) / unit
    d = expected_kronecker_error(ens)
    assert d.plateau == pytest.approx(tau, rel=5e-3, abs=1e-6)
    found = [expected_kronecker_error(ens, rng=seed).squared_mean for seed in range(40)]
    assert np.mean(found) == pytest.approx(mu, abs=5 * np.std(found) / np.sqrt(40) + EXACT)
    psi = w @ (np.sum(M**2, axis=(1, 2)) * np.sum(zz**2, axis=(1, 2))) / unit
    spread, distance = np.sum((M - EM) ** 2, axis=(1, 2)), np.sum((zz - S) ** 2, axis=(1, 2))
    phi = w @ (spread * distance) / unit
    for N in (1, 7):
        expected = np.sqrt((tau + phi / N) / ((1 - 1 / N) * mu + psi / N))
        assert d.relative_error(N) == pytest.approx(expected, rel=5e-3, abs=1e-3)


@pytest.mark.parametrize("case", CASES)
def test_norm_of_the_hessian_by_simulation(case):
    """``E‖H‖² = μ + (ψ - μ)/N`` in its units, exact at any N: 120,000/N draws of few samples,
    within five standard errors of the mean and 1 % for the Sobol' points."""
    widths, layer, loss = CASES[case]
    net, rng = Network.random(widths, 3), np.random.default_rng(2)
    ens = Ensemble(widths, layer, loss, 10).given(net)
    d = expected_kronecker_error(ens)
    M, z = samples(net.weights, ens, rng.standard_normal((120_000, 6)))
    unit = np.sum(M.mean(axis=0) ** 2) * np.sum((z.T @ z / len(z)) ** 2)
    for N in (1, 2, 5, 20):
        squares = squared_norms(*(A.reshape(-1, N, *A.shape[1:]) for A in (M, z))) / unit
        norm = d.squared_mean + (d.second_moment - d.squared_mean) / N
        error = 5 * squares.std() / np.sqrt(len(squares))
        assert norm == pytest.approx(squares.mean(), rel=0.01, abs=error), N
    if case == "output CE":
        assert norm < 0.95 * (1 + d.plateau + (d.second_moment - 1 - d.plateau) / N)


def test_wants_what_it_needs():
    with pytest.raises(ValueError, match=r"all weights must be given, by ens.given\(net\), got"):
        expected_kronecker_error(Ensemble([2, 2, 2], 0, "ce", 10, weights=[None, np.eye(2)]))
    with pytest.raises(ValueError, match="got 50 and 50"):
        expected_kronecker_error(Ensemble([50, 50], 0, "ce", 10, weights=[np.eye(50)]))
    weights = [np.ones((200, 3)), np.ones((2, 200))]
    with pytest.raises(ValueError, match="got 2 and 200"):
        expected_kronecker_error(Ensemble([3, 200, 2], 1, "ce", 10, weights=weights))
    with pytest.raises(ValueError, match=r"deeper networks are not covered yet, got \["):
        expected_kronecker_error(Ensemble([2, 2, 2, 2], 1, "ce", 10, weights=[np.eye(2)] * 3))
    with pytest.raises(ValueError, match=r"weights\[0\] must have shape \(3, 2\), got \(3, 3\)"):
        Ensemble([2, 3], 0, "ce", 10, weights=[np.eye(3)])
    with pytest.raises(ValueError, match=r"E\[M\] must be finite and not zero"):  # one class
        expected_kronecker_error(
            Ensemble([2, 2, 1], 0, "mse", 10, weights=[np.eye(2), np.zeros((1, 2))])
        )
    with pytest.raises(ValueError, match=r"E\[M\] must be finite and not zero"):
        # classes that cannot be told apart
        expected_kronecker_error(
            Ensemble([2, 2, 2], 0, "ce", 10, weights=[np.eye(2), np.ones((2, 2))])
        )
    with pytest.raises(ValueError, match="n_samples"):
        KroneckerErrorTerms(1.0, 1.0, 0.0, 0.0, 1.0, 1.0).relative_error(0)
