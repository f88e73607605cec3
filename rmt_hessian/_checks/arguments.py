"""Checks of numbers, flags, names and objects; how a message tells what came."""

import operator
import reprlib
from collections.abc import Collection, Iterable
from typing import Any, TypeVar

import numpy as np

T = TypeVar("T")
LARGEST = 2**53  # integers up to here are floats too
LONGEST = 80  # letters of a value that a message shows


def describe(value: object) -> str:
    """What came, in a few words: a short value or a class itself, else its type and shape."""
    if isinstance(value, type):
        return f"the class {value.__name__}"
    if value is None or np.isscalar(value) or isinstance(value, list | tuple | dict | set):
        text = reprlib.repr(value)
        if "\n" not in text and len(text) <= LONGEST:
            return text
    shape = getattr(value, "shape", None)
    of_shape = f" of shape {tuple(shape)}" if isinstance(shape, tuple) else ""
    return f"{type(value).__name__}{of_shape}"


def to_numpy(values: Any) -> Any:
    """``values`` in NumPy's reach: a tensor that needs a gradient, or of bfloat16, detached.

    Of a list its rows; what NumPy cannot have of another package raises TypeError.
    """
    if isinstance(values, list | tuple) and any(hasattr(row, "detach") for row in values):
        return [to_numpy(row) for row in values]
    if not (hasattr(values, "detach") and hasattr(values, "numpy")):
        return values
    try:
        values = values.detach().cpu()
        half = str(values.dtype).endswith("bfloat16")  # which NumPy does not know
        return (values.float() if half else values).numpy()
    except Exception as error:  # of that package
        raise TypeError(error) from None


def boolean(value: Any, name: str) -> bool:
    """Return ``value`` as a bool: True or False, Python's or NumPy's, and nothing like them."""
    if not isinstance(value, bool | np.bool_):
        raise ValueError(f"{name} must be True or False, got {describe(value)}")
    return bool(value)


def instance_of(value: Any, kind: type[T], name: str) -> T:
    """Return ``value`` if it is an instance of the class ``kind``."""
    if not isinstance(value, kind):
        article = "an" if kind.__name__[0] in "AEIOU" else "a"
        raise ValueError(f"{name} must be {article} {kind.__name__}, got {describe(value)}")
    return value


def require_attributes(value: T, attributes: Iterable[str], name: str, what: str) -> T:
    """Return ``value``, ``what`` the caller wants, if it has all the ``attributes``.

    A class has those of its instances, and is none.
    """
    if isinstance(value, type):
        raise ValueError(f"{name} must be {what}, got {describe(value)}: {value.__name__}(…)?")
    missing = [attribute for attribute in attributes if not hasattr(value, attribute)]
    if missing:
        raise ValueError(
            f"{name} must be {what}, got {describe(value)} without {', '.join(missing)}"
        )
    return value


def list_of(values: Any, name: str, what: str) -> list[Any]:
    """Return a list of what is given as any sequence of ``what``."""
    unordered = isinstance(values, str | bytes | set | frozenset | dict)
    if unordered or not hasattr(values, "__iter__") or getattr(values, "ndim", 1) == 0:
        raise ValueError(f"{name} must be a sequence of {what}, got {describe(values)}")
    return list(values)


def refuse_given(value: object, name: str, where: str) -> None:
    """Raise if an argument is given that means nothing for the case."""
    if value is not None:
        raise ValueError(f"{name} means nothing for {where}, got {describe(value)}")


def _index(value: Any) -> int:
    """``value`` as an int; True and False are none here."""
    if isinstance(value, bool | np.bool_):
        raise TypeError
    return operator.index(value)


def integer(value: Any, name: str) -> int:
    """Return ``value`` as an int."""
    try:
        return _index(value)
    except TypeError:
        raise ValueError(f"{name} must be an integer, got {describe(value)}") from None


def positive_integer(value: Any, name: str, minimum: int = 1) -> int:
    """Return ``value`` as an int of at least ``minimum``."""
    number = integer(value, name)
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
        raise IndexError(f"{name} must be an integer, got {describe(value)}") from None
    if not -size <= index < size:
        raise IndexError(f"{name} must lie in 0 … {size - 1}, got {index}")
    return index % size


def pair_of_sizes(value: Any, name: str) -> tuple[int, int]:
    """Return ``value`` as a pair of positive ints."""
    try:
        first, second = value
    except (TypeError, ValueError):
        raise ValueError(f"{name} must be a pair of integers, got {describe(value)}") from None
    return positive_integer(first, f"{name}[0]"), positive_integer(second, f"{name}[1]")


def real_dtype(value: Any) -> np.dtype[Any]:
    """Return ``value`` as float64 or float32."""
    try:
        name = None if value is None else np.dtype(value).name
    except TypeError:
        name = None
    if name not in ("float64", "float32"):
        raise ValueError(f"dtype must be one of 'float64', 'float32', got {describe(value)}")
    return np.dtype(name)


def real_number(value: Any, name: str) -> float:
    """Return ``value`` as a finite float."""
    try:
        text = isinstance(value, str | bytes | bool | np.bool_)
        if text or np.ndim(value) != 0 or np.iscomplexobj(value):
            raise TypeError
        number = float(to_numpy(value))
    except (TypeError, ValueError, OverflowError):
        raise ValueError(f"{name} must be a number, got {describe(value)}") from None
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
        raise ValueError(f"{name} must be one of {wanted}, got {describe(value)}")
    return value


def function_or_none(value: Any, name: str, arguments: str) -> Any:
    """Return ``value`` if it is None or can be called, with the ``arguments``."""
    if value is not None and not callable(value):
        raise ValueError(f"{name} must be callable as {name}({arguments}), got {describe(value)}")
    return value


def real_at_least_zero(value: Any, name: str) -> float:
    """Return ``value`` as a finite float that is not negative."""
    number = real_number(value, name)
    if number < 0:
        raise ValueError(f"{name} must not be negative, got {value!r}")
    return number
