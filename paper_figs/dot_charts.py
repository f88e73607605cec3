"""Charts with a line for each layer of trained networks: numbers as dots, ranges as bars."""

from dataclasses import dataclass

import numpy as np
from matplotlib.lines import Line2D

from paper_figs.eigenspace_cases import LABELS, trainings
from paper_figs.style import subplots
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
    for ax, dots in zip(axes[0], panels, strict=True):
        for y, (row, layer) in enumerate(lines):
            for training in row:
                for kind in dots:
                    _draw_dots(ax, training, layer, kind, y)
    for ax, title in zip(axes[0], titles, strict=True):
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
    ax.plot(
        values.mean(), y + shift, dots.marker, ms=SIZES.get(dots.marker, 3.2), mew=0.7,
        color=colour, mfc=colour if dots.filled else "white",
    )  # fmt: skip


def legend_of_dots(figure, dots):
    """Below the figure: what markers mean, and the colours of the labels."""
    handles = [
        Line2D([], [], ls="", marker=kind.marker, ms=4, mew=0.7,
               color=COLOURS[kind.colour] if kind.colour else "0.3",
               mfc=(COLOURS[kind.colour] if kind.colour else "0.3") if kind.filled else "white",
               label=kind.label)
        for kind in dots
    ]  # fmt: skip
    handles += [
        Line2D([], [], ls="-", lw=2.5, color=COLOURS[colour], label=LABELS[random])
        for random, (colour, _) in OF_LABELS.items()
    ]
    ncols = 5 if len(handles) == 5 else 4
    figure.legend(handles=handles, loc="outside lower center", ncols=ncols)
