"""The output Hessians ``M_n = B_nᵀ A_n B_n`` of all samples, kept as factors.

``A_n`` is the output curvature of the loss, ``B_n = ∂f/∂(pre-activation)`` the Jacobian of the
layers above: the identity for the last layer, ``W_L D_{L-1} W_{L-1} … W_{l+1} D_l`` below it. Both
kinds answer the same questions, so that nothing else in the package asks which layer it has.
Tangents have shape (n, q, k): n samples, q tangents of each.
"""

from dataclasses import dataclass, replace

import numpy as np

from rmt_hessian._threads import ALL, CHUNK_SIZE, slices
from rmt_hessian.hessian.gram import WeightedGram, add_gram
from rmt_hessian.hessian.kernels import apply_mask, lower_sums, mask_pairs, masked_rows
from rmt_hessian.hessian.pair_sums import PairSums

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

    @property
    def _all_in_order(self):
        return np.array_equal(self.units, np.arange(self.curvature.n_classes))

    def push(self, Y, samples=ALL):
        """``B_n Y_n``, (n, q, k) -> (n, q, C)."""
        if self._all_in_order:
            return Y
        F = np.zeros((*Y.shape[:2], self.curvature.n_classes), Y.dtype)
        F[:, :, self.units] = Y
        return F

    def pull(self, F, samples=ALL):
        """``B_nᵀ F_n``, (n, q, C) -> (n, q, k)."""
        return F if self._all_in_order else F[:, :, self.units]

    def unit_tangents(self, units, samples=ALL):
        """The columns of ``B_n`` that belong to ``units``, (n, q, C)."""
        classes = self.units[units]
        n = np.arange(self.curvature.n_samples)[samples].size
        F = np.zeros((n, classes.size, self.curvature.n_classes), self.curvature.dtype)
        F[:, np.arange(classes.size), classes] = 1.0
        return F

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
    """``M_n`` of a hidden layer, ``B_n = W_L D_{L-1} … W_{l+1} D_l``.

    Attributes
    ----------
    curvature : SoftmaxCurvature or UnitCurvature
    chain : tuple
        ``(D_l, W_{l+1}), (D_{l+1}, W_{l+2}), …``: masks of shape (N, units), weights (out, in).
    chunk_size : int
    """

    curvature: object
    chain: tuple
    chunk_size: int = CHUNK_SIZE

    @property
    def n_units(self):
        """k, the number of units of the layer."""
        return self.chain[0][0].shape[1]

    @property
    def widest(self):
        """The largest width of the layers that a tangent passes."""
        return max(max(W.shape) for _, W in self.chain)

    def restrict(self, units):
        """The rows and columns of ``M_n`` that belong to ``units``."""
        (mask, W), *above = self.chain
        return replace(self, chain=((mask[:, units], W[:, units]), *above))

    def push(self, Y, samples=ALL):
        """``B_n Y_n``, (n, q, k) -> (n, q, C); Y is overwritten."""
        for mask, W in self.chain:
            apply_mask(Y, mask[samples])
            Y = times(Y, W.T)
        return Y

    def pull(self, F, samples=ALL):
        """``B_nᵀ F_n``, (n, q, C) -> (n, q, k)."""
        for mask, W in reversed(self.chain):
            F = times(F, W)
            apply_mask(F, mask[samples])
        return F

    def unit_tangents(self, units, samples=ALL):
        """The columns of ``B_n`` that belong to ``units``, (n, q, C)."""
        (mask, W), *above = self.chain
        active, rows = mask[samples][:, units], np.ascontiguousarray(W[:, units].T)
        F = np.empty((*active.shape, W.shape[0]), W.dtype)
        masked_rows(active, rows, F)
        return replace(self, chain=tuple(above)).push(F, samples)

    def root_rows(self, samples=ALL):
        """``R_n B_n`` with ``R_nᵀ R_n = A_n``, so that ``M_n`` is its Gram matrix: (n, C, k)."""
        *below, (mask, W) = self.chain
        F = self.curvature.apply_root(W, samples)
        apply_mask(F, mask[samples])
        return replace(self, chain=tuple(below)).pull(F, samples)

    def pair_weights(self, i, j):
        """``λ_n^{ij} = (M_n)_ij`` for arrays i, j of units, (N, pairs).

        Below the last hidden layer, by one product with ``B_n`` and one with ``B_nᵀ`` for each
        unit among i. In it, ``λ^{ij} = D_i D_j (Wᵀ A_n W)_ij`` with the same W for all samples.
        """
        (mask, W), *above = self.chain
        weights = np.empty((mask.shape[0], i.size), W.dtype)
        if not above:
            mask_pairs(self.curvature.pull_back(W, i, j), mask, i, j, weights)
            return weights
        all_units = np.unique(i)
        for few in slices(all_units.size, self.chunk_size // (MANY * self.widest)):
            units = all_units[few]
            mine = np.flatnonzero(np.isin(i, units))
            place = np.searchsorted(units, i[mine])
            for samples in slices(mask.shape[0], self.chunk_size // (units.size * self.widest)):
                F = self.curvature.apply(self.unit_tangents(units, samples), samples)
                weights[samples, mine] = self.pull(F, samples)[:, place, j[mine]]
        return weights

    def _all_pair_weights(self):
        n_pairs = self.chunk_size // self.chain[0][0].shape[0]
        for i, j in unit_pairs(self.n_units, n_pairs):
            yield i, j, self.pair_weights(i, j)

    def traces(self):
        """``tr M_n``, (N,)."""
        units = np.arange(self.n_units)
        return self.pair_weights(units, units).sum(axis=1)

    def weighted_sums(self, w):
        """``Σ_n w_nq M_n``; w (N, q) -> (q, k, k), each exactly symmetric.

        For each q, a Gram matrix of the C rows of ``√w_nq R_n B_n`` of every sample with ``w_nq ≠
        0``: C products for each of those, and for each pair of units. Where that is more than
        making ``λ_n^{ij}`` once for all q, for many classes or many q, pair by pair.
        """
        C, k, N = self.curvature.n_classes, self.n_units, len(w)
        sums = np.zeros((w.shape[1], k, k), self.chain[0][1].dtype)
        if C * np.count_nonzero(w) > N * min(k, A_WEIGHT):
            for i, j, weights in self._all_pair_weights():
                sums[:, i, j] = sums[:, j, i] = w.T @ weights
            return sums
        used = np.flatnonzero(w.any(axis=1))
        for few in slices(used.size, self.chunk_size // (C * self.widest)):
            samples = used[few]
            gram = WeightedGram(self.root_rows(samples).reshape(-1, k))
            for q in np.flatnonzero(w[samples].any(axis=0)):
                sums[q] += gram(np.repeat(w[samples, q], C))
        return sums

    def square_sums(self, K):
        """``Σ_i λ^{iiᵀ} K λ^{ii}`` and ``Σ_{i≠j} λ^{ijᵀ} K λ^{ij}``, `PairSums`; K (N, N)."""
        diagonal, upper = np.zeros((2, *K.shape), self.chain[0][1].dtype)
        for i, j, weights in self._all_pair_weights():
            add_gram(diagonal, weights[:, i == j])
            add_gram(upper, weights[:, i != j])
        return PairSums.of(lower_sums(K, diagonal)[0], 2 * lower_sums(K, upper)[0])


def times(Y, W):
    """``Y_n W`` for all tangents at once, (n, q, a), (a, b) -> (n, q, b)."""
    return (Y.reshape(-1, W.shape[0]) @ W).reshape(*Y.shape[:2], W.shape[1])
