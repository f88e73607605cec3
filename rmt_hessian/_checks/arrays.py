"""Checks of arrays, real, complex or of indices, and what is refused in them."""

from typing import Any

import numpy as np
from scipy.sparse import issparse

from rmt_hessian._checks.arguments import describe, to_numpy
from rmt_hessian._types import ComplexArray, FloatArray, IntArray


def finite_array(values: Any, name: str, ndim: int) -> FloatArray:
    """Return ``values`` as a finite float64 array with ``ndim`` axes, none of them empty."""
    array = real_array(values, name)
    if array.ndim != ndim:
        axes = "1 axis" if ndim == 1 else f"{ndim} axes"
        raise ValueError(f"{name} must have {axes}, got shape {array.shape}")
    if array.size == 0:
        raise ValueError(f"{name} must not be empty, got shape {array.shape}")
    if not np.isfinite(array).all():
        bad = int(np.size(array) - np.isfinite(array).sum())
        raise ValueError(f"{name} must be finite, got {bad} NaN or infinite entries")
    return array


def real_array(values: Any, name: str) -> FloatArray:
    """Return ``values`` as a float64 array of any shape; NaN and infinite entries are kept.

    Text, dates, complex numbers, masked entries and rows of different lengths are refused.
    """
    refuse_masked(values, name)
    try:
        if values is None:
            raise TypeError
        array = np.asarray(to_numpy(values))
        if array.dtype.kind not in "biufO" and not _is_custom_float(array.dtype):
            raise TypeError
        if array.dtype.kind == "O" and any(isinstance(x, str | bytes) for x in array.flat):
            raise TypeError
        return array.astype(np.float64, copy=False)
    except (TypeError, ValueError, OverflowError):
        raise ValueError(
            f"{name} must be an array of real numbers, got {_describe_array(values)}"
        ) from None


def number_array(values: Any, name: str) -> np.ndarray:
    """Return ``values`` as an array of real or complex numbers, in the type in which they came."""
    refuse_masked(values, name)
    try:
        array = np.asarray(to_numpy(values))
        if array.dtype.kind not in "biufc":
            raise TypeError
    except (TypeError, ValueError):
        raise ValueError(
            f"{name} must be an array of numbers, got {_describe_array(values)}"
        ) from None
    return array


def complex_array(values: Any, name: str) -> ComplexArray:
    """Return ``values`` as a finite complex128 array of any shape."""
    array = number_array(values, name).astype(np.complex128)
    if not np.isfinite(array).all():
        raise ValueError(f"{name} must be finite, got NaN or infinite entries")
    return array


def indices_below(values: Any, size: int, name: str) -> IntArray:
    """Return ``values`` as an array of indices below ``size``; negative ones count from the end."""
    try:
        array = np.asarray(to_numpy(values))
    except (TypeError, ValueError):
        array = np.empty(0)
    if array.ndim == 1 and array.dtype == bool:
        raise ValueError(f"{name} must be integers, got a mask; np.flatnonzero makes them of it")
    if array.ndim != 1 or array.size == 0 or not np.issubdtype(array.dtype, np.integer):
        raise ValueError(f"{name} must be integers along one axis, got {describe(values)}")
    low, high = int(array.min()), int(array.max())
    if low < -size or high >= size:
        raise IndexError(f"{name} must lie in 0 … {size - 1}, got {low} … {high}")
    return array.astype(np.intp) % size


def refuse_masked(values: Any, name: str) -> None:
    """Raise if an entry of an array, or of a row of a list, is masked: NumPy would forget that."""
    rows = values if isinstance(values, list | tuple) else [values]
    hidden = sum(np.ma.count_masked(r) for r in rows if isinstance(r, np.ma.MaskedArray))
    if hidden:
        raise ValueError(f"{name} must have no masked entries, got {hidden}")


def refuse_complex(values: Any, name: str) -> None:
    """Raise if ``values`` has a complex type: casting would lose its imaginary part."""
    if np.iscomplexobj(values):
        raise ValueError(f"{name} must be real, got {values.dtype}")


def _is_custom_float(dtype: Any) -> bool:
    """Whether this is a narrow float of a package of its own, as bfloat16 of JAX."""
    return dtype.kind == "V" and "float" in dtype.name


def _describe_array(values: Any) -> str:
    """What came in place of real numbers."""
    if issparse(values):
        return f"{describe(values)}; use .toarray()"
    try:
        array = np.asarray(to_numpy(values))
    except TypeError:
        return describe(values)
    except ValueError:
        rows = isinstance(values, list | tuple)
        return f"{describe(values)} with rows of different lengths" if rows else describe(values)
    if array.ndim == 0:  # the thing itself
        return describe(values)
    if array.dtype.kind == "O":
        kinds = sorted({type(x).__name__ for x in array.flat})
        return f"{describe(values)} of {', '.join(kinds[:3])}"
    return f"{describe(values)} of {array.dtype}"
