"""Figures of a panel a layer of trained networks, and the lines in them."""

import numpy as np
from matplotlib.ticker import FuncFormatter, MaxNLocator

from paper_figs.eigenspace_cases import LABELS, trainings
from paper_figs.style import CannotDraw, subplots
from rmt_hessian.plotting import COLOURS

AROUND, HEIGHT = 1.1, 0.92  # inches for titles and legend; of a panel over its width


def layer_panels(store, draw, *, layers=lambda training: range(training.n_layers)):
    """A figure of a panel a layer: rows are networks, columns layers and labels; and its axes.

    ``draw(ax, training, layer)`` fills a panel. ``layers`` are those of a training that are drawn;
    rows without any are left out.
    """
    rows = [row for row in trainings(store) if any(layers(t) for t in row)]
    if not rows:
        raise CannotDraw("there is no layer to draw: none hidden, or fewer units than classes")
    n_layers = max(max(layers(t), default=0) for row in rows for t in row) + 1
    figure, axes = subplots(len(rows), 2 * n_layers)
    width = figure.get_size_inches()[0]
    figure.set_size_inches(width, AROUND + HEIGHT * width / (2 * n_layers) * len(rows))
    for row_axes, row in zip(axes, rows, strict=True):
        for ax in row_axes:
            ax.set_axis_off()
        for training in row:
            for layer in layers(training):
                ax = row_axes[2 * layer + training.random_labels]
                ax.set_axis_on()
                ax.tick_params(labelsize=5)
                draw(ax, training, layer)
        row_axes[0].text(
            -0.62, 0.5, row[0].title, transform=row_axes[0].transAxes, rotation=90, fontsize=6,
            ha="center", va="center", multialignment="center",
        )  # fmt: skip
    for column, ax in enumerate(axes[0]):
        layer, random = divmod(column, 2)
        ax.set_title(f"layer {layer}\n{LABELS[bool(random)]}", fontsize=6.5)
    return figure, axes


def mean_and_band(ax, x, values, colour, style="-", label=None, alpha=0.25, **line):
    """Mean over seeds, band from the smallest to the largest, where all have a value.

    Returns the largest number drawn, 0 if none is.
    """
    known = np.isfinite(values).all(axis=0)
    x, values = x[known], values[:, known]
    drawn = [values.mean(axis=0)]
    if len(values) > 1 and alpha:
        drawn += [values.min(axis=0), values.max(axis=0)]
        ax.fill_between(x, *drawn[1:], color=COLOURS[colour], alpha=alpha, lw=0)
    ax.plot(x, drawn[0], style, color=COLOURS[colour], label=label, **line)
    return np.max(drawn, initial=0.0)


def eigenvalue_lines(ax, training, layer, lines, *, over_largest=False, ymax=1.0):
    """Eigenvalues against their index on a logarithmic axis: geometric means, bands; and C - 1.

    ``lines`` are (array, end of the training, colour, style, label). Over the largest of each seed,
    those below a thousandth are drawn there.
    """
    for name, at, colour, style, label in lines:
        values = training.over_seeds(f"{name}_{layer}", at)
        if over_largest:
            values = np.maximum(values / values[:, :1], 1e-3)
        values = np.log10(np.where(values > 0, values, np.nan))
        index = np.arange(1, values.shape[1] + 1)
        mean_and_band(ax, index, values, colour, style, label, lw=0.9)
    ax.axvline(training.n_classes - 1, ymax=ymax, color="black", ls="--", lw=0.5)
    ax.yaxis.set_major_locator(MaxNLocator(3, integer=True))
    ax.yaxis.set_major_formatter(FuncFormatter(lambda power, _: f"$10^{{{power:g}}}$"))


def numbers_in_panel(ax, text):
    """A few numbers in the upper right corner."""
    ax.text(0.97, 0.97, text, transform=ax.transAxes, ha="right", va="top", fontsize=5.5)
