"""Figures of trained networks: a row a network, its panels side by side; and lines in them."""

import numpy as np
from matplotlib.ticker import LogLocator, NullFormatter, NullLocator

from paper_figs.eigenspace_cases import LABELS, trainings
from paper_figs.lines import geometric_mean, plot_seeds
from paper_figs.style import CannotDraw, index_axis, short_log_axis, subplots

AROUND, WIDEST = 0.9, 1.2  # inches for titles and legend; of a panel, for its height


def network_panels(store, draw, columns, xlabel, ylabel, *, height_to_width=0.95, **shared):
    """A figure of a row a network; and its axes.

    ``columns(training)`` has the titles of the panels of a training by what tells them apart, of
    which ``draw(ax, training, …)`` fills each; rows and columns without any are left out.
    """
    rows = [row for row in trainings(store) if any(columns(t) for t in row)]
    titles = dict(sorted(panel for row in rows for t in row for panel in columns(t).items()))
    if not titles:
        raise CannotDraw("there is no layer to draw: none is hidden and has C units or more")
    figure, axes = subplots(len(rows), len(titles), **shared)
    width = figure.get_size_inches()[0]
    height = height_to_width * min(width / len(titles), WIDEST)
    figure.set_size_inches(width, AROUND + height * len(rows))
    for ax in axes.flat:
        ax.set_axis_off()
    for row_axes, row in zip(axes, rows, strict=True):
        for training in row:
            for panel in columns(training):
                ax = row_axes[[*titles].index(panel)]
                ax.set_axis_on()
                ax.tick_params(labelsize=5.5)
                draw(ax, training, *panel)
        first = next(ax for ax in row_axes if ax.axison)
        first.set_ylabel(row[0].title, fontsize=6)
    for title, column in zip(titles.values(), axes.T, strict=True):
        column[0].set_title(title, fontsize=6.5)
        lowest = [ax for ax in column if ax.axison][-1]
        lowest.set_xlabel(xlabel, fontsize=6)
        lowest.tick_params(labelbottom=True)
    figure.align_ylabels(axes[:, 0])
    figure.supylabel(ylabel, fontsize=7)
    return figure, axes


def layer_panels(store, draw, xlabel, ylabel, *, layers=lambda training: range(training.n_layers)):
    """The same with columns for layers and labels, ``draw(ax, training, layer)``.

    ``layers`` are those of a training that are drawn.
    """

    def columns(training):
        random = training.random_labels
        return {(l, random): f"layer {l}\n{LABELS[random]}" for l in layers(training)}

    def draw_layer(ax, training, layer, random):
        draw(ax, training, layer)

    return network_panels(store, draw_layer, columns, xlabel, ylabel)


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
        plot_seeds(
            ax, index, values, colour, style, centre=geometric_mean, where=np.all, alpha=0.25,
            lw=0.9, label=label,
        )  # fmt: skip
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
