"""The factors of Hessians from a forward pass: the only place that knows of layers.

References
----------
``docs/computation.md`` §1.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from rmt_hessian._checks.precision import in_precision
from rmt_hessian._types import FloatArray, RealArray
from rmt_hessian.hessian.layer import LayerHessian
from rmt_hessian.hessian.logits import GivenLogits, LinearLogits
from rmt_hessian.hessian.output_hessians import HiddenLayerOutputHessians, LastLayerOutputHessians
from rmt_hessian.hessian.rank_one_curvature import RankOneCurvature
from rmt_hessian.hessian.residual import NoResidual, Residual, pulled_gradient, pulled_residuals
from rmt_hessian.hessian.scaled_curvature import ScaledCurvature
from rmt_hessian.hessian.softmax_curvature import SoftmaxCurvature
from rmt_hessian.hessian.unit_curvature import UnitCurvature
from rmt_hessian.model.forward_pass import ForwardPass
from rmt_hessian.model.networks import Network
from rmt_hessian.model.sample_weights import CountedSamples

CURVATURES = {"ce": SoftmaxCurvature, "mse": UnitCurvature}


def output_curvature(
    logits: LinearLogits | GivenLogits, loss: Any, scale: RealArray | None, chunk_size: int
) -> Any:
    """``ω_n A_n`` of a loss at some logits; ``scale`` is ω, None for 1."""
    curvature = CURVATURES[loss.name].from_logits(logits, chunk_size)
    return curvature if scale is None else ScaledCurvature(curvature, scale)


@dataclass(frozen=True, eq=False)
class NetworkFactors:
    """What the Hessians of a network are made of, filled from one forward pass.

    Attributes
    ----------
    net : Network
    forward : ForwardPass
        Of the samples that count.
    loss : CrossEntropy or MeanSquaredError
    samples : CountedSamples
        With targets where they are needed.
    bias : bool
        Whether the biases are parameters too: each layer that has them gets a constant feature.
    full : bool
        With the second derivatives of activations and the residual, or the Gauss–Newton part.
    dtype : numpy.dtype
    chunk_size : int
    """

    net: Network
    forward: ForwardPass
    loss: Any
    samples: CountedSamples
    bias: bool
    full: bool
    dtype: Any
    chunk_size: int

    def _cast(self, values: Any, name: str) -> Any:
        """In the precision of the result; Booleans and None stay."""
        if values is None or values.dtype == bool:
            return values
        return in_precision(values, self.dtype, name)

    @cached_property
    def weights(self) -> tuple[RealArray, ...]:
        """``W_0 … W_L``."""
        return tuple(self._cast(W, "weights") for W in self.net.weights)

    @cached_property
    def slopes(self) -> tuple[Any, ...]:
        """``D_l`` of the hidden layers, (N, k_l)."""
        return tuple(self._cast(D, "slopes") for D in self.forward.slopes)

    @cached_property
    def scale(self) -> RealArray | None:
        """``ω_n``, (N,); None for 1."""
        return self._cast(self.samples.weights, "sample_weight")

    @cached_property
    def logits(self) -> LinearLogits:
        """Those of the last layer."""
        features, bias = self.forward.features[-1], self.net.biases[-1]
        return LinearLogits(
            self._cast(features, "features"), self.weights[-1], self._cast(bias, "biases")
        )

    @cached_property
    def residual(self) -> Residual | NoResidual:
        """``ω_n ∂ℓ/∂f``; 0 for the Gauss–Newton part."""
        if not self.full:
            return NoResidual(self.logits)
        return Residual(self.logits, self.loss, self.samples.targets, self.scale)

    def bends(self, lowest: int) -> list[FloatArray | None]:
        """``s_l = σ''(a_l) ∘ q_l`` of the hidden layers from ``lowest`` on, (N, k_l), or None."""
        activations = self.net.activations[lowest:]
        if not self.full or all(sigma.piecewise_linear for sigma in activations):
            return [None] * len(activations)
        q = pulled_residuals(self.residual, self.weights, self.slopes, lowest, self.chunk_size)
        return [
            None if bends is None else np.multiply(ql, bends, out=ql)
            for ql, bends in zip(q, self.forward.bends[lowest:], strict=True)
        ]

    def features(self, layer: int) -> RealArray:
        """``z_n``, (N, p), with the constant last where biases are parameters."""
        Z = self._cast(self.forward.features[layer], "features")
        if not self.bias or self.net.biases[layer] is None:
            return Z
        return np.hstack([Z, np.ones((len(Z), 1), self.dtype)])

    def layers(self, lowest: int) -> list[LayerHessian]:
        """The Hessians of the layers from ``lowest`` on, which share their factors."""
        curvature = output_curvature(self.logits, self.loss, self.scale, self.chunk_size)
        M: Any = LastLayerOutputHessians(curvature, np.arange(self.weights[-1].shape[0]))
        result = [self._layer(self.net.n_layers - 1, M)]
        bends = self.bends(lowest)
        for l in reversed(range(lowest, self.net.n_layers - 1)):
            M = HiddenLayerOutputHessians(
                M, self.weights[l + 1], self.slopes[l], bends[l - lowest], self.chunk_size
            )
            result.insert(0, self._layer(l, M))
        return result

    def gradient_covariance(self, layer: int) -> LayerHessian:
        """The layer with ``ω_n g_n g_nᵀ`` for ``M_n``, g the gradient of the loss of a sample."""
        residual = Residual(self.logits, self.loss, self.samples.targets)
        g = pulled_gradient(residual, self.weights, self.slopes, layer, self.chunk_size)
        curvature: Any = RankOneCurvature(g)
        if self.scale is not None:
            curvature = ScaledCurvature(curvature, self.scale)
        return self._layer(layer, LastLayerOutputHessians(curvature, np.arange(g.shape[1])))

    def _layer(self, layer: int, output_hessians: Any) -> LayerHessian:
        return LayerHessian(
            self.features(layer), output_hessians, self.chunk_size, self.samples.weights
        )
