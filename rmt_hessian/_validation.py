"""Checks at the public edge: each raises one error that says what was wanted and what came."""

import operator
import reprlib
from collections.abc import Collection, Iterable
from typing import Any, TypeVar

import numpy as np

from rmt_hessian._types import ComplexArray, FloatArray, IntArray

T = TypeVar("T")
LARGEST = 2**53  # integers up to here are floats too
LONGEST = 80  # letters of a value that a message shows


def came(value: object) -> str:
    """What came, in a few words: a short value itself, else its type and shape."""
    if value is None or np.isscalar(value) or isinstance(value, list | tuple | dict | set):
        text = reprlib.repr(value)
        if "\n" not in text and len(text) <= LONGEST:
            return text
    shape = getattr(value, "shape", None)
    of_shape = f" of shape {tuple(shape)}" if isinstance(shape, tuple) else ""
    return f"{type(value).__name__}{of_shape}"


def boolean(value: Any, name: str) -> bool:
    """Return ``value`` as a bool: True or False, Python's or NumPy's, and nothing like them."""
    if not isinstance(value, bool | np.bool_):
        raise ValueError(f"{name} must be True or False, got {came(value)}")
    return bool(value)


def instance_of(value: Any, kind: type[T], name: str) -> T:
    """Return ``value`` if it is an instance of the class ``kind``."""
    if not isinstance(value, kind):
        article = "an" if kind.__name__[0] in "AEIOU" else "a"
        raise ValueError(f"{name} must be {article} {kind.__name__}, got {came(value)}")
    return value


def having(value: T, attributes: Iterable[str], name: str, what: str) -> T:
    """Return ``value``, ``what`` the caller wants, if it has all the ``attributes``."""
    missing = [attribute for attribute in attributes if not hasattr(value, attribute)]
    if missing:
        raise ValueError(f"{name} must be {what}, got {came(value)} without {', '.join(missing)}")
    return value


def listed(values: Any, name: str, what: str) -> list[Any]:
    """Return a list of what is given as any sequence of ``what``."""
    unordered = isinstance(values, str | bytes | set | frozenset | dict)
    if unordered or not hasattr(values, "__iter__") or getattr(values, "ndim", 1) == 0:
        raise ValueError(f"{name} must be a sequence of {what}, got {came(values)}")
    return list(values)


def means_nothing(value: object, name: str, where: str) -> None:
    """Raise if an argument is given that means nothing for the case."""
    if value is not None:
        raise ValueError(f"{name} means nothing for {where}, got {came(value)}")


def _index(value: Any) -> int:
    """``value`` as an int; True and False are none here."""
    if isinstance(value, bool | np.bool_):
        raise TypeError
    return operator.index(value)


def positive_integer(value: Any, name: str, minimum: int = 1) -> int:
    """Return ``value`` as an int of at least ``minimum``."""
    try:
        number = _index(value)
    except TypeError:
        raise ValueError(f"{name} must be an integer, got {came(value)}") from None
    if number < minimum:
        raise ValueError(f"{name} must be at least {minimum}, got {number}")
    if number > LARGEST:
        raise ValueError(f"{name} must be at most 2^53, got about 2^{number.bit_length() - 1}")
    return number


def shape_of(size: Any, name: str) -> int | tuple[int, ...] | None:
    """Return ``size`` as NumPy takes it: None, an int or a tuple of ints, none negative."""
    if size is None:
        return None
    if isinstance(size, tuple | list):
        return tuple(positive_integer(n, name, minimum=0) for n in size)
    return positive_integer(size, name, minimum=0)


def index_below(value: Any, size: int, name: str) -> int:
    """Return ``value`` as an index in ``0 … size-1``; negative ones count from the end."""
    try:
        index = _index(value)
    except TypeError:
        raise IndexError(f"{name} must be an integer, got {came(value)}") from None
    if not -size <= index < size:
        raise IndexError(f"{name} must lie in 0 … {size - 1}, got {index}")
    return index % size


def indices_below(values: Any, size: int, name: str) -> IntArray:
    """Return ``values`` as an array of indices below ``size``; negative ones count from the end."""
    try:
        array = np.asarray(native(values))
    except (TypeError, ValueError):
        array = np.empty(0)
    if array.ndim == 1 and array.dtype == bool:
        raise ValueError(f"{name} must be integers, got a mask; np.flatnonzero makes them of it")
    if array.ndim != 1 or array.size == 0 or not np.issubdtype(array.dtype, np.integer):
        raise ValueError(f"{name} must be integers along one axis, got {came(values)}")
    low, high = int(array.min()), int(array.max())
    if low < -size or high >= size:
        raise IndexError(f"{name} must lie in 0 … {size - 1}, got {low} … {high}")
    return array.astype(np.intp) % size


def pair_of_sizes(value: Any, name: str) -> tuple[int, int]:
    """Return ``value`` as a pair of positive ints."""
    try:
        first, second = value
    except (TypeError, ValueError):
        raise ValueError(f"{name} must be a pair of integers, got {came(value)}") from None
    return positive_integer(first, f"{name}[0]"), positive_integer(second, f"{name}[1]")


def real_dtype(value: Any) -> np.dtype[Any]:
    """Return ``value`` as float64 or float32."""
    try:
        name = None if value is None else np.dtype(value).name
    except TypeError:
        name = None
    if name not in ("float64", "float32"):
        raise ValueError(f"dtype must be one of 'float64', 'float32', got {came(value)}")
    return np.dtype(name)


def real_number(value: Any, name: str) -> float:
    """Return ``value`` as a finite float."""
    try:
        if isinstance(value, str | bytes | bool | np.bool_) or np.ndim(value) != 0:
            raise TypeError
        number = float(native(value))
    except (TypeError, ValueError, OverflowError):
        raise ValueError(f"{name} must be a number, got {came(value)}") from None
    if not np.isfinite(number):
        raise ValueError(f"{name} must be finite, got {number}")
    return number


def positive_real(value: Any, name: str) -> float:
    """Return ``value`` as a finite float greater than zero."""
    try:
        number = real_number(value, name)
    except ValueError as error:
        if "must be finite" in str(error):
            raise ValueError(f"{name} must be positive and finite, got {value!r}") from None
        raise
    if number <= 0:
        raise ValueError(f"{name} must be positive and finite, got {value!r}")
    return number


def one_of(value: Any, choices: Collection[Any], name: str) -> Any:
    """Return ``value`` if it is among ``choices``."""
    if not isinstance(value, str) or value not in choices:
        wanted = ", ".join(repr(c) for c in choices)
        raise ValueError(f"{name} must be one of {wanted}, got {came(value)}")
    return value


def native(values: Any) -> Any:
    """``values`` in NumPy's reach: a tensor that needs a gradient, or of bfloat16, detached.

    Of a list its rows; what NumPy cannot have of another package raises TypeError.
    """
    if isinstance(values, list | tuple) and any(hasattr(row, "detach") for row in values):
        return [native(row) for row in values]
    if not (hasattr(values, "detach") and hasattr(values, "numpy")):
        return values
    try:
        values = values.detach().cpu()
        half = str(values.dtype).endswith("bfloat16")  # which NumPy does not know
        return (values.float() if half else values).numpy()
    except Exception as error:  # of that package
        raise TypeError(error) from None


def refuse_masked(values: Any, name: str) -> None:
    """Raise if an entry of an array, or of a row of a list, is masked: NumPy would forget that."""
    rows = values if isinstance(values, list | tuple) else [values]
    hidden = sum(np.ma.count_masked(r) for r in rows if isinstance(r, np.ma.MaskedArray))
    if hidden:
        raise ValueError(f"{name} must have no masked entries, got {hidden}")


def number_array(values: Any, name: str) -> np.ndarray:
    """Return ``values`` as an array of real or complex numbers, in the type in which they came."""
    refuse_masked(values, name)
    try:
        array = np.asarray(native(values))
        if array.dtype.kind not in "biufc":
            raise TypeError
    except (TypeError, ValueError):
        raise ValueError(f"{name} must be an array of numbers, got {_of_what(values)}") from None
    return array


def real_array(values: Any, name: str) -> FloatArray:
    """Return ``values`` as a float64 array of any shape; NaN and infinite entries are kept.

    Text, dates, complex numbers, masked entries and rows of different lengths are refused.
    """
    refuse_masked(values, name)
    try:
        if values is None:
            raise TypeError
        array = np.asarray(native(values))
        if array.dtype.kind not in "biufO" and not _is_custom_float(array.dtype):
            raise TypeError
        if array.dtype.kind == "O" and any(isinstance(x, str | bytes) for x in array.flat):
            raise TypeError
        return array.astype(np.float64, copy=False)
    except (TypeError, ValueError, OverflowError):
        raise ValueError(
            f"{name} must be an array of real numbers, got {_of_what(values)}"
        ) from None


def complex_array(values: Any, name: str) -> ComplexArray:
    """Return ``values`` as a finite complex128 array of any shape."""
    array = number_array(values, name).astype(np.complex128)
    if not np.isfinite(array).all():
        raise ValueError(f"{name} must be finite, got NaN or infinite entries")
    return array


def refuse_complex(values: Any, name: str) -> None:
    """Raise if ``values`` has a complex type: casting would lose its imaginary part."""
    if np.iscomplexobj(values):
        raise ValueError(f"{name} must be real, got {values.dtype}")


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


def _is_custom_float(dtype: Any) -> bool:
    """Whether this is a narrow float of a package of its own, as bfloat16 of JAX."""
    return dtype.kind == "V" and "float" in dtype.name


def _of_what(values: Any) -> str:
    """What came in place of real numbers."""
    try:
        array = np.asarray(native(values))
    except TypeError:
        return came(values)
    except ValueError:
        rows = isinstance(values, list | tuple)
        return f"{came(values)} with rows of different lengths" if rows else came(values)
    if array.ndim == 0:  # the thing itself
        return came(values)
    if array.dtype.kind == "O":
        kinds = sorted({type(x).__name__ for x in array.flat})
        return f"{came(values)} of {', '.join(kinds[:3])}"
    return f"{came(values)} of {array.dtype}"
