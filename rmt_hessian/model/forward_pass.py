"""The forward pass of a network: what the Hessian needs of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from rmt_hessian._checks.elementwise import elementwise
from rmt_hessian._types import BoolArray, FloatArray
from rmt_hessian.activations import RELU, Activation
from rmt_hessian.model.kernels import relu_and_mask


class NotFiniteError(ValueError):
    """Features, slopes or logits that overflow."""


@dataclass(frozen=True)
class ForwardPass:
    """What the Hessian needs of a forward pass.

    Attributes
    ----------
    features : tuple of numpy.ndarray
        ``z_0 = x, z_1 = σ(a_0), …``: the input of each layer, shapes (N, width_l).
    slopes : tuple of numpy.ndarray
        ``D_l = σ'(a_l)`` of each hidden layer, shapes (N, width_{l+1}): Booleans of ReLU and the
        identity, else float64.
    last_weights : numpy.ndarray, shape (C, width_L)
        Of the last layer: logits are made when asked for, since C may be large.
    last_bias : numpy.ndarray, shape (C,), or None
    activations : tuple of Activation
        σ_l of each hidden layer.
    preactivations : tuple of numpy.ndarray or None
        ``a_l`` of each hidden layer, None where σ_l has no second derivative.
    """

    features: tuple[FloatArray, ...]
    slopes: tuple[FloatArray | BoolArray, ...]
    last_weights: FloatArray
    last_bias: FloatArray | None = None
    activations: tuple[Activation, ...] = ()
    preactivations: tuple[FloatArray | None, ...] = ()

    @property
    def bends(self) -> tuple[FloatArray | None, ...]:
        """``σ''(a_l)`` of each hidden layer, (N, width_{l+1}), made anew; None where σ has none.

        Raises
        ------
        ValueError
            If one is infinite or NaN.
        """
        return tuple(map(_bend, self.activations, self.preactivations))

    @property
    def logits(self) -> FloatArray:
        """``f = z_L W_Lᵀ + b_L``, shape (N, C), made anew.

        Raises
        ------
        ValueError
            If a logit overflows.
        """
        return _affine(self.features[-1], self.last_weights, self.last_bias, "logits")


def forward_pass(
    X: FloatArray,
    weights: Sequence[FloatArray],
    biases: Sequence[FloatArray | None],
    activations: Sequence[Activation],
) -> ForwardPass:
    """Run a network on inputs X, (N, d), which are kept; σ_l of each hidden layer.

    Raises
    ------
    ValueError
        If features, or what an activation of one's own returns, are infinite or NaN.
    """
    features, slopes, preactivations = [X], [], []
    for W, b, activation in zip(weights[:-1], biases[:-1], activations, strict=True):
        a = _affine(features[-1], W, b, "features")
        z, slope = _activated(a, activation)
        features.append(z)
        slopes.append(slope)
        preactivations.append(None if activation.piecewise_linear else a)
    last = weights[-1], biases[-1]
    kinds = tuple(activations)
    return ForwardPass(tuple(features), tuple(slopes), *last, kinds, tuple(preactivations))


def _affine(Z: FloatArray, W: FloatArray, b: FloatArray | None, what: str) -> FloatArray:
    """``z Wᵀ + b`` of each row, which are ``what`` for an error."""
    with np.errstate(over="ignore", invalid="ignore"):  # looked for below
        a = Z @ W.T
        if b is not None:
            a += b
    return _finite(a, what)


def _activated(a: FloatArray, activation: Activation) -> tuple[FloatArray, FloatArray | BoolArray]:
    """``σ(a)`` and ``σ'(a)``."""
    if activation is RELU:
        return relu_and_mask(a)
    z = elementwise(activation.function, a, activation.part("σ")).astype(np.float64, copy=False)
    slope = elementwise(activation.derivative, a, activation.part("σ'"))
    return _finite(z, "features"), _finite(slope, "slopes")


def _bend(activation: Activation, a: FloatArray | None) -> FloatArray | None:
    """``σ''(a)``, or None."""
    if a is None or activation.second_derivative is None:
        return None
    bend = elementwise(activation.second_derivative, a, activation.part("σ''"))
    return _finite(bend, "second derivatives")


def _finite(values: Any, what: str) -> Any:
    if not np.isfinite(values).all():
        raise NotFiniteError(f"X must not make the {what} overflow, got infinite or NaN {what}")
    return values
