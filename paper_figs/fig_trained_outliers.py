"""Along a training: distances to the three laws, eigenvalues outside the bulk, gap and overlap."""

import numpy as np

from paper_figs.style import (
    caption,
    combinations,
    inputs_of_training,
    rows_of,
    run,
    seeds_of,
    short_log_axis,
    subplots,
)
from rmt_hessian.measurements.trained_outliers import LARGEST_LAYER
from rmt_hessian.plotting import COLOURS

CASES = [  # layers, loss, inputs, many samples or few
    (1, "ce", "gaussian", False),
    (1, "ce", "mixture", True),
    (2, "ce", "gaussian", False),
    (2, "ce", "mixture", True),
    (2, "mse", "mixture", True),
]
DISTANCES = {  # column, label, colour, line
    "ks_start": ("law given the first weights", "green", ":"),
    "ks_given": ("law given the weights", "blue", "--"),
    "fresh_ks_given": ("the same, fresh inputs", "orange", "-."),
    "ks_conditional": ("conditional law", "vermilion", "-"),
}
OUTLIERS = {
    "layer": ("whole layer", "vermilion", "-"),
    "diagonal": ("$H_{00}$", "blue", "--"),
    "off_diagonal": ("$H_{01}$", "green", ":"),
}
OVERLAPS = {
    "layer_means_overlap": ("with span of class means", "purple", "-"),
    "layer_rows_overlap": ("with span of weight rows", "orange", "--"),
}
OUTPUT = {
    "output_gap": (r"gap $\lambda_C/\lambda_{C-1}$", "vermilion", "-"),
    "output_predicted_gap": ("gap, predicted", "vermilion", ":"),
    "output_overlap": ("overlap with $v_c-\\bar v$", "blue", "--"),
}
# why a panel is empty
NO_OUTLIERS = "hardly any\noutliers"
NO_LAYER = f"not measured:\nmore than {LARGEST_LAYER}\nweights"
NO_UNITS = "no hidden layer"
NO_RANK = "MSE:\nno rank $C-1$"
FEW_UNITS = "no more units\nthan classes"


def draw(store):
    """Rows: distances; outliers; their overlaps; output Hessian. Columns: cases. Bands: seeds."""
    table = rows_of(store, "trained_spectra")
    figure, axes = subplots(4, len(CASES) + 1, height_to_width=1.2, sharex="col", sharey="row")
    for column, case in zip(axes.T, CASES, strict=False):  # the last column is for the legends
        points = _points(table, *case)
        largest = points[points["n_inputs"] == points["n_inputs"].max()]
        with_layer = points[points["initial_layer_outliers"].notna()]
        with_layer = with_layer[with_layer["n_inputs"] == with_layer["n_inputs"].max()]
        with_layer = with_layer if len(with_layer) else largest  # its blocks alone
        words, largest = next(combinations(largest, "widths"))  # the first of several trainings
        others = dict(combinations(with_layer, "widths"))
        with_layer = others.get(words, next(iter(others.values())))
        blocks = {f"diagonal_{key}": style for key, style in DISTANCES.items()}
        _draw_along(column[0], store, largest, blocks)
        _draw_along(
            column[1], store, with_layer, {f"{k}_outliers": style for k, style in OUTLIERS.items()}
        )
        _draw_along(column[2], store, with_layer, OVERLAPS)
        _draw_along(column[3], store, largest, OUTPUT)
        if not column[2].lines:
            measured = with_layer["initial_layer_outliers"].notna().any()
            _say(column[2], NO_OUTLIERS if measured else NO_LAYER)
        if not column[3].lines:
            _say(
                column[3], NO_UNITS if case[0] == 1 else NO_RANK if case[1] == "mse" else FEW_UNITS
            )
        column[0].set_title(_title(largest.iloc[0]) + words, fontsize=7)
        column[0].set_yscale("log")
        column[1].set_yscale("symlog", linthresh=1)
        column[-1].set_xscale("symlog", linthresh=1)
        column[-1].set_xlim(0, None)
        column[-1].minorticks_off()
        column[-1].set_xlabel("steps")
        column[-1].set_ylim(0, 1.05)
        column[2].set_ylim(0, 1.05)
    short_log_axis(axes[0, 0].yaxis)
    axes[1, 0].set_yticks([0, 1, 5, 20], ["0", "1", "5", "20"])
    names = ("KS distance, $H_{00}$", "outliers", "their overlaps", "output Hessian")
    for row, name in zip(axes, names, strict=True):
        row[0].set_ylabel(name)
        shown = next(ax for ax in row[::-1] if ax.lines)
        row[-1].axis("off")
        row[-1].legend(*shown.get_legend_handles_labels(), loc="center left", fontsize=5.5)
    caption(
        figure,
        f"""First layer along trainings, a column a case. Lines: medians over up to
        {seeds_of(table)}; bands: smallest to largest; a run that ended earlier stays where it
        ended. Each row has colours of its own. First row: Kolmogorov distances of the spectrum of
        the diagonal block H₀₀ to three laws, and (fresh inputs) of that of a fresh sample to the
        law given the weights. Second: how many eigenvalues lie outside the bulk: of blocks that of
        the conditional law, of the whole layer that of copies with independent features. Third: of
        the outliers of the whole layer, the mean squared norm of the projection of their unit
        eigenvectors onto the span of the class means of the inputs, and onto that of the rows of
        weights, as long as there are any. Last: of the output Hessian, the gap λ_C/λ_(C−1), seen
        and predicted, and the overlap of its top C − 1 eigenvectors with the span of the
        differences v_c − v̄ of the rows of the last layer's weights. Rows on outliers and overlaps
        of hidden layers on a mixture are at d = {table["n_inputs"].min():.0f}, where whole layers
        are diagonalised, all else at d = {table["n_inputs"].max():.0f}. The other cases are in the
        table.""",
    )
    return figure


def _points(table, n_layers, loss, inputs, many):
    """The points of a case, with few samples or many."""
    points = table[(table["widths"].str.count("-") == n_layers) & (table["loss"] == loss)]
    points = points[points["inputs"] == inputs]
    sizes = points["n_samples"]
    return points[sizes == (sizes.max() if many else sizes.min())]


def _title(point):
    model = "hidden" if point["widths"].count("-") == 2 else "linear"
    C, N = point["n_classes"], point["n_samples"]
    inputs = inputs_of_training(point["inputs"]).replace(", ", ",\n")
    return f"{model}, {point['loss'].upper()}\n{inputs}\n$C={C:.0f}$, $N={N:.0f}$"


def _say(ax, words):
    ax.text(
        0.5, 0.5, words, transform=ax.transAxes, ha="center", va="center",
        fontsize=6, color=COLOURS["grey"],
    )  # fmt: skip


def _draw_along(ax, store, points, lines):
    """Median over seeds of each column at the steps that most of them have, and a band."""
    runs = [store.arrays(key) for key in points["key"]]
    for name, (label, colour, line) in lines.items():
        found = [(a["checkpoint_steps"], a[name]) for a in runs if name in a]
        if not found:
            continue
        steps = np.unique(np.concatenate([s for s, _ in found]))
        steps = steps[steps <= np.median([s[-1] for s, _ in found])]
        # a run that has ended before stays where it ended
        values = np.array([np.interp(steps, s, a) for s, a in found])
        kept = np.isfinite(values).any(axis=0)
        if kept.sum() < 2:  # no line
            continue
        values, steps = values[:, kept], steps[kept]
        ax.fill_between(
            steps, np.nanmin(values, axis=0), np.nanmax(values, axis=0),
            color=COLOURS[colour], alpha=0.2, lw=0,
        )  # fmt: skip
        ax.plot(steps, np.nanmedian(values, axis=0), line, color=COLOURS[colour], label=label)


if __name__ == "__main__":
    run(draw)
