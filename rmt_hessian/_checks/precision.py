"""The precision in which numbers came, and the error that checks grant them for it."""

from typing import Any

import numpy as np
from scipy.sparse import issparse

from rmt_hessian._checks.arguments import to_numpy

DOUBLE = 2.0**-52
NARROW = {"float32": 2.0**-23, "float16": 2.0**-10, "bfloat16": 2.0**-7}
SLACK = 1e-10  # of the largest entry: what double precision and some algebra may have rounded
ROUNDINGS = 500  # of a narrower type that an entry may have been through
MOST_SLACK = 0.05  # that even half precision is granted


def type_precision(values: Any) -> float:
    """The spacing ε of numbers at 1 in the type of ``values``: float64, or a narrower float.

    NumPy's types or those of another package; what has no type of numbers becomes float64.
    """
    dtype = getattr(values, "dtype", None)
    name = getattr(dtype, "name", None) or str(dtype).rpartition(".")[2]
    return NARROW.get(name, DOUBLE)


def precision(values: Any) -> float:
    """`type_precision`, and that of float32 for wider numbers which all are numbers of float32.

    Those may have been made in it, and converted.

    Examples
    --------
    >>> precision(np.ones(2, dtype=np.float32)) == precision([0.5]) == 2.0**-23
    True
    >>> precision([0.1]) == 2.0**-52
    True
    """
    eps = type_precision(values)
    if eps > DOUBLE:
        return eps
    array = values.data if issparse(values) else np.asarray(to_numpy(values))
    with np.errstate(over="ignore", under="ignore"):
        narrow = array.dtype.kind in "biuf" and (array == array.astype(np.float32)).all()
    return NARROW["float32"] if narrow else eps


def slack(values: Any) -> float:
    """Relative error that the entries of ``values`` may have: 1e-10, 6e-5 if they are float32."""
    return slack_of(precision(values))


def slack_of(eps: float) -> float:
    """`slack` of numbers that came in the precision ``eps``."""
    return min(max(SLACK, ROUNDINGS * eps), MOST_SLACK)


def in_precision(values: np.ndarray, dtype: np.dtype[Any], name: str) -> np.ndarray:
    """The same numbers in ``dtype``; raise ValueError where they do not fit.

    Examples
    --------
    >>> in_precision(np.array([1e39]), np.dtype("float32"), "X")
    Traceback (most recent call last):
    ValueError: X must be within the range of float32, got 1e+39
    """
    with np.errstate(over="ignore"):
        cast = values.astype(dtype, copy=False)
    if cast is not values and not np.isfinite(cast).all():
        largest = np.abs(values).max()
        raise ValueError(f"{name} must be within the range of {dtype}, got {largest:g}")
    return cast
