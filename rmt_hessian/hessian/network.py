"""``NetworkHessian``: the Hessian of all layers, blocks between layers included."""

from dataclasses import dataclass
from typing import Literal, TypeAlias, overload

import numpy as np

from rmt_hessian._checks.arguments import index_below
from rmt_hessian._threads import A_WRITE, CHUNK_SIZE, consecutive_slices, parallel_map, shares
from rmt_hessian._types import BoolArray, FloatArray, RealArray
from rmt_hessian.hessian import off_diagonal
from rmt_hessian.hessian.assembly import fill_dense
from rmt_hessian.hessian.cross_layer import CrossLayerBlock
from rmt_hessian.hessian.estimates import Estimate
from rmt_hessian.hessian.kernels import transpose_into
from rmt_hessian.hessian.layer import LayerHessian
from rmt_hessian.hessian.network_means import mean_autocorrelation, mean_output_hessian
from rmt_hessian.hessian.network_product import network_product
from rmt_hessian.hessian.norms import norm
from rmt_hessian.hessian.residual import NoResidual, Residual
from rmt_hessian.operators import LazyMatrix, SymmetricOperator

Blocks: TypeAlias = Literal["unit", "layer"]


@dataclass(frozen=True, eq=False, repr=False)
class NetworkHessian(LazyMatrix):
    """Hessian of the mean loss with respect to all weights of a network, kept as factors.

    Parameters are ordered layer by layer, each weight matrix row-major. Blocks (l, l) are the
    layer Hessians. Between layers ``l < m``, with the residual ``r_n = ∂ℓ/∂f``,

    ``(1/N) Σ_n z_{l,a} [ (J_{ml}ᵀ M_m)_ij z_{m,b} + (g_m)_j ∂z_{m,b}/∂a_{l,i} ]``

    is entry ((l; i, a), (m; j, b)), where ``a_l`` is the pre-activation of layer l, ``J_{ml} =
    ∂a_m/∂a_l`` and ``g_m = ∂ℓ/∂a_m``. Labels enter through r, here and, where activations have a
    second derivative, in ``M_n``. Where biases are parameters, the constant feature is the last of
    its layer. Nothing of size P² exists until `to_dense` is called; samples go through
    in chunks. Make one with `network_hessian`.

    Attributes
    ----------
    layers : tuple of LayerHessian
        The blocks (l, l).
    weights : tuple of numpy.ndarray
        ``W_l``, shapes (k_l, p_l), without biases.
    slopes : tuple of numpy.ndarray
        ``D_l = σ'(a_l)`` of the hidden layers, shapes (N, k_l).
    residual : Residual or NoResidual
        ``r_n``, called with some samples; 0 for the Gauss–Newton part.
    chunk_size : int
        How many numbers a temporary array may hold.

    References
    ----------
    ``docs/computation.md`` §3; ``docs/training.md`` §3; factors: ``docs/structure.md`` §5.
    """

    layers: tuple[LayerHessian, ...]
    weights: tuple[RealArray, ...]
    slopes: tuple[RealArray | BoolArray, ...]
    residual: Residual | NoResidual
    chunk_size: int = CHUNK_SIZE

    def __repr__(self) -> str:
        P, N = self.shape[0], self.n_samples
        return f"NetworkHessian({self.n_layers} layers, {P} weights, {N} samples)"

    @property
    def n_samples(self) -> int:
        """N."""
        return self.layers[0].n_samples

    @property
    def n_layers(self) -> int:
        """L + 1, the number of weight matrices: there are as many blocks each way."""
        return len(self.layers)

    @property
    def shape(self) -> tuple[int, int]:
        """``(P, P)``, ``P = Σ k_l p_l``."""
        return (sum(layer.shape[0] for layer in self.layers),) * 2

    @property
    def dtype(self) -> np.dtype[np.floating]:
        """float64, or float32 where that was asked."""
        return self.layers[0].dtype

    @property
    def places(self) -> list[slice]:
        """The parameters of each layer among all."""
        return consecutive_slices(layer.shape[0] for layer in self.layers)

    # --- entries ----------------------------------------------------------------------------

    def block(self, l: int, m: int) -> RealArray:
        """The block of layers l and m, shape (k_l p_l, k_m p_m); -1 is the last layer.

        Raises
        ------
        IndexError
            If there is no such layer.
        """
        l, m = (index_below(layer, self.n_layers, "layer") for layer in (l, m))
        if l == m:
            return self.layers[l].to_dense()
        rows, columns = (self.layers[layer].shape[0] for layer in (max(l, m), min(l, m)))
        block = np.empty((rows, columns), self.dtype)
        CrossLayerBlock(self, min(l, m), max(l, m)).fill(block)
        return block if l > m else block.T

    def to_dense(self) -> RealArray:
        """``H``, shape (P, P): memory is 8 P² bytes."""
        H, places = np.empty(self.shape, self.dtype), self.places
        for l, layer in enumerate(self.layers):
            fill_dense(H[places[l], places[l]], layer)
            for m in range(l + 1, self.n_layers):
                block = H[places[m], places[l]]
                CrossLayerBlock(self, l, m).fill(block)
                _write_transpose(H[places[l], places[m]], block)
        return H

    def diagonal(self) -> RealArray:
        """The diagonal of H, shape (P,)."""
        return np.concatenate([layer.diagonal() for layer in self.layers])

    # --- products ---------------------------------------------------------------------------

    def to_operator(self) -> SymmetricOperator:
        """``H`` as a symmetric `scipy.sparse.linalg.LinearOperator`; H is never formed."""
        return SymmetricOperator(self._product, self.shape[0], self.dtype)

    def _product(self, v: RealArray) -> RealArray:
        return network_product(self, v)

    # --- scalars and small matrices ---------------------------------------------------------

    def block_norms(self) -> FloatArray:
        """Frobenius norms of the blocks of all pairs of layers, shape (L + 1, L + 1).

        Of a block between layers, rows are made and forgotten: time as for `to_dense`.
        """
        norms = np.diag([layer.frobenius_norm() for layer in self.layers])
        for l in range(self.n_layers):
            for m in range(l + 1, self.n_layers):
                norms[l, m] = norms[m, l] = CrossLayerBlock(self, l, m).frobenius_norm()
        return norms

    def frobenius_norm(self) -> float:
        """``‖H‖_F``."""
        return norm(self.block_norms())

    @overload
    def off_diagonal_share(
        self, by: Blocks = "unit", *, population: Literal[False] = False
    ) -> float: ...
    @overload
    def off_diagonal_share(self, by: Blocks = "unit", *, population: Literal[True]) -> Estimate: ...
    @overload
    def off_diagonal_share(self, by: Blocks = "unit", *, population: bool) -> float | Estimate: ...
    def off_diagonal_share(
        self, by: Blocks = "unit", *, population: bool = False
    ) -> float | Estimate:
        """``Σ_{b≠c} ‖H_bc‖_F² / ‖H‖_F²`` over blocks b, c; NaN where H is 0.

        Time as for `block_norms`, twice that for the population.

        Parameters
        ----------
        by : {"unit", "layer"}
            The blocks are those of the units of all layers, or of the layers.
        population : bool
            An `Estimate` of the share for N → ∞, see `LayerHessian.off_diagonal_share`.

        Raises
        ------
        ValueError
            If there are fewer than 3 samples for ``population=True``.

        Examples
        --------
        >>> import rmt_hessian as rh
        >>> net = rh.Network([[[1.0], [1.0]], [[2.0, 1.0]]])
        >>> H = rh.network_hessian(net, [[1.0]], [[3.0]], "mse")
        >>> H.to_dense()
        array([[4., 2., 2., 2.],
               [2., 1., 1., 1.],
               [2., 1., 1., 1.],
               [2., 1., 1., 1.]])
        >>> round(49 * H.off_diagonal_share("layer"), 9), round(49 * H.off_diagonal_share(), 9)
        (20.0, 28.0)
        """
        return off_diagonal.network_share(self, by, population)

    @overload
    def off_diagonal_norm_ratio(
        self, by: Blocks = "unit", *, population: Literal[False] = False
    ) -> float: ...
    @overload
    def off_diagonal_norm_ratio(
        self, by: Blocks = "unit", *, population: Literal[True]
    ) -> Estimate: ...
    @overload
    def off_diagonal_norm_ratio(
        self, by: Blocks = "unit", *, population: bool
    ) -> float | Estimate: ...
    def off_diagonal_norm_ratio(
        self, by: Blocks = "unit", *, population: bool = False
    ) -> float | Estimate:
        """``‖H - blockdiag H‖_F / ‖H‖_F``, the root of `off_diagonal_share`.

        See `LayerHessian.off_diagonal_norm_ratio`.
        """
        return off_diagonal.ratio_of_norms(self.off_diagonal_share(by, population=population))

    def trace(self) -> float:
        """``tr H``, the sum of those of the layers."""
        return sum(layer.trace() for layer in self.layers)

    def output_hessian(self) -> RealArray:
        """``E[M]``, ``M_n`` the second derivative of ``ℓ_n`` with respect to what is added to all
        pre-activations, shape (K, K), ``K = Σ k_l``.

        Block (l, l) is `LayerHessian.output_hessian`, block (m, l), l < m, the mean of ``M_m
        J_{ml}``. For ReLU it is ``E[Bᵀ A B]`` with the Jacobian ``B_n = (B_0, B_1, …)``, (C, K), of
        the logits. One sample needs K numbers times the largest width at a time.
        """
        return mean_output_hessian(self)

    def input_autocorrelation(self) -> RealArray:
        """``E[z zᵀ] = (1/N) Σ_n ω_n z_n z_nᵀ``, shape (F, F), ``F = Σ p_l``.

        ``z_n = (z_0, z_1, …)`` are the inputs of all layers; block (l, l) is
        `LayerHessian.input_autocorrelation`.
        """
        return mean_autocorrelation(self)


def _write_transpose(out: RealArray, A: RealArray) -> None:
    parallel_map(
        lambda rows: transpose_into(out, A, rows.start, rows.stop),
        shares(A.shape[0], A_WRITE * A.shape[1]),
    )
