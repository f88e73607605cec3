"""Kronecker factors of the whole network: means of M and of ``z zᵀ`` of all layers.

Without the residual term between layers the Hessian is the mean of the products ``M_lm ⊗ z_l
z_mᵀ`` of sample n, block by block, ``M = Bᵀ A B + Σ_k J_kᵀ diag(s_k) J_k``: B and ``J_k`` are the
Jacobians of the logits, and of the pre-activations of hidden layer k, with respect to all
pre-activations.

References
----------
``docs/structure.md`` §5.
"""

import numpy as np

from rmt_hessian._checks.matrices import symmetric_part
from rmt_hessian._threads import consecutive_slices, slices
from rmt_hessian.hessian.kernels import apply_slopes
from rmt_hessian.hessian.output_hessians import times


def mean_output_hessian(H):
    """``E[M]`` of a `NetworkHessian`, (K, K): hidden layers by their Jacobians, the last one by its
    classes.
    """
    last, widths = H.layers[-1], [layer.n_blocks for layer in H.layers]
    hidden = sum(widths[:-1])
    M = np.zeros((sum(widths),) * 2, H.dtype)
    M[hidden:, hidden:] = last.output_hessian()
    if hidden:
        M[:hidden] = _hidden_rows(H, hidden)
        M[hidden:, :hidden] = M[:hidden, hidden:].T
    for k, place in enumerate(consecutive_slices(widths[:-1])):
        if (s := H.layers[k].output_hessians.bends) is not None:
            _add_bends(M[: place.stop, : place.stop], H, k, s)
    return symmetric_part(M)


def _hidden_rows(H, hidden):
    """Rows of ``E[Bᵀ A B]`` of the hidden layers: ``E[B_hᵀ A B_h]`` beside ``E[B_hᵀ A]``."""
    last = H.layers[-1]
    C = last.n_blocks
    rows = np.zeros((hidden, hidden + C), H.dtype)
    for samples in slices(H.n_samples, H.chunk_size // (C * hidden)):
        B = _jacobians(H.weights, [D[samples] for D in H.slopes])
        AB = last.output_hessians.apply(B.swapaxes(1, 2).copy(), samples)  # (n, hidden, C)
        rows[:, :hidden] += AB.swapaxes(0, 1).reshape(hidden, -1) @ B.reshape(-1, hidden)
        rows[:, hidden:] += AB.sum(axis=0)
    return rows / H.n_samples


def _add_bends(M, H, k, s):
    """Add ``E[J_kᵀ diag(s_k) J_k]``, (K', K'), K' the units of the layers 0 … k; s (N, width)."""
    width = s.shape[1]
    below = len(M) - width
    own = np.arange(below, len(M))  # where J_k is the identity
    M[own, own] += s.mean(axis=0)
    if below == 0:
        return
    for samples in slices(H.n_samples, H.chunk_size // (width * len(M))):
        J = _jacobians(H.weights[: k + 1], [D[samples] for D in H.slopes[:k]])
        sJ = s[samples][:, :, None] * J / H.n_samples
        M[:below, :below] += sJ.reshape(-1, below).T @ J.reshape(-1, below)
        of_own = sJ.sum(axis=0)
        M[below:, :below] += of_own
        M[:below, below:] += of_own.T


def _jacobians(weights, slopes):
    """``J_l``, of the last pre-activations with respect to each before, side by side: (n, k, K').

    ``J_l = J_{l+1} W_{l+1} D_l``, from the identity down.
    """
    top = np.repeat(weights[-1][None], len(slopes[-1]), axis=0)
    apply_slopes(top, slopes[-1])
    parts = [top]
    for D, W in zip(slopes[-2::-1], weights[-2:0:-1], strict=True):
        J = times(parts[0], W)
        apply_slopes(J, D)
        parts.insert(0, J)
    return np.concatenate(parts, axis=2)


def mean_autocorrelation(H):
    """``E[z zᵀ]`` of a `NetworkHessian`, (F, F), of the inputs of all layers."""
    features = [layer.features for layer in H.layers]
    F = sum(z.shape[1] for z in features)
    S = np.zeros((F, F), H.dtype)
    w = H.layers[0].sample_weights
    for samples in slices(H.n_samples, H.chunk_size // F):
        Z = np.hstack([z[samples] for z in features])
        S += (Z if w is None else Z * w[samples, None].astype(H.dtype)).T @ Z
    return S / H.n_samples
