"""Distances between a spectrum and a law: where simulation and theory meet.

A law is any object with ``cdf(x)``, ``support()``, ``components()`` and ``atom_at_zero``, as in
`rmt_hessian.theory`. Laws may have an atom at 0; eigenvalues within rounding of 0 belong to it.
"""

import numpy as np

from rmt_hessian._validation import finite_array

ROUNDING = 1e-10  # eigenvalues below this fraction of the largest count as 0
GRID = 1024  # points of the grid on which the Wasserstein integral is taken


def _cleaned(eigenvalues, law):
    """Sorted eigenvalues; those within rounding of 0 are 0 if the law has an atom there."""
    x = np.sort(finite_array(eigenvalues, "eigenvalues", ndim=1))
    if law.atom_at_zero > 0:
        scale = max(np.abs(x).max(), *(abs(end) for end in law.support()))
        x[np.abs(x) <= ROUNDING * scale] = 0.0
    return x


def ks_distance(eigenvalues, law):
    """Kolmogorov–Smirnov distance ``sup_x |F_n(x) - F(x)|`` of a spectrum and a law.

    Both one-sided limits are compared at every eigenvalue; between two, F_n is constant and F
    monotone, so that nothing larger hides there, not even at an atom.

    Parameters
    ----------
    eigenvalues : array_like, shape (n,)
        In any order.
    law : object with ``cdf``, ``support`` and ``atom_at_zero``

    Returns
    -------
    float in [0, 1]

    Raises
    ------
    ValueError
        If the eigenvalues are empty or not finite.

    Examples
    --------
    >>> from rmt_hessian.theory import conditional_law
    >>> ks_distance([0.0, 0.0], conditional_law([0.0], 3))
    0.0
    """
    x = _cleaned(eigenvalues, law)
    points = np.unique(x)
    F = law.cdf(points)
    F_before = F - np.where(points == 0.0, law.atom_at_zero, 0.0)
    at = np.searchsorted(x, points, side="right") / x.size
    before = np.searchsorted(x, points, side="left") / x.size
    return float(max(np.abs(at - F).max(), np.abs(before - F_before).max()))


def wasserstein_distance(eigenvalues, law):
    """Wasserstein-1 distance ``∫ |F_n(x) - F(x)| dx`` of a spectrum and a law.

    The integral is taken by the trapezoidal rule on a grid that holds every eigenvalue, 0, every
    end of a component and 1024 further points; between neighbours ``F_n`` is constant.

    Parameters
    ----------
    eigenvalues : array_like, shape (n,)
    law : object with ``cdf``, ``support``, ``components`` and ``atom_at_zero``

    Returns
    -------
    float, in the units of the eigenvalues

    Raises
    ------
    ValueError
        If the eigenvalues are empty or not finite.

    Examples
    --------
    >>> from rmt_hessian.theory import conditional_law
    >>> wasserstein_distance([0.0, 2.0], conditional_law([0.0], 3))
    1.0
    """
    x = _cleaned(eigenvalues, law)
    lo, hi = law.support()
    ends = [end for interval in law.components() for end in interval]
    inner = np.linspace(min(lo, x[0]), max(hi, x[-1]), GRID)
    grid = np.unique(np.concatenate([x, ends, inner, [lo, hi, 0.0]]))
    F = law.cdf(grid)
    F_before = F - np.where(grid == 0.0, law.atom_at_zero, 0.0)
    empirical = np.searchsorted(x, grid, side="right")[:-1] / x.size
    left, right = np.abs(F[:-1] - empirical), np.abs(F_before[1:] - empirical)
    return float(np.sum(np.diff(grid) * (left + right)) / 2)
