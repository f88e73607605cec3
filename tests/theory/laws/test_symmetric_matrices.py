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
