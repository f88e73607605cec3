"""Checks at the public edge: each raises one error that says what was wanted and what came."""

import operator

import numpy as np


def positive_integer(value, name, minimum=1):
    """Return ``value`` as an int of at least ``minimum``."""
    try:
        number = operator.index(value)
    except TypeError:
        raise ValueError(f"{name} must be an integer, got {value!r}") from None
    if number < minimum:
        raise ValueError(f"{name} must be at least {minimum}, got {number}")
    return number


def index_below(value, size, name):
    """Return ``value`` as an index in ``0 … size-1``; negative ones count from the end."""
    try:
        index = operator.index(value)
    except TypeError:
        raise IndexError(f"{name} must be an integer, got {value!r}") from None
    if not -size <= index < size:
        raise IndexError(f"{name} must lie in 0 … {size - 1}, got {index}")
    return index % size


def indices_below(values, size, name):
    """Return ``values`` as an array of indices below ``size``; negative ones count from the end."""
    array = np.asarray(values)
    if array.ndim != 1 or array.size == 0 or not np.issubdtype(array.dtype, np.integer):
        raise ValueError(f"{name} must be integers along one axis, got {values!r}")
    if array.min() < -size or array.max() >= size:
        raise IndexError(f"{name} must lie in 0 … {size - 1}, got {array.min()} … {array.max()}")
    return array % size


def real_dtype(value):
    """Return ``value`` as float64 or float32."""
    try:
        name = None if value is None else np.dtype(value).name
    except TypeError:
        name = None
    if name not in ("float64", "float32"):
        raise ValueError(f"dtype must be one of 'float64', 'float32', got {value!r}")
    return np.dtype(name)


def refuse_complex(values, name):
    """Raise if ``values`` has a complex type: casting would lose its imaginary part."""
    if np.iscomplexobj(values):
        raise ValueError(f"{name} must be real, got {values.dtype}")


def positive_real(value, name):
    """Return ``value`` as a finite float greater than zero."""
    try:
        number = float(value)
    except (TypeError, ValueError):
        raise ValueError(f"{name} must be a number, got {value!r}") from None
    if not (np.isfinite(number) and number > 0):
        raise ValueError(f"{name} must be positive and finite, got {value!r}")
    return number


def one_of(value, choices, name):
    """Return ``value`` if it is among ``choices``."""
    if not isinstance(value, str) or value not in choices:
        wanted = ", ".join(repr(c) for c in choices)
        raise ValueError(f"{name} must be one of {wanted}, got {value!r}")
    return value


def finite_array(values, name, ndim):
    """Return ``values`` as a finite float64 array with ``ndim`` axes, none of them empty."""
    try:
        if np.iscomplexobj(values):
            raise TypeError
        array = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError):
        raise ValueError(f"{name} must be an array of real numbers, got {type(values)}") from None
    if array.ndim != ndim:
        axes = "1 axis" if ndim == 1 else f"{ndim} axes"
        raise ValueError(f"{name} must have {axes}, got shape {array.shape}")
    if array.size == 0:
        raise ValueError(f"{name} must not be empty, got shape {array.shape}")
    if not np.isfinite(array).all():
        bad = int(np.size(array) - np.isfinite(array).sum())
        raise ValueError(f"{name} must be finite, got {bad} NaN or infinite entries")
    return array
