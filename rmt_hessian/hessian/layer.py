"""``LayerHessian``: the one object that every layer of every network is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal, overload

import numpy as np
import numpy.typing as npt

from rmt_hessian._checks.arguments import boolean, index_below
from rmt_hessian._checks.arrays import indices_below
from rmt_hessian._threads import CHUNK_SIZE, slices
from rmt_hessian._types import FloatArray, IntArray, RealArray
from rmt_hessian.block_norms import BlockNorms
from rmt_hessian.hessian import estimates, norms, off_diagonal
from rmt_hessian.hessian.assembly import fill_dense
from rmt_hessian.hessian.estimates import Estimate
from rmt_hessian.hessian.gram import WeightedGram, add_product
from rmt_hessian.hessian.output_hessians import (
    MANY,
    HiddenLayerOutputHessians,
    LastLayerOutputHessians,
)
from rmt_hessian.operators import LazyMatrix, SymmetricOperator


@dataclass(frozen=True, eq=False, repr=False)
class LayerHessian(LazyMatrix):
    """Hessian of the mean loss with respect to the weights of one layer, kept as factors.

    ``H = (1/N) Σ_n M_n ⊗ z_n z_nᵀ`` with ``M_n = ∂²ℓ_n/∂a ∂a``, a the pre-activations ([D] for
    one hidden layer of ReLU; exact at any depth and for any activation, because a is linear
    in the weights). Samples that count differently have ``ω_n M_n`` for ``M_n``. Block (i, j), of
    shape (p, p), is ``H_ij = (1/N) Σ_n λ_n^{ij} z_n z_nᵀ`` with ``λ_n^{ij} = (M_n)_ij``. Index
    ``i*p + a`` is output unit i, input feature a: the row-major order of the weight matrix, shape
    (k, p); of a Hessian with biases the last feature is the constant 1.

    Nothing of size (k p)² exists until `to_dense` is called. Samples and classes go through in
    chunks: beside weights, inputs of layers and results, temporary arrays hold a few times
    ``chunk_size`` numbers; norms need some arrays of N × N besides, and `to_dense` of a layer with
    fewer features than units half the size of the result and N p² numbers. Make one with
    `layer_hessian`.

    Attributes
    ----------
    features : numpy.ndarray, shape (N, p)
        ``z_n``, the inputs of the layer.
    output_hessians : LastLayerOutputHessians or HiddenLayerOutputHessians
        ``M_n``, as factors: from the loss, and from the layers above.
    chunk_size : int
        How many numbers a temporary array may hold.
    sample_weights : numpy.ndarray, shape (N,), or None
        ``ω_n``, of mean 1, where samples count differently; ``M_n`` has them as a factor.

    References
    ----------
    ``docs/computation.md`` §1, §2, §3 and §5; ``docs/laws.md`` §1; [D], for one hidden layer of
    ReLU.
    """

    features: RealArray
    output_hessians: LastLayerOutputHessians | HiddenLayerOutputHessians
    chunk_size: int = CHUNK_SIZE
    sample_weights: RealArray | None = None

    def __repr__(self) -> str:
        k, p = self.n_blocks, self.block_size
        return f"LayerHessian({k} × {k} blocks of {p} × {p}, {self.n_samples} samples)"

    @property
    def n_samples(self) -> int:
        """N."""
        return self.features.shape[0]

    @property
    def block_size(self) -> int:
        """p, the number of input features."""
        return self.features.shape[1]

    @property
    def n_blocks(self) -> int:
        """k, the number of output units: there are k × k blocks."""
        return self.output_hessians.n_units

    @property
    def shape(self) -> tuple[int, int]:
        """``(k p, k p)``."""
        return (self.n_blocks * self.block_size,) * 2

    @property
    def dtype(self) -> np.dtype[np.floating]:
        """float64, or float32 where that was asked."""
        return self.features.dtype

    # --- weights and blocks -----------------------------------------------------------------

    def _pair(self, i: int, j: int) -> Iterator[IntArray]:
        return (np.array([index_below(unit, self.n_blocks, "unit")]) for unit in (i, j))

    def block_weights(self, i: int, j: int) -> RealArray:
        """``λ_n^{ij} = (M_n)_ij``, shape (N,).

        Raises
        ------
        IndexError
            If there is no such unit.
        """
        return self.output_hessians.pair_weights(*self._pair(i, j))[:, 0]

    def block(self, i: int, j: int) -> RealArray:
        """``H_ij``, shape (p, p); errors as `block_weights`."""
        return next(self.blocks(*self._pair(i, j)))

    def blocks(self, i: npt.ArrayLike, j: npt.ArrayLike) -> Iterator[RealArray]:
        """Iterate over ``H_ij`` for arrays i, j of units, one length; shared parts are made once.

        Raises
        ------
        ValueError
            If i and j do not have one axis and the same length.
        IndexError
            If a unit does not exist.
        """
        i, j = (indices_below(units, self.n_blocks, "units") for units in (i, j))
        if i.shape != j.shape:
            raise ValueError(f"i and j must have the same length, got {i.size} and {j.size}")
        return self._blocks(i, j)

    def _blocks(self, i: IntArray, j: IntArray) -> Iterator[RealArray]:
        gram = WeightedGram(self.features)
        for pairs in slices(i.size, self.chunk_size // self.n_samples):
            for weights in self.output_hessians.pair_weights(i[pairs], j[pairs]).T:
                yield gram(weights) / self.n_samples

    def restrict(self, units: slice | npt.ArrayLike) -> LayerHessian:
        """The Hessian with respect to the weights of some units: their blocks, a `LayerHessian`.

        Parameters
        ----------
        units : slice or array_like of int, shape (u,)
            In any order, none twice.

        Raises
        ------
        ValueError
            If there is no unit, or one twice.
        IndexError
            If a unit does not exist.
        """
        if isinstance(units, slice):
            units = np.arange(self.n_blocks)[units]
        units = indices_below(units, self.n_blocks, "units")
        if np.unique(units).size < units.size:
            raise ValueError("units must be different, got one twice")
        return replace(self, output_hessians=self.output_hessians.restrict(units))

    def to_dense(self) -> RealArray:
        """``H``, shape (k p, k p): each symmetric pair of blocks is computed once."""
        H = np.empty(self.shape, self.dtype)
        fill_dense(H, self)
        return H

    # --- products ---------------------------------------------------------------------------

    def to_operator(self) -> SymmetricOperator:
        """``H`` as a symmetric `scipy.sparse.linalg.LinearOperator`; H is never formed.

        For U of shape (k, p): ``Y = Z Uᵀ``, ``Y_n ← M_n Y_n``, ``H vec(U) = vec(Yᵀ Z)/N``.
        """
        return SymmetricOperator(self._product, self.shape[0], self.dtype)

    def _product(self, v: RealArray) -> RealArray:
        """``H v``, (k p, q) -> (k p, q), in chunks of samples."""
        M, k, p = self.output_hessians, self.n_blocks, self.block_size
        v = np.ascontiguousarray(v.T, self.dtype)
        result = np.zeros_like(v)
        # few enough columns for MANY samples to go through in one chunk
        for columns in slices(v.shape[0], self.chunk_size // (MANY * M.widest)):
            U, out = v[columns].reshape(-1, p), result[columns].reshape(-1, p)  # (q k, p)
            q = U.shape[0] // k
            for samples in slices(self.n_samples, self.chunk_size // (q * M.widest)):
                Z = self.features[samples]
                Y = (Z @ U.T).reshape(-1, q, k)
                Y = M.apply(Y, samples)
                add_product(out, Y.reshape(-1, q * k), Z)
        result /= self.n_samples
        return result.T

    # --- scalars and small matrices ---------------------------------------------------------

    def block_norms(self) -> FloatArray:
        """Frobenius norms ``‖H_ij‖_F`` of all blocks, shape (k, k); no block is formed.

        ``k² N²`` operations: minutes from some 2,000 units on. Their means over all blocks,
        `mean_squared_block_norms`, take ``k N²`` of the last layer; `restrict` some of them.
        """
        return norms.block_norms(self)

    def mean_squared_block_norms(self, *, population: bool = False) -> BlockNorms:
        """``(mean_i ‖H_ii‖_F², mean_{i≠j} ‖H_ij‖_F²)``, exact over all blocks, none formed.

        Parameters
        ----------
        population : bool
            Squared norms are sums over pairs of samples, of which the pairs of one with itself
            vanish for N → ∞ only. True takes the pairs of different samples alone, times
            ``N²/(N² - Σ ω_n²)``, ω the weights of samples, of mean 1 (all equal: N/(N-1)):
            estimates of what the norms tend to, without bias, which noise may make negative.

        Returns
        -------
        BlockNorms
            Both, their ``.ratio`` and ``.share``. Of the population with standard errors by the
            jackknife, leaving out one sample at a time: right for many samples, but too large by
            √2, on average, where the norm tends to 0, and by up to 2 for few samples.

        Raises
        ------
        ValueError
            If there are fewer than 3 samples for ``population=True``.
        """
        if boolean(population, "population"):
            return estimates.mean_squared_block_norms(self, self.sample_weights)
        return norms.mean_squared_block_norms(self)

    @overload
    def off_diagonal_share(self, *, population: Literal[False] = False) -> float: ...
    @overload
    def off_diagonal_share(self, *, population: Literal[True]) -> Estimate: ...
    @overload
    def off_diagonal_share(self, *, population: bool) -> float | Estimate: ...
    def off_diagonal_share(self, *, population: bool = False) -> float | Estimate:
        """``Σ_{i≠j} ‖H_ij‖_F² / ‖H‖_F²``, exact over all blocks, none formed.

        0 where there is one unit, NaN where H is 0.

        Parameters
        ----------
        population : bool
            Of the pairs of different samples alone, see `mean_squared_block_norms`: an `Estimate`
            of the share for N → ∞, with the standard error of the jackknife. Both sums are
            unbiased, so that a share near 0 may come out negative. NaN where that of ``‖H‖²`` is
            not positive, the error where it is not without some sample.

        Raises
        ------
        ValueError
            If there are fewer than 3 samples for ``population=True``.

        Examples
        --------
        >>> import rmt_hessian as rh
        >>> H = rh.layer_hessian(rh.Network([np.zeros((3, 1))]), np.ones((4, 1)), 0, "ce")
        >>> round(H.off_diagonal_share(), 12)  # blocks 2/9 on the diagonal, -1/9 off it
        0.333333333333
        >>> value, standard_error = H.off_diagonal_share(population=True)
        >>> round(value, 12), standard_error < 1e-12  # all samples are equal
        (0.333333333333, True)
        """
        return off_diagonal.layer_share(self, population)

    @overload
    def off_diagonal_norm_ratio(self, *, population: Literal[False] = False) -> float: ...
    @overload
    def off_diagonal_norm_ratio(self, *, population: Literal[True]) -> Estimate: ...
    @overload
    def off_diagonal_norm_ratio(self, *, population: bool) -> float | Estimate: ...
    def off_diagonal_norm_ratio(self, *, population: bool = False) -> float | Estimate:
        """``‖H - blockdiag H‖_F / ‖H‖_F``, the root of `off_diagonal_share`.

        For the population 0 where the share is negative. Its standard error is that of the share
        over twice the ratio; near 0, where that would be larger, the ratio that belongs to a share
        of one standard error.
        """
        return off_diagonal.ratio_of_norms(self.off_diagonal_share(population=population))

    def frobenius_norm(self) -> float:
        """``‖H‖_F``."""
        return norms.frobenius_norm(self)

    def diagonal(self) -> RealArray:
        """``H_(i,a)(i,a) = (1/N) Σ_n λ_n^{ii} z_na²``, shape (k p,)."""
        scale = float(np.abs(self.features).max()) or 1.0  # whose square may not fit the dtype
        squares, units = np.square(self.features / scale), np.arange(self.n_blocks)
        diagonal = np.empty((self.n_blocks, self.block_size), self.dtype)
        for chunk in slices(self.n_blocks, self.chunk_size // self.n_samples):
            weights = self.output_hessians.pair_weights(units[chunk], units[chunk])
            diagonal[chunk] = weights.T @ squares
        diagonal *= scale / self.n_samples
        diagonal *= scale
        return diagonal.ravel()

    def trace(self) -> float:
        """``tr H = (1/N) Σ_n tr(M_n) ‖z_n‖²``."""
        scale = float(np.abs(self.features).max()) or 1.0  # whose square may not fit the dtype
        squares = np.square(self.features / scale).sum(axis=1, dtype=np.float64)
        return float(self.output_hessians.traces() @ squares) / self.n_samples * scale * scale

    def output_hessian(self) -> RealArray:
        """``E[M] = (1/N) Σ_n M_n``, shape (k, k); the output Hessian of [W]."""
        mean = np.full((self.n_samples, 1), 1 / self.n_samples, self.dtype)
        return self.output_hessians.weighted_sums(mean)[0]

    def input_autocorrelation(self) -> RealArray:
        """``E[z zᵀ] = (1/N) Σ_n ω_n z_n z_nᵀ``, shape (p, p)."""
        Z, w = self.features, self.sample_weights
        weighted = Z if w is None else Z * w[:, None].astype(self.dtype)
        return weighted.T @ Z / self.n_samples
