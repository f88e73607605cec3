"""Figures for users: each function draws one thing onto given axes; matplotlib loads lazily."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from rmt_hessian._types import FloatArray
from rmt_hessian.compare import density_curve

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.collections import QuadMesh
    from matplotlib.image import AxesImage

# Okabe–Ito, told apart by colour-blind readers
COLOURS = {
    "blue": "#0072B2",
    "vermilion": "#D55E00",
    "green": "#009E73",
    "purple": "#CC79A7",
    "orange": "#E69F00",
    "grey": "#7F7F7F",
}


# of `plot_spectrum`
ROOM = 1.25  # height of the axis over what stands in it
TALL = 3.0  # times the histogram: a density that is higher is cut


def plot_spectrum(
    ax: Axes,
    eigenvalues: ArrayLike,
    curves: Mapping[str, Any],
    bins: int = 40,
    coverage: float = 0.99,
    notes: Sequence[str] = (),
) -> None:
    """Histogram of a spectrum with predicted densities over it, and a note of what it leaves out.

    Eigenvalues within rounding of 0 are left out of the histogram and counted in its
    normalisation, like an atom at 0 in a law, so both enclose the mass of the continuous part.
    Their share is noted in the panel, and how many eigenvalues lie outside the bins.

    The axis is as high as the densities. One that is more than three times as high as the
    histogram, as a density that diverges at an edge, is cut, and a triangle marks where.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
    eigenvalues : array_like, shape (n,)
    curves : dict of str to law, or to array of shape (2, n)
        Name -> a law of `rmt_hessian.theory`, or points (x, density).
    bins : int
    coverage : float
        The axes show the central part of the spectrum with this share of its eigenvalues; long
        tails are cut.
    notes : sequence of str
        Lines above the note.
    """
    x = np.asarray(eigenvalues)
    bulk = x[np.abs(x) > 1e-10 * np.abs(x).max()]
    if bulk.size:
        lo, hi = np.quantile(bulk, [(1 - coverage) / 2, (1 + coverage) / 2])
        margin = 0.05 * (hi - lo if hi > lo else abs(hi))
        lo, hi = max(lo - margin, bulk.min()), min(hi + margin, bulk.max())
        counts, edges = np.histogram(bulk, bins=bins, range=(lo, hi))
        heights = counts / (x.size * np.diff(edges))
        ax.stairs(heights, edges, fill=True, color=COLOURS["grey"], alpha=0.45, label="eigenvalues")
        ax.set_xlim(lo - margin, hi + margin)
        _note(ax, [*notes, *_left_out(x, bulk, counts.sum())], heights)
    styles = (("-", COLOURS["vermilion"]), ("--", COLOURS["blue"]), (":", COLOURS["green"]))
    for (name, curve), (line, colour) in zip(curves.items(), styles, strict=False):
        points = density_curve(curve) if hasattr(curve, "cdf") else np.asarray(curve)
        if points.size:
            ax.plot(*points, line, color=colour, lw=1.1, label=name)
    if bulk.size:
        _fit_height(ax, heights.max())


def _left_out(x: FloatArray, bulk: FloatArray, n_shown: int) -> list[str]:
    """What of a spectrum the histogram does not show, in words."""
    at_zero, outside = x.size - bulk.size, bulk.size - n_shown
    told = [f"{at_zero / x.size:.1%} at 0".replace("%", " %")] if at_zero else []
    return told + ([f"{outside} of {x.size} outside"] if outside else [])


def _note(ax: Axes, lines: Sequence[str], heights: FloatArray) -> None:
    """In the upper corner that is further from the top of the histogram."""
    left = np.argmax(heights) >= heights.size / 2
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


def plot_norm_ratio(
    ax: Axes,
    n_classes: ArrayLike,
    ratios: ArrayLike,
    measured: ArrayLike,
    predicted: ArrayLike,
    limit: ArrayLike | None = None,
) -> None:
    """Ratio of mean squared block norms against C, log-log, beside its prediction.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
    n_classes : array_like, shape (n,)
    ratios : array_like, shape (n, seeds)
        Of single seeds: the band runs between their 5 % and 95 % quantiles.
    measured : array_like, shape (n,)
        Ratios of the norms averaged over seeds, which are what is predicted: the dots.
    predicted : array_like, shape (n,)
        Solid.
    limit : array_like, shape (n,), optional
        Limit C → ∞, dashed; NaN is not drawn.
    """
    lo, hi = np.quantile(np.asarray(ratios), [0.05, 0.95], axis=1)
    ax.fill_between(n_classes, lo, hi, color=COLOURS["blue"], alpha=0.25, lw=0, label="seeds, 90 %")
    ax.plot(n_classes, measured, "o", ms=3, color=COLOURS["blue"], label="measured")
    ax.plot(n_classes, predicted, "-", color=COLOURS["vermilion"], lw=1.2, label="predicted")
    if limit is not None and np.isfinite(limit).any():
        ax.plot(n_classes, limit, "--", color="black", lw=0.9, label=r"limit $C\to\infty$")
    ax.set_xscale("log", base=2)
    ax.set_yscale("log")


def plot_absolute_hessian(
    ax: Axes,
    absolute: ArrayLike,
    boundaries: Sequence[int] = (),
    decades: float = 4,
    *,
    units: Sequence[int] = (),
    edges: ArrayLike | None = None,
    vmax: float | None = None,
) -> AxesImage | QuadMesh:
    """Heat map of ``|H|``, logarithmic over ``decades`` below its largest entry.

    What is smaller is shown as the least. Several maps can be compared where they share ``vmax``.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
    absolute : array_like, shape (n, n)
        ``|H|``, or a picture of it in pixels.
    boundaries, units : sequence of int
        Indices of H where lines part the layers, and thinner ones their units.
    decades : float
    edges : array_like of int, shape (n + 1,), optional
        Indices of H where the pixels of ``absolute`` end, 0 first. Default: every entry is one.
    vmax : float, optional
        Top of the colour scale. Default: the largest entry.

    Returns
    -------
    matplotlib.image.AxesImage, or matplotlib.collections.QuadMesh of ``edges``
    """
    from matplotlib.colors import LogNorm

    top = float(np.max(np.asarray(absolute))) if vmax is None else vmax
    lowest = top * 10.0**-decades
    norm, shown = LogNorm(vmin=lowest, vmax=top), np.maximum(absolute, lowest)
    image: AxesImage | QuadMesh
    if edges is None:
        image = ax.imshow(shown, norm=norm, cmap="magma", interpolation="nearest")
    else:
        at = np.asarray(edges) - 0.5
        image = ax.pcolormesh(at, at, shown, norm=norm, cmap="magma", rasterized=True)
        ax.set(xlim=(at[0], at[-1]), ylim=(at[-1], at[0]), aspect="equal")
    for places, width, opacity in ((units, 0.2, 0.5), (boundaries, 0.5, 1.0)):
        for b in places:
            ax.axhline(b - 0.5, color="white", lw=width, alpha=opacity)
            ax.axvline(b - 0.5, color="white", lw=width, alpha=opacity)
    ax.set_xticks([])
    ax.set_yticks([])
    return image


def plot_scree(
    ax: Axes,
    eigenvalues: ArrayLike,
    mark: int,
    predicted: ArrayLike | None = None,
    n_shown: int = 40,
) -> None:
    """Leading eigenvalues in descending order, the first ``mark`` of them set apart.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
    eigenvalues : array_like, shape (n,)
        Descending.
    mark : int
        A vertical line stands behind this many eigenvalues, for example C-1.
    predicted : array_like, shape (n,), optional
    n_shown : int
    """
    shown = np.asarray(eigenvalues)[:n_shown]
    index = np.arange(1, shown.size + 1)
    size = 3 if shown.size <= 40 else 1.5
    ax.plot(index, shown, "o", ms=size, color=COLOURS["blue"], label="measured")
    if predicted is not None:
        line = np.asarray(predicted)[:n_shown]
        ax.plot(index, line, "-", color=COLOURS["vermilion"], lw=1.0, label="predicted")
    ax.axvline(mark + 0.5, color="black", ls="--", lw=0.9, label="$C-1$")
    ax.set_yscale("log")
    step = next(step for step in (1, 2, 5, 10, 20, 50, shown.size) if shown.size <= 6 * step)
    ax.set_xticks([1, *range(step, shown.size + 1, step)])
    ax.set_xlim(0.3, max(shown.size, mark) + 0.7)


def plot_overlaps(
    ax: Axes,
    overlaps: ArrayLike,
    predicted: ArrayLike | None = None,
    mark: int | None = None,
    baseline: float | None = None,
) -> None:
    """Overlap of top eigenspaces of two networks against their dimension.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
    overlaps : array_like, shape (seeds, K) or (K,)
        From `overlap_by_dimension`. Dots are means, the band runs from the 5 % to the 95 %
        quantile.
    predicted : array_like, shape (K,) or (seeds, K), optional
        Solid; the mean over seeds, where no seed has NaN.
    mark : int, optional
        A vertical line at this dimension, where the peak is predicted.
    baseline : float, optional
        Overlap of random spaces at dimension K; ``q/n`` is drawn dotted.
    """
    overlaps = np.atleast_2d(overlaps)
    q = np.arange(1, overlaps.shape[1] + 1)
    if len(overlaps) > 1:
        lo, hi = np.quantile(overlaps, [0.05, 0.95], axis=0)
        ax.fill_between(q, lo, hi, color=COLOURS["blue"], alpha=0.25, lw=0, label="pairs, 90 %")
    ax.plot(q, overlaps.mean(axis=0), "o", ms=2.5, color=COLOURS["blue"], label="measured")
    line = (
        np.full(q.size, np.nan) if predicted is None else np.mean(np.atleast_2d(predicted), axis=0)
    )
    if np.isfinite(line).any():
        ax.plot(q, line, "-", color=COLOURS["vermilion"], lw=1.1, label="predicted")
    if mark:
        ax.axvline(mark, color="black", ls="--", lw=0.9, label="predicted peak")
    if baseline is not None:
        ax.plot(q, baseline * q / q[-1], ":", color=COLOURS["grey"], lw=1.0, label="random")
    ax.set_ylim(0, 1.02)


def plot_against_size(
    ax: Axes, sizes: ArrayLike, values: ArrayLike, predicted: ArrayLike, colour: str, label: str
) -> None:
    """Something that falls with a size, log-log: dots are means over seeds, a line predicts.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
    sizes : array_like, shape (n,)
    values, predicted : array_like, shape (n, seeds)
        The bars show the standard error of the mean.
    colour : str
        Name in `COLOURS`.
    label : str
    """
    values = np.asarray(values)
    mean, n = values.mean(axis=1), values.shape[1]
    error = values.std(axis=1, ddof=1) / np.sqrt(n) if n > 1 else None
    ax.errorbar(sizes, mean, error, fmt="o", ms=3, lw=0.8, color=COLOURS[colour], label=label)
    ax.plot(sizes, np.mean(np.asarray(predicted), axis=1), "-", lw=1.0, color=COLOURS[colour])
    ax.set_xscale("log")
    ax.set_yscale("log")
