"""Symmetric matrices as vectors."""

import numpy as np

from rmt_hessian.theory.laws.symmetric_matrices import SymmetricMatrices
from tests.tolerances import EXACT


def test_symmetric_matrices(rng):
    """``X ↦ E[A X A]`` over a few A, on upper triangles."""
    space = SymmetricMatrices(4)
    A = rng.standard_normal((5, 4, 4))
    A, X = A + A.transpose(0, 2, 1), rng.standard_normal((4, 4))
    X = X + X.T
    vectors = np.array([space.vector(one) for one in A])
    image = space.operator(vectors.T @ vectors / 5) @ space.vector(X)
    np.testing.assert_allclose(space.matrix(image), np.mean(A @ X @ A, axis=0), atol=10 * EXACT)
    assert space.dimension == 10


def test_congruences_of_matrices_that_are_not_symmetric(rng):
    space, A, w = SymmetricMatrices(3), rng.standard_normal((5, 3, 3)), rng.random(5)
    X = rng.standard_normal((3, 3))
    X = X + X.T
    expected = sum(v * a @ X @ a.T for v, a in zip(w, A, strict=True))
    found = space.matrix(space.congruence(A, w) @ space.vector(X))
    np.testing.assert_allclose(found, expected, atol=1e-13)
