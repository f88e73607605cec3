"""Outliers of blocks: closed forms, symmetric against general equations, nothing false."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rmt_hessian import Ensemble
from rmt_hessian.theory import (
    GeneralizedMarchenkoPastur,
    block_law,
    block_outliers,
    weight_law,
)
from rmt_hessian.theory.outliers.of_blocks import outliers_of_samples
from rmt_hessian.theory.weights.given_weights import gaussian_points
from tests import oracles

N = 10**6


def linear(gamma, C, loss="ce"):
    return Ensemble([round(gamma * N), C], 0, loss, N)


def hidden(gamma, V, loss="ce"):
    return Ensemble([round(gamma * N), V.shape[1], len(V)], 0, loss, N, weights=[None, V])


# --- hidden MSE, closed form --------------------------------------------------------------------


@given(st.floats(0.001, 0.2), st.floats(-0.95, 0.95), st.sampled_from([1.0, -0.3]))
def test_hidden_mse_off_the_diagonal(gamma, rho, b):
    """``z± = b (P ± k)(1 ± γ/k)`` iff ``γ P < k²``, overlap ``(1 - γP/k²)/(1 ± γ/k)``."""
    ens = hidden(gamma, np.array([[1.0, b], [0.0, 1.0]]), "mse")
    W = np.zeros((2, ens.n_features))
    W[:, :2] = [[1.0, 0.0], [rho, np.sqrt(1 - rho**2)]]
    ens, gamma = ens.given([W, None], layers=[0]), ens.aspect_ratio
    P, k = 0.25 + np.arcsin(rho) / (2 * np.pi), np.sqrt(1 - rho**2) / (2 * np.pi)
    found = block_outliers(ens, 0, 1)
    if abs(gamma * P / k**2 - 1) < 1e-4:
        return
    if gamma * P > k**2:
        assert found == []
        return
    expected = sorted(
        (b * (P + s * k) * (1 + s * gamma / k), (1 - gamma * P / k**2) / (1 + s * gamma / k))
        for s in (1, -1)
    )
    assert [o.multiplicity for o in found] == [1, 1]
    np.testing.assert_allclose([o.place for o in found], [t[0] for t in expected], rtol=1e-8)
    np.testing.assert_allclose(
        [o.overlap for o in found], [t[1] for t in expected], rtol=1e-5, atol=1e-7
    )


def test_diagonal_blocks_of_hidden_mse_have_none():
    assert block_outliers(hidden(0.01, np.eye(3, 2), "mse"), 0, 0) == []


# --- linear CE ----------------------------------------------------------------------------------


@pytest.mark.parametrize("C", [2, 3, 5])
@pytest.mark.parametrize("j", [0, 1])
def test_directions_against_the_full_matrix(C, j):
    """Quadrature of at most three kinds of directions; the r×r matrix over Sobol' points."""
    ens = linear(0.01, C)
    u = np.concatenate(list(gaussian_points(C, 0, log2_points=12)))
    p = oracles.softmax(u)
    lam = -p[:, 0] * p[:, 1] if j else p[:, 0] * (1 - p[:, 0])
    sampled = outliers_of_samples(lam, u, ens.aspect_ratio)
    exact = block_outliers(ens, 0, j)
    places = np.repeat([o.place for o in exact], [o.multiplicity for o in exact])
    overlaps = np.repeat([o.overlap for o in exact], [o.multiplicity for o in exact])
    clear = overlaps > 0.1  # the others come and go with the sampling error
    others = [o for o in sampled if o.overlap > 0.08]
    width = np.ptp(block_law(ens, 0, j).support())
    for place, overlap in zip(places[clear], overlaps[clear], strict=True):
        near = min(others, key=lambda o: abs(o.place - place))
        assert abs(near.place - place) < 0.02 * width
        assert near.overlap == pytest.approx(overlap, abs=0.1)
    assert abs(len(others) - clear.sum()) <= 1


def test_overlap_of_a_block():
    """``(1 - h)/(1 - h + h_q)``, ``h_q = E[(q·u)² γλ²/(a - γλ)²]``."""
    ens = linear(0.025, 3)
    weights, gamma = weight_law(ens, 0, 0), ens.aspect_ratio
    law = GeneralizedMarchenkoPastur(weights.nodes, weights.probabilities, gamma)
    (outlier,) = block_outliers(ens, 0, 0)
    a = -1 / law.stieltjes(outlier.place).real
    overlaps = []
    for direction in weights.directions:
        terms = direction.excess * weights.nodes / (a - gamma * weights.nodes)
        if abs(terms.sum() - 1) < 1e-6:  # the direction whose equation is solved
            masses = direction.excess + weights.probabilities
            h_q = masses @ (gamma * weights.nodes**2 / (a - gamma * weights.nodes) ** 2)
            overlaps.append(law.slope(a) / (law.slope(a) + h_q))
    assert overlaps == [pytest.approx(outlier.overlap, rel=1e-5)]


@pytest.mark.parametrize("V", [None, np.random.default_rng(0).standard_normal((4, 3))])
def test_nothing_inside_the_support_and_nothing_at_large_ratio(V):
    """Of the linear model, and of a hidden layer below V."""
    for gamma in (0.003, 0.03, 0.3, 3.0):
        ens = linear(gamma, 4) if V is None else hidden(gamma, V)
        for j in (0, 1):
            components = block_law(ens, 0, j).components()
            found = block_outliers(ens, 0, j)
            for o in found:
                assert not any(lo <= o.place <= hi for lo, hi in components)
                assert 0 < o.overlap < 1
            if gamma >= 0.3:
                assert all(o.overlap < 0.35 for o in found)


# --- the output layer ---------------------------------------------------------------------------


def test_mean_outlier_of_the_output_layer():
    (outlier,) = block_outliers(Ensemble([400, 400, 3], 1, "mse", 8000), 0, 0)
    assert outlier.place == pytest.approx(64.10, abs=0.01)
    assert 0.98 < outlier.overlap < 1
