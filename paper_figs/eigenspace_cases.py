"""Which trainings the figures of trained eigenspaces show: a row a network, labels side by side."""

from dataclasses import dataclass

import numpy as np
from matplotlib.lines import Line2D

from paper_figs.style import alike, rows_of, subplots
from rmt_hessian.plotting import COLOURS

KEYS = ["inputs", "optimiser", "widths"]
INPUTS = {"digits": "digits", "mnist": "MNIST"}
OPTIMISERS = {"lbfgs": "L-BFGS", "adam": "Adam", "gd": "GD"}
LABELS = {False: "true labels", True: "random labels"}
OF_LABELS = {False: ("blue", -0.17), True: ("orange", 0.17)}  # colour and place of dots
BEFORE, AFTER = 0, 1
ENDS = ("initial", "final")


@dataclass(frozen=True, eq=False)
class Training:
    """Networks of one shape, trained in one way on one sort of labels; a row of the table a pair.

    Attributes
    ----------
    title : str
    random_labels : bool
    points : pandas.DataFrame
    arrays : list of mapping
        Of each point.
    """

    title: str
    random_labels: bool
    points: object
    arrays: list

    @property
    def n_layers(self):
        """Of its networks."""
        return self.points["widths"].iloc[0].count("-")

    @property
    def n_classes(self):
        """C."""
        return int(self.points["n_classes"].iloc[0])

    def units(self, layer):
        """Of a layer."""
        return int(self.points["widths"].iloc[0].split("-")[layer + 1])

    def over_seeds(self, name, at):
        """An array at one end of the training, of all seeds: shape (seeds, …)."""
        return np.stack([arrays[name][at] for arrays in self.arrays])

    def numbers(self, name, at, layer):
        """A column at one end, of all seeds; NaN where the layer has none."""
        column = f"{ENDS[at]}_{name}_{layer}"
        return self.points[column].to_numpy() if column in self.points else np.full(1, np.nan)


def trainings(store):
    """Lists of `Training` with true and with random labels, one for each network and optimiser."""
    table = rows_of(store, "trained_eigenspaces")
    return [
        [
            Training(_title(rows), random, alike(points, "widths"), [*map(store.arrays, keys)])
            for random, points in _by_labels(rows)
            for keys in [points["key"]]
        ]
        for _, rows in table.groupby(KEYS, sort=False)
    ]


def _by_labels(rows):
    random = rows.get("random_labels", rows["seed"] < 0).fillna(False).astype(bool)
    return [(sort, rows[random == sort]) for sort in LABELS if (random == sort).any()]


def _title(rows):
    first = rows.iloc[0]
    inputs = INPUTS.get(first["inputs"], first["inputs"])
    optimiser = OPTIMISERS[first["optimiser"]]
    return f"{inputs}, {optimiser}\n{first['widths'].replace('-', '–')}"


def layer_panels(store, draw, *, layers=lambda training: range(training.n_layers)):
    """A figure of a panel a layer: rows are networks, columns layers and labels; and its axes.

    ``draw(ax, training, layer)`` fills a panel. ``layers`` are those of a training that are drawn;
    rows without any are left out.
    """
    rows = [row for row in trainings(store) if any(layers(t) for t in row)]
    n_layers = max(max(layers(t), default=0) for row in rows for t in row) + 1
    figure, axes = subplots(len(rows), 2 * n_layers, height_to_width=1.0)
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


def mean_of_known(values):
    """Means over seeds that have a value; NaN where none has."""
    known = np.isfinite(values)
    sums = np.where(known, values, 0.0).sum(axis=0)
    return sums / np.where(known.any(axis=0), known.sum(axis=0), np.nan)


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


@dataclass(frozen=True)
class Dots:
    """One column of a chart of dots: a quantity, how it is drawn, at one end of the training."""

    name: str
    at: int
    marker: str = "o"
    filled: bool = True
    label: str | None = None
    colour: str | None = None  # by default that of the labels


def dot_chart(store, panels, titles, *, layers=lambda training: range(training.n_layers)):
    """A figure of a line a layer, true labels above random ones: dots and bars over seeds.

    ``panels`` are lists of `Dots`.
    """
    lines = [
        (row, layer) for row in trainings(store) for layer in range(max(t.n_layers for t in row))
    ]
    lines = [(row, layer) for row, layer in lines if any(layer in layers(t) for t in row)]
    figure, axes = subplots(1, len(panels), height_to_width=0.32 * len(lines), sharey=True)
    figure.set_size_inches(figure.get_size_inches()[0], 0.6 + 0.26 * len(lines))
    for ax, dots in zip(axes[0], panels, strict=True):
        for y, (row, layer) in enumerate(lines):
            for training in row:
                if layer in layers(training):
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
        values.mean(), y + shift, dots.marker, ms=3.2, color=colour, mew=0.7,
        mfc=colour if dots.filled else "white",
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
    figure.legend(handles=handles, loc="outside lower center", ncols=4)
