"""The loss of a network over samples and its gradient, of all parameters as one vector."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from rmt_hessian._threads import slices
from rmt_hessian._types import FloatArray, IntArray
from rmt_hessian.model.forward_pass import ForwardPass, NotFiniteError, forward_pass
from rmt_hessian.model.losses import CrossEntropy, MeanSquaredError, Targets
from rmt_hessian.model.networks import Network
from rmt_hessian.model.parameter_vector import network_at, parameter_vector, weights_and_biases

IN_CACHE = 2**18  # numbers of a chunk: the passes over logits take half the time or less


class DivergenceError(ArithmeticError):
    """Parameters so large that features or logits overflow."""


@dataclass(frozen=True, eq=False)
class Objective:
    """``L(θ) = (1/N) Σ_n ω_n ℓ_n + (μ/2) Σ_l ‖W_l‖²``.

    θ has all weights and biases of a network, in the order of `parameter_vector`.

    Attributes
    ----------
    net : Network
        Sizes, which layers have biases, and the activations; its weights are the first θ.
    X : numpy.ndarray, shape (N, d)
    targets : numpy.ndarray, shape (N,) or (N, C)
        Labels as integers, or targets.
    loss : CrossEntropy or MeanSquaredError
    scale : numpy.ndarray, shape (N,), or None
        ``ω_n``, of mean 1; None for 1.
    weight_decay : float
        μ. Biases have none.
    """

    net: Network
    X: FloatArray
    targets: Targets
    loss: CrossEntropy | MeanSquaredError
    scale: FloatArray | None = None
    weight_decay: float = 0.0

    @property
    def n_samples(self) -> int:
        """N."""
        return len(self.X)

    @property
    def start(self) -> FloatArray:
        """θ of `net`, shape (P,)."""
        return parameter_vector(self.net)

    def parts(self, theta: FloatArray) -> tuple[list[FloatArray], list[FloatArray | None]]:
        """Weights and biases in θ, as views."""
        return weights_and_biases(self.net, theta)

    def network(self, theta: FloatArray) -> Network:
        """The network of these parameters, a copy."""
        return network_at(self.net, theta)

    def mean_loss(self, theta: FloatArray) -> float:
        """``(1/N) Σ_n ω_n ℓ_n``, without weight decay."""
        total = 0.0
        with np.errstate(over="ignore"):
            for samples in self._chunks():
                total += self._sum_of_losses(self._forward(theta, samples)[1], samples)
        return _finite(total / len(self.X), "losses")

    def gradient(self, theta: FloatArray, samples: IntArray | None = None) -> FloatArray:
        """``∇L(θ)``, shape (P,); of some samples: of the mean over them instead."""
        return self.value_and_gradient(theta, samples, with_value=False)[1]

    def value_and_gradient(
        self, theta: FloatArray, samples: IntArray | None = None, *, with_value: bool = True
    ) -> tuple[float, FloatArray]:
        """``L(θ)``, where it is asked for, and ``∇L(θ)``.

        Raises
        ------
        DivergenceError
            If features, logits, losses or gradients overflow.
        """
        with np.errstate(over="ignore", invalid="ignore"):
            value, gradient = self._value_and_gradient(theta, samples, with_value)
        return _finite(value, "losses"), _finite(gradient, "gradients")

    def _value_and_gradient(
        self, theta: FloatArray, samples: IntArray | None, with_value: bool
    ) -> tuple[float, FloatArray]:
        weights, _ = self.parts(theta)
        gradient, total = np.zeros_like(theta), 0.0
        of_weights, of_biases = self.parts(gradient)
        n = len(self.X) if samples is None else samples.size
        for chunk in self._chunks() if samples is None else [samples]:
            passed, f = self._forward(theta, chunk)
            if with_value:
                total += self._sum_of_losses(f, chunk)
            g = self.loss.residual(f, self.targets[chunk])  # ∂ℓ/∂a, from the last layer down
            if self.scale is not None:
                g *= self.scale[chunk, None]
            for l in reversed(range(len(weights))):
                of_weights[l] += g.T @ passed.features[l]
                if (of_bias := of_biases[l]) is not None:
                    of_bias += g.sum(axis=0)
                if l > 0:
                    g = g @ weights[l]
                    g *= passed.slopes[l - 1]
        gradient /= n
        for W, of_W in zip(weights, of_weights, strict=True):
            of_W += self.weight_decay * W
        if not with_value:
            return 0.0, gradient
        return total / n + self.weight_decay / 2 * sum(np.sum(W * W) for W in weights), gradient

    def _forward(
        self, theta: FloatArray, samples: slice | IntArray
    ) -> tuple[ForwardPass, FloatArray]:
        """The pass of some samples, and logits."""
        try:
            passed = forward_pass(self.X[samples], *self.parts(theta), self.net.activations)
            return passed, passed.logits
        except NotFiniteError as error:
            raise DivergenceError(str(error).rpartition("got ")[2]) from None

    def _sum_of_losses(self, logits: FloatArray, samples: slice | IntArray) -> float:
        values = self.loss.values(logits, self.targets[samples])
        return float(values.sum() if self.scale is None else values @ self.scale[samples])

    def _chunks(self) -> Iterator[slice]:
        widest = max(len(W) for W in self.net.weights)
        return slices(len(self.X), IN_CACHE // widest)


def _finite(values: Any, what: str) -> Any:
    if not np.isfinite(values).all():
        raise DivergenceError(f"infinite or NaN {what}")
    return values
