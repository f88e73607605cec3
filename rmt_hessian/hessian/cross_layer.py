"""Blocks of the Hessian between two layers, l below m.

The samples' parts are outer products with the inputs of the lower layer: of unit i of layer l,
``(1/N) Σ_n T_n ⊗ z_{l,n}``, where T_n, over the units and features of layer m, has rank two,

    ``T_n = R_n z_nᵀ + r_n s_nᵀ``,

with ``R_n = M_m J_{ml} e_i``, (k_m,), ``z_n = z_m``, (p_m,), ``r_n = g_m = ∂ℓ/∂a_m`` and ``s_n =
∂z_m/∂a_{l,i}``, ``J_{ml} = ∂a_m/∂a_l``. It is 0 where unit i has slope 0. Units and features of
layer m enter alike: the fewer of them are gone through, each with one product of matrices.

References
----------
``docs/training.md`` §3.
"""

from dataclasses import dataclass

import numpy as np

from rmt_hessian._threads import parallel_map, shares
from rmt_hessian.hessian.kernels import apply_slopes, pack_cross
from rmt_hessian.hessian.norms import norm
from rmt_hessian.hessian.output_hessians import times
from rmt_hessian.hessian.pair_sums import PairSums, add_scaled
from rmt_hessian.hessian.residual import pulled_gradient


@dataclass(frozen=True, eq=False)
class CrossLayerBlock:
    """Block (m, l), shape (k_m p_m, k_l p_l), of a `NetworkHessian` H."""

    H: object
    l: int
    m: int

    def _gradient(self):
        """``r_n = g_m``, (N, k_m)."""
        H = self.H
        return pulled_gradient(H.residual, H.weights, H.slopes, self.m, H.chunk_size)

    @property
    def _by_features(self):
        upper = self.H.layers[self.m]
        return upper.block_size <= upper.n_blocks

    def fill(self, out):
        """Write the block to ``out``."""
        upper, lower = self.H.layers[self.m], self.H.layers[self.l]
        blocks = out.reshape(upper.n_blocks, upper.block_size, lower.n_blocks, lower.block_size)
        rows = blocks.swapaxes(0, 1) if self._by_features else blocks  # the fewer of j and b first
        r = self._gradient()

        def fill_units(units):
            for i in units:
                for c, (right, left) in enumerate(self._products_of_unit(i, r)):
                    np.matmul(right.T, left, out=rows[c, :, i])

        parallel_map(fill_units, self._shares())

    def frobenius_norm(self):
        """Its Frobenius norm, row by row."""
        r = self._gradient()

        def norm_of_units(units):
            factors = (pair for i in units for pair in self._products_of_unit(i, r))
            return norm(np.array([norm(right.T @ left) for right, left in factors]))

        return norm(np.array(parallel_map(norm_of_units, self._shares())))

    def pair_sums(self):
        """`PairSums` of its squared norm over ``s²``, (N,), and s.

        With ``X_n = T_n ⊗ z_{l,n}`` of unit i and its part ``H_i`` of the block, ``Σ_m ⟨X_n, X_m⟩
        = N ⟨X_n, H_i⟩``: twice the work of the norm, and no array of pairs of samples.
        """
        r = self._gradient()

        def sums_of_units(units):
            return add_scaled(self._sums_of_unit(i, r) for i in units)

        (rows, own), scale = add_scaled(parallel_map(sums_of_units, self._shares()))
        return PairSums(rows - own, own), scale

    def _sums_of_unit(self, i, r):
        """``⟨X_n, H_i⟩/N`` and ``‖X_n‖²/N²`` over ``s²``, (2, N), and s: factors over their
        largest entries.
        """
        lower, upper = self.H.layers[self.l], self.H.layers[self.m]
        active = np.flatnonzero(self.H.slopes[self.l][:, i])
        s, moved = self._moved_by_unit(i)
        R, z = upper.output_hessians.apply(moved[:, None])[active, 0], upper.features[active]
        r, s = r[active], s[active]
        left = lower.features[active]
        *sizes, of_left = (float(np.abs(F).max(initial=0.0)) for F in (R, z, r, s, left))
        R, z, r, s, left = (
            F / (size or 1.0) for F, size in zip((R, z, r, s, left), (*sizes, of_left), strict=True)
        )
        first, second = sizes[0] * sizes[1], sizes[2] * sizes[3]
        largest = max(first, second) or 1.0
        R *= first / largest
        r *= second / largest
        sums = np.zeros((2, lower.n_samples))
        few, many = ((z, s), (R, r)) if self._by_features else ((R, r), (z, s))
        for c in range(few[0].shape[1]):
            right = few[0][:, [c]] * many[0] + few[1][:, [c]] * many[1]
            sums[0, active] += np.einsum("na,na->n", right, left @ (right.T @ left).T)
        own = _squares(R) * _squares(z) + _squares(r) * _squares(s)
        own += 2 * np.einsum("na,na->n", R, r) * np.einsum("na,na->n", z, s)
        sums[1, active] = own * _squares(left)
        return sums / lower.n_samples**2, largest * of_left

    def _shares(self):
        lower = self.H.layers[self.l]
        rows = self.H.layers[self.m].shape[0]
        return shares(lower.n_blocks, lower.n_samples * lower.block_size * rows)

    def _products_of_unit(self, i, r):
        """Yield, for each of the fewer of j and b, factors whose ``rightᵀ left`` is its rows.

        The column of ``T_n`` at feature b is ``z_nb R_n + s_nb r_n``, the row at unit j ``R_nj z_n
        + r_nj s_n``: ``right`` (n, the more), beside ``left = z_l`` (n, p_l), of the samples in
        which it is not 0. Both are valid until the next.
        """
        upper, lower = self.H.layers[self.m], self.H.layers[self.l]
        moved_features, moved = self._moved_by_unit(i)
        R = upper.output_hessians.apply(moved[:, None])[:, 0], r
        z = upper.features, moved_features
        few, many = (z, R) if self._by_features else (R, z)
        active = self.H.slopes[self.l][:, i] != 0
        most = np.count_nonzero(active)
        left = np.empty((most, lower.block_size), self.H.dtype)
        right = np.empty((most, many[0].shape[1]), self.H.dtype)
        for c in range(few[0].shape[1]):
            s, t = few[0][:, c] / lower.n_samples, few[1][:, c] / lower.n_samples
            kept = pack_cross(active, lower.features, s, many[0], t, many[1], left, right)
            yield right[:kept], left[:kept]

    def _moved_by_unit(self, i):
        """``s_n = ∂z_m/∂a_{l,i}``, (N, p_m), and ``J_{ml} e_i = W_m s_n``, (N, k_m)."""
        weights, slopes = self.H.weights, self.H.slopes
        units = self.H.layers[self.l].output_hessians
        moved = units.tangents_above([i])
        if self.m == self.l + 1:
            s = np.zeros(slopes[self.l].shape, self.H.dtype)
            s[:, i] = slopes[self.l][:, i]
        for hidden in range(self.l + 1, self.m):
            apply_slopes(moved, slopes[hidden])
            s = moved[:, 0]
            moved = times(moved, weights[hidden + 1].T)
        constant = self.H.layers[self.m].block_size - s.shape[1]  # a feature that does not move
        return np.pad(s, ((0, 0), (0, constant))) if constant else s, moved[:, 0]


def _squares(A):
    """``‖a_n‖²`` of the rows of A, (N,)."""
    return np.einsum("na,na->n", A, A)
