"""Probability that two correlated Gaussians are both below given levels.

References
----------
Owen (1956).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import ndtr, owens_t

from rmt_hessian._checks.arrays import real_array
from rmt_hessian._types import Elementwise, FloatArray

BEYOND = 40.0  # Φ(-40) = 0 and φ(40) = 0 in float64
TINY = 1e-150  # stands for a limit 0⁺; the quotient of two such does not overflow


def orthant_probability(s: ArrayLike, t: ArrayLike, rho: ArrayLike) -> Elementwise:
    """``Φ₂(s, t; ρ) = P(g₁ < s, g₂ < t)`` for standard Gaussians of correlation ρ, elementwise.

    By Owen's T function, ``T(s, a) = ∫_0^a e^{-s²(1+y²)/2}/(1+y²) dy/2π``,

        ``Φ₂ = ½ Φ(s) + ½ Φ(t) - T(s, (t - ρs)/(s√(1-ρ²))) - T(t, (s - ρt)/(t√(1-ρ²)))``,

    less ½ if s and t have different signs; 0 counts as its limit 0⁺. Absolute error about 1e-15,
    ``|ρ| = 1`` and infinite arguments included.

    Parameters
    ----------
    s, t, rho : array_like
        Broadcast against each other; ``-1 <= ρ <= 1``.

    Returns
    -------
    numpy.ndarray

    Raises
    ------
    ValueError
        If an entry is NaN or not real, ρ is outside [-1, 1], or the shapes do not broadcast.

    References
    ----------
    Owen (1956).

    Examples
    --------
    >>> round(float(orthant_probability(0.0, 0.0, 0.5)), 12)  # ¼ + asin(½)/2π = ⅓
    0.333333333333
    """
    s, t, rho = (_real_numbers(x, name) for x, name in ((s, "s"), (t, "t"), (rho, "rho")))
    if np.any(np.abs(rho) > 1):
        raise ValueError(f"rho must lie in [-1, 1], got {np.abs(rho).max():g} in size")
    try:
        s, t, rho = np.broadcast_arrays(s, t, rho)
    except ValueError:
        shapes = f"{s.shape}, {t.shape} and {rho.shape}"
        raise ValueError(f"s, t and rho must have shapes that broadcast, got {shapes}") from None
    return orthant(within_reach(s), within_reach(t), rho)


def _real_numbers(values: ArrayLike, name: str) -> FloatArray:
    """``values`` as a float64 array of any shape that may hold infinities."""
    values = real_array(values, name)
    if np.isnan(values).any():
        raise ValueError(f"{name} must be numbers, got {int(np.isnan(values).sum())} NaN")
    return values


def within_reach(t: FloatArray) -> FloatArray:
    """t, cut off where Φ and φ no longer change."""
    return np.clip(t, -BEYOND, BEYOND)


def orthant(s: FloatArray, t: FloatArray, rho: FloatArray) -> Elementwise:
    """`orthant_probability` of arrays that are as they should be, ``within_reach``."""
    s, t = np.where(np.abs(s) < TINY, TINY, s), np.where(np.abs(t) < TINY, TINY, t)
    P = (ndtr(s) + ndtr(t)) / 2 - ((s > 0) != (t > 0)) / 2
    P -= owens_t(s, residual(t, s, rho) / s) + owens_t(t, residual(s, t, rho) / t)
    return np.clip(P, 0.0, np.minimum(ndtr(s), ndtr(t)))


def residual(s: FloatArray, t: FloatArray, rho: FloatArray) -> FloatArray:
    """``(s - ρt)/√(1-ρ²)``, written so that s = ±t costs no digits as ρ → ±1."""
    sign = np.copysign(1.0, rho)
    return ((s - sign * t) + (sign - rho) * t) / np.maximum(sine(rho), TINY)


def sine(rho: FloatArray) -> FloatArray:
    """``√(1-ρ²)``."""
    return np.sqrt((1 - rho) * (1 + rho))


def density(t: FloatArray) -> FloatArray:
    """``φ(t)``."""
    return np.exp(-(t**2) / 2) / np.sqrt(2 * np.pi)
