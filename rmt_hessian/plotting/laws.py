"""Laws by name, and the curve of each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from rmt_hessian._checks.arguments import describe, list_of
from rmt_hessian._checks.laws import require_law
from rmt_hessian._types import FloatArray
from rmt_hessian.compare.curves import density_curve

CELLS = 300  # of the curve of a law that has no components, or on a logarithmic axis


def named(laws: Any) -> dict[str, Any]:
    """Name -> law, or points (2, n), of one law, several, or names and laws.

    Raises
    ------
    ValueError
        If one of them is no law: a class of laws is none yet.
    """
    if laws is None:
        return {}
    if isinstance(laws, Mapping):
        given = {str(name): law for name, law in laws.items()}
    elif hasattr(laws, "cdf") or isinstance(laws, np.ndarray):
        given = {"law": laws}
    else:
        several = list_of(laws, "laws", "laws")
        one = len(several) == 1
        given = {"law" if one else f"law {n}": law for n, law in enumerate(several, 1)}
    return {name: _law_or_points(law, f"laws[{name!r}]") for name, law in given.items()}


def _law_or_points(law: Any, name: str) -> Any:
    if hasattr(law, "cdf"):
        return require_law(law, (), name)
    points = np.asarray(law) if isinstance(law, np.ndarray | list | tuple) else np.empty(0)
    if points.ndim != 2 or len(points) != 2 or points.dtype.kind not in "iuf":
        raise ValueError(f"{name} must be a law, or points (2, n), got {describe(law)}")
    return points


def curve(law: Any, visible: tuple[float, float], log: bool) -> FloatArray:
    """Points (x, density), shape (2, n): none of an atom alone."""
    if isinstance(law, np.ndarray):
        points = law
        return np.stack([points[0], points[0] * points[1] * np.log(10)]) if log else points
    if hasattr(law, "components") and not log:
        return density_curve(law)
    edges = np.geomspace(*visible, CELLS + 1) if log else np.linspace(*visible, CELLS + 1)
    axis = np.log10(edges) if log else edges
    middle = (edges[1:] + edges[:-1]) / 2
    return np.stack([middle, np.diff(law.cdf(edges)) / np.diff(axis)])
