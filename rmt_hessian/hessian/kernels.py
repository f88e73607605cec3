"""Numba kernels of the assembly. Slow NumPy twins: ``tests/oracles.py``.

References
----------
``docs/computation.md`` §1, §2 and §5.
"""

import numpy as np

from rmt_hessian._jit import jit

# --- the softmax and its curvature ---------------------------------------------------------------


@jit(nogil=True)
def update_normaliser(f, first, top, others, reference):
    """Take the logits ``f`` of classes ``first …``, (N, c), into the normaliser, in place.

    After all classes ``top_n`` is the largest logit, ``reference_n`` its class and ``others_n``
    the sum of ``exp(f_c - top_n)`` over all other classes, so that nothing cancels in
    ``p_ref = 1/(1 + others)`` and ``1 - p_ref = others/(1 + others)``. They start as -inf, -1, 0. A
    logit that is not finite leaves a NaN or an infinity in ``top`` or ``others``.
    """
    for n in range(f.shape[0]):
        best, lowest = 0, f[n, 0]
        for c in range(1, f.shape[1]):
            if f[n, c] > f[n, best]:
                best = c
            lowest = min(lowest, f[n, c])
        held = -1  # the place of the reference class, if it is in this chunk
        if f[n, best] > top[n]:
            if reference[n] >= 0:
                others[n] = (1.0 + others[n]) * np.exp(top[n] - f[n, best])
            top[n], reference[n], held = f[n, best], first + best, best
        total = 0.0
        for c in range(f.shape[1]):
            if c != held:
                total += np.exp(f[n, c] - top[n])
        others[n] += total if lowest > -np.inf else np.inf


@jit(nogil=True)
def softmax_in_place(f, top, others):
    """``f ← exp(f - top)/(1 + others)``, shapes (N, c), (N,), (N,)."""
    for n in range(f.shape[0]):
        scale = 1.0 / (1.0 + others[n])
        for c in range(f.shape[1]):
            f[n, c] = np.exp(f[n, c] - top[n]) * scale


@jit(nogil=True)
def apply_softmax_curvature(F, p, reference):
    """``F_n ← A_n F_n`` for ``A = diag(p) - p pᵀ``; F (n, q, C), p (n, C).

    Because ``A 1 = 0`` the entry at the reference class, the most probable, is subtracted from F
    first: a saturated softmax leaves sums over its small probabilities alone.
    """
    for n in range(F.shape[0]):
        for q in range(F.shape[1]):
            shift = F[n, q, reference[n]]
            projection = 0.0
            for c in range(F.shape[2]):
                projection += p[n, c] * (F[n, q, c] - shift)
            for c in range(F.shape[2]):
                F[n, q, c] = p[n, c] * (F[n, q, c] - shift - projection)


@jit(nogil=True)
def apply_softmax_root(S, p, reference, out):
    """``√p_c (s_c - Σ_d p_d s_d)``: a root of the curvature times S (C, s), to out (n, C, s).

    Relative to the row of the reference class: rounding errors scale with differences of rows, and
    equal rows give exactly 0.
    """
    mean = np.empty(S.shape[1], S.dtype)
    for n in range(p.shape[0]):
        shift = S[reference[n]]
        mean[:] = 0.0
        for c in range(S.shape[0]):
            for i in range(S.shape[1]):
                mean[i] += p[n, c] * (S[c, i] - shift[i])
        for c in range(S.shape[0]):
            root = np.sqrt(p[n, c])
            for i in range(S.shape[1]):
                out[n, c, i] = root * (S[c, i] - shift[i] - mean[i])


@jit(nogil=True)
def covariances_from_moments(second, first, shift, total, i, j):
    """``Σ_c p_c (s_ci - s̄_i)(s_cj - s̄_j)`` for pairs of columns (i, j) of S, in place.

    From sums without the reference class, ``second = Σ' p_c s_ci s_cj`` (n, pairs), ``first = Σ'
    p_c s_c`` (n, s), ``total = Σ' p_c`` (n,), and the row ``shift`` of the reference class, (n, s),
    subtracted first: then every term is as small as ``total`` when the softmax saturates.
    """
    for n in range(second.shape[0]):
        for q in range(i.size):
            mean_i = first[n, i[q]] - total[n] * shift[n, i[q]]
            mean_j = first[n, j[q]] - total[n] * shift[n, j[q]]
            second[n, q] -= (
                shift[n, i[q]] * first[n, j[q]] + mean_i * shift[n, j[q]] + mean_i * mean_j
            )


@jit(nogil=True)
def correction_sums(p, Rq, scale, mean, own):
    """Sums over samples and classes of ``p K q`` and ``q K q``, ``q = p²``, in double precision.

    K is ``own`` (N,) on the diagonal and ``mean + scale R`` off it, R of diagonal 0; p and
    ``R q`` are (N, c). Returns the two, (2, 2, N), of n with all m ≠ n, and of n = m; and their
    totals over n ≠ m with ``mean`` alone for K, (2,).
    """
    totals = np.zeros(p.shape[1])  # of q over samples
    for n in range(p.shape[0]):
        for c in range(p.shape[1]):
            totals[c] += np.float64(p[n, c]) * p[n, c]
    sums, of_mean = np.empty((2, 2, p.shape[0])), np.zeros(2)
    for n in range(p.shape[0]):
        row_pq, row_qq, mean_pq, mean_qq = 0.0, 0.0, 0.0, 0.0
        pq, qq = 0.0, 0.0  # of the sample with itself
        for c in range(p.shape[1]):
            q = np.float64(p[n, c]) * p[n, c]
            mean_q = mean * (totals[c] - q)
            Kq = scale * Rq[n, c] + mean_q
            row_pq += p[n, c] * Kq
            row_qq += q * Kq
            mean_pq += p[n, c] * mean_q
            mean_qq += q * mean_q
            pq += q * p[n, c]
            qq += q * q
        sums[0, 0, n], sums[0, 1, n] = row_pq, own[n] * pq
        sums[1, 0, n], sums[1, 1, n] = row_qq, own[n] * qq
        of_mean[0] += mean_pq
        of_mean[1] += mean_qq
    return sums, of_mean


@jit(nogil=True)
def lower_sums(K, S):
    """``Σ_m K_nm S_nm`` and ``Σ_m K_nm S_nm²`` for symmetric K and S, (N, N), of which the lower
    triangle of S is read.

    Returns the two, (2, 2, N): over m ≠ n, and the term m = n.
    """
    sums = np.zeros((2, 2, K.shape[0]))
    for n in range(K.shape[0]):
        row_first, row_second = 0.0, 0.0
        for m in range(n):
            first = K[n, m] * S[n, m]
            second = first * S[n, m]
            row_first += first
            row_second += second
            sums[0, 0, m] += first
            sums[1, 0, m] += second
        sums[0, 0, n] = row_first
        sums[1, 0, n] = row_second
        sums[0, 1, n] = K[n, n] * S[n, n]
        sums[1, 1, n] = K[n, n] * S[n, n] * S[n, n]
    return sums


@jit(nogil=True)
def off_diagonal_sum(K, S, Q, p_reference, reference):
    """``Σ_m K_nm (2 s t + 2 (s + t) S + S² - Q)``, from the lower triangles of S and Q, (N, N).

    Sample m at the reference class of n has the probability ``p_reference[m, n]``: s is the term
    ``p p'`` of the reference class of the one sample, t of the other's; a class that both have
    counts once. Returns the sums over m ≠ n, and the terms m = n, (2, N).
    """
    sums = np.zeros((2, K.shape[0]))
    for n in range(K.shape[0]):
        for m in range(n + 1):
            s, t = p_reference[n, m] * p_reference[m, m], 0.0
            if reference[n] != reference[m]:
                t = p_reference[m, n] * p_reference[n, n]
            value = 2 * s * t + 2 * (s + t) * S[n, m] + S[n, m] * S[n, m] - Q[n, m]
            value *= K[n, m]
            if m < n:
                sums[0, n] += value
                sums[0, m] += value
            else:
                sums[1, n] = value
    return sums


# --- slopes of activations, and blocks -----------------------------------------------------------
# Slopes are numbers, or Booleans where they are 0 or 1: as fast, in an eighth of the memory.


@jit(nogil=True)
def apply_slopes(Y, slopes):
    """``Y_n ← D_n Y_n``, shapes (n, q, k) and (n, k)."""
    for n in range(Y.shape[0]):
        for q in range(Y.shape[1]):
            for i in range(Y.shape[2]):
                D = slopes[n, i]  # of a Boolean the product is none: a choice
                Y[n, q, i] = Y[n, q, i] * D if D else 0.0


@jit(nogil=True)
def scaled_rows(slopes, w, out):
    """``slopes_nq w_q``; (n, q), rows (q, r), out (n, q, r)."""
    for n in range(slopes.shape[0]):
        for q in range(slopes.shape[1]):
            for c in range(w.shape[1]):
                out[n, q, c] = slopes[n, q] * w[q, c]


@jit(nogil=True)
def scale_pairs(values, slopes, i, j, out):
    """``values ∘ D_i ∘ D_j`` for pairs of units (i, j); (n, pairs), (n, k), out (n, pairs)."""
    for n in range(values.shape[0]):
        for q in range(i.size):
            out[n, q] = values[n, q] * slopes[n, i[q]] * slopes[n, j[q]]


@jit(nogil=True)
def pack_symmetric(Z, w, space):
    """Rows ``√|w_n| z_n`` into ``space`` (N, p): those with ``w_n > 0`` from its top, those with
    ``w_n < 0`` from its bottom; returns how many of each.

    Then ``Σ_n w_n z_n z_nᵀ`` is the difference of two symmetric products, each half the work of a
    general one; ReLU masks leave half of the samples to a unit and a quarter to a pair of units.
    """
    top, bottom = 0, w.size
    for n in range(w.size):
        if w[n] > 0.0:
            row = top
            top += 1
        elif w[n] < 0.0:
            bottom -= 1
            row = bottom
        else:
            continue
        root = np.sqrt(np.abs(w[n]))
        for a in range(Z.shape[1]):
            space[row, a] = root * Z[n, a]
    return top, w.size - bottom


@jit(nogil=True)
def pack_cross(active, inputs, s, S, t, T, left, right):
    """The samples where ``s_n S_n + t_n T_n`` can differ from 0: active, and s or t not 0.

    Writes ``inputs_n`` to ``left`` (N, p) and the sum to ``right`` (N, w); returns their number.
    Shapes (N,), (N, p), (N,), (N, w), (N,), (N, w).
    """
    kept = 0
    for n in range(s.size):
        if active[n] and (s[n] != 0.0 or t[n] != 0.0):
            for a in range(inputs.shape[1]):
                left[kept, a] = inputs[n, a]
            for c in range(S.shape[1]):
                right[kept, c] = s[n] * S[n, c]
            if t[n] != 0.0:
                for c in range(S.shape[1]):
                    right[kept, c] += t[n] * T[n, c]
            kept += 1
    return kept


TILE = 32


@jit(nogil=True)
def scatter_units(H, block, i, j):
    """``H[(i, a), (j, b)] = H[(j, a), (i, b)] = block[a, b]``, a symmetric block (p, p)."""
    p = len(block)
    for a in range(p):
        for b in range(p):
            H[i * p + a, j * p + b] = block[a, b]
        for b in range(p):
            H[j * p + a, i * p + b] = block[a, b]


@jit(nogil=True)
def scatter_features(H, sums, start, stop):
    """``H[(i, a), (j, b)] = H[(i, b), (j, a)] = sums[(a, b), i, j]``, for i in start … stop-1.

    ``sums``, shape (p (p + 1)/2, k, k), has the pairs a <= b in the order of ``triu_indices``.
    In tiles of units j, so that a line of H is written while it is in the cache.
    """
    k = sums.shape[1]
    p = H.shape[0] // k
    for i in range(start, stop):
        for first in range(0, k, TILE):
            last = min(first + TILE, k)
            q = 0
            for a in range(p):
                for b in range(a, p):
                    for j in range(first, last):
                        value = sums[q, i, j]
                        H[i * p + a, j * p + b] = value
                        H[i * p + b, j * p + a] = value
                    q += 1


@jit(nogil=True)
def transpose_into(out, A, start, stop):
    """``out[:, start:stop] = A[start:stop].T`` in tiles."""
    for row in range(start, stop, TILE):
        for column in range(0, A.shape[1], TILE):
            for r in range(row, min(row + TILE, stop)):
                for c in range(column, min(column + TILE, A.shape[1])):
                    out[c, r] = A[r, c]
