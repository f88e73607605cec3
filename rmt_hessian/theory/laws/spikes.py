r"""Population spikes: single eigenvalues θ of the features' covariance, and the outliers they give.

Let the covariance Σ of the features have one more eigenvalue θ, of unit eigenvector v. Off the
support, with κ of the law without the spike (`separable`; ``κ = z + 1/s`` for white features),

    ``vᵀ (H - z)^{-1} v -> m(z) = 1/(θ κ(z) - z)``.

m is the transform of a probability measure, so it increases between its poles: ``θ κ(z) - z``
decreases on every gap of the support and has at most one root there, the outlier (Baik, Ben Arous
and Péché 2005; Baik and Silverstein 2006; for gaps Bai and Yao 2012). Minus the residue is the
squared overlap of its eigenvector with v,

    ``θ κ(z) = z``,  ``1/(1 - θ κ'(z)) = d log z/d log θ``.

A gap around 0 in which κ vanishes at 0, as the rank of H is below that of Σ, has its root there:
the atom. A spike whose function has no root, as it is too near to the bulk, gives nothing.

References
----------
``docs/laws.md`` §10; Baik, Ben Arous and Péché (2005), Baik and Silverstein (2006), for gaps Bai
and Yao (2012); the overlap, for white features: Paul (2007).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from rmt_hessian._checks.arrays import finite_array, real_array
from rmt_hessian._types import FloatArray, IntArray

EQUAL = 1e-14  # relative distance of spikes that are one
STEPS = 200
EPS = np.finfo(float).eps
ValueAndSlope = Callable[[FloatArray, FloatArray], tuple[FloatArray, FloatArray]]


@dataclass(frozen=True)
class Outlier:
    """Eigenvalues outside the support of the limiting law.

    Attributes
    ----------
    place : float
        Where it sits.
    multiplicity : int
    overlap : float
        Squared norm of the projection of its unit eigenvector on the directions that cause it: the
        span of the weight rows and of class means, the perturbation, or the eigenvectors of the
        spike.
    means_overlap : float
        That on the span of the class means alone; 0 where inputs have none.
    spike : float, optional
        The population eigenvalue that causes it, where one does.

    References
    ----------
    ``docs/laws.md`` §5 and §10.
    """

    place: float
    multiplicity: int
    overlap: float
    means_overlap: float = 0.0
    spike: float | None = None


def distinct_spikes(spikes: ArrayLike) -> tuple[FloatArray, IntArray]:
    """Distinct values, ascending, and how often each comes; of a number or a vector.

    Raises ValueError if one is not positive and finite.
    """
    values = real_array(spikes, "spikes")
    theta = np.sort(finite_array(values.reshape(1) if values.ndim == 0 else values, "spikes", 1))
    if theta[0] <= 0:
        raise ValueError(f"spikes must be positive, got {theta[0]:g}")
    first = np.flatnonzero(np.append(True, np.diff(theta) > EQUAL * theta[1:]))
    return theta[first], np.diff(np.append(first, theta.size))


def roots_in_gaps(
    function: ValueAndSlope, theta: FloatArray, gaps: FloatArray, at_ends: FloatArray, scale: float
) -> tuple[IntArray, FloatArray]:
    """Roots of functions that decrease on intervals: (which θ, root), by Newton in a bracket.

    Parameters
    ----------
    function : callable
        ``(t, θ)`` -> value and slope, each (n,).
    theta : numpy.ndarray, shape (K,)
    gaps : numpy.ndarray, shape (J, 2)
        Intervals of t, ascending; the ends of the axis may be infinite.
    at_ends : numpy.ndarray, shape (K, J, 2)
        Values there, of which the signs count.
    scale : float
        First distance to look at on the way to infinity, times θ if that is above 1.

    Raises
    ------
    RuntimeError
        If a root is not found.
    """
    which, gap = np.nonzero((at_ends[..., 0] > 0) & (at_ends[..., 1] < 0))
    lo, hi = gaps[gap].T.copy()
    chosen = theta[which]
    for end, other, sign in ((lo, hi, 1.0), (hi, lo, -1.0)):  # f > 0 at lo, f < 0 at hi
        open_end = np.isinf(end)
        # a gap without ends does not occur: a law that has no component has no outlier
        end[open_end] = (other - sign * scale * np.maximum(1.0, chosen))[open_end]
        while open_end.any():
            open_end[open_end] = sign * function(end[open_end], chosen[open_end])[0] <= 0
            end[open_end] = other[open_end] + 2 * (end[open_end] - other[open_end])
    t = (lo + hi) / 2
    active = np.arange(t.size)
    for step in range(STEPS):
        if active.size == 0:
            return which, t
        at = t[active]
        value, slope = function(at, chosen[active])
        lo[active] = np.where(value > 0, at, lo[active])
        hi[active] = np.where(value < 0, at, hi[active])
        with np.errstate(divide="ignore", invalid="ignore"):
            new = at - value / slope
        low, high = lo[active], hi[active]
        # a step out of the bracket, and every fourth, halves it instead
        bisected = ~((new > low) & (new < high)) | (step % 4 == 3)
        new = np.where(bisected, (low + high) / 2, new)
        near = np.abs(new - at) <= 2 * EPS * np.abs(at)
        done = (value == 0) | near | (high - low <= 4 * EPS * np.maximum(abs(low), abs(high)))
        t[active] = np.where(value == 0, at, new)
        active = active[~done]
    raise RuntimeError(f"{active.size} outliers were not found in {STEPS} steps")


def listed(
    theta: FloatArray,
    multiplicities: IntArray,
    which: IntArray,
    places: FloatArray,
    overlaps: FloatArray,
) -> list[Outlier]:
    """Outliers ascending, from the number of its spike, the place and overlap of each."""
    found = [
        Outlier(float(z), int(multiplicities[k]), float(overlap), spike=float(theta[k]))
        for k, z, overlap in zip(which, places, overlaps, strict=True)
    ]
    return sorted(found, key=lambda outlier: outlier.place)
