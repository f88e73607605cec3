"""The Jacobian ``B_n = ∂f/∂(pre-activation)`` of a layer, kept as factors.

``B_n = I`` for the last layer, and ``W_L D_{L-1} W_{L-1} … W_{l+1} D_l`` below it. Both kinds
answer the same questions, so that nothing else in the package asks which layer it is looking
at: products with ``B_n`` and ``B_nᵀ``, and the sums over units that have a closed form when
``B_n = I``.
"""

from dataclasses import dataclass

import numpy as np

from rmt_hessian.hessian.kernels import apply_curvature, apply_mask, masked_outer, pair_weights

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

    def diagonal_weights(self, curvature):
        """``λ_n^{ii} = a_i - b_i²``, (N, k)."""
        return curvature.diagonal - curvature.rank_one**2

    def mean_output_hessian(self, curvature):
        """``E[M] = diag(E a) - E[b bᵀ]``, (k, k)."""
        b = curvature.rank_one
        return np.diag(curvature.diagonal.mean(axis=0)) - b.T @ b / self.n_samples

    def weight_sums(self, curvature, K):
        """``Σ_i λ^{iiᵀ} K λ^{ii}`` and ``Σ_{i≠j} λ^{ijᵀ} K λ^{ij}`` by streaming over classes.

        With ``λ^{ij} = -b_i b_j`` off the diagonal, ``Σ_{i≠j} λ^{ij}_n λ^{ij}_m`` is
        ``(b_n · b_m)² - b_n² · b_m²``.
        """
        D, S, Q = np.zeros_like(K), np.zeros_like(K), np.zeros_like(K)
        for start in range(0, self.n_units, CHUNK):
            a = curvature.diagonal[:, start : start + CHUNK]
            b = curvature.rank_one[:, start : start + CHUNK]
            squares = b**2
            lam = a - squares
            D += lam @ lam.T
            S += b @ b.T
            Q += squares @ squares.T
        return float(np.vdot(K, D)), float(np.vdot(K, S * S - Q))


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

    def diagonal_weights(self, curvature):
        """``λ_n^{ii} = (B_nᵀ A_n B_n)_ii``, (N, k)."""
        a, b = curvature.diagonal, curvature.rank_one
        tangents = (self.push_unit(i) for i in range(self.n_units))
        return np.stack([pair_weights(T, T, a, b) for T in tangents], axis=1)

    def _rows(self, curvature):
        """Yield row i of every ``M_n``, (N, k), for each unit i: one push and one pull."""
        for i in range(self.n_units):
            T = self.push_unit(i)
            yield i, self.pull(apply_curvature(T, curvature.diagonal, curvature.rank_one))

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
