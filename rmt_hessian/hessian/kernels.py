"""Numba kernels of the assembly. Slow NumPy twins: ``tests/oracles.py``."""

import numpy as np
from numba import njit


@njit(cache=True)
def apply_curvature(F, a, b, reference):
    """``A_n F_n = a_n ∘ F_n - b_n (b_n · F_n)`` for every sample; shapes (N, C).

    Where ``A 1 = 0`` the reference class is subtracted from F first: a saturated softmax leaves
    sums over its small probabilities alone.
    """
    out = np.empty(F.shape)
    for n in range(F.shape[0]):
        shift = F[n, reference[n]] if reference[n] >= 0 else 0.0
        projection = 0.0
        for c in range(F.shape[1]):
            projection += b[n, c] * (F[n, c] - shift)
        for c in range(F.shape[1]):
            out[n, c] = a[n, c] * (F[n, c] - shift) - b[n, c] * projection
    return out


@njit(cache=True)
def pair_weights(S, T, a, b, reference):
    """``S_nᵀ A_n T_n`` for every sample, (N,), from tangents ``S, T`` of shape (N, C)."""
    out = np.empty(S.shape[0])
    for n in range(S.shape[0]):
        shift_s, shift_t = 0.0, 0.0
        if reference[n] >= 0:
            shift_s, shift_t = S[n, reference[n]], T[n, reference[n]]
        product, s, t = 0.0, 0.0, 0.0
        for c in range(S.shape[1]):
            sc, tc = S[n, c] - shift_s, T[n, c] - shift_t
            product += a[n, c] * sc * tc
            s += b[n, c] * sc
            t += b[n, c] * tc
        out[n] = product - s * t
    return out


@njit(cache=True)
def curvature_diagonal(a, b, reference):
    """``(A_n)_cc = a_c - b_c²``, (N, C); at the reference class ``b_c Σ_{c'≠c} b_c'``."""
    out = np.empty(a.shape)
    for n in range(a.shape[0]):
        others = 0.0
        for c in range(a.shape[1]):
            out[n, c] = a[n, c] - b[n, c] * b[n, c]
            if c != reference[n]:
                others += b[n, c]
        if reference[n] >= 0:
            out[n, reference[n]] = b[n, reference[n]] * others
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
