"""What stands for a spectrum: its eigenvalues, or the matrix."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from rmt_hessian._checks.arguments import instance_of, to_numpy
from rmt_hessian._checks.arrays import finite_array
from rmt_hessian._types import RealArray
from rmt_hessian.spectra.eigenvalues import eigenvalues


def eigenvalues_of(given: Any, name: str = "eigenvalues") -> RealArray:
    """Eigenvalues as they are given, shape (n,), or of a symmetric matrix.

    Raises
    ------
    ValueError
        If they are not finite, or the matrix is none that `eigenvalues` takes.
    """
    if hasattr(given, "shape") and len(given.shape) == 2:
        return eigenvalues(given)
    values = finite_array(given, name, ndim=1)
    if getattr(to_numpy(given), "dtype", None) == np.float32:  # so that rounding is that of single
        return values.astype(np.float32)
    return values


def spectra_by_name(others: Any) -> dict[str, RealArray]:
    """Eigenvalues of each of several spectra; of None there are none.

    Raises
    ------
    ValueError
        If they are no dict, or one of them is no spectrum.
    """
    if others is None:
        return {}
    return {
        str(name): eigenvalues_of(x, f"others[{name!r}]")
        for name, x in instance_of(others, Mapping, "others").items()
    }
