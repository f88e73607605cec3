"""ReLU networks: the linear model ``[d, C]``, one hidden layer ``[d, m, C]``, any depth."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike

from rmt_hessian._checks.arguments import index_below
from rmt_hessian._checks.arrays import finite_array
from rmt_hessian._checks.weights import layer_widths, read_only, weight_chain
from rmt_hessian._random import random_generator
from rmt_hessian._types import BoolArray, FloatArray, Init, RandomState
from rmt_hessian.activations import get_activation
from rmt_hessian.initialisation import init_gain


@dataclass(frozen=True)
class ForwardPass:
    """What the Hessian needs of a forward pass.

    Attributes
    ----------
    features : tuple of numpy.ndarray
        ``z_0 = x, z_1 = h_1, …``: the input of each layer, shapes (N, width_l).
    masks : tuple of numpy.ndarray of bool
        ``D_l = 1[pre-activation > 0]`` of each hidden layer, shapes (N, width_{l+1}).
    last_weights : numpy.ndarray, shape (C, width_L)
        Of the last layer: logits are made when asked for, since C may be large.
    """

    features: tuple[FloatArray, ...]
    slopes: tuple[BoolArray, ...]
    pre: tuple
    activation: Any
    last_weights: FloatArray
    last_bias: Any

    @property
    def bends(self):
        return tuple(self.activation.second_derivative(a) for a in self.pre)

    @property
    def logits(self) -> FloatArray:
        """``f = z_L W_Lᵀ``, shape (N, C), made anew.

        Raises
        ------
        ValueError
            If a logit overflows.
        """
        with np.errstate(over="ignore", invalid="ignore"):  # looked for below
            f = self.features[-1] @ self.last_weights.T
            if self.last_bias is not None:
                f = f + self.last_bias
            return _finite(f, "logits")


class Network:
    """A fully connected ReLU network without biases, ``f(x) = W_L relu(… relu(W_0 x))``.

    Parameters
    ----------
    weights : sequence of array_like
        ``W_0 … W_L``, each of shape (out, in), with matching widths. One matrix is the linear
        model. Copied to float64, read-only; an array that is so already, and owns its numbers, is
        kept as it is.

    Raises
    ------
    ValueError
        If there is no matrix, one is not a finite two-dimensional array, or widths do not match.

    Examples
    --------
    >>> net = Network([[[1.0, -1.0]], [[2.0], [3.0]]])
    >>> net.widths
    [2, 1, 2]
    >>> net(np.array([[3.0, 1.0]]))
    array([[4., 6.]])
    """

    def __init__(self, weights: Sequence[ArrayLike], biases=None, activation="relu") -> None:
        self.weights = tuple(read_only(W) for W in weight_chain(weights))
        self.biases = (
            (None,) * len(self.weights)
            if biases is None
            else tuple(None if b is None else np.asarray(b, float) for b in biases)
        )
        self.activation = get_activation(activation)

    def __setstate__(self, state: dict[str, Any]) -> None:
        """After ``pickle`` and ``deepcopy``, whose arrays are new: read-only again."""
        for W in state["weights"]:
            W.setflags(write=False)
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
        features, masks, pre = [X], [], []
        for W, b in zip(self.weights[:-1], self.biases):
            with np.errstate(over="ignore", invalid="ignore"):  # looked for below
                a = features[-1] @ W.T
                if b is not None:
                    a += b
                a = _finite(a, "features")
            pre.append(a)
            features.append(self.activation.function(a))
            masks.append(self.activation.derivative(a))
        return ForwardPass(
            tuple(features),
            tuple(masks),
            tuple(pre),
            self.activation,
            self.weights[-1],
            self.biases[-1],
        )


def random_weights(n_in: int, n_out: int, gain: float, rng: np.random.Generator) -> FloatArray:
    """A weight matrix at initialisation, (n_out, n_in), entries ``N(0, gain/n_in)``; read-only."""
    W = rng.standard_normal((n_out, n_in))
    W *= np.sqrt(gain / n_in)
    W.setflags(write=False)
    return W


def _finite(values: FloatArray, what: str) -> FloatArray:
    if not np.isfinite(values).all():
        raise ValueError(f"X must not make the {what} overflow, got infinite or NaN {what}")
    return values
