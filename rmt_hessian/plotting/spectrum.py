"""A spectrum as a histogram, with predicted densities over it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import cycle
from typing import TYPE_CHECKING, Any

import numpy as np

from rmt_hessian._checks.arguments import boolean, describe, list_of, positive_integer, real_number
from rmt_hessian._types import FloatArray
from rmt_hessian.compare.curves import density_curve
from rmt_hessian.plotting.appearance import COLOURS, axes_or_new, legend_of_new
from rmt_hessian.plotting.eigenvalues import spectra_by_name
from rmt_hessian.plotting.histogram import LONG, Spectrum

if TYPE_CHECKING:
    from matplotlib.axes import Axes

ROOM = 1.25  # height of the axis over what stands in it
TALL = 3.0  # times the histogram: a density that is higher is cut
CELLS = 300  # of the curve of a law that has no components, or on a logarithmic axis
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
    Their share is noted in the panel, beside that of the law if there is one, and which
    eigenvalues lie outside the bins.

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
        Share of the eigenvalues, the central ones, that the axis shows. Default: all, or where all
        span more than three times the range of the central 99 %, these.
    log : bool
        A logarithmic axis, for spectra over decades, as of trained networks: shares per decade, of
        the positive eigenvalues; the share of negative ones is noted.
    outliers : sequence of Outlier or of float, optional
        Predicted places of eigenvalues outside the bulk: triangles below the axis.
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
    left = False
    if spectrum.points.size:
        lo, hi = spectrum.range(1.0 if log and coverage is None else coverage)
        edges = np.geomspace(lo, hi, bins + 1) if log else np.linspace(lo, hi, bins + 1)
        edges[[0, -1]] = lo, hi
        heights = spectrum.masses(edges) / np.diff(axis(edges))
        ax.stairs(heights, edges, fill=True, color=COLOURS["grey"], alpha=0.45, label="eigenvalues")
        ax.set_xlim(_limits(lo, hi, places, log))
        top, left = heights.max(), bool(heights.argmax() >= heights.size / 2)
        for (name, other), colour in zip(compared.items(), cycle(OUTLINES), strict=False):
            outline = Spectrum.of(other).masses(edges) / np.diff(axis(edges))
            ax.stairs(outline, edges, color=COLOURS[colour], lw=0.9, label=name)
            top = max(top, outline.max())
        told += spectrum.outside(lo, hi)
    _write(ax, told, left)
    if log:
        ax.set_xscale("log")
    for (name, law), (line, colour) in zip(curves.items(), cycle(STYLES), strict=False):
        points = _curve(law, name, ax.get_xlim(), log)
        if points.size:
            ax.plot(*points, line, color=COLOURS[colour], lw=1.1, label=name)
    if top:
        _fit_height(ax, top)
    if places:
        ax.plot(
            places, np.zeros(len(places)), "^", ms=5, mfc="none", mew=0.9, color="black",
            clip_on=False, label="predicted outlier",
        )  # fmt: skip
    ax.set(xlabel="eigenvalue", ylabel="density per decade" if log else "density")
    return legend_of_new(ax, given)


def _limits(lo: float, hi: float, places: Sequence[float], log: bool) -> tuple[float, float]:
    """Of the axis: the bars, and predicted outliers unless they are far."""
    if log:
        ends = [lo, hi, *(x for x in places if x > 0)]
        margin = (max(ends) / min(ends)) ** 0.05
        return min(ends) / margin, max(ends) * margin
    far, margin = LONG * (hi - lo), (hi - lo) / 20
    ends = [lo, hi, *(x for x in places if lo - far < x < hi + far)]
    return min(ends) - margin, max(ends) + margin


def named(laws: Any) -> dict[str, Any]:
    """Name -> law, of one law, several, or names and laws."""
    if laws is None:
        return {}
    if isinstance(laws, Mapping):
        return {str(name): law for name, law in laws.items()}
    if hasattr(laws, "cdf") or isinstance(laws, np.ndarray):
        return {"law": laws}
    several = list_of(laws, "laws", "laws")
    return {f"law {n}" if len(several) > 1 else "law": law for n, law in enumerate(several, 1)}


def _curve(law: Any, name: str, visible: tuple[float, float], log: bool) -> FloatArray:
    """Points (x, density), shape (2, n): none of an atom alone."""
    if hasattr(law, "components") and not log:
        return density_curve(law)
    if hasattr(law, "cdf"):
        edges = np.geomspace(*visible, CELLS + 1) if log else np.linspace(*visible, CELLS + 1)
        axis = np.log10(edges) if log else edges
        middle = (edges[1:] + edges[:-1]) / 2
        return np.stack([middle, np.diff(law.cdf(edges)) / np.diff(axis)])
    points = np.asarray(law) if isinstance(law, np.ndarray | list | tuple) else np.empty(0)
    if points.ndim != 2 or len(points) != 2 or points.dtype.kind not in "iuf":
        raise ValueError(f"laws[{name!r}] must be a law, or points (2, n), got {describe(law)}")
    return np.stack([points[0], points[0] * points[1] * np.log(10)]) if log else points


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


def _write(ax: Axes, lines: Sequence[str], left: bool) -> None:
    """In the upper corner that is further from the top of the histogram."""
    ax.text(
        *(0.03 if left else 0.97, 0.95), "\n".join(lines), transform=ax.transAxes, fontsize=6.5,
        ha="left" if left else "right", va="top",
    )  # fmt: skip


def _fit_height(ax: Axes, of_histogram: float) -> None:
    """Make room for the lines; those that are too high are cut, under a triangle."""
    left, right = ax.get_xlim()
    tops = []
    for line in ax.lines:
        x, y = np.asarray(line.get_xydata()).T
        y = np.where((left <= x) & (x <= right), y, 0.0)
        tops.append((y.max(), x[y.argmax()], line.get_color()))
    held = [top for top, *_ in tops if top <= TALL * of_histogram]
    ax.set_ylim(0, ROOM * max([of_histogram, *held]))
    for top, x, colour in tops:
        if top > TALL * of_histogram:
            ax.scatter(
                x, 1, s=10, marker="^", lw=0, color=colour, clip_on=False,
                transform=ax.get_xaxis_transform(),
            )  # fmt: skip
