"""Output Hessians given as arrays, of any signs, and layers below a loss of one's own."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import rmt_hessian as rh
from rmt_hessian.hessian.output_hessians import HiddenLayerOutputHessians, LastLayerOutputHessians
from rmt_hessian.hessian.row_curvature import GivenCurvature
from rmt_hessian.hessian.scaled_curvature import ScaledCurvature
from tests.tolerances import EXACT


def symmetric(rng, N, k):
    A = rng.standard_normal((N, k, k))
    return A + A.swapaxes(1, 2)


@settings(max_examples=40, deadline=None)
@given(
    N=st.integers(1, 7),
    k=st.integers(1, 5),
    chunk=st.integers(1, 200),
    scaled=st.booleans(),
    seed=st.integers(0, 2**32 - 1),
)
def test_every_question_against_the_array(N, k, chunk, scaled, seed):
    rng = np.random.default_rng(seed)
    A, Z = symmetric(rng, N, k), rng.standard_normal((N, 3))
    curvature, M = GivenCurvature(A, chunk), A
    if scaled:
        omega = rng.uniform(0.5, 2, N)
        curvature, M = ScaledCurvature(curvature, omega), omega[:, None, None] * A
    units = rng.permutation(k)[: rng.integers(1, k + 1)]
    H = rh.LayerHessian(Z, LastLayerOutputHessians(curvature, units), chunk)
    M = M[:, units][:, :, units]
    dense = np.einsum("nij,na,nb->iajb", M, Z, Z).reshape(2 * (3 * len(units),)) / N
    scale = np.abs(dense).max()
    blocks = dense.reshape(len(units), 3, len(units), 3).swapaxes(1, 2)
    norms = np.linalg.norm(blocks, axis=(2, 3))
    for found, expected in (
        (H.to_dense(), dense),
        (H @ np.eye(len(dense)), dense),
        (H.block_norms(), norms),
        (H.frobenius_norm(), np.linalg.norm(dense)),
        (H.mean_squared_block_norms().diagonal, np.mean(np.diag(norms) ** 2)),
        (H.trace(), np.trace(dense)),
        (H.diagonal(), np.diag(dense)),
        (H.output_hessian(), M.mean(axis=0)),
        (H.block_weights(0, -1), M[:, 0, -1]),
    ):
        np.testing.assert_allclose(found, expected, rtol=0, atol=1e3 * EXACT * max(scale, scale**2))


@pytest.mark.parametrize("n_units", [2, 6])
def test_layers_below(n_units, rng):
    """``D Wᵀ A W D``, by rows of roots and pair by pair."""
    N, C = 9, 4
    root = rng.standard_normal((N, C, 2))
    A, W = root @ root.swapaxes(1, 2), rng.standard_normal((C, n_units))
    D, Z = rng.standard_normal((N, n_units)), rng.standard_normal((N, 3))
    above = LastLayerOutputHessians(GivenCurvature(A), np.arange(C))
    H = rh.LayerHessian(Z, HiddenLayerOutputHessians(above, W, D))
    M = D[:, :, None] * (W.T @ A @ W) * D[:, None]
    dense = np.einsum("nij,na,nb->iajb", M, Z, Z).reshape(2 * (3 * n_units,)) / N
    for found, expected in (
        (H.to_dense(), dense),
        (H.output_hessian(), M.mean(axis=0)),
        (H @ np.eye(len(dense)), dense),
        (H.frobenius_norm(), np.linalg.norm(dense)),
    ):
        np.testing.assert_allclose(found, expected, atol=1e3 * EXACT * np.abs(dense).max())


def test_a_root_of_negative_eigenvalues_is_refused(rng):
    curvature = GivenCurvature(np.array([np.eye(2), np.diag([1.0, -1e-3])]))
    curvature.apply_root(np.eye(2), [0])
    with pytest.raises(ValueError, match="no negative eigenvalues"):
        curvature.apply_root(np.eye(2))
