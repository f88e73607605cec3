"""The rank C-1 of the output Hessian: frames of V, and the Hadamard formula."""

import itertools

import numpy as np
import pytest
from scipy.special import ndtr
from scipy.stats import beta

from rmt_hessian import Ensemble, subspace_overlap
from rmt_hessian.spectra.eigenvalues import top_eigenspace
from rmt_hessian.theory import output_hessian_eigenspace, predicted_output_hessian, propagate
from rmt_hessian.theory.structure.output_rank import (
    centred_row_space,
    projected_row_space,
    row_space_without_sum,
)
from tests.tolerances import EXACT


def hidden_layer(W, V, loss="ce"):
    return Ensemble([*np.shape(W)[::-1], len(V)], 0, loss, 10, weights=[W, V])


def test_eigenspace_spans_the_centred_rows(rng):
    V = rng.standard_normal((5, 12))
    U = output_hessian_eigenspace(hidden_layer(rng.standard_normal((12, 7)), V))
    assert U.shape == (12, 4)
    np.testing.assert_allclose(U.T @ U, np.eye(4), atol=EXACT)
    centred = V - V.mean(axis=0)
    np.testing.assert_allclose(centred @ U @ U.T, centred, atol=EXACT * 10)


def test_units_count_by_how_often_they_are_active(rng):
    """``π_i = Φ(w_i·b/‖w_i‖_Σ)`` for inputs ``N(b, Σ)``."""
    V, W = rng.standard_normal((3, 8)), rng.standard_normal((8, 5))
    b, L = rng.standard_normal(5), rng.standard_normal((5, 5))
    active = ndtr(W @ b / np.linalg.norm(W @ L, axis=1))
    U = output_hessian_eigenspace(hidden_layer(W, V), input_mean=b, input_covariance=L @ L.T)
    centred = (V - V.mean(axis=0)) * active
    np.testing.assert_allclose(centred @ U @ U.T, centred, atol=EXACT * 10)
    R = projected_row_space(hidden_layer(W, V), input_mean=b, input_covariance=L @ L.T)
    rows = np.linalg.qr((V * active).T)[0]
    np.testing.assert_allclose(rows @ rows.T @ R, R, atol=EXACT * 10)
    assert np.abs((V * active).sum(axis=0) @ R).max() < EXACT * 10
    with pytest.raises(ValueError, match="input_mean must have"):
        output_hessian_eigenspace(hidden_layer(W, V), input_mean=b[:3])


def test_units_of_equal_activity_count_alike(rng):
    """Centred inputs: every unit of the first layer is active half of the time."""
    V, W = rng.standard_normal((3, 8)), rng.standard_normal((8, 5))
    ens = hidden_layer(W, V)
    for found, expected in (
        (output_hessian_eigenspace(ens), centred_row_space(V)),
        (projected_row_space(ens), row_space_without_sum(V)),
    ):
        assert subspace_overlap(found, expected) == pytest.approx(1, abs=EXACT)


def test_units_on_the_way_down_count_too(rng):
    """Four layers: ``W_3 diag(π_3) W_2 diag(π_2)`` below the second, by hand."""
    weights = [rng.standard_normal(shape) for shape in ((7, 4), (6, 7), (5, 6), (3, 5))]
    ens = Ensemble([4, 7, 6, 5, 3], 1, "ce", 10, weights=weights)
    pi = [np.diag(moments.relu.both_active) for moments in propagate(weights)[:3]]
    V = weights[3] @ np.diag(pi[2]) @ weights[2] @ np.diag(pi[1])
    U = output_hessian_eigenspace(ens)
    assert U.shape == (6, 2)
    centred = V - V.mean(axis=0)
    np.testing.assert_allclose(centred @ U @ U.T, centred, atol=EXACT * 100)


def test_of_the_last_layer_it_is_the_complement_of_one(rng):
    ens = Ensemble([4, 3], 0, "ce", 10, weights=[rng.standard_normal((3, 4))])
    for U in (output_hessian_eigenspace(ens), projected_row_space(ens)):
        np.testing.assert_allclose(U @ U.T, np.eye(3) - 1 / 3, atol=EXACT)


def test_a_square_V_gives_rank_C_minus_one(rng):
    W, V = rng.standard_normal((2, 4, 4))
    assert output_hessian_eigenspace(hidden_layer(W, V)).shape == (4, 3)


def test_hadamard_factor_is_the_probability_that_both_units_are_active(rng):
    """Against 400,000 draws of x: five standard errors, 5·½/√n."""
    W = rng.standard_normal((4, 3))
    predicted = predicted_output_hessian(hidden_layer(W, np.ones((1, 4)), "mse"), [[1.0]])
    active = (rng.standard_normal((400_000, 3)) @ W.T > 0).astype(float)
    np.testing.assert_allclose(predicted, active.T @ active / 400_000, atol=2.5 / np.sqrt(400_000))


def test_a_unit_with_itself_is_active_half_of_the_time(rng):
    """Exactly ½, where ``asin`` of a cosine one rounding below 1 would lose half of the digits."""
    W = rng.standard_normal((60, 5))
    predicted = predicted_output_hessian(hidden_layer(W, np.ones((1, 60)), "mse"), [[1.0]])
    np.testing.assert_allclose(predicted.diagonal(), 0.5, rtol=EXACT)


def test_exact_rank_in_the_limit_of_orthogonal_units():
    """Orthogonal rows of W: ``¼ Vᵀ A V + ¼ diag(v^iᵀ A v^i)``, off the diagonal of rank C-1."""
    V = np.random.default_rng(0).standard_normal((3, 6))
    A = np.eye(3) - 1 / 3
    M = predicted_output_hessian(hidden_layer(np.eye(6), V), A)
    without_diffuse = M - 0.25 * np.diag(np.diag(V.T @ A @ V))
    values = np.linalg.eigvalsh(without_diffuse)
    assert np.abs(values[:-2]).max() < EXACT * values[-1] * 10
    assert values[-2] == pytest.approx(np.linalg.eigvalsh(V.T @ A @ V)[-2] / 4)


def test_first_order_term_by_loops(rng):
    C, m = 3, 5
    V, W = rng.standard_normal((C, m)), rng.standard_normal((m, 4))
    T, A = rng.standard_normal((C, C, C)), np.eye(C)
    T = sum(T.transpose(order) for order in itertools.permutations(range(3)))
    norms = np.linalg.norm(W, axis=1)
    s = np.array([sum(W[i] @ W[j] / norms[i] * V[:, j] for j in range(m)) for i in range(m)])
    ens = hidden_layer(W, V)
    expected = predicted_output_hessian(ens, A)
    for i, j in itertools.permutations(range(m), 2):
        for shift in (s[i], s[j]):
            value = sum(
                T[a, b, c] * shift[a] * V[b, i] * V[c, j]
                for a, b, c in itertools.product(range(C), repeat=3)
            )
            expected[i, j] += 0.25 / np.sqrt(2 * np.pi) * value
    np.testing.assert_allclose(predicted_output_hessian(ens, A, T), expected, atol=EXACT * 100)
    with pytest.raises(ValueError, match=r"third_cumulant must have shape \(3, 3, 3\)"):
        predicted_output_hessian(ens, A, T[:2])


@pytest.mark.parametrize("C", [2, 6])
def test_frames_of_V_differ_by_one_over_m(C, rng):
    """``(C-1)(1 - overlap)`` has the law Beta((C-1)/2, (m-C+1)/2): mean and variance over 2000 V,
    five standard errors (of a variance: kurtosis of at most 12)."""
    m, n = 12, 2000
    sines = []
    for _ in range(n):
        V = rng.standard_normal((C, m))
        U, R = centred_row_space(V), row_space_without_sum(V)
        sines.append((C - 1) * (1 - subspace_overlap(U, R)))
    law = beta((C - 1) / 2, (m - C + 1) / 2)
    assert np.mean(sines) == pytest.approx(law.mean(), abs=5 * law.std() / np.sqrt(n))
    assert np.var(sines) == pytest.approx(law.var(), rel=5 * np.sqrt(12 / n))


def test_the_projected_frame_is_orthogonal_to_the_sum_of_rows(rng):
    V = rng.standard_normal((4, 9))
    R = projected_row_space(hidden_layer(rng.standard_normal((9, 5)), V))
    np.testing.assert_allclose(R.T @ R, np.eye(3), atol=EXACT)
    assert np.abs(V.sum(axis=0) @ R).max() < EXACT * 10
    rows = np.linalg.qr(V.T)[0]
    np.testing.assert_allclose(rows @ rows.T @ R, R, atol=EXACT * 10)
    with pytest.raises(ValueError, match="rank 2"):
        projected_row_space(hidden_layer(np.eye(3), np.ones((2, 3))))


@pytest.mark.parametrize(("C", "m", "d"), [(2, 300, 300), (4, 200, 2000), (10, 400, 200)])
def test_second_order_defect_is_that_of_the_hadamard_formula(C, m, d):
    """The term ``(C+1)(2 + 4m/(π² d))/m²``: eigenspace of K_W ∘ VᵀV, ten draws. Their mean
    fluctuates by up to 10 %, next orders are of relative size C/m and 1/√d."""
    defects = []
    for seed in range(10):
        rng = np.random.default_rng([seed, C])
        V, W = rng.standard_normal((C, m)) / np.sqrt(m), rng.standard_normal((m, d))
        M = predicted_output_hessian(hidden_layer(W, V), np.eye(C) - 1 / C)
        U = centred_row_space(V)
        defects.append(1 - subspace_overlap(top_eigenspace(M, C - 1), U))
    formula = (C + 1) * (2 + 4 / np.pi**2 * m / d) / m**2 / (1 - (C - 1) / m) ** 3
    assert np.mean(defects) == pytest.approx(formula, rel=0.25)


A2 = np.eye(2) - 1 / 2
BAD = {
    "more classes than units": (
        lambda: output_hessian_eigenspace(hidden_layer(np.eye(2), np.ones((3, 2)))),
        "there must be 2 … 2 classes, at most as many as units, got 3",
    ),
    "one class": (
        lambda: centred_row_space(np.ones((1, 2))),
        "there must be 2 … 2 classes, at most as many as units, got 1",
    ),
    "equal classes": (
        lambda: output_hessian_eigenspace(hidden_layer(np.eye(3), np.ones((2, 3)))),
        "the centred rows of the weights above must have rank 1, got less",
    ),
    "weights missing": (
        lambda: output_hessian_eigenspace(Ensemble([2, 2, 2], 0, "ce", 9)),
        "all weights must be given, by ens.given",
    ),
    "row of zeros": (
        lambda: predicted_output_hessian(hidden_layer(np.diag([1.0, 0.0]), np.eye(2)), A2),
        r"each row of weights\[0\] must have a nonzero entry",
    ),
    "the output layer": (
        lambda: predicted_output_hessian(
            Ensemble([2, 2, 2], 1, "ce", 9, weights=[np.eye(2)] * 2), A2
        ),
        "layer must be the hidden layer, 0, got 1",
    ),
    "curvature": (
        lambda: predicted_output_hessian(hidden_layer(np.eye(2), np.eye(2)), -A2),
        "mean_curvature must be",
    ),
}


@pytest.mark.parametrize(("call", "message"), BAD.values(), ids=BAD.keys())
def test_bad_input(call, message):
    with pytest.raises(ValueError, match=message):
        call()
