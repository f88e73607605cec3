"""The plane of two samples' features; the average over other weights, by exact quadrature."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rmt_hessian.theory.norms.hidden_pairs import mean_products, planes
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


@given(
    st.integers(2, 6), st.integers(0, 2**32 - 1), st.sampled_from(["two", "same", "zero", "few"])
)
def test_frames_hold_both_features_and_do_not_turn_with_rounding(m, seed, kind):
    """Also of one sample twice, of features of zeros and of two that have one active unit."""
    rng = np.random.default_rng(seed)
    features = np.maximum(rng.standard_normal((20, m, 2)), 0.0)
    if kind == "same":
        features[:, :, 1] = features[:, :, 0]
    if kind == "zero":
        features[::2, :, 0] = 0.0
    if kind == "few":
        features[:, 1:] = 0.0
    Q, coordinates = planes(features)
    np.testing.assert_allclose(Q @ coordinates, features, atol=EXACT)
    gram = Q.transpose(0, 2, 1) @ Q  # a projector: where one direction is enough, a column is 0
    np.testing.assert_allclose(gram @ gram, gram, atol=EXACT)
    columns, ranks = np.trace(gram, axis1=1, axis2=2), np.linalg.matrix_rank(features, tol=1e-9)
    assert (columns > ranks - 0.5).all()
    if kind == "same":
        np.testing.assert_allclose(columns, 1.0, atol=EXACT)

    moved = features * (1 + 1e-15 * rng.uniform(-1, 1, features.shape))
    np.testing.assert_allclose(planes(moved)[0], Q, atol=1e-9)
