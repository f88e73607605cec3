import numpy as np
import pytest

from rmt_hessian.theory import output_hessian_eigenspace, predicted_output_hessian
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
