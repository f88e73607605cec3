"""Classes in groups: projectors, curvatures and proximal points beside dense matrices."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rmt_hessian import Mixture
from rmt_hessian.theory import trained_head
from rmt_hessian.theory.trained.class_moments import ClassMoments
from rmt_hessian.theory.trained.class_symmetry import ClassSymmetry, ResolvedCurvature
from rmt_hessian.theory.trained.softmax_prox import matrix_prox
from rmt_hessian.theory.trained.symmetric_prox import SymmetricRoot, symmetric_prox

SIZES = [(2, 2), (5, 5), (6, 2), (6, 3), (12, 4)]  # K, G


def projectors(K, G):
    """Between and within groups; the latter only if groups have two classes or more."""
    J = np.kron(np.eye(G), np.full((K // G, K // G), G / K))
    both = [J - 1 / K, np.eye(K) - J]
    return both[: 1 if G == K else 2]


@pytest.mark.parametrize(("K", "G"), SIZES)
def test_levels_are_projectors(K, G):
    symmetry, expected = ClassSymmetry(K, G), projectors(K, G)
    np.testing.assert_allclose(symmetry.parts(np.eye(K)), expected, atol=1e-15)
    np.testing.assert_array_equal(symmetry.ranks, [round(np.trace(P)) for P in expected])
    values = np.array([0.7, 1.9])[: len(expected)]
    M = symmetry.matrix(values)
    np.testing.assert_allclose(M, sum(v * P for v, P in zip(values, expected, strict=True)))
    np.testing.assert_allclose(symmetry.coefficients(M[None])[:, 0], values, rtol=1e-13)


@pytest.mark.parametrize("within", [True, False])
def test_another_class_is_one_for_each(within):
    symmetry = ClassSymmetry(12, 4)
    other = symmetry.another(within)
    assert sorted(other) == list(range(12))
    for i, j in enumerate(other):
        assert i != j
        assert symmetry.same_group(i, j) == within == (i // 3 == j // 3)


@pytest.mark.parametrize(("K", "G"), SIZES)
@pytest.mark.parametrize("s", [(1.7, 0.4), (0.3, 25.0)], ids=["between", "within"])
def test_resolved_curvatures_are_those_of_matrices(K, G, s):
    rng = np.random.default_rng(K)
    symmetry, P = ClassSymmetry(K, G), projectors(K, G)
    s = np.array(s)[: len(P)]
    p, labels = rng.dirichlet(np.ones(K), 5), rng.integers(K, size=5)
    x = rng.standard_normal((5, K))
    N = ResolvedCurvature.of(symmetry, p, s)
    S = sum(v * part for v, part in zip(s, P, strict=True))
    A = [np.diag(row) - np.outer(row, row) for row in p]
    dense = np.stack([a @ np.linalg.inv(np.eye(K) + S @ a) for a in A])
    np.testing.assert_allclose(N @ x, np.einsum("nij,nj->ni", dense, x), atol=1e-14)
    np.testing.assert_allclose(N.traces(), np.einsum("lij,nji->ln", P, dense), atol=1e-14)
    own = [[(part @ M @ part)[y, y] for M, y in zip(dense, labels, strict=True)] for part in P]
    np.testing.assert_allclose(N.own(labels), own, atol=1e-14)
    values, vectors = np.linalg.eigh(S)
    B = (vectors * np.sqrt(np.maximum(values, 0))) @ vectors.T
    solved = [np.linalg.solve(np.eye(K) + B @ a @ B, row) for a, row in zip(A, x, strict=True)]
    np.testing.assert_allclose(SymmetricRoot(symmetry, s).solve(p, x), solved, atol=1e-12)


@given(st.sampled_from(SIZES), st.integers(0, 2**32 - 1), st.floats(-2, 3), st.floats(-2, 3))
def test_the_proximal_points_are_those_of_matrices(sizes, seed, between, within):
    (K, G), rng = sizes, np.random.default_rng(seed)
    symmetry, s = ClassSymmetry(K, G), 10.0 ** np.array([between, within])[: 1 if G == K else 2]
    omega, labels = 3 * rng.standard_normal((6, K)), rng.integers(K, size=6)
    omega -= omega.mean(axis=1, keepdims=True)
    at, expected = (
        symmetric_prox(omega, labels, s, symmetry),
        matrix_prox(omega, labels, symmetry.matrix(s)),
    )
    np.testing.assert_allclose(at.loss, expected.loss, rtol=1e-8, atol=1e-13)
    np.testing.assert_allclose(at.gradients, expected.gradients, atol=1e-9)


@pytest.mark.parametrize(
    ("mixture", "G"),
    [
        (Mixture(2.0), 6),
        (Mixture(0.0, groups=(3, 0.5)), 6),
        (Mixture(2.0, groups=(1, 0.5)), 6),
        (Mixture(2.0, groups=(6, 0.0)), 6),
        (Mixture(2.0, groups=(2, 0.5)), 2),
        (Mixture(2.0, groups=(3, 1.0)), 3),
        (Mixture(2.0, frequencies=[2, 1, 1, 1, 1, 1]), None),
    ],
)
def test_the_symmetry_of_a_mixture_is_seen_in_its_means(mixture, G):
    moments = ClassMoments(
        np.ones(1),
        np.ones(1),
        mixture.separation**2 * mixture.means_gram(6)[None],
        mixture.probabilities(6),
        20,
        60,
    )
    assert moments.symmetry == (None if G is None else ClassSymmetry(6, G))


def test_means_in_groups_that_are_given_are_seen_too():
    """A common mean orthogonal to their differences changes nothing; one that is not does."""
    means = np.kron(np.eye(2, 4), np.ones((2, 1))) + np.eye(4, 8)[:, ::-1][:, :4]
    common = np.zeros(8)
    common[2] = 5.0
    found = [
        trained_head(np.pad(means, [(0, 0), (0, 4)]) + shift, np.eye(8), 40, ridge=0.05)
        for shift in (0.0, common)
    ]
    assert [head.moments.symmetry for head in found] == [ClassSymmetry(4, 2)] * 2
    assert found[1].train_loss == pytest.approx(found[0].train_loss, rel=1e-9)
    means[0] *= 1.01
    assert ClassMoments.of_means(means, np.eye(4), 40, None).symmetry is None
