"""Numba kernels of the assembly. Slow NumPy twins: ``tests/oracles.py``."""

import numpy as np
from numba import njit


@njit(cache=True)
def apply_curvature(F, a, b):
    """``A_n F_n = a_n ∘ F_n - b_n (b_n · F_n)`` for every sample; shapes (N, C)."""
    out = np.empty(F.shape)
    for n in range(F.shape[0]):
        projection = 0.0
        for c in range(F.shape[1]):
            projection += b[n, c] * F[n, c]
        for c in range(F.shape[1]):
            out[n, c] = a[n, c] * F[n, c] - b[n, c] * projection
    return out


@njit(cache=True)
def pair_weights(S, T, a, b):
    """``S_nᵀ A_n T_n`` for every sample, (N,), from tangents ``S, T`` of shape (N, C)."""
    out = np.empty(S.shape[0])
    for n in range(S.shape[0]):
        product, s, t = 0.0, 0.0, 0.0
        for c in range(S.shape[1]):
            product += a[n, c] * S[n, c] * T[n, c]
            s += b[n, c] * S[n, c]
            t += b[n, c] * T[n, c]
        out[n] = product - s * t
    return out


@njit(cache=True)
def apply_mask(Y, mask):
    """``Y ∘ D`` in one pass, shapes (N, k)."""
    out = np.empty(Y.shape)
    for n in range(Y.shape[0]):
        for i in range(Y.shape[1]):
            out[n, i] = Y[n, i] if mask[n, i] else 0.0
    return out


@njit(cache=True)
def masked_outer(active, w):
    """``D_i ⊗ w``: row ``w`` where the unit is active, zero elsewhere; (N,), (r,) -> (N, r)."""
    out = np.zeros((active.size, w.size))
    for n in range(active.size):
        if active[n]:
            for c in range(w.size):
                out[n, c] = w[c]
    return out


@njit(cache=True)
def pack_pair(Z, lam):
    """Keep the samples with ``λ_n ≠ 0``: rows ``z_n`` and ``λ_n z_n``, each (active, p).

    ReLU masks leave half of the samples to a unit and a quarter to a pair of units.
    """
    n_active = 0
    for n in range(lam.size):
        n_active += lam[n] != 0.0
    rows = np.empty((n_active, Z.shape[1]))
    scaled = np.empty((n_active, Z.shape[1]))
    r = 0
    for n in range(lam.size):
        if lam[n] != 0.0:
            for a in range(Z.shape[1]):
                rows[r, a] = Z[n, a]
                scaled[r, a] = lam[n] * Z[n, a]
            r += 1
    return rows, scaled


@njit(cache=True)
def scatter_pair(H, block, i, j):
    """Write ``block`` and its transpose at block positions (i, j) and (j, i) of ``H``."""
    p = block.shape[0]
    for a in range(p):
        for b in range(p):
            H[i * p + a, j * p + b] = block[a, b]
            H[j * p + b, i * p + a] = block[a, b]
