"""Colours, the style that is installed with the package, and axes of one's own."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, cast

from rmt_hessian._checks.arguments import require_attributes

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis
    from matplotlib.figure import Figure

# Okabe–Ito, told apart by colour-blind readers
COLOURS = {
    "blue": "#0072B2",
    "vermilion": "#D55E00",
    "green": "#009E73",
    "purple": "#CC79A7",
    "orange": "#E69F00",
    "grey": "#7F7F7F",
}
PREDICTED = COLOURS["vermilion"]
MEASURED = COLOURS["blue"]


def style() -> AbstractContextManager[None]:
    """The look of this project's figures, within a ``with`` block.

    Serif letters of 8 points, colours that colour-blind readers tell apart, no box; figures are
    as wide as a column of 3.25 inches, fonts in a PDF are whole.

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> with style():
    ...     plt.rcParams["font.size"]
    8.0
    """
    import matplotlib.style

    return matplotlib.style.context("rmt_hessian.plotting.paper")


def axes_or_new(ax: Axes | None) -> Axes:
    """The axes that are given, or those of a new figure.

    Raises
    ------
    ValueError
        If ax is given and is no axes.
    """
    if ax is not None:
        return require_attributes(ax, ("plot", "get_xaxis_transform"), "ax", "axes of matplotlib")
    import matplotlib.pyplot as plt

    return plt.subplots(layout="constrained")[1]


def legend_of_new(ax: Axes, given: Axes | None) -> Axes:
    """The axes, with a legend where they were not given, which stays clear of the note."""
    if given is None and ax.get_legend_handles_labels()[0]:
        legend = ax.legend()
        cast("Figure", ax.figure).draw_without_rendering()
        for note in ax.texts:
            box = note.get_window_extent()
            if note.get_text() and legend.get_window_extent().overlaps(box):
                _, bottom = ax.transAxes.inverted().transform(box.min)
                right = note.get_horizontalalignment() == "right"
                legend.set_loc("upper right" if right else "upper left")
                legend.set_bbox_to_anchor((float(right), float(bottom)), ax.transAxes)
    return ax


def few_ticks(axis: Axis) -> None:
    """Round numbers on a logarithmic axis of less than a decade, where labels run into each other.

    With all data drawn: it reads the ends of the axis.
    """
    from matplotlib.ticker import MaxNLocator, NullFormatter, ScalarFormatter

    lo, hi = axis.get_view_interval()
    if lo > 0 and hi < 10 * lo:
        axis.set_major_locator(MaxNLocator(4))
        axis.set_major_formatter(ScalarFormatter())
        axis.set_minor_formatter(NullFormatter())
