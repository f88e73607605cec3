"""Numba kernels of softmax probabilities; the simulation has its own.

References
----------
``docs/laws.md`` §4.
"""

import numpy as np

from rmt_hessian._jit import jit


@jit()
def softmax(logits):
    """Row-wise softmax, the largest logit subtracted; the simulation has its own."""
    p = np.empty(logits.shape)
    for n in range(logits.shape[0]):
        largest = logits[n].max()
        total = 0.0
        for c in range(logits.shape[1]):
            p[n, c] = np.exp(logits[n, c] - largest)
            total += p[n, c]
        for c in range(logits.shape[1]):
            p[n, c] /= total
    return p


@jit()
def softmax_pair_sums(f, f_other):
    """``Σ_i p_i(1-p_i) q_i(1-q_i)`` and ``Σ_{i≠j} p_i p_j q_i q_j`` of each row's softmax p, q.

    The second is ``2 Σ_i p_i q_i Σ_{j<i} p_j q_j``: no difference of nearly equal numbers.
    """
    p, q = softmax(f), softmax(f_other)
    diagonal, off_diagonal = np.zeros(f.shape[0]), np.zeros(f.shape[0])
    for n in range(f.shape[0]):
        before = 0.0
        for c in range(f.shape[1]):
            product = p[n, c] * q[n, c]
            diagonal[n] += product * (1.0 - p[n, c]) * (1.0 - q[n, c])
            off_diagonal[n] += 2.0 * product * before
            before += product
    return diagonal, off_diagonal


@jit(error_model="numpy")
def count_curvature_eigenvalues(p, x):
    """``Σ #{α < x}`` over the rows of p, α the nonzero eigenvalues of ``diag(p) - p pᵀ``.

    Rows of p ascend, and x. ``#{α < x} = #{p_i < x} - 1[Σ_i p_i/(x - p_i) > 0]``, by interlacing;
    for x a p_i the sum is that from below, ``-∞``.
    """
    counts = np.zeros(x.size, dtype=np.int64)
    for n in range(p.shape[0]):
        row = p[n]
        first = np.searchsorted(x, row[0], side="right")
        above = x[first:]  # before it there is no eigenvalue
        f = np.zeros(above.size)
        for c in range(row.size):
            q = row[c]
            for k in range(above.size):
                f[k] += q / (above[k] - q) if above[k] != q else -np.inf
        for k in range(above.size):
            below = np.searchsorted(row, above[k])
            counts[first + k] += below - (1 if f[k] > 0.0 else 0)
    return counts
