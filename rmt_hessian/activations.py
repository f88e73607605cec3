"""Activations of networks: each function with its two derivatives, elementwise on float64 arrays.

Formulas are exact to a few roundings of value and argument for every finite number, without
overflow (in a tail a rounding of the argument may be a hundred of the value). ``S`` is the
logistic function, Φ and φ are the distribution function and the density of N(0, 1).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, partial
from typing import Any, TypeAlias

import numpy as np
from scipy import special
from scipy.special import expit, ndtr

from rmt_hessian._checks.arguments import describe, real_number
from rmt_hessian._checks.elementwise import refuse_other_than_derivative
from rmt_hessian._types import BoolArray, FloatArray, Function

LEAK = 0.01  # slope of leaky ReLU below 0
NO_MORE = 400.0  # from here on φ and sech² are 0 in float64
CUBIC = 0.044715  # of gelu_tanh


@dataclass(frozen=True, eq=False)
class Activation:
    """An activation σ of hidden layers, with its derivatives.

    Parameters
    ----------
    name : str
    function, derivative : callable
        σ and σ', elementwise: they take a float64 array of any shape and return one of that shape
        (a number stands for all entries; σ' may return Booleans).
    second_derivative : callable, optional
        σ''; None where σ is piecewise linear.

    Raises
    ------
    ValueError
        If a function, tried at a few numbers between -3 and 3, does not return finite numbers of
        the shape it got; or σ' or σ'' is not the derivative of σ or σ', by differences at more
        than two of them (so kinks pass).

    Examples
    --------
    >>> sine = Activation("sine", np.sin, np.cos, lambda a: -np.sin(a))
    >>> sine, sine.piecewise_linear
    (Activation('sine'), False)
    >>> Activation("wrong", np.sin, np.sin)  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    ValueError: σ' of activation 'wrong' must be the derivative of σ of activation 'wrong', got ...
    """

    name: str
    function: Function
    derivative: Function
    second_derivative: Function | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.name, str):
            raise ValueError(f"name must be a text, got {describe(self.name)}")
        parts = {"σ": self.function, "σ'": self.derivative, "σ''": self.second_derivative}
        for symbol, function in parts.items():
            if not (callable(function) or (function is None and symbol == "σ''")):
                came = describe(function)
                raise ValueError(f"{self.part(symbol)} must be a function, got {came}")
        refuse_other_than_derivative(
            self.derivative, self.part("σ'"), self.function, self.part("σ")
        )
        if self.second_derivative is None:
            bend, symbol = np.zeros_like, "σ'' = 0, as None says,"
        else:
            bend, symbol = self.second_derivative, "σ''"
        refuse_other_than_derivative(bend, self.part(symbol), self.derivative, self.part("σ'"))

    def part(self, symbol: str) -> str:
        """What a message calls σ, σ' or σ''."""
        return f"{symbol} of activation {self.name!r}"

    @property
    def piecewise_linear(self) -> bool:
        """Whether σ'' is 0 wherever it exists."""
        return self.second_derivative is None

    def __repr__(self) -> str:
        return f"Activation({self.name!r})"

    def __reduce__(self) -> tuple[Any, ...]:
        """`pickle` and `copy.deepcopy`: those of this package are there already, by name."""
        if ACTIVATIONS.get(self.name) is self:
            return get_activation, (self.name,)
        return Activation, (self.name, self.function, self.derivative, self.second_derivative)


ActivationLike: TypeAlias = str | Activation | tuple[Function, Function, Function | None]
ActivationsLike: TypeAlias = ActivationLike | Sequence[ActivationLike]


def get_activation(activation: ActivationLike) -> Activation:
    """The `Activation` of a name; or of a triple (σ, σ', σ''), which is called "custom".

    Parameters
    ----------
    activation : str, Activation or tuple of callable
        A name among `ACTIVATIONS`: relu, leaky_relu (0.01), identity, tanh, erf, sigmoid, softplus,
        gelu (``a Φ(a)``), gelu_tanh (its approximation by tanh) and silu (``a S(a)``). Or three
        functions, the last None where σ is piecewise linear; see `Activation`.

    Raises
    ------
    ValueError
        If it is none of these, or an `Activation` of one's own with the name of another.

    References
    ----------
    gelu and silu: Hendrycks and Gimpel, arXiv 1606.08415.

    Examples
    --------
    >>> get_activation("tanh")
    Activation('tanh')
    >>> get_activation((np.abs, np.sign, None)).piecewise_linear
    True
    """
    if isinstance(activation, Activation):
        if ACTIVATIONS.get(activation.name, activation) is not activation:
            raise ValueError(f"activation must have a name of its own, got {activation.name!r}")
        return activation
    if isinstance(activation, str) and activation in ACTIVATIONS:
        return ACTIVATIONS[activation]
    if isinstance(activation, tuple | list) and len(activation) == 3:
        return Activation("custom", *activation)
    names = ", ".join(map(repr, ACTIVATIONS))
    raise ValueError(
        f"activation must be one of {names}, an Activation or a triple (σ, σ', σ''), "
        f"got {describe(activation)}"
    )


def get_activations(activation: ActivationsLike, n_hidden: int) -> tuple[Activation, ...]:
    """An `Activation` for each of ``n_hidden`` layers, from one for all or a sequence of them.

    Three of which the first is a function are one, (σ, σ', σ''). A triple that is there twice is
    one `Activation`. Where there is no hidden layer, the one that is given, or ReLU.

    Examples
    --------
    >>> get_activations("tanh", 2), get_activations(["tanh", "relu"], 2)
    ((Activation('tanh'), Activation('tanh')), (Activation('tanh'), Activation('relu')))
    """
    several: Any = activation if isinstance(activation, tuple | list) else None
    if several is None or (len(several) == 3 and callable(several[0])):
        one: Any = activation
        return (get_activation(one),) * max(n_hidden, 1)
    if len(several) != n_hidden:
        wanted = f"one for all hidden layers or a sequence of {n_hidden}, one for each"
        raise ValueError(f"activation must be {wanted}, got {describe(several)}")
    made = {id(one): get_activation(one) for one in several}
    return tuple(made[id(one)] for one in several) or (RELU,)


# --- piecewise linear -----------------------------------------------------------------------------


def relu(a: FloatArray) -> FloatArray:
    """``max(a, 0)``."""
    return np.maximum(a, 0.0)


def relu_slope(a: FloatArray) -> BoolArray:
    """``1[a > 0]``: 0 at 0."""
    return a > 0.0


def leaky_relu(a: FloatArray, leak: float = LEAK) -> FloatArray:
    """``a`` where it is positive, else ``0.01 a``."""
    return np.where(a > 0.0, a, leak * a)


def leaky_relu_slope(a: FloatArray, leak: float = LEAK) -> FloatArray:
    """1 where ``a > 0``, else 0.01, also at 0."""
    return np.where(a > 0.0, 1.0, leak)


def identity_slope(a: FloatArray) -> BoolArray:
    """1."""
    return np.ones(a.shape, dtype=bool)


def leaky_relu_of(slope: float) -> Activation:
    """``a`` where it is positive, else ``slope a``; of one slope always the same `Activation`.

    Parameters
    ----------
    slope : float

    Raises
    ------
    ValueError
        If it is not a finite number.

    References
    ----------
    Definition.

    Examples
    --------
    >>> leaky_relu_of(0.2), leaky_relu_of(0.01)
    (Activation('leaky_relu(0.2)'), Activation('leaky_relu'))
    """
    slope = real_number(slope, "slope")
    return ACTIVATIONS["leaky_relu"] if slope == LEAK else _leaky_relu_of(slope)


@cache
def _leaky_relu_of(slope: float) -> Activation:
    functions = partial(leaky_relu, leak=slope), partial(leaky_relu_slope, leak=slope)
    return Activation(f"leaky_relu({slope!r})", *functions)


# --- sigmoids and their integrals -----------------------------------------------------------------


def tanh_slope(a: FloatArray) -> FloatArray:
    """``sech² a = 4e/(1 + e)²``, ``e = exp(-2|a|)``: ``1 - tanh² a`` without its cancellation."""
    e = np.exp(-2.0 * np.minimum(np.abs(a), NO_MORE))
    return 4.0 * e / (1.0 + e) ** 2


def tanh_bend(a: FloatArray) -> FloatArray:
    """``-2 tanh a sech² a``."""
    return -2.0 * np.tanh(a) * tanh_slope(a)


def erf_slope(a: FloatArray) -> FloatArray:
    """``(2/√π) exp(-a²)``."""
    c = np.minimum(np.abs(a), NO_MORE)
    return 2.0 / np.sqrt(np.pi) * np.exp(-c * c)


def erf_bend(a: FloatArray) -> FloatArray:
    """``-2a (2/√π) exp(-a²)``."""
    return -2.0 * erf_slope(a) * a


def sigmoid_slope(a: FloatArray) -> FloatArray:
    """``S(a) S(-a)``."""
    return expit(a) * expit(-a)


def sigmoid_bend(a: FloatArray) -> FloatArray:
    """``-tanh(a/2) S(a) S(-a)``: ``S' (1 - 2S)`` without its cancellation."""
    return -np.tanh(a / 2.0) * sigmoid_slope(a)


def softplus(a: FloatArray) -> FloatArray:
    """``log(1 + exp a) = max(a, 0) + log(1 + exp(-|a|))``."""
    return np.maximum(a, 0.0) + np.log1p(np.exp(-np.abs(a)))


# --- a times a distribution function --------------------------------------------------------------


def gaussian_density(a: FloatArray) -> FloatArray:
    """``φ(a) = exp(-a²/2)/√(2π)``."""
    c = np.minimum(np.abs(a), NO_MORE)
    return np.exp(-c * c / 2.0) / np.sqrt(2.0 * np.pi)


def gelu(a: FloatArray) -> FloatArray:
    """``a Φ(a)``."""
    return a * ndtr(a)


def gelu_slope(a: FloatArray) -> FloatArray:
    """``Φ(a) + a φ(a)``."""
    return ndtr(a) + a * gaussian_density(a)


def gelu_bend(a: FloatArray) -> FloatArray:
    """``(2 - a²) φ(a)``."""
    c = np.minimum(np.abs(a), NO_MORE)
    return (2.0 - c * c) * gaussian_density(c)


def silu(a: FloatArray) -> FloatArray:
    """``a S(a)``."""
    return a * expit(a)


def silu_slope(a: FloatArray) -> FloatArray:
    """``S(a) + a S'(a)``."""
    return expit(a) + a * sigmoid_slope(a)


def silu_bend(a: FloatArray) -> FloatArray:
    """``2 S'(a) + a S''(a)``."""
    return 2.0 * sigmoid_slope(a) + a * sigmoid_bend(a)


def gelu_tanh(a: FloatArray) -> FloatArray:
    """``(a/2)(1 + tanh u) = a S(v)``, ``v = 2u = √(8/π) (a + 0.044715 a³)``."""
    return a * expit(_cubic(a)[1])


def gelu_tanh_slope(a: FloatArray) -> FloatArray:
    """``S + a S' v'``, S and its derivatives at ``v(a)``."""
    c, v, slope, _ = _cubic(a)
    return expit(v) + c * sigmoid_slope(v) * slope


def gelu_tanh_bend(a: FloatArray) -> FloatArray:
    """``S' (2v' + a v'') + a S'' v'²``, S and its derivatives at ``v(a)``."""
    c, v, slope, bend = _cubic(a)
    return sigmoid_slope(v) * (2.0 * slope + c * bend) + c * sigmoid_bend(v) * slope**2


def _cubic(a: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """``a``, clipped to where ``S'(v)`` is 0, ``v(a)`` of `gelu_tanh`, and its derivatives."""
    c, scale = np.clip(a, -NO_MORE, NO_MORE), np.sqrt(8.0 / np.pi)
    v = scale * c * (1.0 + CUBIC * c * c)
    return c, v, scale * (1.0 + 3.0 * CUBIC * c * c), scale * 6.0 * CUBIC * c


ACTIVATIONS: dict[str, Activation] = {}  # by name
for _activation in (
    Activation("relu", relu, relu_slope),
    Activation("leaky_relu", leaky_relu, leaky_relu_slope),
    Activation("identity", np.copy, identity_slope),
    Activation("tanh", np.tanh, tanh_slope, tanh_bend),
    Activation("erf", special.erf, erf_slope, erf_bend),
    Activation("sigmoid", expit, sigmoid_slope, sigmoid_bend),
    Activation("softplus", softplus, expit, sigmoid_slope),
    Activation("gelu", gelu, gelu_slope, gelu_bend),
    Activation("gelu_tanh", gelu_tanh, gelu_tanh_slope, gelu_tanh_bend),
    Activation("silu", silu, silu_slope, silu_bend),
):
    ACTIVATIONS[_activation.name] = _activation
RELU = ACTIVATIONS["relu"]
