"""Checks of functions that a user gives: elementwise, and one the derivative of another."""

import numpy as np

from rmt_hessian._checks.arguments import describe
from rmt_hessian._checks.arrays import real_array
from rmt_hessian._checks.precision import type_precision
from rmt_hessian._types import BoolArray, FloatArray, Function

STEP = 1e-3  # of central differences
# 17 points of (-3, 3), spread by the golden ratio: irrational, so that kinks are hardly near them
POINTS = 6 * np.mod(np.arange(1, 18) * (np.sqrt(5) - 1) / 2, 1.0) - 3
TRIED = np.stack([POINTS - STEP, POINTS, POINTS + STEP])
RELATIVE_ERROR = 1e-3  # of differences, to the largest slope
KINKS = 2  # points that may lie beside one


def elementwise(function: Function, a: FloatArray, name: str) -> FloatArray | BoolArray:
    """``function(a)`` in the shape of ``a``, float64 or Booleans; a number stands for all entries.

    Infinite entries and NaN are the caller's to find.

    Raises
    ------
    ValueError
        If the function raises, or returns other than real numbers of that shape.

    Examples
    --------
    >>> elementwise(lambda a: 1, np.zeros(2), "f"), elementwise(lambda a: a > 0, np.ones(1), "f")
    (array([1., 1.]), array([ True]))
    """
    values = _called(function, a, name)
    if isinstance(values, np.ndarray) and values.dtype == bool and values.shape == a.shape:
        return values
    array = real_array(values, f"what {name} returns")
    if array.shape not in ((), a.shape):
        raise ValueError(f"{name} must return an array of shape {a.shape}, got {describe(values)}")
    return array if array.ndim else np.full(a.shape, array)


def refuse_other_than_derivative(
    derivative: Function, name: str, function: Function, of: str
) -> None:
    """Raise unless ``derivative``, called ``name``, is that of ``function``, called ``of``.

    Both must be `elementwise`, finite at `TRIED`, and leave their argument as it is. Differences
    are central; at up to `KINKS` points they may be others.
    """
    values, precision = _tried(function, of)
    claimed, _ = _tried(derivative, name)
    below, middle, above = values
    found, claimed = (above - below) / (2 * STEP), claimed[1]
    errors = np.abs(found - claimed)
    largest = max(np.abs(found).max(), np.abs(claimed).max())
    rounding = 4 * precision * np.abs(middle).max() / (2 * STEP)
    if np.sum(errors > RELATIVE_ERROR * largest + rounding) > KINKS:
        k = errors.argmax()
        raise ValueError(
            f"{name} must be the derivative of {of}, got {claimed[k]:.6g} at {POINTS[k]:.6g}, "
            f"where differences give {found[k]:.6g}"
        )


def _tried(function: Function, name: str) -> tuple[FloatArray, float]:
    """Its values at `TRIED`, and the precision in which they came."""
    a = TRIED.copy()
    precision = type_precision(_called(function, a, name))
    values = elementwise(function, TRIED.copy(), name).astype(np.float64)
    if not np.array_equal(a, TRIED):
        raise ValueError(f"{name} must not write to its argument")
    if not np.isfinite(values).all():
        at = TRIED[~np.isfinite(values)][0]
        raise ValueError(f"{name} must be finite, got NaN or infinite values, at {at:.6g} first")
    return values, precision


def _called(function: Function, a: FloatArray, name: str) -> object:
    try:
        with np.errstate(all="ignore"):
            return function(a)
    except Exception as error:
        came = f"{type(error).__name__}: {error}"
        raise ValueError(f"{name} must be a function of arrays, got {came}") from error
