"""Effective rank of a spectrum: by the gap, by energy, and numerically.

Counts are those of every spectrum within rounding of the given one (`rmt_hessian._rounding`): equal
gaps, a share that is met exactly and null eigenvalues are decided by a rule, not by last bits.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from rmt_hessian._checks.arguments import positive_integer, positive_real
from rmt_hessian._checks.arrays import finite_array
from rmt_hessian._rounding import relative_rounding, rounding
from rmt_hessian._types import FloatArray


def _descending(eigenvalues: ArrayLike) -> FloatArray:
    return np.sort(finite_array(eigenvalues, "eigenvalues", ndim=1))[::-1]


def _at_most(value: Any, name: str, largest: int) -> int:
    value = positive_integer(value, name)
    if value > largest:
        raise ValueError(f"{name} must be at most {largest}, got {value}")
    return value


def spectral_gap(eigenvalues: ArrayLike, k: int) -> float:
    """``λ_{k+1}/λ_k`` of the eigenvalues in descending order; 0 if the rank is k, up to rounding.

    Parameters
    ----------
    eigenvalues : array_like, shape (n,)
        In any order.
    k : int
        From 1 to n-1.

    Raises
    ------
    ValueError
        If an eigenvalue is not finite, k is not in 1 … n-1, or λ_k is not above rounding: the
        ratio of two rounding errors is no gap.

    References
    ----------
    ``docs/structure.md`` §1.

    Examples
    --------
    >>> spectral_gap([1.0, 4.0, 8.0], 2)
    0.25
    """
    values = _descending(eigenvalues)
    k = _at_most(k, "k", values.size - 1)
    least = rounding(eigenvalues)
    if values[k - 1] <= least:
        wanted = "must be positive, above rounding"
        raise ValueError(f"eigenvalue k = {k} {wanted}, got {values[k - 1]:g}")
    return float(values[k] / values[k - 1]) if abs(values[k]) > least else 0.0


def gap_rank(eigenvalues: ArrayLike, most: int | None = None) -> int:
    """The k in ``1 … most`` of the smallest ratio ``λ_{k+1}/λ_k``, in descending order.

    The "approximate rank" of [W]: C-1 for the output Hessian of C classes, if ``most`` is at least
    that: the last layer, of C units, and any layer of fewer than 2 (C-1) need ``most=C-1``. Only
    λ_k above the rounding ``δ = max(n, 500) ε max|λ|`` count: below, a ratio is noise. Of ratios
    that are equal up to their rounding, ``(1 + λ_{k+1}/λ_k) δ/λ_k``, the first counts.

    Parameters
    ----------
    eigenvalues : array_like, shape (n,)
        In any order, n at least 2.
    most : int, optional
        n/2 rounded down by default: at the bottom of a spectrum, where eigenvalues are close to
        0 or end at a soft edge, ratios fluctuate and mean nothing. A gap to null eigenvalues there
        is the smallest ratio of all, 0, and mostly that of dead units, or of the null space that
        all units share: it counts if ``most`` reaches it. `numerical_rank` tells it alone.

    Raises
    ------
    ValueError
        If there are fewer than two eigenvalues, one is not finite, none is positive, or ``most``
        is not in 1 … n-1.

    References
    ----------
    ``docs/structure.md`` §1; [W], approximate rank.

    Examples
    --------
    >>> gap_rank([1.0, 10.0, 9.0, 0.9])
    2
    >>> last = [3.0, 1.0, 0.0]  # of a last layer, C = 3
    >>> gap_rank(last), gap_rank(last, most=2)
    (1, 2)
    """
    values = _descending(eigenvalues)
    n = values.size
    if n < 2:
        raise ValueError("eigenvalues must be at least two, got one")
    most = n // 2 if most is None else _at_most(most, "most", n - 1)
    delta = rounding(eigenvalues)
    candidates = values[:most][values[:most] > delta]
    if candidates.size == 0:
        raise ValueError(f"the largest eigenvalue must be positive, got {values[0]:g}")
    ratios = values[1 : candidates.size + 1] / candidates
    errors = (1 + np.abs(ratios)) * delta / candidates
    return int(np.argmax(ratios - errors <= np.min(ratios + errors))) + 1


def _shares(eigenvalues: ArrayLike, power: float) -> FloatArray:
    """``Σ_{i<=k} |λ_i|^power / Σ |λ|^power`` for k = 1 … n, largest |λ| first."""
    size = np.abs(_descending(eigenvalues))
    if not size.any():
        raise ValueError("eigenvalues must not all be zero")
    total = np.cumsum(np.sort(size / size.max())[::-1] ** positive_real(power, "power"))
    return total / total[-1]


def energy_share(eigenvalues: ArrayLike, k: int, *, power: float = 2) -> float:
    """``Σ_{i<=k} |λ_i|^power / Σ |λ|^power``, of the k eigenvalues of largest size.

    Parameters
    ----------
    eigenvalues : array_like, shape (n,)
        In any order and of either sign.
    k : int
        From 1 to n.
    power : float
        2: the share of ``‖H‖_F²``; 1: of the trace, where no eigenvalue is negative.

    Raises
    ------
    ValueError
        If the eigenvalues are not finite or all zero, k is not in 1 … n, or the power not positive.

    References
    ----------
    Definition.

    Examples
    --------
    >>> energy_share([-1.0, 1.0, 0.0], 1), energy_share([1.0, 2.0, 1.0], 2, power=1)
    (0.5, 0.75)
    """
    shares = _shares(eigenvalues, power)
    return float(shares[_at_most(k, "k", shares.size) - 1])


def energy_rank(eigenvalues: ArrayLike, share: float = 0.9) -> int:
    """Smallest k with ``Σ_{i<=k} λ_i² >= share Σ λ²`` up to rounding, largest ``|λ|`` first.

    So many eigenpairs reach the share of ``‖H‖_F²``, less ``max(n, 500) ε``.

    Parameters
    ----------
    eigenvalues : array_like, shape (n,)
        In any order and of either sign.
    share : float
        In (0, 1].

    Raises
    ------
    ValueError
        If the eigenvalues are not finite or all zero, or the share is not in (0, 1].

    References
    ----------
    Definition.

    Examples
    --------
    >>> energy_rank([1.0, 3.0, 0.5]), energy_rank([1.0, 3.0, 0.5], share=0.8)
    (2, 1)
    """
    share = positive_real(share, "share")
    if share > 1:
        raise ValueError(f"share must be at most 1, got {share:g}")
    return int(np.searchsorted(_shares(eigenvalues, 2), share - relative_rounding(eigenvalues))) + 1


def numerical_rank(eigenvalues: ArrayLike, tolerance: float | None = None) -> int:
    """How many eigenvalues have ``|λ| > tolerance · max|λ|``; 0 if all are zero.

    Parameters
    ----------
    eigenvalues : array_like, shape (n,)
        In any order and of either sign.
    tolerance : float, optional
        ``max(n, 500) ε`` by default, ε of the precision in which the eigenvalues come: the rounding
        of the matrix and of the solver. `numpy.linalg.matrix_rank` takes n ε, which rounding errors
        of a small matrix may exceed. For a matrix that was made in float32, and its eigenvalues in
        float64, take ``n · 1.2e-7``.

    Raises
    ------
    ValueError
        If an eigenvalue is not finite, or the tolerance not positive.

    References
    ----------
    Definition.

    Examples
    --------
    >>> numerical_rank([2.0, 1e-17, -1.0])
    2
    """
    values = _descending(eigenvalues)
    if tolerance is None:
        tolerance = relative_rounding(eigenvalues)
    size, tolerance = np.abs(values), positive_real(tolerance, "tolerance")
    return int(np.sum(size > tolerance * size.max()))
