"""Exact Frobenius norms of blocks, without forming a block.

With the N×N matrix ``K = (Z Zᵀ) ∘ (Z Zᵀ) / N²``, shared by all blocks of a layer,
``‖H_ij‖_F² = λ^{ijᵀ} K λ^{ij}``.

References
----------
``docs/computation.md`` §2.
"""

import numpy as np

from rmt_hessian.block_norms import BlockNorms
from rmt_hessian.hessian.output_hessians import unit_pairs


def squared_gram(features):
    """``K_nm = (z_n · z_m)² / (N² s⁴)``, shape (N, N), from features (N, p), and ``s²``.

    Features over their largest entry s, so that K neither overflows nor underflows.
    """
    scale = float(np.abs(features).max()) or 1.0
    Z = features / scale
    G = Z @ Z.T
    G /= len(Z)
    return np.square(G, out=G), scale * scale  # a power would raise where it overflows


def block_norms(H):
    """Frobenius norms of all blocks of a ``LayerHessian``, shape (k, k)."""
    K, scale = squared_gram(H.features)

    def squares(M):
        squares = np.empty((H.n_blocks, H.n_blocks))
        for i, j in unit_pairs(H.n_blocks, H.chunk_size // H.n_samples):
            weights = M.pair_weights(i, j)
            squares[i, j] = squares[j, i] = np.einsum("nq,nq->q", weights, K @ weights)
        return np.maximum(squares, 0.0)

    found, size = in_range(H, squares, np.max)
    return scale * (size * np.sqrt(found))


def square_sums(H):
    """`PairSums`, (2, N), of ``Σ_i ‖H_ii‖²`` and of ``Σ_{i≠j} ‖H_ij‖²``, over ``s²``; and s.

    ``h(n, m) = K_nm Σ λ_n^{ij} λ_m^{ij}``, over pairs of units i = j, and i ≠ j.
    """
    K, scale = squared_gram(H.features)
    sums, size = in_range(H, lambda M: M.square_sums(K), lambda sums: np.abs(sums.total).max())
    return sums, scale * size


def in_range(H, squares, largest):
    """``squares(M/s)`` and s, a power of 2: 1 unless squares of M leave the range and M/s helps.

    It does not help where M is small since the softmax is confident: what its probabilities are
    multiplied by may leave the range instead.
    """
    kind = np.finfo(H.dtype)
    with np.errstate(over="ignore", invalid="ignore"):  # looked for
        found = squares(H.output_hessians)
        if kind.tiny ** (2 / 3) < largest(found) < kind.tiny ** (-2 / 3):
            return found, 1.0
        size = float(np.abs(H.output_hessians.traces()).max())
        if not 0 < size < np.inf:
            return found, 1.0
        exponent = int(np.clip(np.frexp(size)[1], kind.minexp + 2, kind.maxexp - 1))
        of_quotient = squares(H.output_hessians.scaled(2.0**-exponent))
    if not np.isfinite(largest(of_quotient)):
        return found, 1.0
    return of_quotient, 2.0**exponent


def mean_squared_block_norms(H):
    """`BlockNorms` of the sample."""
    sums, scale = square_sums(H)
    return BlockNorms(*means_over_blocks(sums.total, scale, H.n_blocks), n_units=H.n_blocks)


def means_over_blocks(sums, scale, k):
    """Means over the k blocks on the diagonal and those off it of their sums over ``scale²``."""
    diagonal, off_diagonal = (scale * (scale * float(x)) for x in sums)
    return diagonal / k, off_diagonal / (k * (k - 1)) if k > 1 else float("nan")


def frobenius_norm(H):
    """``‖H‖_F``, the root of the sum of all squared block norms."""
    sums, scale = square_sums(H)
    return scale * float(np.sqrt(sums.total.sum()))


def norm(A):
    """``‖A‖_F`` of an array, in double precision, where squares of its entries may not fit."""
    scale = float(np.abs(A).max(initial=0.0)) or 1.0
    return scale * float(np.linalg.norm(np.divide(A, scale, dtype=np.float64)))
