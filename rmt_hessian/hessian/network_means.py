"""Kronecker factors of the whole network: means of ``Bᵀ A B`` and of ``z zᵀ`` of all layers.

The Gauss–Newton part of the Hessian is the mean of the products ``(B_lᵀ A B_m) ⊗ z_l z_mᵀ`` of
sample n, block by block.
"""

import numpy as np

from rmt_hessian._checks.matrices import symmetric_part
from rmt_hessian._threads import slices
from rmt_hessian.hessian.kernels import apply_mask
from rmt_hessian.hessian.output_hessians import times


def mean_output_hessian(H):
    """``E[Bᵀ A B]`` of a `NetworkHessian`, (K, K): hidden layers by their ``B_n``, the last one by
    its classes.
    """
    last, hidden = H.layers[-1], sum(mask.shape[1] for mask in H.masks)
    M = np.empty((hidden + last.n_blocks,) * 2, H.dtype)
    M[hidden:, hidden:] = last.output_hessian()
    if hidden:
        M[:hidden] = _hidden_rows(H, hidden)
        M[hidden:, :hidden] = M[:hidden, hidden:].T
    return symmetric_part(M)


def _hidden_rows(H, hidden):
    """Rows of ``E[Bᵀ A B]`` of the hidden layers: ``E[B_hᵀ A B_h]`` beside ``E[B_hᵀ A]``."""
    last = H.layers[-1]
    C, curvature = last.n_blocks, last.output_hessians.curvature
    rows = np.zeros((hidden, hidden + C), H.dtype)
    for samples in slices(H.n_samples, H.chunk_size // (C * hidden)):
        B = _hidden_jacobians(H.weights, [mask[samples] for mask in H.masks])
        AB = curvature.apply(B.swapaxes(1, 2).copy(), samples)  # (n, hidden, C)
        rows[:, :hidden] += AB.swapaxes(0, 1).reshape(hidden, -1) @ B.reshape(-1, hidden)
        rows[:, hidden:] += AB.sum(axis=0)
    return rows / H.n_samples


def _hidden_jacobians(weights, masks):
    """``B_n`` of the hidden layers side by side, ``B_l = B_{l+1} W_{l+1} D_l``: (n, C, hidden)."""
    top = np.repeat(weights[-1][None], len(masks[-1]), axis=0)
    apply_mask(top, masks[-1])
    parts = [top]
    for mask, W in zip(masks[-2::-1], weights[-2:0:-1], strict=True):
        B = times(parts[0], W)
        apply_mask(B, mask)
        parts.insert(0, B)
    return np.concatenate(parts, axis=2)


def mean_autocorrelation(H):
    """``E[z zᵀ]`` of a `NetworkHessian`, (F, F), of the inputs of all layers."""
    features = [layer.features for layer in H.layers]
    F = sum(z.shape[1] for z in features)
    S = np.zeros((F, F), H.dtype)
    for samples in slices(H.n_samples, H.chunk_size // F):
        Z = np.hstack([z[samples] for z in features])
        S += Z.T @ Z
    return S / H.n_samples
