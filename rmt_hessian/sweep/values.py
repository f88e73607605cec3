"""What a measurement returns, as it is kept: numbers, truth values, arrays of them, exactly."""

import numpy as np

WHOLE = range(-(2**63), 2**63)  # what fits a column of whole numbers
SIZE = 8  # bytes of the largest numbers that are the same on every machine


def exact_value(value):
    """A scalar as a bool, an int or a float; an array with the type it has.

    Numbers of NumPy count as Python's: ``np.int8(3)`` is 3, ``np.float32(0.1)`` the float64 of the
    same value. A list becomes an array, as by `numpy.asarray`.

    Raises TypeError unless it is real, without masked entries and of at most 64 bits a number;
    ValueError if a whole number does not fit 64 bits with its sign, if a list would lose digits, or
    has rows of several lengths.
    """
    if np.ma.is_masked(value):
        raise TypeError(f"must have no masked entries, got {_shown(value)}")
    if isinstance(value, int) and value not in WHOLE:  # its digits may be too many to show
        raise ValueError(f"must lie in -2^63 … 2^63-1, got a number of {value.bit_length()} bits")
    try:
        array = np.asarray(value)
    except ValueError:
        raise ValueError(f"must be an array, got uneven rows, {_shown(value)}") from None
    if array.dtype.kind not in "biuf":
        raise TypeError(f"must be real, got {_shown(value)}")
    if array.dtype.itemsize > SIZE:
        raise TypeError(f"must be of at most 64 bits, got {array.dtype}")
    if array.ndim:
        if isinstance(value, list | tuple) and _rounded(value, array):
            raise ValueError(
                f"must not mix fractions and whole numbers above 2^53, got {_shown(value)}"
            )
        return array
    scalar = array.item()
    if isinstance(scalar, int) and scalar not in WHOLE:
        raise ValueError(f"must lie in -2^63 … 2^63-1, got {scalar}")
    return scalar


def _rounded(values, array):
    """Whether whole numbers of a list changed when it became an array of floats."""
    if array.dtype.kind != "f":
        return False
    whole = (bool, int, np.integer)
    given = (getattr(x, "item", lambda x=x: x)() for x in np.array(values, dtype=object).flat)
    pairs = zip(given, array.flat, strict=True)
    return any(isinstance(x, whole) and int(x) != float(now) for x, now in pairs)


def _shown(value):
    """Its beginning, on one line."""
    return " ".join(f"{value!r}".split())[:80]
