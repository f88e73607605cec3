r"""Eigenvalues outside the support: one equation for blocks, layers and spikes.

The output Hessian M (k×k) of a sample depends on its features only through r directions; let u be
the coordinates in an orthonormal basis of their span, ``G(z)`` the k×k limit of the resolvent on
the complement. With ``T(z) = E[ M (I + γ G(z) M)^{-1} ⊗ u uᵀ ]`` an outlier sits where

    ``det( T(z) - z I ) = 0``,  z outside the support.

For a block M is the weight λ and ``G = s``. As G increases with z, T decreases: every eigenvalue
``τ(z) - z`` of ``T(z) - z I`` decreases on every interval outside the support and has at most one
root there, found by a bracket. The resolvent of T at its root gives the squared overlap of an
eigenvector with the span, ``1/(1 - τ'(z))``. For a block, with the real parameter ``a = -1/s`` of
`generalized_mp`, it is ``(1 - h)/(1 - h + h_q)``, ``h_q = E[(q·u)² γ λ²/(a - γ λ)²]``.

**Classical spikes** of the law itself: an additive perturbation θ of rank one sits at ``z(θ)``,
a single outlying weight ℓ at ``z(γ ℓ)``, if h < 1 there; squared overlap ``1 - h``. Those of the
population are methods of the laws: `rmt_hessian.theory.laws.spikes`.

References
----------
``docs/laws.md`` §5; spikes §3.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from scipy.optimize import brentq

from rmt_hessian._checks.arguments import instance_of, real_number
from rmt_hessian._types import FloatArray, Intervals
from rmt_hessian.theory.laws.generalized_mp import GeneralizedMarchenkoPastur
from rmt_hessian.theory.laws.spikes import Outlier

SAME_PLACE = 1e-9  # places closer than this, relative to the largest, are one
ROUNDING = 1e-14  # of the largest γ λ
INSIDE = 1e-9  # distance kept from the ends of an interval, relative to the scale
FAR = 1e-3  # of a parameter beyond 1000 scales: its rounding must not be a step
STEP = 1e-4  # of the difference quotient at a root, relative to the scale or the distance of an end


def roots_outside(
    branches: Callable[[float], FloatArray],
    intervals: Intervals,
    scale: float,
    slope: Callable[[float], float] | None = None,
    place: Callable[[float], float] | None = None,
    multiplicities: list[int] | None = None,
    share: Callable[[float, int], float] | None = None,
) -> list[Outlier]:
    """Outliers from the decreasing functions ``τ_l(z) - z``.

    Parameters
    ----------
    branches : callable
        Parameter -> values ``τ_l - z`` of all branches, (L,), each decreasing.
    intervals : list of (float, float)
        Of the parameter, outside the support; the first may start at -∞, the last end at ∞.
    scale : float
        A length of the order of the support.
    slope, place : callable, optional
        ``dz/dt`` and z at the parameter t; without them t is z.
    multiplicities : sequence of int, optional
        Of the branches; without them 1, and equal places are added up.
    share : callable, optional
        Parameter and branch -> share of the class means in the overlap.

    Returns
    -------
    list of Outlier, ascending
    """
    found = []
    for lo, hi in intervals:
        left, right, crossing = _crossing(branches, lo, hi, scale)
        for l in crossing:
            t = brentq(lambda t, l=l: branches(t)[l], left, right, xtol=1e-12 * scale, rtol=1e-14)
            step = STEP * min(max(scale, FAR * abs(t)), t - lo, hi - t)
            fall = (branches(t - step)[l] - branches(t + step)[l]) / (2 * step)
            rise = 1.0 if slope is None else slope(t)
            overlap = float(min(rise / fall, 1.0))  # 1/(1 - τ'(z)) = -(dz/dt)/(d(τ - z)/dt)
            multiplicity = 1 if multiplicities is None else multiplicities[l]
            z = t if place is None else float(place(t))
            of_means = 0.0 if share is None else overlap * share(t, l)
            found.append(Outlier(z, int(multiplicity), overlap, of_means))
    return _merged(sorted(found, key=lambda outlier: outlier.place), multiplicities is None)


def _crossing(
    branches: Callable[[float], FloatArray], lo: float, hi: float, scale: float
) -> tuple[float, float, Any]:
    """A bracket inside (lo, hi), and which branches fall through 0 in it.

    An end at infinity is moved out until no branch has its root beyond: ``τ - z → ±∞`` there.
    """
    left = lo + INSIDE * scale if np.isfinite(lo) else min(hi, 0.0) - scale
    right = hi - INSIDE * scale if np.isfinite(hi) else max(lo, 0.0) + scale
    if left >= right:
        return left, right, ()
    at_left, at_right = branches(left), branches(right)
    while not np.isfinite(lo) and (at_left <= 0).any():
        left -= 2 * (right - left)
        at_left = branches(left)
    while not np.isfinite(hi) and (at_right >= 0).any():
        right += 2 * (right - left)
        at_right = branches(right)
    return left, right, np.flatnonzero((at_left > 0) & (at_right < 0))


def _merged(found: list[Outlier], equal_places: bool) -> list[Outlier]:
    """Add up multiplicities of equal places."""
    if not found or not equal_places:
        return found
    largest = max(abs(outlier.place) for outlier in found)
    result = [found[0]]
    for outlier in found[1:]:
        last = result[-1]
        if outlier.place - last.place <= SAME_PLACE * largest:
            total = last.multiplicity + outlier.multiplicity
            of_means = last.multiplicity * last.means_overlap
            of_means += outlier.multiplicity * outlier.means_overlap
            result[-1] = Outlier(last.place, total, last.overlap, of_means / total)
        else:
            result.append(outlier)
    return result


def share_of(
    matrix: Callable[[float], FloatArray], basis: FloatArray | None, units: int
) -> Callable[[float, int], float] | None:
    """For `roots_outside`: how much of a null vector of ``T - z`` lies in some directions.

    Parameters
    ----------
    matrix : callable
        Parameter -> ``T(z) - z I``, (k r, k r).
    basis : numpy.ndarray, shape (r, number of directions), or None
        Orthonormal; without any there is no share.
    units : int
        k.
    """
    if basis is None or basis.shape[1] == 0:
        return None

    def share(t: float, branch: int) -> float:
        x = np.linalg.eigh(matrix(t))[1][:, branch].reshape(units, -1)
        return float(np.sum((x @ basis) ** 2))

    return share


def gaps_without_zero(law: GeneralizedMarchenkoPastur) -> Intervals:
    """The gaps of a generalised Marchenko–Pastur law that can hold an outlier.

    At ``a = 0`` both z and τ vanish, so in the gap around it ``τ - z``, which decreases, has its
    root there, at the atom.
    """
    return [(lo, hi) for lo, hi in law.gaps() if not lo <= 0 <= hi]


def additive_spike(law: GeneralizedMarchenkoPastur, theta: float) -> Outlier | None:
    """Outlier of ``H + θ e eᵀ``, e a fixed unit vector: at ``z(θ)`` iff θ lies in a gap of `law`.

    Parameters
    ----------
    law : GeneralizedMarchenkoPastur
    theta : float
        θ, in the units of the weights; within rounding of 0 it counts as 0.

    Returns
    -------
    Outlier or None
        Its overlap is that of the eigenvector with e, ``1 - h(θ)``.

    Raises
    ------
    ValueError
        If θ is not finite, or the law of another kind.

    References
    ----------
    ``docs/laws.md`` §3; Baik, Ben Arous and Péché (2005), Benaych-Georges and Nadakuditi (2011).

    Examples
    --------
    >>> from rmt_hessian.theory import MarchenkoPastur
    >>> round(additive_spike(MarchenkoPastur(0.25), 3.0).place, 12)  # θ + θ/(θ - γ)
    4.090909090909
    >>> additive_spike(MarchenkoPastur(0.25), 0.5) is None
    True
    """
    instance_of(law, GeneralizedMarchenkoPastur, "law")
    theta = real_number(theta, "theta")
    negligible = ROUNDING * law.aspect_ratio * np.abs(law.weights).max()
    if abs(theta) <= negligible or not any(lo < theta < hi for lo, hi in law.gaps()):
        return None
    return Outlier(float(law.place(theta)), 1, float(law.slope(theta)))


def weight_spike(law: GeneralizedMarchenkoPastur, weight: float) -> Outlier | None:
    """Outlier of a block with one more sample, of outlying weight ℓ: at ``z(γ ℓ)`` if in a gap.

    Parameters and errors as in `additive_spike`; the sample adds ``(ℓ/N) z zᵀ ≈ γ ℓ e eᵀ``, e its
    direction.

    Returns
    -------
    Outlier or None

    References
    ----------
    ``docs/laws.md`` §3.

    Examples
    --------
    >>> from rmt_hessian.theory import MarchenkoPastur
    >>> weight_spike(MarchenkoPastur(0.25), 12.0) == additive_spike(MarchenkoPastur(0.25), 3.0)
    True
    """
    instance_of(law, GeneralizedMarchenkoPastur, "law")
    return additive_spike(law, law.aspect_ratio * real_number(weight, "weight"))
