"""The density of a law as a curve to be drawn."""

from __future__ import annotations

import numpy as np

from rmt_hessian._checks.arguments import positive_integer
from rmt_hessian._checks.laws import require_law
from rmt_hessian._types import FloatArray, HasComponents

TAIL = 1e-4  # of the mass: a tail
LONG = 10.0  # range over what lies between the tails: they are left out
ZOOMS = 30  # at most, until the cells no longer narrow the range


def density_curve(law: HasComponents, n_cells: int = 150, min_mass: float = 1e-3) -> FloatArray:
    """Density of the continuous part of a law, averaged over cells, to be drawn.

    Cells are differences of the CDF, so that the fine structure that a law of many close atoms
    has near 0 is averaged and not missed. They crowd at the ends of the range, which spans the
    components of at least ``min_mass``; of one component whose tails, of 1e-4 of the mass each,
    are more than nine tenths of it, what lies between them.

    The curve begins and ends where the range does: at 0, its value beyond the last component, or
    where a tail is left out at the mean of the last cell.

    Parameters
    ----------
    law : object with ``cdf``, ``components``, ``component_masses`` and ``atom_at_zero``
    n_cells : int
    min_mass : float

    Returns
    -------
    numpy.ndarray, shape (2, n_cells + 2)
        Points x and densities: the middles of the cells between both ends of the range; (2, 0)
        when the law is an atom alone.
    """
    wanted = "cdf", "components", "component_masses", "atom_at_zero"
    require_law(law, wanted, "law", "a law with components")
    n_cells = positive_integer(n_cells, "n_cells")
    large = [
        interval
        for interval, mass in zip(law.components(), law.component_masses(), strict=True)
        if mass >= min_mass
    ]
    if not large:
        return np.empty((2, 0))
    ends = lo, hi = large[0][0], large[-1][1]
    share = np.sin(np.linspace(0.0, np.pi / 2, n_cells + 1)) ** 2
    if len(large) == 1:
        lo, hi = _without_long_tails(law, lo, hi, share)
    edges = lo + (hi - lo) * share
    means = np.diff(_continuous(law, edges)) / np.diff(edges)
    at_ends = np.where(np.array([lo, hi]) == ends, 0.0, means[[0, -1]])
    x = np.concatenate([edges[:1], (edges[1:] + edges[:-1]) / 2, edges[-1:]])
    return np.stack([x, np.concatenate([at_ends[:1], means, at_ends[1:]])])


def _continuous(law: HasComponents, x: FloatArray) -> FloatArray:
    return law.cdf(x) - law.atom_at_zero * (x >= 0)


def _without_long_tails(
    law: HasComponents, lo: float, hi: float, share: FloatArray
) -> tuple[float, float]:
    """The range of all but thin tails, if these are most of it.

    It ends at edges of cells, so it is cut into the cells anew until it stays.
    """
    first, last = _continuous(law, np.array([lo, hi]))
    tail = TAIL * (last - first)
    left, right = lo, hi
    for _ in range(ZOOMS):
        edges = left + (right - left) * share
        F = _continuous(law, edges)
        inner = edges[np.flatnonzero(first + tail >= F).max(initial=0)]
        outer = edges[np.flatnonzero(last - tail <= F).min(initial=edges.size - 1)]
        if (inner, outer) == (left, right) or not inner < outer:
            break
        left, right = inner, outer
    return (left, right) if hi - lo > LONG * (right - left) else (lo, hi)
