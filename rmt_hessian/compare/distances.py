"""Distances of a spectrum from a law, where simulation and theory meet, and from a spectrum.

A law is any object with ``cdf(x)``, ``ppf(q)``, ``support()``, ``components()`` and
``atom_at_zero``, as in `rmt_hessian.theory`. Laws may have an atom at 0.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from rmt_hessian._checks.arrays import finite_array
from rmt_hessian._checks.laws import require_law
from rmt_hessian._rounding import rounding
from rmt_hessian._types import FloatArray, HasCDF, HasComponents

GRID = 256  # cells of a component, at least, on which the Wasserstein integral is taken


def _sorted(eigenvalues: ArrayLike, name: str = "eigenvalues") -> FloatArray:
    return np.sort(finite_array(eigenvalues, name, ndim=1))


def _unresolved(eigenvalues: ArrayLike, law: HasCDF) -> float:
    """Half-width of the interval about 0 inside which an eigenvalue's place is rounding error."""
    ends = [abs(float(end)) for end in law.support()]
    return rounding(eigenvalues, scale=max((end for end in ends if np.isfinite(end)), default=0.0))


def ks_distance(eigenvalues: ArrayLike, law: HasCDF) -> float:
    """Kolmogorov–Smirnov distance ``sup_x |F_n(x) - F(x)|`` of a spectrum and a law.

    Both one-sided limits are compared at every eigenvalue; between two, F_n is constant and F
    monotone, so that nothing larger hides there. Within rounding of 0 only the total mass is
    compared, of the spectrum and of the law: null eigenvalues come out as ±1e-17, in float32 as
    ±1e-8. Elsewhere the law is continuous, and eigenvalues moved by rounding move the distance
    by what F gains on the way. A block of zeros is at the distance 0 from the atom that its weights
    give it: no evidence for the law, and most often a unit that is never active on the sample,
    which `rmt_hessian.hessian.dead_units` finds.

    Parameters
    ----------
    eigenvalues : array_like, shape (n,)
        In any order.
    law : object with ``cdf`` and ``support``
        Of this package, or a frozen law of `scipy.stats` with a continuous CDF.

    Returns
    -------
    float in [0, 1]

    Raises
    ------
    ValueError
        If the eigenvalues are empty or not finite.

    References
    ----------
    Kolmogorov (1933).

    Examples
    --------
    >>> from rmt_hessian.theory import conditional_law
    >>> ks_distance([0.0, 0.0], conditional_law([0.0], 3))
    0.0
    """
    require_law(law, ("cdf", "support"), "law")
    x = _sorted(eigenvalues)
    delta = _unresolved(eigenvalues, law)
    # outside [-δ, δ] the law is continuous, so that F is both of its limits; the mass inside lies
    # between the last point below and δ, where F_n is compared from the right only
    outside, below = np.unique(x[np.abs(x) > delta]), np.nextafter(-delta, -np.inf)
    points = np.concatenate([outside, [below, delta]])
    F = law.cdf(points)
    up_to = np.searchsorted(x, points, side="right") / x.size
    before = np.searchsorted(x, outside, side="left") / x.size
    return float(max(np.abs(up_to - F).max(), np.abs(before - F[:-2]).max(initial=0.0)))


def ks_distance_of_spectra(eigenvalues: ArrayLike, others: ArrayLike) -> float:
    """Kolmogorov–Smirnov distance of two spectra, equal within rounding being equal.

    Rounding moves an eigenvalue by up to ``δ = max(n, 500) ε max|λ|``, n eigenvalues in the larger
    spectrum, ε of the precision in which they came. The distance is the least that spectra within
    δ of the given ones have,

        ``sup_x max(F(x - δ) - G(x + δ), G(x - δ) - F(x + δ), 0)``,

    F and G the empirical CDFs: ``sup|F - G|`` where values are equal or further apart than 2δ.
    Without it, common multiple eigenvalues count as any share of their multiplicity.

    Parameters
    ----------
    eigenvalues : array_like, shape (n,)
        In any order.
    others : array_like, shape (m,)

    Returns
    -------
    float in [0, 1]

    Raises
    ------
    ValueError
        If either is empty or not finite.

    References
    ----------
    Smirnov (1939), of two samples; within rounding: definition of this package.

    Examples
    --------
    >>> ks_distance_of_spectra([0.0, 0.3, 1.0, 1.0], [0.0, 0.1 + 0.2, 1.0, 2.0])
    0.25
    """
    x, y = _sorted(eigenvalues), _sorted(others, "others")
    delta = rounding(eigenvalues, others)
    return max(_excess(x, y, delta), _excess(y, x, delta))


def _excess(x: FloatArray, y: FloatArray, delta: float) -> float:
    """``sup_t max(F(t - δ) - G(t + δ), 0)``, F that of x, G that of y: t - δ at a value of x."""
    F = np.searchsorted(x, x, side="right") / x.size
    G = np.searchsorted(y, x + 2 * delta, side="right") / y.size
    return float(max((F - G).max(), 0.0))


def wasserstein_distance(eigenvalues: ArrayLike, law: HasComponents) -> float:
    """Wasserstein-1 distance ``∫ |F_n(x) - F(x)| dx`` of a spectrum and a law.

    ``F_n`` is constant between neighbours of a grid that holds every eigenvalue, 0, and further
    points of each component, crowded at its ends; F is taken as linear there, and where it
    crosses F_n the two triangles are counted, not the trapezium.

    Parameters
    ----------
    eigenvalues : array_like, shape (n,)
    law : object with ``cdf``, ``ppf``, ``support``, ``components`` and ``atom_at_zero``

    Returns
    -------
    float, in the units of the eigenvalues

    Raises
    ------
    ValueError
        If the eigenvalues are empty or not finite.

    References
    ----------
    Vallender (1974): on the line it is this integral.

    Examples
    --------
    >>> from rmt_hessian.theory import conditional_law
    >>> wasserstein_distance([0.0, 2.0], conditional_law([0.0], 3))
    1.0
    """
    wanted = "cdf", "ppf", "support", "components", "atom_at_zero"
    require_law(law, wanted, "law", "a law with components")
    x = _sorted(eigenvalues)
    x[np.abs(x) <= _unresolved(eigenvalues, law)] = 0.0
    n_cells = max(GRID, 2 * x.size)
    share = np.sin(np.linspace(0.0, np.pi / 2, n_cells + 1)) ** 2
    inner = [lo + (hi - lo) * share for lo, hi in law.components()]
    quantiles = law.ppf(np.linspace(0.0, 1.0, n_cells + 1))
    grid = np.unique(np.concatenate([x, *inner, quantiles, [0.0]]))
    F = law.cdf(grid)
    F_before = F - np.where(grid == 0.0, law.atom_at_zero, 0.0)
    empirical = np.searchsorted(x, grid, side="right")[:-1] / x.size
    return float(np.diff(grid) @ _mean_size(F[:-1] - empirical, F_before[1:] - empirical))


def _mean_size(left: FloatArray, right: FloatArray) -> FloatArray:
    """Mean of ``|f|`` over a cell, f linear from left to right: a trapezium, or where f changes
    sign two triangles of heights left and right, whose bases share the cell like their heights.
    """
    size = np.abs(left) + np.abs(right)
    triangles = (left**2 + right**2) / np.where(size > 0, size, 1.0)
    return np.where(left * right < 0, triangles, size) / 2
