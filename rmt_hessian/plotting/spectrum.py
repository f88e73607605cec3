"""A spectrum as a histogram, with predicted densities over it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import cycle
from typing import TYPE_CHECKING, Any

import numpy as np

from rmt_hessian._checks.arguments import boolean, describe, list_of, positive_integer, real_number
from rmt_hessian.plotting.appearance import COLOURS, axes_or_new, few_ticks, legend_of_new
from rmt_hessian.plotting.eigenvalues import spectra_by_name
from rmt_hessian.plotting.histogram import Spectrum
from rmt_hessian.plotting.laws import curve, named
from rmt_hessian.plotting.view import fit_height, height, limits, mark_places, not_in_sight, write

if TYPE_CHECKING:
    from matplotlib.axes import Axes

STYLES = [
    ("-", "vermilion"),
    ("--", "blue"),
    (":", "green"),
    ("-.", "purple"),
    ("-", "orange"),
    ("--", "grey"),
]
OUTLINES = ["green", "purple", "orange", "blue"]


def plot_spectrum(
    eigenvalues: Any,
    laws: Any = None,
    *,
    ax: Axes | None = None,
    bins: int = 40,
    coverage: float | None = None,
    log: bool = False,
    outliers: Sequence[Any] = (),
    others: Mapping[str, Any] | None = None,
    notes: Sequence[str] = (),
) -> Axes:
    """Histogram of a spectrum with predicted densities over it, and a note of what it leaves out.

    Eigenvalues within rounding of 0 are left out of the histogram and counted in its
    normalisation, like an atom at 0 in a law, so both enclose the mass of the continuous part.
    Their share is noted in the panel, beside that of the law if there is one, which eigenvalues
    and predicted outliers lie outside the axis, and the names of laws and spectra that are not in
    sight: they lie outside too, or are too flat.

    The axis is as high as the densities. One that is more than three times as high as the
    histogram, as a density that diverges at an edge, is cut, and a triangle marks where.

    Parameters
    ----------
    eigenvalues : array_like, shape (n,), a symmetric matrix, or SpectralDensity
        In any order; or the matrix itself, as `rmt_hessian.eigenvalues` takes it; or what
        `rmt_hessian.spectral_density` returns, whose bars are differences of its CDF.
    laws : law, sequence of laws, or dict of str to law, optional
        Each drawn in a style of its own under its name. A law is one of `rmt_hessian.theory`, what
        `law_of_block` and its like return, a frozen law of `scipy.stats`, or an array (2, n) of
        points (x, density).
    ax : matplotlib.axes.Axes, optional
    bins : int
    coverage : float, optional
        The bars span the central eigenvalues, at least this share of them and a margin. Default:
        all, or where all span more than three times the range of the central 99 %, these.
    log : bool
        A logarithmic axis, for spectra over decades, as of trained networks: shares per decade, of
        the positive eigenvalues; the share of negative ones is noted.
    outliers : sequence of Outlier or of float, optional
        Predicted places of eigenvalues outside the bulk: triangles on the axis. On a logarithmic
        one there is none of a negative place.
    others : dict of str to eigenvalues or matrix, optional
        Spectra to compare with: outlines over the same bins.
    notes : sequence of str
        Lines above the note.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    ValueError
        If eigenvalues are not finite and real, the matrix is not symmetric, or a law is none.

    Examples
    --------
    >>> import numpy as np, rmt_hessian as rh
    >>> law = rh.theory.MarchenkoPastur(0.5)
    >>> ax = plot_spectrum(law.rvs(100, rng=0), {"Marchenko–Pastur": law}, outliers=[4.0])
    >>> ax.get_xlabel()
    'eigenvalue'
    """
    given, curves = ax, named(laws)
    spectrum = Spectrum.of(eigenvalues)
    places = list_of(outliers, "outliers", "outliers, or places")
    places = [real_number(getattr(x, "place", x), "outliers") for x in places]
    compared = spectra_by_name(others)
    bins = positive_integer(bins, "bins")
    if coverage is not None and not 0 < real_number(coverage, "coverage") <= 1:
        raise ValueError(f"coverage must be in (0, 1], got {describe(coverage)}")
    told, top = [str(line) for line in list_of(notes, "notes", "lines")], 0.0
    told += _share_at_zero(spectrum, curves)
    if boolean(log, "log"):
        told += _share_below_zero(spectrum)
        spectrum = spectrum.positive()
    axis = np.log10 if log else np.asarray
    ax = axes_or_new(ax)
    if log:
        ax.set_xscale("log")
    left, outlines = False, dict.fromkeys(compared, 0.0)
    if spectrum.points.size:
        lo, hi = spectrum.range(1.0 if log and coverage is None else coverage)
        edges = np.geomspace(lo, hi, bins + 1) if log else np.linspace(lo, hi, bins + 1)
        edges[[0, -1]] = lo, hi
        bars = spectrum.masses(edges) / np.diff(axis(edges))
        ax.stairs(bars, edges, fill=True, color=COLOURS["grey"], alpha=0.45, label="eigenvalues")
        ax.set_xlim(limits(lo, hi, places, log))
        left = bool(bars.argmax() >= bars.size / 2)
        for (name, other), colour in zip(compared.items(), cycle(OUTLINES), strict=False):
            outline = Spectrum.of(other).masses(edges) / np.diff(axis(edges))
            ax.stairs(outline, edges, color=COLOURS[colour], lw=0.9, label=name)
            outlines[name] = outline.max()
        top = max([bars.max(), *outlines.values()])
        told += spectrum.outside(lo, hi)
    shapes, lines = [], []
    for (name, law), (line, colour) in zip(curves.items(), cycle(STYLES), strict=False):
        points = curve(law, ax.get_xlim(), log)
        if points.size:
            lines += ax.plot(*points, line, color=COLOURS[colour], lw=1.1, label=name)
        if points.size or len(curves) > 1:  # the note has the atom of a single law
            shapes.append((name, points))
    if top:
        fit_height(ax, top, lines)
    told += mark_places(ax, places)
    tops = [*outlines.items(), *((name, height(points, ax.get_xlim())) for name, points in shapes)]
    told += not_in_sight(ax, tops)
    write(ax, told, left)
    ax.set(xlabel="eigenvalue", ylabel="density per decade" if log else "density")
    if log:
        few_ticks(ax.xaxis)
    return legend_of_new(ax, given)


def _share_at_zero(spectrum: Spectrum, curves: Mapping[str, Any]) -> list[str]:
    """A line on the null space: measured and, of a single law, predicted."""
    atoms = [law.atom_at_zero for law in curves.values() if hasattr(law, "atom_at_zero")]
    predicted = atoms[0] if len(atoms) == len(curves) == 1 else 0.0
    if not (spectrum.at_zero or predicted):
        return []
    told = f"{spectrum.at_zero:.1%} at 0" + (f", law {predicted:.1%}" if predicted else "")
    return [told.replace("%", " %")]


def _share_below_zero(spectrum: Spectrum) -> list[str]:
    share = float(spectrum.weights[spectrum.points < 0].sum())
    return [f"{share:.1%} negative".replace("%", " %")] if share else []
