"""Checks of matrices, spectra and distributions, to the precision in which they came."""

from typing import Any

import numpy as np
from scipy.sparse import issparse

from rmt_hessian._threads import slices
from rmt_hessian._types import FloatArray
from rmt_hessian._validation import finite_array, native

DOUBLE = 2.0**-52
NARROW = {"float32": 2.0**-23, "float16": 2.0**-10, "bfloat16": 2.0**-7}
SLACK = 1e-10  # of the largest entry: what double precision and some algebra may have rounded
ROUNDINGS = 500  # of a narrower type that an entry may have been through
AT_ONCE = 2**22  # numbers of the rows that are looked at at a time
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
    array = values.data if issparse(values) else np.asarray(native(values))
    with np.errstate(over="ignore", under="ignore"):
        narrow = array.dtype.kind in "biuf" and (array == array.astype(np.float32)).all()
    return NARROW["float32"] if narrow else eps


def slack(values: Any) -> float:
    """Relative error that the entries of ``values`` may have: 1e-10, 6e-5 if they are float32."""
    return min(max(SLACK, ROUNDINGS * precision(values)), MOST_SLACK)


def square_array(values: Any, name: str, size: int | None = None) -> FloatArray:
    """Return ``values`` as a finite square array, of ``size`` rows if that is given."""
    A = finite_array(values, name, ndim=2)
    if size is not None and A.shape != (size, size):
        raise ValueError(f"{name} must have shape ({size}, {size}), got {A.shape}")
    if A.shape[0] != A.shape[1]:
        raise ValueError(f"{name} must be square, got shape {A.shape}")
    return A


def symmetric_array(values: Any, name: str, size: int | None = None) -> FloatArray:
    """Return ``values`` as a finite array that is symmetric, exactly: rounding is taken off.

    Raises ValueError if it is not symmetric to `slack` of its largest entry.
    """
    return symmetrised(square_array(values, name, size), values, name)


def symmetrised(A: Any, values: Any, name: str) -> Any:
    """``A + (Aᵀ - A)/2``, which does not overflow, of a square A that came as ``values``.

    A is dense or sparse, and comes back as it is where it is symmetric already. Raises as
    `symmetric_array`, rows at a time.
    """
    asymmetry = max(
        np.abs(A[rows] - A[:, rows].T).max() for rows in slices(A.shape[0], AT_ONCE // A.shape[0])
    )
    if asymmetry == 0:
        return A
    scale = np.abs(A).max()
    if not (asymmetry <= SLACK * scale or asymmetry <= slack(values) * scale):
        raise ValueError(f"{name} must be symmetric, got |A - Aᵀ| up to {asymmetry / scale:.2g}|A|")
    return A + (A.T - A) / 2


def positive_semidefinite(values: Any, name: str, size: int | None = None) -> FloatArray:
    """Return ``values`` as a symmetric array without an eigenvalue below 0, but for rounding.

    Raises ValueError if it is not symmetric or has an eigenvalue below ``-`` `slack` of its
    largest entry.
    """
    A = symmetric_array(values, name, size)
    scale = np.abs(A).max()
    lowest = np.linalg.eigvalsh(A / scale)[0] if scale > 0 else 0.0
    if lowest < -slack(values):
        raise ValueError(
            f"{name} must be positive semidefinite, got the eigenvalue {lowest * scale:.3g}"
        )
    return A


def covariance_spectrum(values: Any, name: str) -> FloatArray:
    """Return ``values`` as eigenvalues of a covariance: one axis, finite, none negative.

    What an eigenvalue solver leaves below 0, up to `slack` of the largest, becomes 0.
    """
    x = finite_array(values, name, ndim=1)
    if x.min() < -slack(values) * np.abs(x).max():
        raise ValueError(f"{name} must not be negative, got {x.min():g}")
    return np.maximum(x, 0.0)


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
    if abs(worst - 1.0) > max(1e-8, 4 * eps * (1 + np.log2(w.shape[-1]))):
        rows = "" if ndim == 1 else "each row of "
        raise ValueError(f"{rows}{name} must sum to 1, got {worst:.12g}")
    return w.copy() if abs(worst - 1.0) <= 1e-8 else w / sums


def orthonormal_columns(values: Any, name: str) -> FloatArray:
    """Return ``values`` as orthonormal columns; ones of a narrow type are made so again."""
    frame = finite_array(values, name, ndim=2)
    defect = np.abs(frame.T @ frame - np.eye(frame.shape[1])).max()
    if defect > max(1e-8, slack(values)):
        raise ValueError(f"{name} must have orthonormal columns, got a defect of {defect:.2g}")
    if defect <= 1e-8:
        return frame
    u, _, v = np.linalg.svd(frame, full_matrices=False)  # the nearest orthonormal frame
    return u @ v


def read_only(W: FloatArray) -> FloatArray:
    """``W`` itself if nobody can write to it, else a read-only copy.

    What is made from weights must not change under its user.
    """
    if W.flags.writeable or W.base is not None:
        W = W.copy()
        W.setflags(write=False)
    return W
