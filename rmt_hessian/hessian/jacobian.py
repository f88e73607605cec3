"""The Jacobian ``B_n = ∂f/∂(pre-activation)`` of a layer, kept as factors.

``B_n = I`` for the last layer, and ``W_L D_{L-1} W_{L-1} … W_{l+1} D_l`` below it. Both kinds
answer the same questions, so that nothing else in the package asks which layer it is looking
at: products with ``B_n`` and ``B_nᵀ``, and the sums over units that have a closed form when
``B_n = I``.
"""

from dataclasses import dataclass

import numpy as np

from rmt_hessian.hessian.kernels import (
    apply_curvature,
    apply_mask,
    curvature_diagonal,
    masked_outer,
    pair_weights,
)

CHUNK = 4096  # classes held at a time by the closed forms of the last layer


@dataclass(frozen=True)
class IdentityJacobian:
    """``B_n = I_C``: the units of the last layer are the logits."""

    n_samples: int
    n_units: int

    def push(self, Y):
        """``B_n Y_n``, (N, k) -> (N, C)."""
        return Y

    def pull(self, Y):
        """``B_nᵀ Y_n``, (N, C) -> (N, k)."""
        return Y

    def push_unit(self, i):
        """Column i of every ``B_n``, (N, C)."""
        T = np.zeros((self.n_samples, self.n_units))
        T[:, i] = 1.0
        return T

    def pair_weights(self, curvature, i, j):
        """``λ_n^{ij} = (A_n)_ij``, (N,)."""
        if i == j:
            return self.diagonal_weights(curvature)[:, i]
        return -curvature.rank_one[:, i] * curvature.rank_one[:, j]

    def diagonal_weights(self, curvature):
        """``λ_n^{ii} = (A_n)_ii``, (N, k)."""
        return curvature_diagonal(curvature.diagonal, curvature.rank_one, curvature.reference)

    def mean_output_hessian(self, curvature):
        """``E[M] = -E[b bᵀ]`` off the diagonal, (k, k)."""
        M = curvature.rank_one.T @ curvature.rank_one / -self.n_samples
        np.fill_diagonal(M, self.diagonal_weights(curvature).mean(axis=0))
        return M

    def weight_sums(self, curvature, K):
        """``Σ_i λ^{iiᵀ} K λ^{ii}`` and ``Σ_{i≠j} λ^{ijᵀ} K λ^{ij}`` by streaming over classes.

        With ``λ^{ij} = -b_i b_j`` off the diagonal, ``Σ_{i≠j} λ^{ij}_n λ^{ij}_m`` is the sum of
        ``x_i x_j`` over i ≠ j, ``x_i = b_ni b_mi``. The reference classes of the two samples are
        kept out of the sum S and the sum Q of squares of x over all other classes: with their
        own terms s and t it is ``2 s t + 2 (s + t) S + S² - Q``, where nothing large cancels.
        """
        b, reference = curvature.rank_one, curvature.reference
        diagonal_weights = self.diagonal_weights(curvature)
        D, S, Q = np.zeros_like(K), np.zeros_like(K), np.zeros_like(K)
        for start in range(0, self.n_units, CHUNK):
            lam = diagonal_weights[:, start : start + CHUNK]
            rest = b[:, start : start + CHUNK].copy()
            held = np.flatnonzero((reference >= start) & (reference < start + CHUNK))
            rest[held, reference[held] - start] = 0.0
            D += lam @ lam.T
            S += rest @ rest.T
            np.square(rest, out=rest)
            Q += rest @ rest.T
        s = np.where(reference >= 0, b[:, reference], 0.0)  # s_mn: class of n, in sample m
        s *= s.diagonal()
        t = np.where(reference[:, None] == reference, 0.0, s.T)  # the same class counts once
        off_diagonal = 2 * s * t + 2 * (s + t) * S + S * S - Q
        return float(np.vdot(K, D)), float(np.vdot(K, off_diagonal))


@dataclass(frozen=True)
class ReLUJacobian:
    """``B_n = W_L D_{L-1} … W_{l+1} D_l``, as the pairs ``(D_l, W_{l+1}), (D_{l+1}, W_{l+2}), …``.

    Masks have shape (N, units), weights (out, in).
    """

    chain: tuple

    @property
    def n_units(self):
        """k, the number of units of the layer."""
        return self.chain[0][0].shape[1]

    def push(self, Y):
        """``B_n Y_n``, (N, k) -> (N, C)."""
        for mask, W in self.chain:
            Y = apply_mask(Y, mask) @ W.T
        return Y

    def pull(self, Y):
        """``B_nᵀ Y_n``, (N, C) -> (N, k)."""
        for mask, W in reversed(self.chain):
            Y = apply_mask(Y @ W, mask)
        return Y

    def push_unit(self, i):
        """Column i of every ``B_n``, (N, C)."""
        (mask, W), *rest = self.chain
        T = masked_outer(mask[:, i], np.ascontiguousarray(W[:, i]))
        return ReLUJacobian(tuple(rest)).push(T)

    def pair_weights(self, curvature, i, j):
        """``λ_n^{ij} = (B_nᵀ A_n B_n)_ij``, (N,)."""
        S = self.push_unit(i)
        T = S if i == j else self.push_unit(j)
        return pair_weights(S, T, curvature.diagonal, curvature.rank_one, curvature.reference)

    def diagonal_weights(self, curvature):
        """``λ_n^{ii}``, (N, k)."""
        units = range(self.n_units)
        return np.stack([self.pair_weights(curvature, i, i) for i in units], axis=1)

    def _rows(self, curvature):
        """Yield row i of every ``M_n``, (N, k), for each unit i: one push and one pull."""
        a, b, reference = curvature.diagonal, curvature.rank_one, curvature.reference
        for i in range(self.n_units):
            yield i, self.pull(apply_curvature(self.push_unit(i), a, b, reference))

    def mean_output_hessian(self, curvature):
        """``E[M]``, (k, k), row by row."""
        M = np.stack([row.mean(axis=0) for _, row in self._rows(curvature)])
        return (M + M.T) / 2

    def weight_sums(self, curvature, K):
        """``Σ_i λ^{iiᵀ} K λ^{ii}`` and ``Σ_{i≠j} λ^{ijᵀ} K λ^{ij}``, each pair once."""
        diagonal, off_diagonal = 0.0, 0.0
        for i, row in self._rows(curvature):
            quadratic_forms = np.einsum("nj,nj->j", row[:, i:], K @ row[:, i:])
            diagonal += quadratic_forms[0]
            off_diagonal += 2.0 * quadratic_forms[1:].sum()
        return float(diagonal), float(off_diagonal)
