"""Checks of probabilities: single ones, those of atoms, and distributions; how they get sum 1."""

from typing import Any

import numpy as np

from rmt_hessian._checks.arguments import real_number
from rmt_hessian._checks.arrays import finite_array, real_array
from rmt_hessian._checks.precision import precision
from rmt_hessian._types import FloatArray

SUM_ERROR = 1e-8  # by which a sum of probabilities may differ from 1
ROUNDED_SUM_ERROR = 16 * np.finfo(float).eps  # of probabilities that were normalised before


def probability(value: Any, name: str, below_one: bool = False) -> float:
    """Return ``value`` as a float in [0, 1], or in [0, 1) if 1 means nothing."""
    number = real_number(value, name)
    if not 0 <= number <= 1 or (below_one and number == 1):
        raise ValueError(f"{name} must lie in [0, 1{')' if below_one else ']'}, got {number:g}")
    return number


def probabilities_of_any_shape(values: Any, name: str) -> FloatArray:
    """Return ``values`` as a float64 array of numbers in [0, 1]; NaN is none."""
    array = real_array(values, name)
    wrong = ~((array >= 0) & (array <= 1))
    if wrong.any():
        raise ValueError(f"{name} must lie in [0, 1], got {array[wrong][0]:g}")
    return array


def distributions(values: Any, name: str, ndim: int = 1) -> FloatArray:
    """Return ``values`` as distributions along the last axis: not negative, each with sum 1.

    Sums must be 1 to 1e-8, in float32 to a few roundings; those are made 1.
    """
    w = finite_array(values, name, ndim=ndim)
    if w.min() < 0:
        raise ValueError(f"{name} must not be negative, got {w.min():g}")
    sums = w.sum(axis=-1, keepdims=True)
    worst = sums.flat[np.abs(sums - 1.0).argmax()]
    eps = precision(values)
    if abs(worst - 1.0) > max(SUM_ERROR, 4 * eps * (1 + np.log2(w.shape[-1]))):
        rows = "" if ndim == 1 else "each row of "
        raise ValueError(f"{rows}{name} must sum to 1, got {worst:.12g}")
    return w.copy() if abs(worst - 1.0) <= SUM_ERROR else w / sums


def probabilities_of_atoms(atoms: FloatArray, probabilities: Any, name: str, of: str) -> FloatArray:
    """Return ``probabilities``, called ``name``, as the distribution of the atoms, called ``of``.

    As in `distributions`, and as many as there are atoms. They have yet to be `normalised`.
    """
    w = distributions(probabilities, name)
    if atoms.shape != w.shape:
        raise ValueError(f"{of} and {name} must have one shape, got {atoms.shape} and {w.shape}")
    return w


def normalised(w: np.ndarray) -> FloatArray:
    """Return ``w`` over its sum; as it is, where the sum is 1 up to rounding.

    So a law made again from its own probabilities has the same to the last bit.

    Examples
    --------
    >>> w = normalised(np.array([0.1, 0.3, 0.3, 0.2]))
    >>> bool((normalised(w) == w).all()), round(float(w.sum()), 12)
    (True, 1.0)
    """
    total = w.sum()
    return w if abs(total - 1.0) <= ROUNDED_SUM_ERROR else w / total
