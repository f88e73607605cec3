"""The average over weights that no logit sees, against quadrature that is exact for it."""

import itertools

import numpy as np
import pytest

from rmt_hessian.theory.norms.hidden_pairs import mean_products
from tests.tolerances import EXACT


def by_quadrature(Q, S, p, p_other, variance):
    """``E_T[M ∘ M']`` of one pair: three Gauss–Hermite nodes a number, exact to degree five."""
    m, C = len(Q), len(p)
    complement = np.linalg.svd(Q)[0][:, 2:]
    nodes, weights = np.polynomial.hermite_e.hermegauss(3)
    weights = weights / weights.sum()
    A, B = (np.diag(r) - np.outer(r, r) for r in (p, p_other))
    total = np.zeros((m, m))
    for chosen in itertools.product(range(3), repeat=C * (m - 2)):
        T = np.sqrt(variance) * nodes[list(chosen)].reshape(C, m - 2) @ complement.T
        V = (Q @ S).T + T
        total += weights[list(chosen)].prod() * (V.T @ A @ V) * (V.T @ B @ V)
    return total


@pytest.mark.parametrize("same", [False, True])
@pytest.mark.parametrize(("C", "m"), [(2, 2), (4, 3), (2, 4), (3, 4), (2, 5)])
def test_exact_for_any_frame_and_probabilities(C, m, same, rng):
    """Every term counts at these sizes."""
    Q, S = np.linalg.qr(rng.standard_normal((3, m, 2)))[0], rng.standard_normal((3, 2, C))
    p, q = rng.dirichlet(np.ones(C), (2, 3))
    if same:
        q = p
    products = mean_products(Q, S, p, q, 0.7)
    for n, product in enumerate(products):
        expected = by_quadrature(Q[n], S[n], p[n], q[n], 0.7)
        np.testing.assert_allclose(product, expected, rtol=0, atol=EXACT * np.abs(expected).max())
