"""Checks of symmetric and of orthonormal matrices, to the precision in which they came.

One rule: an asymmetry, or an eigenvalue below 0, of up to `slack` of the largest entry is rounding.
"""

from typing import Any

import numpy as np

from rmt_hessian._checks.arrays import finite_array
from rmt_hessian._checks.precision import SLACK, slack
from rmt_hessian._threads import slices
from rmt_hessian._types import FloatArray

AT_ONCE = 2**22  # numbers of the rows that are looked at at a time


def refuse_other_than_square(shape: tuple[int, ...], name: str) -> None:
    """Raise if this is no shape of a square matrix, or of an empty one."""
    if len(shape) != 2 or shape[0] != shape[1] or shape[0] == 0:
        raise ValueError(f"{name} must be square, got shape {shape}")


def refuse_other_than_real(dtype: np.dtype[Any], name: str) -> None:
    """Raise unless it is a type of real numbers."""
    if dtype.kind not in "biuf":
        raise ValueError(f"{name} must be real, got dtype {dtype}")


def symmetric_part(A: FloatArray) -> FloatArray:
    """``(A + Aᵀ)/2``: without the asymmetry of rounding."""
    return (A + A.T) / 2


def square_array(values: Any, name: str, size: int | None = None) -> FloatArray:
    """Return ``values`` as a finite square array, of ``size`` rows if that is given."""
    A = finite_array(values, name, ndim=2)
    if size is not None and A.shape != (size, size):
        raise ValueError(f"{name} must have shape ({size}, {size}), got {A.shape}")
    refuse_other_than_square(A.shape, name)
    return A


def symmetric_array(values: Any, name: str, size: int | None = None) -> FloatArray:
    """Return ``values`` as a finite array that is symmetric, exactly: rounding is taken off.

    Raises ValueError if it is not symmetric to `slack` of its largest entry.
    """
    return _take_off_asymmetry(square_array(values, name, size), values, name)


def symmetric_stack(values: Any, name: str) -> FloatArray:
    """`symmetric_array` of a stack of matrices, shape (n, k, k)."""
    A = finite_array(values, name, ndim=3)
    refuse_other_than_square(A.shape[1:], name)
    transposed = A.transpose(0, 2, 1)
    asymmetry = np.abs(A - transposed).max()
    _refuse_asymmetry(asymmetry, np.abs(A).max(), values, name)
    return A if asymmetry == 0 else A + (transposed - A) / 2


def symmetric_tensor(values: Any, name: str, size: int) -> FloatArray:
    """Return ``values`` as a finite array of shape (size, size, size), symmetric to `slack`."""
    T = finite_array(values, name, ndim=3)
    if T.shape != (size,) * 3:
        raise ValueError(f"{name} must have shape {(size,) * 3}, got {T.shape}")
    asymmetry = max(np.abs(T - T.transpose(axes)).max() for axes in ((1, 0, 2), (0, 2, 1)))
    _refuse_asymmetry(asymmetry, np.abs(T).max(), values, name)
    return T


def symmetric_sparse(matrix: Any, name: str) -> Any:
    """Return a sparse array or matrix of SciPy as a finite, symmetric CSR one of float64."""
    refuse_other_than_square(matrix.shape, name)
    refuse_other_than_real(matrix.dtype, name)
    A = matrix.tocsr().astype(np.float64)
    finite_array(A.data if A.nnz else [0.0], name, ndim=1)
    return _take_off_asymmetry(A, matrix, name)


def _take_off_asymmetry(A: Any, values: Any, name: str) -> Any:
    """``A + (Aᵀ - A)/2``, which does not overflow, of a square A that came as ``values``.

    A is dense or sparse, and comes back as it is where it is symmetric already. Raises as
    `symmetric_array`, rows at a time.
    """
    asymmetry = max(
        np.abs(A[rows] - A[:, rows].T).max() for rows in slices(A.shape[0], AT_ONCE // A.shape[0])
    )
    if asymmetry == 0:
        return A
    _refuse_asymmetry(asymmetry, np.abs(A).max(), values, name)
    return A + (A.T - A) / 2


def _refuse_asymmetry(asymmetry: float, scale: float, values: Any, name: str) -> None:
    """Raise if entries of what came as ``values`` that should be equal are too far apart."""
    # the first is enough and cheap: `slack` looks at every entry
    if not (asymmetry <= SLACK * scale or asymmetry <= slack(values) * scale):
        raise ValueError(f"{name} must be symmetric, got |A - Aᵀ| up to {asymmetry / scale:.2g}|A|")


def positive_semidefinite(values: Any, name: str, size: int | None = None) -> FloatArray:
    """`symmetric_array` without an eigenvalue below 0, but for rounding."""
    return _refuse_negative(symmetric_array(values, name, size), values, name)


def _refuse_negative(A: FloatArray, values: Any, name: str) -> FloatArray:
    """Return A; raise if an eigenvalue is below ``-`` `slack` of the largest entry."""
    scale = np.abs(A).max()
    lowest = np.linalg.eigvalsh(A / scale).min() if scale > 0 else 0.0
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
