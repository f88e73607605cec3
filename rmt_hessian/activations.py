"""Activations by name, with the two derivatives that Hessians need: the one place that knows them.

``Φ`` and ``φ`` are the distribution function and the density of N(0, 1), ``S(v) = 1/(1 + e^{-v})``.

===========  =============================================  ================================
name         σ(a)                                           second derivative
===========  =============================================  ================================
relu         max(a, 0)                                      none
leaky_relu   a where a > 0, else a/100                      none
identity     a                                              none
tanh         tanh a                                         -2 tanh a / cosh² a
erf          erf a                                          -4 a e^{-a²}/√π
sigmoid      S(a)                                           S(a) S(-a) (1 - 2 S(a))
softplus     log(1 + e^a)                                   S(a) S(-a)
gelu         a Φ(a)                                         (2 - a²) φ(a)
gelu_tanh    a S(v), v = 2 √(2/π) (a + 0.044715 a³)         of a S(v)
silu         a S(a)                                         of a S(v), v = a
===========  =============================================  ================================
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from scipy.special import erf, expit, ndtr

from rmt_hessian._checks.arguments import describe
from rmt_hessian._types import FloatArray

Elementwise: TypeAlias = Callable[[FloatArray], Any]

LEAK = 0.01  # slope of the leaky ReLU below 0
FAR = 40.0  # from here on φ, and S(-v) of the GELUs, are 0 in double precision
TRIED = np.sqrt(2) * np.arange(-10, 11) / 5  # irrational but for 0, so that no kink is met
STEP = 1e-3  # of the differences with which derivatives of a user are compared
AGREEMENT = 1e-2  # relative, where functions may be in single precision
KINKS = 2  # numbers among those tried that may have a kink within a step


@dataclass(frozen=True, eq=False, repr=False)
class Activation:
    """An activation σ, elementwise on arrays of float64.

    Attributes
    ----------
    name : str
        "custom" for that of a user.
    function, derivative : callable
        σ and σ'; σ' may return Booleans for 0 and 1.
    second_derivative : callable or None
        σ''; None where σ is piecewise linear.
    """

    name: str
    function: Elementwise
    derivative: Elementwise
    second_derivative: Elementwise | None = None

    def __repr__(self) -> str:
        return self.name

    def __reduce__(self) -> Any:
        """By name, or by the functions of a user, which have to be picklable."""
        if self.name in ACTIVATIONS:
            return get_activation, (self.name,)
        return Activation, (self.name, self.function, self.derivative, self.second_derivative)

    @property
    def piecewise_linear(self) -> bool:
        """Whether σ'' vanishes almost everywhere."""
        return self.second_derivative is None


def _gauss(a: FloatArray) -> FloatArray:
    """φ, of numbers that are not beyond `FAR`."""
    return np.exp(-0.5 * a * a) / np.sqrt(2 * np.pi)


def _near(a: FloatArray) -> FloatArray:
    """Numbers beyond `FAR` moved there: their squares do not overflow."""
    return np.clip(a, -FAR, FAR)


def _sech_squared(a: FloatArray) -> FloatArray:
    e = np.exp(-2 * np.abs(a))
    return 4 * e / (1 + e) ** 2


def _tanh_bend(a: FloatArray) -> FloatArray:
    return -2 * np.tanh(a) * _sech_squared(a)


def _erf_slope(a: FloatArray) -> FloatArray:
    return 2 / np.sqrt(np.pi) * np.exp(-(_near(a) ** 2))


def _erf_bend(a: FloatArray) -> FloatArray:
    return -2 * _near(a) * _erf_slope(a)


def _sigmoid_slope(a: FloatArray) -> FloatArray:
    return expit(a) * expit(-a)


def _sigmoid_bend(a: FloatArray) -> FloatArray:
    return -_sigmoid_slope(a) * np.tanh(a / 2)


def _gelu_slope(a: FloatArray) -> FloatArray:
    return ndtr(a) + _near(a) * _gauss(_near(a))


def _gelu_bend(a: FloatArray) -> FloatArray:
    return (2 - _near(a) ** 2) * _gauss(_near(a))


def _gated(name: str, v: tuple[Elementwise, Elementwise, Elementwise]) -> Activation:
    """``a S(v(a))`` for an odd, increasing v, from v, v' and v''."""
    value, slope, bend = v

    def function(a: FloatArray) -> FloatArray:
        return a * expit(value(a))

    def derivative(a: FloatArray) -> FloatArray:
        x = value(a)
        return expit(x) + np.clip(a, -(FAR**2), FAR**2) * slope(a) * _sigmoid_slope(x)

    def second_derivative(a: FloatArray) -> FloatArray:
        x, a_near = value(a), np.clip(a, -(FAR**2), FAR**2)
        of_slope = (2 * slope(a) + a_near * bend(a)) * _sigmoid_slope(x)
        return of_slope + a_near * slope(a) ** 2 * _sigmoid_bend(x)

    return Activation(name, function, derivative, second_derivative)


CUBIC = 0.044715
RATE = 2 * np.sqrt(2 / np.pi)

ACTIVATIONS = {
    activation.name: activation
    for activation in (
        Activation("relu", lambda a: np.maximum(a, 0.0), lambda a: a > 0),
        Activation(
            "leaky_relu",
            lambda a: np.where(a > 0, a, LEAK * a),
            lambda a: np.where(a > 0, 1.0, LEAK),
        ),
        Activation("identity", np.copy, lambda a: np.ones(a.shape, bool)),
        Activation("tanh", np.tanh, _sech_squared, _tanh_bend),
        Activation("erf", erf, _erf_slope, _erf_bend),
        Activation("sigmoid", expit, _sigmoid_slope, _sigmoid_bend),
        Activation("softplus", lambda a: np.logaddexp(0.0, a), expit, _sigmoid_slope),
        Activation("gelu", lambda a: a * ndtr(a), _gelu_slope, _gelu_bend),
        _gated(
            "gelu_tanh",
            (
                lambda a: RATE * (_near(a) + CUBIC * _near(a) ** 3),
                lambda a: RATE * (1 + 3 * CUBIC * _near(a) ** 2),
                lambda a: RATE * 6 * CUBIC * _near(a),
            ),
        ),
        _gated("silu", (lambda a: a, np.ones_like, np.zeros_like)),
    )
}


def get_activation(activation: Any) -> Activation:
    """Return an activation by its name, or that of a user's triple (σ, σ', σ'').

    A triple is tried on a few numbers: derivatives that are not those of the functions before them
    are refused. σ'' is None for a piecewise linear σ.

    Raises
    ------
    ValueError
        If the name is unknown, it is no triple of functions, or they are not as above.

    Examples
    --------
    >>> get_activation("tanh"), get_activation((np.sin, np.cos, lambda a: -np.sin(a)))
    (tanh, custom)
    """
    if isinstance(activation, Activation):
        return activation
    if isinstance(activation, str) and activation in ACTIVATIONS:
        return ACTIVATIONS[activation]
    triple = tuple(activation) if isinstance(activation, tuple | list) else ()
    needed = triple[:2] if triple[2:] == (None,) else triple
    if len(triple) != 3 or not all(map(callable, needed)):
        names = ", ".join(map(repr, ACTIVATIONS))
        wanted = f"one of {names}, or three functions (σ, σ', σ'')"
        raise ValueError(f"activation must be {wanted}, got {describe(activation)}")
    return _custom(*triple)


def _custom(function: Any, derivative: Any, second_derivative: Any) -> Activation:
    given = [function, derivative, *([] if second_derivative is None else [second_derivative])]
    functions = [_Elementwise(f, f"activation[{i}]") for i, f in enumerate(given)]
    functions[0](TRIED)
    for i in range(1, len(functions)):
        before, here = functions[i - 1], functions[i](TRIED)
        differences = (before(TRIED + STEP) - before(TRIED - STEP)) / (2 * STEP)
        scale = np.maximum(np.abs(here), np.abs(differences).mean())
        wrong = np.abs(differences - here) > AGREEMENT * scale
        if np.count_nonzero(wrong) > KINKS:
            a, value, wanted = TRIED[wrong][0], here[wrong][0], differences[wrong][0]
            raise ValueError(
                f"activation[{i}] must be the derivative of activation[{i - 1}], got {value:.4g} "
                f"at {a:.4g}, where differences have {wanted:.4g}"
            )
    return Activation("custom", *functions)


@dataclass(frozen=True)
class _Elementwise:
    """A user's function as one of arrays of float64, whose results are looked at."""

    f: Callable[[Any], Any]
    name: str

    def __call__(self, a: FloatArray) -> FloatArray:
        values = np.asarray(self.f(a))
        if values.dtype.kind not in "biuf" or values.shape not in ((), a.shape):
            raise ValueError(
                f"{self.name} must return real numbers in the shape it gets, {a.shape}, got "
                f"{describe(values)} of {values.dtype}"
            )
        if not np.isfinite(values).all():
            raise ValueError(f"{self.name} must return finite numbers, got NaN or infinite ones")
        return np.array(np.broadcast_to(values, a.shape), np.float64)
