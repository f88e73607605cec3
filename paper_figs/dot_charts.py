"""Charts with a line for each layer of trained networks: numbers as dots, ranges as bars."""

from dataclasses import dataclass
from itertools import product

import numpy as np

from paper_figs.eigenspace_cases import LABELS, trainings
from paper_figs.style import legend_below, subplots
from rmt_hessian.plotting import COLOURS

OF_LABELS = {False: ("blue", -0.17), True: ("orange", 0.17)}  # colour and place of dots
SIZES = {"|": 7}  # of markers that a dot would hide


@dataclass(frozen=True)
class Dots:
    """One column of a chart of dots: a quantity, how it is drawn, at one end of the training."""

    name: str
    at: int
    marker: str = "o"
    filled: bool = True
    label: str | None = None
    colour: str | None = None  # by default that of the labels


def dot_chart(store, panels, titles):
    """A figure of a line a layer, true labels above random ones: dots and bars over seeds.

    ``panels`` are lists of `Dots`.
    """
    lines = [
        (row, layer) for row in trainings(store) for layer in range(max(t.n_layers for t in row))
    ]
    figure, axes = subplots(1, len(panels), sharey=True)
    figure.set_size_inches(figure.get_size_inches()[0], 1.4 + 0.24 * len(lines))
    for ax, dots, title in zip(axes[0], panels, titles, strict=True):
        for y, (row, layer) in enumerate(lines):
            for training, kind in product(row, dots):
                _draw_dots(ax, training, layer, kind, y)
        ax.set_title(title, fontsize=7)
        ax.tick_params(labelsize=6)
        ax.grid(axis="y", lw=0.3, color="0.85")
    names = [f"{row[0].title.replace(chr(10), ' ')}, layer {layer}" for row, layer in lines]
    axes[0, 0].set_yticks(range(len(lines)), names)
    axes[0, 0].set_ylim(len(lines) - 0.4, -0.6)
    return figure, axes[0]


def _draw_dots(ax, training, layer, dots, y):
    values = training.numbers(dots.name, dots.at, layer)
    values = values[np.isfinite(values)]
    if not values.size:
        return
    colour, shift = OF_LABELS[training.random_labels]
    colour = COLOURS[dots.colour or colour]
    if values.size > 1:
        ax.plot([values.min(), values.max()], [y + shift] * 2, "-", color=colour, lw=0.8, alpha=0.6)
    size = SIZES.get(dots.marker, 3.2)
    _plot_dots(ax, values.mean(), y + shift, dots, colour, size)


def legend_of_dots(figure, dots):
    """Below the figure: what markers mean, and the colours of the labels."""
    ax = figure.axes[0]
    for kind in dots:
        _plot_dots(ax, [], [], kind, COLOURS.get(kind.colour, "0.3"), ms=4, label=kind.label)
    for random, (colour, _) in OF_LABELS.items():
        ax.plot([], [], lw=2.5, color=COLOURS[colour], label=LABELS[random])
    n_labels = len(dots) + len(OF_LABELS)
    legend_below(figure, ax, 5 if n_labels == 5 else 4)


def _plot_dots(ax, x, y, dots, colour, ms, label=None):
    filled = colour if dots.filled else "white"
    ax.plot(x, y, dots.marker, ms=ms, mew=0.7, color=colour, mfc=filled, label=label)
