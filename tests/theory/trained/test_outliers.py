"""D(z): representations against the matrix, slow loops, and the given-weights equation in it."""

from dataclasses import replace

import numpy as np
import pytest

from rmt_hessian import Ensemble, Mixture
from rmt_hessian.theory import trained_softmax
from rmt_hessian.theory.trained import outliers
from rmt_hessian.theory.trained.class_moments import ClassMoments
from rmt_hessian.theory.trained.directions import Directions
from rmt_hessian.theory.trained.equations import basis
from rmt_hessian.theory.trained.exchangeable_outliers import ExchangeableDirections
from rmt_hessian.theory.trained.factors import MATRICES, DiagonalPlusRankOne
from tests.theory.trained.small import all_orders, some, trained


@pytest.mark.parametrize("matrix", MATRICES)
@pytest.mark.parametrize("rho", [0.0, 3.0])
@pytest.mark.parametrize("K", [2, 3, 4, 5])
def test_representations_are_the_eigenspaces_of_the_matrix(K, rho, matrix):
    """Exactly, for points that every permutation maps onto themselves."""
    found = trained(K, rho=rho)
    sample, t, z = all_orders(found.sample, 20), 0.7, 0.3
    small = ExchangeableDirections(found.moments, found.state, sample, matrix)
    parts, dimensions = small.matrices(t, z), small.dimensions()
    values = [np.repeat(np.linalg.eigvalsh(D), dimensions[name]) for name, D in parts.items()]
    M = DiagonalPlusRankOne.resolved(sample, matrix).to_dense()
    directions = Directions.of(found.moments, found.state, sample)
    whole = np.linalg.eigvalsh(
        outliers.layer_matrix(M, sample.masses, directions, t * (np.eye(K) - 1 / K), z)
    )
    if rho == 0:  # there are no means: their copies, K (K-1) in all, have white noise alone
        level = float(np.mean(DiagonalPlusRankOne.resolved(sample, matrix, t).traces())) / (K - 1)
        whole = np.append(whole, np.full(K * (K - 1), level - z))
    np.testing.assert_allclose(np.sort(np.concatenate(values)), np.sort(whole), atol=1e-13)


@pytest.mark.parametrize("matrix", MATRICES)
def test_matrices_by_slow_loops(matrix):
    """Unequal classes, every product spelt out."""
    found = trained(3, rho=2.0, frequencies=[3, 2, 1])
    few = np.random.default_rng(0).permutation(len(found.sample.labels))[:60]
    directions = some(found._given_logits, few)
    M = DiagonalPlusRankOne.resolved(found.sample, matrix).to_dense()[few]
    w, g, masses = directions.mean, directions.gradients, np.full(60, 1 / 60)
    U, z = basis(3), 0.4
    Gamma = U @ np.array([[0.5, 0.1], [0.1, 0.8]]) @ U.T
    small, k, r = U.T @ Gamma @ U, 2, w.shape[1]
    T, mixed, own = np.zeros((k * r, k * r)), np.zeros((k * r, k * k)), np.zeros((k * k, k * k))
    for weight, m, w_n, g_n in zip(masses, U.T @ M @ U, w, g, strict=True):
        N = m @ np.linalg.inv(np.eye(k) + small @ m)
        T += weight * np.kron(N, np.outer(w_n, w_n) + directions.covariance)
        mixed += weight * np.kron(N @ small, np.outer(w_n, g_n))
        own += weight * np.kron(np.linalg.inv(np.eye(k) + small @ m) @ small, np.outer(g_n, g_n))
    expected = T - z * np.eye(k * r) + mixed @ np.linalg.inv(own) @ mixed.T
    result = outliers.layer_matrix(M, masses, directions, Gamma, z)
    np.testing.assert_allclose(result, expected, atol=1e-12)
    lam, t = M[:, 0, 1], 0.3
    phi = lam / (1 + t * lam)
    T = np.mean(
        [a * (np.outer(x, x) + directions.covariance) for a, x in zip(phi, w, strict=True)], 0
    )
    b = np.mean([a * np.outer(x, y) for a, x, y in zip(phi, w, g, strict=True)], 0)
    c = np.mean([(1 - t * a) * np.outer(y, y) for a, y in zip(phi, g, strict=True)], 0)
    expected = T - z * np.eye(r) + t * b @ np.linalg.inv(c) @ b.T
    result = outliers.block_matrix(lam, masses, directions, t, z)
    np.testing.assert_allclose(result, expected, atol=1e-13)


@pytest.mark.parametrize("matrix", MATRICES)
@pytest.mark.parametrize("t", [0.0, 0.8])
def test_factors_and_their_resolvents(matrix, t):
    sample = trained(4).sample
    found = DiagonalPlusRankOne.resolved(sample, matrix, t)
    p, g = sample.fitted.probabilities[0], sample.fitted.gradients[0]
    M = np.diag(p) - np.outer(p, p) if matrix == "hessian" else np.outer(g, g)
    expected = M @ np.linalg.inv(np.eye(4) + t * M)
    dense = found.to_dense()
    np.testing.assert_allclose(dense[0], expected, atol=1e-14)
    np.testing.assert_allclose(found.traces(), np.trace(dense, axis1=1, axis2=2), atol=1e-14)
    np.testing.assert_allclose(found.entries(), np.einsum("nii->ni", dense), atol=1e-14)
    for block in ((0, 0), (1, 3)):
        np.testing.assert_allclose(found.block(*block), dense[:, block[0], block[1]], atol=1e-14)
    a, b = sample.unseen, sample.fitted.gradients
    forms = np.einsum("ni,nij,nj->n", a, dense, b)
    np.testing.assert_allclose(found.form(a, b), forms, atol=1e-13)


def test_coordinates_have_the_moments_of_training_inputs():
    """``E[w wᵀ]`` of an unseen sample is ``Σ π r rᵀ + I``, of (z, ξ) and the means."""
    found = trained(4, rho=2.0)
    sample = found.sample
    free = replace(sample, fitted=replace(sample.fitted, gradients=0 * sample.fitted.gradients))
    directions = Directions.of(found.moments, found.state, free)
    second = directions.mean.T @ directions.mean / len(sample.labels) + directions.covariance
    expected = np.eye(7)
    expected[:4, :4] += np.eye(4)  # ρ²/K
    np.testing.assert_allclose(second, expected, atol=0.03)
    # and the optimum: (1/N) Σ g wᵀ along V⊥ is -μ Q⊥^{1/2}, as V is -(1/μN) Σ g xᵀ
    w, g = found._given_logits.mean[:, 4:], found._given_logits.gradients
    means = found._given_logits.mean[:, :4] @ basis(4)
    for along, expected in ((w, np.sqrt(found.logit_variance)), (means, found.mean_response)):
        product = g.T @ along / len(g)
        assert np.trace(product) / 3 == pytest.approx(-found.ridge * expected, rel=0.01)
        np.testing.assert_allclose(product, -found.ridge * expected * np.eye(3), atol=4e-3)


def test_the_optimum_of_classes_that_differ():
    """``E[g wᵀ] = -μ Q⊥^{1/2}`` along V⊥, where ``Q⊥^{-1/2} S`` is not symmetric; points
    leave 3e-5."""
    means = np.eye(3, 60) * np.array([[4.0], [1.0], [0.3]])
    mixture = Mixture(1.0, means=means, frequencies=[6, 3, 1])
    found = trained_softmax(Ensemble([60, 3], 0, "ce", 80, inputs=mixture), ridge=0.01)
    U, state, directions = basis(3), found.state, found._given_logits
    values, vectors = np.linalg.eigh(U.T @ state.noise @ U)
    root = (vectors * np.sqrt(values)) @ vectors.T
    pull = np.linalg.solve(root, U.T @ state.prox @ U)
    assert np.abs(pull - pull.T).max() > 0.5
    product = (directions.gradients.T * found.sample.masses) @ directions.mean[:, 3:]
    np.testing.assert_allclose(product, -found.ridge * root, atol=2e-4)


def test_exchangeable_and_matrix_forms_find_the_same_outliers(monkeypatch):
    few = trained(3).layer_outliers()
    monkeypatch.setattr(ClassMoments, "exchangeable", property(lambda self: False))
    many = trained(3).layer_outliers()
    assert [o.multiplicity for o in few] == [1, 2]
    assert [o.multiplicity for o in many] == [1, 1, 1]
    for name in ("place", "overlap", "means_overlap"):
        pair = np.mean([getattr(o, name) for o in many[1:]])
        assert pair == pytest.approx(getattr(few[1], name), rel=0.02)


def test_figures_that_were_checked_by_simulation():
    """Ten draws had .2476 for the triplet, overlaps .734 and .011 with the means and with V."""
    (outlier,) = trained().layer_outliers()
    assert outlier.multiplicity == 3
    assert outlier.place == pytest.approx(0.2464, abs=2e-3)
    assert outlier.means_overlap == pytest.approx(0.727, abs=5e-3)
    assert outlier.overlap - outlier.means_overlap == pytest.approx(0.008, abs=2e-3)


def test_too_many_classes_that_differ():
    found = trained(20, ridge=0.1, frequencies=np.arange(1.0, 21))
    with pytest.raises(ValueError, match="classes less one times directions must be at most 600"):
        found.layer_outliers()


def test_two_classes_with_one_mean_have_it_as_outlier_direction():
    """The mean of all, alone: its matrix has one row, in the means."""
    found = trained(2, rho=3.0, groups=(1, 1.0))
    top = max(found.layer_outliers(), key=lambda outlier: outlier.place)
    assert top.means_overlap == pytest.approx(top.overlap)
    assert top.means_overlap > 0.8
