"""Laws, norms and losses of a trained model, from its sample."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.special import log_softmax

from rmt_hessian import Ensemble, Mixture, head_hessian, theory
from rmt_hessian.model.mixtures import mixture_inputs, mixture_means
from rmt_hessian.theory import SeparableLaw, trained_head, trained_softmax
from rmt_hessian.theory.laws.matrix_layer import MatrixLayerLaw
from rmt_hessian.theory.trained import norms, spectra
from rmt_hessian.theory.trained.factors import MATRICES, DiagonalPlusRankOne
from tests.theory.trained.small import all_orders, some, trained


def test_losses_are_means_over_the_sample():
    found = trained(4, rho=2.0, frequencies=[4, 3, 2, 1])
    sample, rows = found.sample, np.arange(len(found.sample.labels))
    for name, logits in (("train", sample.fitted.logits), ("test", sample.unseen)):
        losses = -log_softmax(logits, axis=1)[rows, sample.labels]
        assert getattr(found, f"{name}_loss") == pytest.approx(sample.masses @ losses)
        right = logits.argmax(axis=1) == sample.labels
        assert getattr(found, f"{name}_accuracy") == pytest.approx(sample.masses @ right)
    np.testing.assert_allclose(np.bincount(sample.labels, sample.masses), [0.4, 0.3, 0.2, 0.1])


def test_numbers_of_exchangeable_classes_and_matrices_of_others():
    one, other = trained(3), trained(3, frequencies=[2, 1, 1])
    for name in ("logit_variance", "mean_response", "prox_step"):
        assert isinstance(getattr(one, name), float)
        assert getattr(other, name).shape == (3, 3)
    P = np.eye(3) - 1 / 3
    np.testing.assert_allclose(one.state.noise, one.logit_variance * P, atol=1e-12)
    np.testing.assert_allclose(one.state.means, 3.0 * one.mean_response * P, atol=1e-12)
    np.testing.assert_allclose(one.state.prox, one.prox_step * P, atol=1e-12)
    assert one.weight_norm**2 == pytest.approx(2 * (one.logit_variance + one.mean_response**2))


@pytest.mark.parametrize("mixture", [{}, {"frequencies": [2, 1, 1]}], ids=["alike", "unlike"])
def test_norms_by_slow_loops(mixture):
    """Every pair of distinct samples, the conditional moments of w by their definition."""
    found = trained(3, d=40, N=100, **mixture)
    n, d, N = 24, 40, 100
    few = np.random.default_rng(1).permutation(len(found.sample.labels))[:n]
    sample = found.sample
    fitted = replace(
        sample.fitted,
        **{
            name: getattr(sample.fitted, name)[few]
            for name in ("logits", "loss", "probabilities", "gradients")
        },
    )
    part = replace(
        sample,
        unseen=sample.unseen[few],
        fitted=fitted,
        labels=sample.labels[few],
        masses=np.full(n, 1 / n),
    )
    at = some(found._given_logits, few)
    result = norms.block_norms(part, found.moments, at.stacked())
    C, r = at.covariance, len(at.covariance)
    order = np.random.default_rng(0).permutation(n)
    first, second = order.reshape(2, n // 2)

    def square(i, j):
        """``E[(w·w')²] + d - r``, w Gaussian about its mean."""
        a, b = at.mean[i], at.mean[j]
        return (a @ b) ** 2 + a @ C @ a + b @ C @ b + np.trace(C @ C) + d - r

    def fourth(i):
        a = at.mean[i]
        length = a @ a + np.trace(C) + d - r
        return length**2 + 4 * a @ C @ a + 2 * np.trace(C @ C) + 2 * (d - r)

    p = fitted.probabilities
    A = np.stack([np.diag(x) - np.outer(x, x) for x in p])
    diagonal, off = np.eye(3, dtype=bool), ~np.eye(3, dtype=bool)
    for kept, value in ((diagonal, result.diagonal), (off, result.off_diagonal)):
        pairs = np.mean([(A[i] * A[j])[kept].mean() * square(i, j) for i in first for j in second])
        alone = np.mean([(A[i] ** 2)[kept].mean() * fourth(i) for i in range(n)])
        assert value == pytest.approx((1 - 1 / N) * pairs + alone / N)


def test_both_kinds_of_coordinates_have_the_same_norms():
    found = trained(4)
    sample = all_orders(found.sample, 12)
    from rmt_hessian.theory.trained.directions import Directions
    from rmt_hessian.theory.trained.exchangeable_outliers import ExchangeableDirections

    kinds = (
        Directions.of(found.moments, found.state, sample).stacked(),
        ExchangeableDirections(found.moments, found.state, sample, "hessian").stacked(),
    )
    one, other = (norms.block_norms(sample, found.moments, at) for at in kinds)
    assert list(one) == pytest.approx(list(other))


def test_the_share_is_that_of_the_ratio():
    found = trained(4)
    off = 3 * found.block_norms().ratio
    assert found.off_diagonal_share() == pytest.approx(off / (1 + off))
    assert found.off_diagonal_share(fresh=True) != found.off_diagonal_share()


@pytest.mark.parametrize("fresh", [False, True])
def test_the_population_is_what_many_samples_have(fresh):
    found = trained(4)
    many = replace(found.moments, n_samples=10**15)
    coordinates = found._directions_of(
        replace(found.state, prox=(not fresh) * found.state.prox), found._sample(fresh)
    )
    expected = norms.block_norms(found._sample(fresh), many, coordinates.stacked())
    at = found.block_norms(population=True, fresh=fresh)
    assert list(at) == pytest.approx(list(expected), rel=1e-12)
    assert at.ratio < found.block_norms(fresh=fresh).ratio


@pytest.mark.parametrize("mixture", [{}, {"groups": (2, 0.75)}], ids=["alone", "groups"])
def test_norms_of_samples_that_are_not_seen_are_those_of_gaussian_weights(mixture):
    """Weights with the moments of the fixed point, drawn without training, on new samples.

    ``V = 𝖠 M + Q^{1/2} Ξ/√d``: 40 draws of d = 300, N = 1500 have standard errors below 2 %, and
    corrections are O(K/d).
    """
    K, d, N, rho = 4, 300, 1500, 3.0
    found, rng = trained(K, d, N, rho=rho, **mixture), np.random.default_rng(3)
    gram = Mixture(rho, **mixture).means_gram(K)
    A = found.state.means @ np.linalg.pinv(rho * gram)  # V = 𝖠 M: V μ_l = ρ 𝖠 M m_l
    values, vectors = np.linalg.eigh(found.state.noise)
    root = (vectors * np.sqrt(np.maximum(values, 0))) @ vectors.T
    ratios = {population: [] for population in (False, True)}
    for _ in range(40):
        M = mixture_means(Mixture(rho, **mixture), K, d, rng)
        noise = rng.standard_normal((K, d)) / np.sqrt(d)
        noise -= (noise @ np.linalg.pinv(M)) @ M
        X, _ = mixture_inputs(N, d, K, rng, separation=rho, means=M)
        H = head_hessian(X, A @ M + root @ noise)
        for population, kept in ratios.items():
            kept.append(H.mean_squared_block_norms(population=population).ratio)
    for population, kept in ratios.items():
        expected = found.block_norms(population=population, fresh=True).ratio
        assert np.mean(kept) == pytest.approx(expected, rel=0.04)


def test_the_whole_layer_of_many_classes_in_groups_is_refused():
    found = trained(40, d=60, N=300, ridge=0.1, groups=(20, 0.5))
    for call in (found.layer_law, found.layer_outliers):
        with pytest.raises(ValueError, match="classes in groups must be at most 32 for the whole"):
            call()
    assert 0 < found.block_norms().ratio < 1


def test_blocks_of_classes_in_groups_are_of_three_kinds():
    found = trained(6, groups=(3, 0.75))
    p = found.sample.fitted.probabilities
    within = -(p * p[:, [1, 0, 3, 2, 5, 4]]).mean()
    between = -(p[:, :, None] * p[:, None, :]).mean(axis=0)
    between = between[np.kron(np.eye(3), np.ones((2, 2))) == 0].mean()
    for j, mean in ((1, within), (2, between), (5, between)):
        assert found.block_law(0, j).mean() == pytest.approx(mean, rel=0.03)
    assert found.block_law(2, 3).mean() == found.block_law(0, 1).mean()
    assert found.block_law(0, 0).mean() == pytest.approx((p * (1 - p)).mean(), rel=1e-6)


def test_norms_of_features_that_are_not_white_are_to_leading_order():
    """Σ = I said to be another: what lacks are the directions of V and the prox in them."""
    found = trained(4, d=3000, N=9000)
    plain = norms.block_norms(found.sample, found.moments, None)
    ratio = plain.off_diagonal / plain.diagonal
    assert ratio == pytest.approx(found.block_norms().ratio, rel=0.02)


@pytest.mark.parametrize("matrix", MATRICES)
@pytest.mark.parametrize("fresh", [False, True])
def test_moments_of_laws_are_those_of_the_factors(matrix, fresh):
    """``m₁ = E λ`` and ``m₂ = (E λ)² + γ E λ²``."""
    found = trained(4, rho=1.0)
    sample = found._fresh if fresh else found.sample
    p, g = sample.fitted.probabilities, sample.fitted.gradients
    gamma = found.moments.aspect_ratio
    of = {(0, 0): p * (1 - p), (0, 1): -p * np.roll(p, -1, axis=1)}
    if matrix != "hessian":
        of = {(0, 0): g * g, (0, 1): g * np.roll(g, -1, axis=1)}
    for block, lam in of.items():
        law = found.block_law(*block, matrix=matrix, fresh=fresh)
        assert law.mean() == pytest.approx(lam.mean(), rel=1e-6)
        assert law.moment(2) == pytest.approx(lam.mean() ** 2 + gamma * (lam**2).mean(), rel=1e-3)
        assert 0 <= law.error < 0.02
    law = found.layer_law(matrix=matrix, fresh=fresh)
    M = DiagonalPlusRankOne.resolved(sample, matrix).to_dense()
    assert law.atom_at_zero == pytest.approx(0.25)
    assert law.mean() == pytest.approx(np.einsum("nii->", M) / len(M) / 4, rel=1e-6)
    second = np.trace(M.mean(axis=0) @ M.mean(axis=0)) + gamma * (M**2).sum() / len(M)
    assert law.moment(2) == pytest.approx(second / 4, rel=2e-3)


def test_the_law_of_fresh_samples_is_another():
    found = trained(4)
    one, other = (found.block_law(0, 0, fresh=fresh) for fresh in (False, True))
    assert (
        np.abs(one.cdf(one.ppf([0.2, 0.5, 0.8])) - other.cdf(one.ppf([0.2, 0.5, 0.8]))).max() > 0.05
    )


def test_classes_that_differ_have_blocks_that_differ():
    found = trained(3, frequencies=[6, 3, 1])
    means = [found.block_law(i, i).mean() for i in range(3)]
    p, w = found.sample.fitted.probabilities, found.sample.masses
    np.testing.assert_allclose(means, w @ (p * (1 - p)), rtol=1e-6)
    assert means[0] > means[2]
    law = found.layer_law()
    assert isinstance(law, MatrixLayerLaw)
    assert law.mean() == pytest.approx(np.sum(w @ (p * (1 - p))) / 3, rel=0.02)


def test_eigenvalues_are_counted_beyond_some_classes(monkeypatch):
    found = trained(20, d=200, N=600, ridge=0.1)
    exact = found.layer_law()
    monkeypatch.setattr(spectra, "DECOMPOSED", 10)
    counted = found.layer_law()
    assert counted.mean() == pytest.approx(exact.mean(), rel=1e-6)
    assert counted.moment(2) == pytest.approx(exact.moment(2), rel=0.02)
    x = exact.ppf(np.linspace(0.1, 0.95, 20))
    np.testing.assert_allclose(counted.cdf(x), exact.cdf(x), atol=0.01)


def test_features_with_a_covariance_have_separable_laws():
    covariance = np.diag([0.3] * 10 + [1.0] * 10 + [4.0] * 10)
    head = trained_head(np.zeros((5, 30)), covariance, 120, ridge=0.02)
    law = head.block_law(0, 1)
    assert isinstance(law, SeparableLaw)
    np.testing.assert_allclose(law.population, [0.3, 1.0, 4.0], rtol=1e-12)
    assert head.layer_law().atom_at_zero == pytest.approx(0.2)
    for call in (head.layer_outliers, lambda: head.block_outliers(0, 0)):
        with pytest.raises(ValueError, match="features must be white"):
            call()


def test_figures_of_a_covariance_that_were_checked_by_simulation():
    """Σ of eigenvalues .3, 1, 4, K = 5, d = 399, N = 1600: seen q 1.74–1.92, loss 1.047–1.083."""
    covariance = np.diag(np.repeat([0.3, 1.0, 4.0], 133))
    head = trained_head(np.zeros((5, 399)), covariance, 1600, ridge=0.02)
    assert head.logit_variance == pytest.approx(1.850, rel=0.01)
    assert head.train_loss == pytest.approx(1.054, rel=0.005)
    assert head.train_accuracy == pytest.approx(0.604, abs=0.006)


def test_random_features_in_the_limit_and_of_given_weights():
    rng = np.random.default_rng(0)
    ens = Ensemble([400, 200, 3], -1, "ce", 800)
    W = rng.standard_normal((200, 400)) / 20
    limit, given = (trained_softmax(e, ridge=0.05) for e in (ens, ens.given([W, None], [0])))
    assert given.moments.eigenvalues.size == 200
    assert given.train_loss == pytest.approx(limit.train_loss, rel=0.02)
    assert given.block_norms().ratio > 0


@pytest.mark.parametrize("units", [(), (0, 1)], ids=["layer", "block"])
@pytest.mark.parametrize("what", ["law", "outliers"])
def test_doors_of_ensembles_name_the_method(what, units):
    name = f"{'block' if units else 'layer'}_{what}"
    with pytest.raises(ValueError, match=f"ens must be an Ensemble; .* its method {name}, got"):
        getattr(theory, name)(trained(3), *units)


def test_many_classes():
    found = trained(200, d=400, N=1200, ridge=0.01, rho=4.0)
    assert found.layer_law().atom_at_zero == pytest.approx(1 / 200)
    assert 0 < found.block_norms().ratio < 1e-2
    assert all(o.overlap <= 1 for o in found.layer_outliers())


@pytest.mark.parametrize(
    ("ens", "message"),
    [
        (Ensemble([9, 3], 0, "mse", 9), "ens must be of the last layer and loss 'ce'"),
        (Ensemble([9, 8, 3], 0, "ce", 9), "ens must be of the last layer and loss 'ce'"),
        (Ensemble([9, 8, 7, 3], -1, "ce", 9), "widths must be two or three numbers"),
        (
            Ensemble([9, 3], 0, "ce", 9, weights=[np.ones((3, 9))]),
            "must not be given: it is trained",
        ),
        (Ensemble([9, 8, 3], -1, "ce", 9, activation="tanh"), "activation must be 'relu'"),
        (
            Ensemble([9, 8, 3], -1, "ce", 9, inputs=Mixture(1.0)),
            "inputs must be 'gaussian' below a hidden layer",
        ),
        (
            Ensemble([99, 40], 0, "ce", 9, inputs=Mixture(1.0, frequencies=np.arange(1.0, 41))),
            "classes that differ must be at most 32, got 40",
        ),
    ],
)
def test_ensembles_that_are_not_covered(ens, message):
    with pytest.raises(ValueError, match=message):
        trained_softmax(ens, ridge=0.1)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"means": np.ones((1, 3))}, "means must have at least 2 rows"),
        ({"means": np.ones((2, 4))}, "covariance must have shape"),
        ({"covariance": np.zeros((3, 3))}, "covariance must not be zero"),
        ({"covariance": -np.eye(3)}, "covariance must be positive semidefinite"),
        ({"frequencies": [1.0]}, "n_classes must be that of the 1 frequencies, got 2"),
        ({"ridge": 0.0}, "ridge must be positive"),
        ({"n_samples": 0}, "n_samples must be at least 1"),
    ],
)
def test_heads_that_cannot_be(arguments, message):
    call = {"means": np.eye(2, 3), "covariance": np.eye(3), "n_samples": 9, "ridge": 0.1}
    with pytest.raises(ValueError, match=message):
        trained_head(**call | arguments)


@pytest.mark.parametrize("matrix", MATRICES)
def test_two_classes_have_the_law_of_their_block_twice(matrix):
    """On ``1⊥``, of one dimension, M is 2 M_00: whatever the frequencies."""
    found = trained(2, d=60, N=300, rho=2.0, frequencies=[3, 1])
    law, block = found.layer_law(matrix=matrix), found.block_law(0, 0, matrix=matrix)
    assert law.atom_at_zero == 0.5
    assert law.mean() == pytest.approx(block.mean(), rel=1e-9)
    x = block.ppf([0.2, 0.5, 0.8])
    np.testing.assert_allclose(law.cdf(2 * x), 0.5 + block.cdf(x) / 2, atol=2e-3)


def test_halves_of_the_sample_tell_the_error_of_the_matrix_law():
    found = trained(3, d=60, N=300, frequencies=[6, 3, 1])
    assert found.layer_law().error < 0.03


def test_moments_of_products_given_the_classes():
    """By Monte Carlo, ``z = μ + Σ^{1/2} g`` with means as long as the noise."""
    rng = np.random.default_rng(0)
    a, means = np.array([0.3, 1.0, 4.0] * 4), 2.0 * rng.standard_normal((2, 12))
    head = trained_head(means, np.diag(a), 40, ridge=0.5)
    n = 200_000
    labels = np.array([0, 1])
    part = replace(head.sample, labels=labels)
    pairs, fourth = norms._of_classes(head.moments, part, np.array([0, 1]), np.array([0, 1]))
    z = means[:, None] + np.sqrt(a) * rng.standard_normal((2, n, 12))
    other = means[:, None] + np.sqrt(a) * rng.standard_normal((2, n, 12))
    for i in range(2):
        squares = np.sum(z[i] ** 2, axis=1) ** 2
        assert fourth[i] == pytest.approx(squares.mean(), abs=5 * squares.std() / np.sqrt(n))
        for j in range(2):
            products = np.sum(z[i] * other[j], axis=1) ** 2
            error = 5 * products.std() / np.sqrt(n)
            assert pairs[i, j] == pytest.approx(products.mean(), abs=error)
