import itertools

import numpy as np
import pytest
from scipy.stats import beta

from rmt_hessian import subspace_overlap, top_eigenspace
from rmt_hessian.theory import (
    output_hessian_eigenspace,
    predicted_output_hessian,
    projected_row_space,
)
from tests.tolerances import EXACT


def test_eigenspace_spans_the_centred_rows(rng):
    V = rng.standard_normal((5, 12))
    U = output_hessian_eigenspace(V)
    assert U.shape == (12, 4)
    np.testing.assert_allclose(U.T @ U, np.eye(4), atol=EXACT)
    centred = V - V.mean(axis=0)
    np.testing.assert_allclose(centred @ U @ U.T, centred, atol=EXACT * 10)


def test_units_count_by_how_often_they_are_active(rng):
    V, active = rng.standard_normal((3, 8)), rng.random(8)
    U = output_hessian_eigenspace(V, active)
    centred = (V - V.mean(axis=0)) * active
    np.testing.assert_allclose(centred @ U @ U.T, centred, atol=EXACT * 10)
    with pytest.raises(ValueError, match=r"active must have shape \(8,\)"):
        output_hessian_eigenspace(V, active[:3])


def test_a_square_V_gives_rank_C_minus_one(rng):
    assert output_hessian_eigenspace(rng.standard_normal((4, 4))).shape == (4, 3)


def test_hadamard_factor_is_the_probability_that_both_units_are_active(rng):
    """Against 400,000 draws of x: five standard errors, 5·½/√n."""
    W = rng.standard_normal((4, 3))
    predicted = predicted_output_hessian(np.ones((1, 4)), W, np.ones((1, 1)))
    active = (rng.standard_normal((400_000, 3)) @ W.T > 0).astype(float)
    np.testing.assert_allclose(predicted, active.T @ active / 400_000, atol=2.5 / np.sqrt(400_000))


def test_a_unit_with_itself_is_active_half_of_the_time(rng):
    """Exactly ½, where ``asin`` of a cosine one rounding below 1 would lose half of the digits."""
    W = rng.standard_normal((60, 5))
    predicted = predicted_output_hessian(np.ones((1, 60)), W, np.ones((1, 1)))
    np.testing.assert_allclose(predicted.diagonal(), 0.5, rtol=EXACT)


def test_exact_rank_in_the_limit_of_orthogonal_units():
    """Orthogonal rows of W: ``¼ Vᵀ A V + ¼ diag(v^iᵀ A v^i)``, off the diagonal of rank C-1."""
    V = np.random.default_rng(0).standard_normal((3, 6))
    A = np.eye(3) - 1 / 3
    M = predicted_output_hessian(V, np.eye(6), A)
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
    expected = predicted_output_hessian(V, W, A)
    for i, j in itertools.permutations(range(m), 2):
        for shift in (s[i], s[j]):
            value = sum(
                T[a, b, c] * shift[a] * V[b, i] * V[c, j]
                for a, b, c in itertools.product(range(C), repeat=3)
            )
            expected[i, j] += 0.25 / np.sqrt(2 * np.pi) * value
    np.testing.assert_allclose(predicted_output_hessian(V, W, A, T), expected, atol=EXACT * 100)
    with pytest.raises(ValueError, match=r"third_cumulant must have shape \(3, 3, 3\)"):
        predicted_output_hessian(V, W, A, T[:2])


@pytest.mark.parametrize("C", [2, 6])
def test_frames_of_V_differ_by_one_over_m(C, rng):
    """``(C-1)(1 - overlap)`` has the law Beta((C-1)/2, (m-C+1)/2): mean and variance over 2000 V,
    five standard errors (of a variance: kurtosis of at most 12)."""
    m, n = 12, 2000
    sines = []
    for _ in range(n):
        V = rng.standard_normal((C, m))
        U, R = output_hessian_eigenspace(V), projected_row_space(V)
        sines.append((C - 1) * (1 - subspace_overlap(U, R)))
    law = beta((C - 1) / 2, (m - C + 1) / 2)
    assert np.mean(sines) == pytest.approx(law.mean(), abs=5 * law.std() / np.sqrt(n))
    assert np.var(sines) == pytest.approx(law.var(), rel=5 * np.sqrt(12 / n))


def test_the_projected_frame_is_orthogonal_to_the_sum_of_rows(rng):
    V = rng.standard_normal((4, 9))
    R = projected_row_space(V)
    np.testing.assert_allclose(R.T @ R, np.eye(3), atol=EXACT)
    assert np.abs(V.sum(axis=0) @ R).max() < EXACT * 10
    rows = np.linalg.qr(V.T)[0]
    np.testing.assert_allclose(rows @ rows.T @ R, R, atol=EXACT * 10)
    with pytest.raises(ValueError, match="rank 2"):
        projected_row_space(np.ones((2, 3)))


@pytest.mark.parametrize(("C", "m", "d"), [(2, 300, 300), (4, 200, 2000), (10, 400, 200)])
def test_second_order_defect_is_that_of_the_hadamard_formula(C, m, d):
    """The term ``(C+1)(2 + 4m/(π² d))/m²``: eigenspace of K_W ∘ VᵀV, ten draws. Their mean
    fluctuates by up to 10 %, next orders are of relative size C/m and 1/√d."""
    defects = []
    for seed in range(10):
        rng = np.random.default_rng([seed, C])
        V, W = rng.standard_normal((C, m)) / np.sqrt(m), rng.standard_normal((m, d))
        M = predicted_output_hessian(V, W, np.eye(C) - 1 / C)
        U = output_hessian_eigenspace(V)
        defects.append(1 - subspace_overlap(top_eigenspace(M, C - 1), U))
    formula = (C + 1) * (2 + 4 / np.pi**2 * m / d) / m**2 / (1 - (C - 1) / m) ** 3
    assert np.mean(defects) == pytest.approx(formula, rel=0.25)
