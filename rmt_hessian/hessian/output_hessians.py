"""The output Hessians ``M_n = ∂²ℓ/∂a ∂a`` of all samples, a the pre-activations, as factors.

In the last layer ``M_n = A_n``, the output curvature of the loss. Below, by one recursion downwards
(Botev, Ritter and Barber 2017), with ``M'_n`` and W of the layer above,

    ``M_n = D_n Wᵀ M'_n W D_n + diag(s_n)``,  ``D_n = diag σ'(a_n)``,  ``s_n = σ''(a_n) ∘ Wᵀ g'_n``,

``g'_n`` the gradient of the loss with respect to the pre-activations above. Where the second
derivative of the activation vanishes (ReLU, identity) there is no s, and ``M_n = B_nᵀ A_n B_n``
with ``B_n = W_L D_{L-1} … W_{l+1} D_l``. All kinds answer the same questions, so that nothing else
in the package asks which layer it has. Tangents have shape (n, q, k): n samples, q tangents of
each.

References
----------
``docs/computation.md`` §1; Botev, Ritter and Barber, arXiv 1706.03662.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from rmt_hessian._threads import ALL, CHUNK_SIZE, slices
from rmt_hessian.hessian.gram import WeightedGram, add_gram
from rmt_hessian.hessian.kernels import apply_slopes, lower_sums, scale_pairs, scaled_rows
from rmt_hessian.hessian.pair_sums import PairSums
from rmt_hessian.hessian.scaled_curvature import ScaledCurvature

MANY = 32  # samples at least that make it worth reading all weights
A_WEIGHT = 100  # as many products of two numbers take the time to make one ``λ_n^{ij}``


def unit_pairs(k, size):
    """Yield the pairs i <= j of k units as arrays (i, j): whole rows i, up to ``size`` a time."""
    ends = np.cumsum(k - np.arange(k))
    first = 0
    while first < k:
        before = ends[first - 1] if first else 0
        stop = max(first + 1, int(np.searchsorted(ends, before + size, side="right")))
        i = np.repeat(np.arange(first, stop), k - np.arange(first, stop))
        j = np.concatenate([np.arange(row, k) for row in range(first, stop)])
        yield i, j
        first = stop


@dataclass(frozen=True, eq=False)
class LastLayerOutputHessians:
    """``M_n = A_n``: the units of the last layer are the classes, or some of them.

    Attributes
    ----------
    curvature : SoftmaxCurvature or UnitCurvature
    units : numpy.ndarray of int, shape (k,)
    """

    curvature: object
    units: np.ndarray

    @property
    def n_units(self):
        """k, the number of units of the layer."""
        return self.units.size

    @property
    def widest(self):
        """The largest width of the layers that a tangent passes."""
        return self.curvature.n_classes

    def restrict(self, units):
        """The rows and columns of ``M_n`` that belong to ``units``."""
        return replace(self, units=self.units[units])

    def scaled(self, factor):
        """``factor · M_n``."""
        return replace(self, curvature=ScaledCurvature.of(self.curvature, factor))

    def apply(self, Y, samples=ALL):
        """``M_n Y_n``, (n, q, k) -> (n, q, k); Y is overwritten."""
        if np.array_equal(self.units, np.arange(self.curvature.n_classes)):
            return self.curvature.apply(Y, samples)
        F = np.zeros((*Y.shape[:2], self.curvature.n_classes), Y.dtype)
        F[:, :, self.units] = Y
        return self.curvature.apply(F, samples)[:, :, self.units]

    @property
    def n_rows(self):
        """How many rows of a sample `rows_through` has."""
        return self.curvature.n_classes

    def rows_through(self, W, samples=ALL):
        """Rows F, (n, R, k), and weights v with ``Wᵀ M_n W = F_nᵀ diag(v_n) F_n``; None for 1."""
        return self.curvature.apply_root(W, samples), None

    def pair_weights(self, i, j):
        """``λ_n^{ij} = (M_n)_ij`` for arrays i, j of units, (N, pairs)."""
        return self.curvature.entries(self.units[i], self.units[j])

    def traces(self):
        """``tr M_n``, (N,)."""
        return self.curvature.traces(self.units)

    def weighted_sums(self, w):
        """``Σ_n w_nq M_n``; w (N, q) -> (q, k, k)."""
        return self.curvature.weighted_sums(w, self.units)

    def square_sums(self, K):
        """``Σ_i λ^{iiᵀ} K λ^{ii}`` and ``Σ_{i≠j} λ^{ijᵀ} K λ^{ij}``, `PairSums`; K (N, N)."""
        return self.curvature.entry_sums(K, self.units)


@dataclass(frozen=True, eq=False)
class HiddenLayerOutputHessians:
    """``M_n`` of a hidden layer, from that of the layer above.

    Attributes
    ----------
    above : LastLayerOutputHessians or HiddenLayerOutputHessians
        ``M'_n``, of all units of the layer above.
    weights : numpy.ndarray, shape (k', k)
        W of the layer above.
    slopes : numpy.ndarray, shape (N, k)
        ``σ'(a_n)``, the diagonal of ``D_n``; of Booleans where it is 0 or 1.
    bends : numpy.ndarray, shape (N, k), or None
        ``s_n``; None where the activation is piecewise linear, and for the Gauss–Newton part.
    chunk_size : int
    """

    above: LastLayerOutputHessians | HiddenLayerOutputHessians
    weights: np.ndarray
    slopes: np.ndarray
    bends: np.ndarray | None = None
    chunk_size: int = CHUNK_SIZE

    @property
    def n_units(self):
        """k, the number of units of the layer."""
        return self.slopes.shape[1]

    @property
    def widest(self):
        """The largest width of the layers that a tangent passes."""
        return max(self.n_units, self.above.widest)

    def restrict(self, units):
        """The rows and columns of ``M_n`` that belong to ``units``."""
        bends = None if self.bends is None else self.bends[:, units]
        return replace(
            self, weights=self.weights[:, units], slopes=self.slopes[:, units], bends=bends
        )

    def scaled(self, factor):
        """``factor · M_n``."""
        bends = None if self.bends is None else factor * self.bends
        return replace(self, above=self.above.scaled(factor), bends=bends)

    def apply(self, Y, samples=ALL):
        """``M_n Y_n``, (n, q, k) -> (n, q, k); Y is overwritten."""
        bent = None if self.bends is None else self.bends[samples][:, None] * Y
        apply_slopes(Y, self.slopes[samples])
        F = self._pull(self.above.apply(times(Y, self.weights.T), samples), samples)
        if bent is not None:
            F += bent
        return F

    def _pull(self, F, samples):
        """``D_n Wᵀ F_n``, (n, q, k') -> (n, q, k)."""
        F = times(F, self.weights)
        apply_slopes(F, self.slopes[samples])
        return F

    def tangents_above(self, units, samples=ALL):
        """How ``units`` move the pre-activations above: columns of ``W D_n``, (n, q, k')."""
        rows = np.ascontiguousarray(self.weights[:, units].T)
        F = np.empty((*self.slopes[samples][:, units].shape, rows.shape[1]), rows.dtype)
        scaled_rows(self.slopes[samples][:, units], rows, F)
        return F

    def columns(self, units, samples=ALL):
        """The columns of ``M_n`` that belong to ``units``, (n, q, k)."""
        F = self._pull(self.above.apply(self.tangents_above(units, samples), samples), samples)
        if self.bends is not None:
            F[:, np.arange(len(units)), units] += self.bends[samples][:, units]
        return F

    @property
    def n_rows(self):
        """How many rows of a sample `rows_through` has."""
        return self.above.n_rows + (0 if self.bends is None else self.n_units)

    def rows_through(self, W, samples=ALL):
        """Rows F, (n, R, k), and weights v with ``Wᵀ M_n W = F_nᵀ diag(v_n) F_n``; None for 1.

        Those of ``D Wᵀ M' W D``, and the rows of W with the weights ``s_n``.
        """
        F, v = self._rows(samples)
        F = times(F, W)
        if self.bends is None:
            return F, v
        s = self.bends[samples]
        ones = np.ones(F.shape[:2], F.dtype) if v is None else v
        own = np.broadcast_to(W, (len(F), *W.shape))
        return np.concatenate([F, own], axis=1), np.concatenate([ones, s], axis=1)

    def _rows(self, samples):
        F, v = self.above.rows_through(self.weights, samples)
        apply_slopes(F, self.slopes[samples])
        return F, v

    def pair_weights(self, i, j):
        """``λ_n^{ij} = (M_n)_ij`` for arrays i, j of units, (N, pairs).

        Below the last hidden layer from the columns of ``M_n`` of each unit among i. In it,
        ``λ^{ij} = D_i D_j (Wᵀ A_n W)_ij``, and ``s_i`` where i = j, W the same for all samples.
        """
        N, dtype = len(self.slopes), self.weights.dtype
        weights = np.empty((N, i.size), dtype)
        if isinstance(self.above, LastLayerOutputHessians):
            values = self.above.curvature.pull_back(self.weights, i, j)
            scale_pairs(values, self.slopes, i, j, weights)
            if self.bends is not None:
                same = np.flatnonzero(i == j)
                weights[:, same] += self.bends[:, i[same]]
            return weights
        all_units = np.unique(i)
        for few in slices(all_units.size, self.chunk_size // (MANY * self.widest)):
            units = all_units[few]
            mine = np.flatnonzero(np.isin(i, units))
            place = np.searchsorted(units, i[mine])
            for samples in slices(N, self.chunk_size // (units.size * self.widest)):
                weights[samples, mine] = self.columns(units, samples)[:, place, j[mine]]
        return weights

    def _all_pair_weights(self):
        for i, j in unit_pairs(self.n_units, self.chunk_size // len(self.slopes)):
            yield i, j, self.pair_weights(i, j)

    def traces(self):
        """``tr M_n``, (N,)."""
        units = np.arange(self.n_units)
        return self.pair_weights(units, units).sum(axis=1)

    def weighted_sums(self, w):
        """``Σ_n w_nq M_n``; w (N, q) -> (q, k, k), each exactly symmetric.

        For each q, a Gram matrix of the rows of ``D Wᵀ M'_n W D`` of every sample with ``w_nq ≠
        0``, see `rows_through`: as many products for each of those, and for each pair of units.
        Where that is more than making ``λ_n^{ij}`` once for all q, for many classes or many q, pair
        by pair.
        """
        R, k, N = self.above.n_rows, self.n_units, len(w)
        sums = np.zeros((w.shape[1], k, k), self.weights.dtype)
        if R * np.count_nonzero(w) > N * min(k, A_WEIGHT):
            for i, j, weights in self._all_pair_weights():
                sums[:, i, j] = sums[:, j, i] = w.T @ weights
            return sums
        used = np.flatnonzero(w.any(axis=1))
        for few in slices(used.size, self.chunk_size // (R * self.widest)):
            samples = used[few]
            F, v = self._rows(samples)
            gram = WeightedGram(F.reshape(-1, k))
            for q in np.flatnonzero(w[samples].any(axis=0)):
                of_rows = np.repeat(w[samples, q], R)
                sums[q] += gram(of_rows if v is None else of_rows * v.ravel())
        if self.bends is not None:
            sums[:, np.arange(k), np.arange(k)] += w.T @ self.bends
        return sums

    def square_sums(self, K):
        """``Σ_i λ^{iiᵀ} K λ^{ii}`` and ``Σ_{i≠j} λ^{ijᵀ} K λ^{ij}``, `PairSums`; K (N, N)."""
        diagonal, upper = np.zeros((2, *K.shape), self.weights.dtype)
        for i, j, weights in self._all_pair_weights():
            add_gram(diagonal, weights[:, i == j])
            add_gram(upper, weights[:, i != j])
        return PairSums.of(lower_sums(K, diagonal)[0], 2 * lower_sums(K, upper)[0])


def times(Y, W):
    """``Y_n W`` for all tangents at once, (n, q, a), (a, b) -> (n, q, b)."""
    return (Y.reshape(-1, W.shape[0]) @ W).reshape(*Y.shape[:2], W.shape[1])
