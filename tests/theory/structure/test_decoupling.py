"""The error of the decoupling: closed cases, and its terms by other ways."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.special import softmax

from rmt_hessian import Ensemble
from rmt_hessian.theory import decoupling, weight_law
from rmt_hessian.theory.structure.decoupling import Decoupling


def test_constant_output_hessians_decouple(rng):
    """MSE of the last layer: M = I, so both terms vanish for any features."""
    V, W = rng.standard_normal((3, 6)), rng.standard_normal((6, 4))
    linear = Ensemble([6, 3], 0, "mse", 10, weights=[V])
    output = Ensemble([4, 6, 3], 1, "mse", 10, weights=[W, V])
    for ens in (linear, output):
        d = decoupling(ens)
        assert d.spread == pytest.approx(1.0, abs=1e-12)
        assert abs(d.plateau) < 1e-12
        assert d.fluctuation < 1e-12
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
    d = decoupling(ens.given([np.eye(C, 30)]))
    assert d.spread == pytest.approx(squares / means, rel=1e-3)
    assert d.participation == 30


def test_participation_of_output_features_is_that_of_the_arc_cosine_kernel(rng):
    W = rng.standard_normal((5, 3))
    norms = np.linalg.norm(W, axis=1)
    rho = np.clip(W @ W.T / np.outer(norms, norms), -1, 1)
    S = (np.sqrt(1 - rho**2) + (np.pi - np.arccos(rho)) * rho) / (2 * np.pi)
    S *= np.outer(norms, norms)
    d = decoupling(Ensemble([3, 5, 2], 1, "mse", 10, weights=[W, np.eye(2, 5)]))
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
    d = decoupling(Ensemble([p, 2], 0, "ce", 10, weights=[V]))
    assert d.plateau == pytest.approx(expected, rel=2e-3)
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
    d = decoupling(Ensemble([r, r, r], 0, "mse", 10, weights=weights))
    assert abs(d.plateau) < 0.1 * (r + 1) / 2048


def test_error_falls_like_the_root_of_n_to_the_plateau():
    d = Decoupling(3.0, 10.0, plateau=0.0, fluctuation=20.0, second_moment=30.0)
    assert d.relative_error(10**8) == pytest.approx(np.sqrt(2e-7), rel=1e-6)
    assert d.relative_error(1) == pytest.approx(np.sqrt(20 / 30))
    assert replace(d, plateau=0.01).relative_error(np.inf) == pytest.approx(np.sqrt(0.01 / 1.01))
    assert replace(d, plateau=-1e-9).relative_error(np.inf) == 0.0


@pytest.mark.parametrize(
    ("widths", "layer"), [([6, 2], 0), ([6, 3, 2], 0), ([6, 3, 2], 1)], ids=str
)
def test_moments_by_simulation(widths, layer, rng):
    """φ, ψ and τ from 400,000 draws of x by plain means: five standard errors of each, estimated
    from 20 batches, and 2 % for the Sobol' points; τ by products of different batches."""
    V, W = rng.standard_normal((2, 3)), np.zeros((3, 6))  # two inputs have no weights
    W[:, :4] = rng.standard_normal((3, 4))
    linear = len(widths) == 2
    output = layer == 1
    d = decoupling(Ensemble(widths, layer, "ce", 10, weights=[W[:2]] if linear else [W, V]))
    batches = []
    for _ in range(20):
        x = rng.standard_normal((20_000, 6))
        a = x @ W.T
        p = softmax(a[:, :2] if linear else np.maximum(a, 0) @ V.T, axis=1)
        A = np.einsum("na,ab->nab", p, np.eye(2)) - p[:, :, None] * p[:, None, :]
        B = np.eye(2) + 0 * A if linear or output else V * (a > 0)[:, None, :]
        M = (B.transpose(0, 2, 1) @ A @ B).reshape(len(x), -1)
        z = np.maximum(a, 0) if output else x
        zz = (z[:, :, None] * z[:, None, :]).reshape(len(x), -1)
        cross = (M - M.mean(axis=0)).T @ zz / len(x)
        second = np.mean(np.sum(M**2, axis=1) * np.sum(zz**2, axis=1))
        spread = np.sum((M - M.mean(axis=0)) ** 2, axis=1)
        first = np.mean(spread * np.sum((zz - zz.mean(axis=0)) ** 2, axis=1))
        batches.append((first, second, cross, np.sum(M.mean(axis=0) ** 2 * 1.0), zz.mean(axis=0)))
    first, second, cross, square, S = (np.array(column) for column in zip(*batches, strict=True))
    unit = square.mean() * np.sum(S.mean(axis=0) ** 2)
    for value, seen in ((d.fluctuation, first / unit), (d.second_moment, second / unit)):
        assert value == pytest.approx(seen.mean(), rel=0.02, abs=5 * seen.std() / np.sqrt(20))
    total = cross.sum(axis=0)
    tau = (np.sum(total**2) - np.sum(cross**2)) / (20 * 19) / unit
    assert d.plateau == pytest.approx(tau, rel=0.03)
    assert d.plateau < 0.9 * d.fluctuation  # not each other


def test_wants_what_it_needs():
    with pytest.raises(ValueError, match=r"all weights must be given, by ens.given\(net\), got"):
        decoupling(Ensemble([2, 2, 2], 0, "ce", 10, weights=[None, np.eye(2)]))
    with pytest.raises(ValueError, match="got 50 and 50"):
        decoupling(Ensemble([50, 50], 0, "ce", 10, weights=[np.eye(50)]))
    weights = [np.ones((200, 3)), np.ones((2, 200))]
    with pytest.raises(ValueError, match="got 2 and 200"):
        decoupling(Ensemble([3, 200, 2], 1, "ce", 10, weights=weights))
    with pytest.raises(ValueError, match=r"deeper networks are not covered yet, got \["):
        decoupling(Ensemble([2, 2, 2, 2], 1, "ce", 10, weights=[np.eye(2)] * 3))
    with pytest.raises(ValueError, match=r"weights\[0\] must have shape \(3, 2\), got \(3, 3\)"):
        Ensemble([2, 3], 0, "ce", 10, weights=[np.eye(3)])
    with pytest.raises(ValueError, match=r"E\[M\] must be finite and not zero"):  # one class
        decoupling(Ensemble([2, 2, 1], 0, "mse", 10, weights=[np.eye(2), np.zeros((1, 2))]))
    with pytest.raises(ValueError, match=r"E\[M\] must be finite and not zero"):
        # classes that cannot be told apart
        decoupling(Ensemble([2, 2, 2], 0, "ce", 10, weights=[np.eye(2), np.ones((2, 2))]))
    with pytest.raises(ValueError, match="n_samples"):
        Decoupling(1.0, 1.0, 0.0, 0.0, 1.0).relative_error(0)
