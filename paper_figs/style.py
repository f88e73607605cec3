"""One look for every figure, and a writer whose output does not change between runs."""

import sys
from pathlib import Path

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter
from tueplots import figsizes

from rmt_hessian.paper.finding import in_powers
from rmt_hessian.report.cases import with_cases
from rmt_hessian.report.groups import told_apart
from rmt_hessian.sweep.store import Store

STYLE = "rmt_hessian.plotting.paper"
CASE_TITLES = {
    "linear-ce": "linear, CE",
    "linear-mse": "linear, MSE",
    "hidden-ce": "hidden, CE",
    "hidden-mse": "hidden, MSE",
    "output-ce": "output, CE",
}
DECADES_OF_THREE = 100  # of the ends of an axis: two decades
INPUTS = {"gaussian": "Gaussian, random labels", "mnist": "MNIST"}  # others by their own names


class CannotDraw(ValueError):
    """What a figure needs is not there; a message of one line."""


def rows_of(store, measurement, *, needed=False):
    """Rows of the table that a measurement made, with a column ``case`` where it has one.

    Raises `CannotDraw` if they are needed and there are none.
    """
    table = with_cases(store.table())
    rows = table[table["measurement"] == measurement]
    if needed and rows.empty:
        raise CannotDraw(f"no points of {measurement}")
    return rows


class DifferentPoints(CannotDraw):
    """Points that a figure would draw as one."""


def alike(rows, *keys):
    """The rows, if those of equal keys differ by their seeds alone.

    Raises `DifferentPoints`, which names the parameters, if they differ by more.
    """
    if told := told_apart(rows, keys):
        values = ", ".join(f"{name} = {_values(rows[name])}" for name in told)
        raise DifferentPoints(
            f"points must differ by their seeds alone, got {values}: run a sweep for each"
        )
    return rows


def _values(column):
    return " and ".join(str(value) for value in column.unique())


def combinations(rows, *keys):
    """Yield words and rows, for each value of the parameters that tell rows of equal keys apart.

    Words are as those of the title of a panel, a line each; none where there is one combination,
    and none for a parameter that is not set.
    """
    if not (told := told_apart(rows, keys)):
        yield "", rows
        return
    for values, points in rows.groupby(told, sort=False, dropna=False):
        pairs = [(name, x) for name, x in zip(told, values, strict=True) if pd.notna(x)]
        yield "".join(f"\n{name.replace('_', ' ')} {value}" for name, value in pairs), points


def subplots(nrows, ncols, height_to_width=0.62, **arguments):
    """Axes on a full-width NeurIPS figure (5.5 in), always as an array."""
    size = figsizes.neurips2024(nrows=nrows, ncols=ncols, height_to_width_ratio=height_to_width)
    plt.style.use([STYLE, size])
    return plt.subplots(nrows, ncols, squeeze=False, **arguments)


def panels(n, ncols, height_to_width=0.62, **arguments):
    """As `subplots`: rows of panels for n of them, those behind the last one not seen."""
    nrows = -(-n // ncols)
    figure, axes = subplots(nrows, min(n, ncols), height_to_width, **arguments)
    for ax in axes.flat[n:]:
        ax.set_axis_off()
    return figure, axes


def parts_with_subplots(n_parts, nrows, ncols, height_to_width=0.62):
    """A figure of parts above each other, and of each part its subfigure and its axes.

    A subfigure can have a title of its own over its axes.
    """
    size = figsizes.neurips2024(
        nrows=n_parts * nrows, ncols=ncols, height_to_width_ratio=height_to_width
    )
    plt.style.use([STYLE, size])
    figure = plt.figure()
    parts = figure.subfigures(n_parts, 1, squeeze=False)[:, 0]
    return figure, [(part, part.subplots(nrows, ncols, squeeze=False)) for part in parts]


def label_outer(axes, xlabel="", ylabel=""):
    """Labels below the lowest panels and left of the first ones, and no others."""
    for ax in axes.flat:
        ax.set(xlabel="", ylabel="")
    for ax in axes[-1]:
        ax.set_xlabel(xlabel)
    for ax in axes[:, 0]:
        ax.set_ylabel(ylabel)


def legend_below(figure, axes, ncols=4, *, last=()):
    """One legend under the panels: each label of these axes once, in their order.

    ``last`` are labels that stand behind the others. What no panel shows is drawn empty:
    ``ax.plot([], [], …, label=…)``.
    """
    named = {}
    for ax in np.atleast_1d(axes).flat:
        for handle, label in zip(*ax.get_legend_handles_labels(), strict=True):
            named.setdefault(label, handle)
    named |= {label: named.pop(label) for label in last}
    figure.legend(named.values(), named.keys(), loc="outside lower center", ncols=ncols)


def caption(figure, text):
    """Say under a figure what its title would be too long for: sizes, seeds, what lines mean.

    Plain text, with Unicode for symbols (γ = d/N, H₀₁, ‖H‖²). `save` writes it beside the figure
    and into its metadata; the report prints it below.
    """
    figure.set_label(" ".join(text.split()))


def written(value):
    """A number as a tick says it: ``0.25``, ``−1.2×10⁻⁵``.

    Examples
    --------
    >>> written(-1.2e-05), written(0.25), written(1e6)
    ('−1.2×10⁻⁵', '0.25', '10⁶')
    """
    return in_powers(f"{value:g}").removeprefix("1×")


def plain_log_ticks(ax, values):
    """Label a logarithmic x axis at the given numbers, written out, and nowhere else."""
    ax.set_xticks(values, [written(value) for value in values])
    ax.minorticks_off()


def inputs_of(mean):
    """Words for inputs of a mean."""
    return f"inputs of mean {mean:g}" if mean else "centred inputs"


def inputs_of_training(name):
    """Words for the inputs of a training, and its labels."""
    return INPUTS.get(name, name)


def seeds_of(table, name="seed"):
    """Words for how many seeds a table has, by that name or another: 1 seed, 5 networks."""
    n_seeds = table["seed"].nunique()
    return f"{n_seeds} {name}{'' if n_seeds == 1 else 's'}"


def short_log_axis(axis):
    """Ticks 1, 2, 5 of each decade, of 1 alone where there are more than two, as decimals."""
    low, high = axis.get_view_interval()
    subs = (1.0, 2.0, 5.0) if high <= DECADES_OF_THREE * low else (1.0,)
    axis.set_major_locator(LogLocator(subs=subs))
    axis.set_major_formatter(FuncFormatter(lambda value, _: written(value)))
    axis.set_minor_formatter(NullFormatter())


def short_axis(axis, n_intervals=3):
    """Few ticks, each written in full: no common factor at the end of the axis."""
    axis.set_major_locator(MaxNLocator(n_intervals))
    axis.set_major_formatter(FuncFormatter(lambda value, _: written(value)))


def index_axis(axis, n):
    """Ticks of an axis of places 1 … n: the first one, and round ones."""
    step = 5 if n < 15 else 10 if n < 30 else 20
    axis.set_ticks([1, *range(step, n + 1, step)])


def save(figure, name, folder):
    """Write PDF, PNG and the caption, with fixed metadata, so that a rerun gives the same bytes.

    A figure of many pixels may set itself a resolution above the usual one.
    """
    folder, text = Path(folder), figure.get_label()
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.txt").write_text(f"{text}\n", encoding="utf-8")
    dpi = max(plt.rcParams["savefig.dpi"], figure.get_dpi())
    about = {"Title": name, "Subject": text, "CreationDate": None}
    figure.savefig(folder / f"{name}.pdf", dpi=dpi, metadata=about)
    about = {"Title": name, "Description": text, "Software": None}
    figure.savefig(folder / f"{name}.png", dpi=dpi, metadata=about)
    plt.close(figure)


def draw_and_save(draw, name, results, figures):
    """Draw the figure of a name from a folder of results; what is lacking ends with one line."""
    try:
        figure = draw(Store(results))
    except CannotDraw as error:
        sys.exit(f"error: figure {name}: {error}")
    save(figure, name, figures)


def run(draw):
    """Command line of a figure script: ``python -m paper_figs.fig_NAME RESULTS FIGURES``."""
    name = Path(sys.argv[0]).stem
    if len(sys.argv) != 3:
        sys.exit(f"usage: python -m paper_figs.{name} RESULTS FIGURES")
    draw_and_save(draw, name.removeprefix("fig_"), *sys.argv[1:])
