"""Fully connected networks: linear, ``[d, C]``, with one hidden layer, ``[d, m, C]``, or deeper."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike

from rmt_hessian._checks.arguments import index_below
from rmt_hessian._checks.arrays import finite_array
from rmt_hessian._checks.elementwise import elementwise
from rmt_hessian._checks.weights import biases_of_layers, layer_widths, read_only, weight_chain
from rmt_hessian._random import random_generator
from rmt_hessian._types import BoolArray, FloatArray, Init, RandomState
from rmt_hessian.activations import RELU, Activation, ActivationLike, get_activation
from rmt_hessian.initialisation import init_gain
from rmt_hessian.model.kernels import relu_and_mask


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
    activation : Activation
    preactivations : tuple of numpy.ndarray
        ``a_l`` of each hidden layer where σ has a second derivative, else nothing.
    """

    features: tuple[FloatArray, ...]
    slopes: tuple[FloatArray | BoolArray, ...]
    last_weights: FloatArray
    last_bias: FloatArray | None = None
    activation: Activation = RELU
    preactivations: tuple[FloatArray, ...] = ()

    @property
    def bends(self) -> tuple[FloatArray | None, ...]:
        """``σ''(a_l)`` of each hidden layer, (N, width_{l+1}), made anew; None where σ has none.

        Raises
        ------
        ValueError
            If one is infinite or NaN.
        """
        bend = self.activation.second_derivative
        if bend is None:
            return (None,) * len(self.slopes)
        name = self.activation.part("σ''")
        return tuple(
            _finite(elementwise(bend, a, name), "second derivatives") for a in self.preactivations
        )

    @property
    def logits(self) -> FloatArray:
        """``f = z_L W_Lᵀ + b_L``, shape (N, C), made anew.

        Raises
        ------
        ValueError
            If a logit overflows.
        """
        return _affine(self.features[-1], self.last_weights, self.last_bias, "logits")


class Network:
    """A fully connected network, ``f(x) = W_L σ(… σ(W_0 x + b_0)) + b_L``.

    Parameters
    ----------
    weights : sequence of array_like
        ``W_0 … W_L``, each of shape (out, in), with matching widths. One matrix is the linear
        model. Copied to float64, read-only; an array that is so already, and owns its numbers, is
        kept as it is.
    biases : sequence of array_like or None, optional
        ``b_0 … b_L``, each of shape (out,), None for a layer without; by default no layer has one.
    activation : str, Activation or triple of callable
        σ of the hidden layers, ReLU by default; see `get_activation`.

    Attributes
    ----------
    weights : tuple of numpy.ndarray
    biases : tuple of numpy.ndarray or None
        With an entry per layer.
    activation : Activation

    Raises
    ------
    ValueError
        If there is no matrix, one is not a finite two-dimensional array, or widths do not match;
        if biases are not as many as layers, or one is not finite or of another length; or if the
        activation is unknown.

    Examples
    --------
    >>> net = Network([[[1.0, -1.0]], [[2.0], [3.0]]])
    >>> net.widths
    [2, 1, 2]
    >>> net(np.array([[3.0, 1.0]]))
    array([[4., 6.]])
    >>> Network([[[1.0]], [[2.0]]], biases=[[1.0], None], activation="identity")([[3.0]])
    array([[8.]])
    """

    weights: tuple[FloatArray, ...]
    biases: tuple[FloatArray | None, ...]
    activation: Activation

    def __init__(
        self,
        weights: Sequence[ArrayLike],
        biases: Sequence[ArrayLike | None] | None = None,
        activation: ActivationLike = "relu",
    ) -> None:
        self.weights = tuple(read_only(W) for W in weight_chain(weights))
        self.biases = biases_of_layers(biases, [len(W) for W in self.weights])
        self.activation = get_activation(activation)

    def __setstate__(self, state: dict[str, Any]) -> None:
        """After ``pickle`` and ``deepcopy``, whose arrays are new: read-only again."""
        for array in (*state["weights"], *state["biases"]):
            if array is not None:
                array.setflags(write=False)
        self.__dict__.update(state)

    @classmethod
    def random(cls, widths: Sequence[int], rng: RandomState, init: Init = "lecun") -> Self:
        """Draw a network at initialisation.

        Parameters
        ----------
        widths : sequence of int
            ``[d, …, C]``, at least two.
        rng : None, int, SeedSequence or Generator
        init : {"lecun", "he"}
            LeCun: entries of ``W_l`` are ``N(0, 1/in)``; He: ``N(0, 2/in)``, so that the second
            moment of the features stays the same from layer to layer.

        Raises
        ------
        ValueError
            If fewer than two widths are given, one is not positive, or ``init`` is unknown.
        """
        gain = init_gain(init)
        widths, rng = layer_widths(widths), random_generator(rng)
        return cls([random_weights(*sizes, gain, rng) for sizes in pairwise(widths)])

    @property
    def widths(self) -> list[int]:
        """``[d, …, C]``: the input dimension, then the output dimension of each layer."""
        return [self.weights[0].shape[1]] + [W.shape[0] for W in self.weights]

    @property
    def n_layers(self) -> int:
        """The number of weight matrices."""
        return len(self.weights)

    def above(self, layer: int) -> Network:
        """The network of the layers from ``layer`` on, whose inputs are that layer's features.

        The Hessian of a layer is that of the first layer of ``above(layer)`` on those features, so
        features may be changed on the way, for example standardised:
        ``layer_hessian(net.above(1), standardise(net.forward(X).features[1]), 0, loss)``.

        Raises
        ------
        IndexError
            If there is no such layer; -1 is the last.
        """
        l = index_below(layer, self.n_layers, "layer")
        return Network(self.weights[l:], self.biases[l:], self.activation)

    def __repr__(self) -> str:
        return f"Network(widths={self.widths})"

    def __call__(self, X: ArrayLike) -> FloatArray:
        """Logits, shape (N, C), of inputs ``X``, shape (N, d)."""
        return self.forward(X).logits

    def forward(self, X: ArrayLike) -> ForwardPass:
        """Run the network on ``X``, shape (N, d), and keep what the Hessian needs.

        Raises
        ------
        ValueError
            If ``X`` is empty, not finite, or not of shape (N, d), or the features overflow.
        """
        X = finite_array(X, "X", ndim=2).copy()
        if X.shape[1] != self.widths[0]:
            raise ValueError(f"X must have shape (N, {self.widths[0]}), got {X.shape}")
        features, slopes, preactivations = [X], [], []
        for W, b in zip(self.weights[:-1], self.biases[:-1], strict=True):
            a = _affine(features[-1], W, b, "features")
            z, slope = _activated(a, self.activation)
            features.append(z)
            slopes.append(slope)
            if not self.activation.piecewise_linear:
                preactivations.append(a)
        return ForwardPass(
            tuple(features),
            tuple(slopes),
            self.weights[-1],
            self.biases[-1],
            self.activation,
            tuple(preactivations),
        )


def random_weights(n_in: int, n_out: int, gain: float, rng: np.random.Generator) -> FloatArray:
    """A weight matrix at initialisation, (n_out, n_in), entries ``N(0, gain/n_in)``; read-only."""
    W = rng.standard_normal((n_out, n_in))
    W *= np.sqrt(gain / n_in)
    W.setflags(write=False)
    return W


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


def _finite(values: Any, what: str) -> Any:
    if not np.isfinite(values).all():
        raise ValueError(f"X must not make the {what} overflow, got infinite or NaN {what}")
    return values
