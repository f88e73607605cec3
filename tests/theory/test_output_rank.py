import numpy as np
import pytest
from scipy.stats import beta

from rmt_hessian import subspace_overlap, top_eigenspace
from rmt_hessian.theory import (
    eigenspace_defect,
    mean_cumulants,
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


def test_a_square_V_gives_rank_C_minus_one(rng):
    assert output_hessian_eigenspace(rng.standard_normal((4, 4))).shape == (4, 3)


def test_hadamard_factor_is_the_probability_that_both_units_are_active(rng):
    """Against 400,000 draws of x: five standard errors, 5·½/√n."""
    W = rng.standard_normal((4, 3))
    predicted = predicted_output_hessian(np.ones((1, 4)), W, np.ones((1, 1)))
    active = (rng.standard_normal((400_000, 3)) @ W.T > 0).astype(float)
    np.testing.assert_allclose(predicted, active.T @ active / 400_000, atol=2.5 / np.sqrt(400_000))


def test_exact_rank_in_the_limit_of_orthogonal_units():
    """Orthogonal rows of W: ``¼ Vᵀ A V + ¼ diag(v^iᵀ A v^i)``, off the diagonal of rank C-1."""
    V = np.random.default_rng(0).standard_normal((3, 6))
    A = np.eye(3) - 1 / 3
    M = predicted_output_hessian(V, np.eye(6), A)
    without_diffuse = M - 0.25 * np.diag(np.diag(V.T @ A @ V))
    values = np.linalg.eigvalsh(without_diffuse)
    assert np.abs(values[:-2]).max() < EXACT * values[-1] * 10
    assert values[-2] == pytest.approx(np.linalg.eigvalsh(V.T @ A @ V)[-2] / 4)


@pytest.mark.parametrize(("C", "variance"), [(2, 0.5), (3, 1.0), (10, 0.5), (10, 4.0)])
def test_mean_cumulants_of_the_softmax(C, variance, rng):
    """Against 200,000 softmaxes, the whole tensors: five standard errors of their contractions
    with two vectors x, y that sum to 0."""
    a, t = mean_cumulants(C, variance)
    p = np.exp(np.sqrt(variance) * rng.standard_normal((200_000, C)))
    p /= p.sum(axis=1, keepdims=True)
    x, y = (v - v.mean() for v in rng.standard_normal((2, C)))
    centred = [v - (p @ v)[:, None] for v in (x, y)]
    second = np.sum(p * centred[0] ** 2, axis=1)
    third = np.sum(p * centred[0] ** 2 * centred[1], axis=1)
    n = np.sqrt(len(p))
    assert second.mean() == pytest.approx(a * x @ x, abs=5 * second.std() / n)
    assert third.mean() == pytest.approx(t * np.sum(x**2 * y), abs=5 * third.std() / n)


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


def test_defect_adds_the_dependence_of_logits_and_masks():
    """At C → ∞ with p near 1/C, t/a = 1: ``μ₀² (2/m + 1/d)`` when m, d are large."""
    defect = eigenspace_defect(1000, 10**9, 10**9, logit_variance=1e-6)
    expected = 0.998 / (2 * np.pi) * 3e-9
    assert defect.centred == pytest.approx(expected, rel=1e-5)
    assert defect.projected == pytest.approx(expected + 1e-9)
    with pytest.raises(ValueError, match="n_hidden must be"):
        eigenspace_defect(10, 9, 5)
