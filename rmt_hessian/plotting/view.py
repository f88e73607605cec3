"""What an axis shows of what is drawn on it, and what it leaves out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from rmt_hessian._types import FloatArray

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.lines import Line2D

LONG = 3.0  # ranges of the bulk: tails beyond are cut, outliers further off do not widen the axis
ROOM = 1.25  # height of the axis over what stands in it
TALL = 3.0  # times the histogram: a density that is higher is cut
FLAT = 0.01  # of the height of the axis: what is lower cannot be told from its line


def limits(lo: float, hi: float, places: Sequence[float], log: bool) -> tuple[float, float]:
    """Of the axis: the bars, and predicted outliers unless they are far."""
    if log:
        ends = [lo, hi, *(x for x in places if x > 0)]
        margin = (max(ends) / min(ends)) ** 0.05
        return min(ends) / margin, max(ends) * margin
    far, margin = LONG * (hi - lo), (hi - lo) / 20
    ends = [lo, hi, *(x for x in places if lo - far < x < hi + far)]
    return min(ends) - margin, max(ends) + margin


def beyond(x: FloatArray, lo: float, hi: float) -> list[str]:
    """Lines on what lies below and above: where it begins and ends. Narrow, as notes have to be."""
    sides = [side for side in (x[x < lo], x[x > hi]) if side.size]
    return [
        " … ".join(dict.fromkeys(f"{end:.3g}" for end in (side.min(), side.max())))
        for side in sides
    ]


def height(points: FloatArray, ends: tuple[float, float]) -> float:
    """Of a curve through points, shape (2, n), between the ends of the axis; 0 of none."""
    if not points.size:
        return 0.0
    x, y = points
    inside = (ends[0] <= x) & (x <= ends[1])
    return float(np.append(y[inside], np.interp(ends, x, y, left=0.0, right=0.0)).max())


def fit_height(ax: Axes, of_histogram: float, lines: Sequence[Line2D]) -> None:
    """Make room for the lines; those that are too high are cut, under a triangle."""
    left, right = ax.get_xlim()
    tops = []
    for line in lines:
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


def mark_places(ax: Axes, places: Sequence[float]) -> list[str]:
    """Triangles at what is predicted within the axis, and lines on what lies outside."""
    lo, hi = ax.get_xlim()
    x = np.array(places)
    shown = x[(lo <= x) & (x <= hi)]
    if shown.size:
        ax.plot(
            shown, np.zeros(shown.size), "^", ms=5, mfc="none", mew=0.9, color="black",
            clip_on=False, label="predicted outlier",
        )  # fmt: skip
    n_outside = x.size - shown.size
    return [f"{n_outside} predicted outside:", *beyond(x, lo, hi)] if n_outside else []


def not_in_sight(ax: Axes, tops: Sequence[tuple[str, float]]) -> list[str]:
    """Lines with the names of what cannot be seen: it lies outside the axis, or is too flat.

    ``tops``: names and heights within the axis.
    """
    least = FLAT * ax.get_ylim()[1]
    hidden = [name for name, top in tops if not top > least]
    return ["not in sight:", *hidden] if hidden else []


def write(ax: Axes, lines: Sequence[str], left: bool) -> None:
    """Into the upper corner that is further from what is high."""
    ax.text(
        *(0.03 if left else 0.97, 0.95), "\n".join(lines), transform=ax.transAxes, fontsize=6.5,
        ha="left" if left else "right", va="top",
    )  # fmt: skip
