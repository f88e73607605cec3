"""Figures of a panel a layer of trained networks, and the lines in them."""

import numpy as np
from matplotlib.ticker import LogLocator, NullFormatter, NullLocator

from paper_figs.eigenspace_cases import LABELS, trainings
from paper_figs.style import CannotDraw, index_axis, short_log_axis, subplots
from rmt_hessian.plotting import COLOURS

AROUND, HEIGHT = 0.9, 0.95  # inches for titles and legend; of a panel over its width


def layer_panels(store, draw, xlabel, ylabel, *, layers=lambda training: range(training.n_layers)):
    """A figure of a panel a layer: rows are networks, columns layers and labels; and its axes.

    ``draw(ax, training, layer)`` fills a panel. ``layers`` are those of a training that are drawn;
    rows and columns without any are left out.
    """
    rows = [row for row in trainings(store) if any(layers(t) for t in row)]
    columns = sorted({(l, t.random_labels) for row in rows for t in row for l in layers(t)})
    if not columns:
        raise CannotDraw("there is no layer to draw: none is hidden and has C units or more")
    figure, axes = subplots(len(rows), len(columns))
    width = figure.get_size_inches()[0]
    height = HEIGHT * min(width / len(columns), 1.2)
    figure.set_size_inches(width, AROUND + height * len(rows))
    for row_axes, row in zip(axes, rows, strict=True):
        for ax in row_axes:
            ax.set_axis_off()
        for training in row:
            for layer in layers(training):
                ax = row_axes[columns.index((layer, training.random_labels))]
                ax.set_axis_on()
                ax.tick_params(labelsize=5.5)
                draw(ax, training, layer)
        first = next(ax for ax in row_axes if ax.axison)
        first.set_ylabel(row[0].title, fontsize=6)
    for (layer, random), column in zip(columns, axes.T, strict=True):
        column[0].set_title(f"layer {layer}\n{LABELS[random]}", fontsize=6.5)
        lowest = [ax for ax in column if ax.axison][-1]
        lowest.set_xlabel(xlabel, fontsize=6)
    figure.align_ylabels(axes[:, 0])
    figure.supylabel(ylabel, fontsize=7)
    return figure, axes


def legend_below(figure, axes, ncols):
    """Of the first panel that has lines."""
    shown = next(ax for ax in axes.flat if ax.lines)
    handles, labels = shown.get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=ncols)


def mean_and_band(ax, x, values, colour, style="-", label=None, alpha=0.25, log=False, **line):
    """Mean over seeds, band from the smallest to the largest, where all have a value.

    ``log``: geometric means. Returns the largest number drawn, 0 if none is.
    """
    known = np.isfinite(values).all(axis=0)
    x, values = x[known], values[:, known]
    mean = np.exp(np.log(values).mean(axis=0)) if log else values.mean(axis=0)
    drawn = [mean]
    if len(values) > 1 and alpha:
        drawn += [values.min(axis=0), values.max(axis=0)]
        ax.fill_between(x, *drawn[1:], color=COLOURS[colour], alpha=alpha, lw=0)
    ax.plot(x, mean, style, color=COLOURS[colour], label=label, **line)
    return np.max(drawn, initial=0.0)


def eigenvalue_lines(ax, training, layer, lines, *, lowest, relative=False, ymax=1.0):
    """Eigenvalues against their index on a logarithmic axis: geometric means, bands; and C - 1.

    ``lines`` are (array, end of the training, colour, style, label). They end where an eigenvalue
    of a seed is below ``lowest`` times its largest one; ``relative`` to that one.
    """
    for name, at, colour, style, label in lines:
        values = training.over_seeds(f"{name}_{layer}", at)
        largest = values[:, :1]
        values = np.where(values > lowest * largest, values, np.nan)
        values = values / largest if relative else values
        index = np.arange(1, values.shape[1] + 1)
        mean_and_band(ax, index, values, colour, style, label, log=True, lw=0.9)
    ax.axvline(training.n_classes - 0.5, ymax=ymax, color="black", ls="--", lw=0.5)
    ax.set_yscale("log")
    index_axis(ax.xaxis, index.size)
    ax.yaxis.set_major_locator(LogLocator(numticks=4))
    ax.yaxis.set_minor_formatter(NullFormatter())
    low, high = ax.get_ylim()
    if high < 30 * low:
        short_log_axis(ax.yaxis)
    else:
        ax.yaxis.set_minor_locator(NullLocator())


def numbers_in_panel(ax, text):
    """A few numbers in the upper right corner."""
    ax.text(
        0.97, 0.97, text, transform=ax.transAxes, ha="right", va="top", fontsize=5.5,
        bbox={"facecolor": "white", "alpha": 0.7, "lw": 0, "pad": 0.5},
    )  # fmt: skip
