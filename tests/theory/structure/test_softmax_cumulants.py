"""Cumulants of the softmax: by enumeration of the classes, and by differences of each other."""

import numpy as np
import pytest

from rmt_hessian.theory.structure.softmax_cumulants import (
    mean_curvature,
    mean_third_cumulant,
    third_cumulant_of,
)
from tests.tolerances import EXACT, ITERATIVE


def test_third_cumulant_of_one_hot_vectors(rng):
    p = rng.dirichlet(np.ones(4), size=6)
    third = np.zeros((4, 4, 4))
    for row in p:
        for c, share in enumerate(row):
            x = np.eye(4)[c] - row
            third += share * np.einsum("a,b,c->abc", x, x, x) / len(p)
    np.testing.assert_allclose(third_cumulant_of(p), third, atol=EXACT)


def test_the_third_is_the_derivative_of_the_second(rng):
    """Central differences in the mean logits, at the same points."""
    C, h = 3, 1e-4
    mean, root = rng.standard_normal(C), rng.standard_normal((C, C))
    T = mean_third_cumulant(mean, root @ root.T)
    for c in range(C):
        above, below = (mean_curvature(mean + s * np.eye(C)[c], root @ root.T) for s in (h, -h))
        np.testing.assert_allclose((above - below) / (2 * h), T[c], atol=ITERATIVE)
    assert np.abs(T.sum(axis=0)).max() < EXACT


def test_mean_curvature_of_two_classes():
    """A logit difference N(μ, σ²) by Gauss–Hermite; 16,384 Sobol' points in one dimension."""
    g, w = np.polynomial.hermite_e.hermegauss(80)
    p = 1 / (1 + np.exp(-(0.7 + 1.5 * g)))
    expected = w @ (p * (1 - p)) / w.sum()
    A = mean_curvature([0.7, 0.0], [[2.25, 0.0], [0.0, 0.0]])
    np.testing.assert_allclose(A, expected * np.array([[1, -1], [-1, 1]]), rtol=1e-5)


def test_wants_logits_and_their_covariance():
    with pytest.raises(ValueError, match="at least 2 classes, got 1"):
        mean_curvature([0.0], [[1.0]])
    with pytest.raises(ValueError, match=r"shape \(2, 2\), got \(3, 3\)"):
        mean_third_cumulant([0.0, 0.0], np.eye(3))
