"""Along a training: distances to the three laws, eigenvalues outside the bulk, gap and overlap."""

import numpy as np

from paper_figs.lines import plot_seeds
from paper_figs.style import (
    caption,
    inputs_of_training,
    rows_of,
    run,
    seeds_of,
    short_log_axis,
    subplots,
)
from paper_figs.trained_spectra_cases import blocks_and_layers, model_of, over_steps, points_of
from rmt_hessian.measurements.trained_outliers import LARGEST_LAYER
from rmt_hessian.plotting import COLOURS

CASES = [  # layers, loss, inputs, many samples or few
    (1, "ce", "gaussian", False),
    (1, "ce", "mixture", True),
    (2, "ce", "gaussian", False),
    (2, "ce", "mixture", True),
    (2, "mse", "mixture", True),
]
ROWS = {  # columns: label, colour, line
    "KS distance, $H_{00}$": {
        "diagonal_ks_start": ("law given the first weights", "green", ":"),
        "diagonal_ks_given": ("law given the weights", "blue", "--"),
        "diagonal_fresh_ks_given": ("the same, fresh inputs", "orange", "-."),
        "diagonal_ks_conditional": ("conditional law", "vermilion", "-"),
    },
    "outliers": {
        "layer_outliers": ("whole layer", "vermilion", "-"),
        "diagonal_outliers": ("$H_{00}$", "blue", "--"),
        "off_diagonal_outliers": ("$H_{01}$", "green", ":"),
    },
    "their overlaps": {
        "layer_means_overlap": ("with span of class means", "purple", "-"),
        "layer_rows_overlap": ("with span of weight rows", "orange", "--"),
    },
    "output Hessian": {
        "output_gap": (r"gap $\lambda_C/\lambda_{C-1}$", "vermilion", "-"),
        "output_predicted_gap": ("gap, predicted", "vermilion", ":"),
        "output_overlap": ("overlap with $v_c-\\bar v$", "blue", "--"),
    },
}
# why a panel is empty
NO_OUTLIERS = "hardly any\noutliers"
NO_LAYER = f"not measured:\nmore than {LARGEST_LAYER}\nweights"
NO_UNITS = "no hidden layer"
NO_RANK = "MSE:\nno rank $C-1$"
FEW_UNITS = "no more units\nthan classes"


def draw(store):
    """Rows: distances; outliers; their overlaps; output Hessian. Columns: cases. Bands: seeds."""
    table = rows_of(store, "trained_spectra", needed=True)
    figure, axes = subplots(4, len(CASES) + 1, height_to_width=1.2, sharex="col", sharey="row")
    for column, case in zip(axes.T, CASES, strict=False):  # the last column is for the legends
        words, blocks, layers = blocks_and_layers(points_of(table, *case))
        of_rows = zip(column, ROWS.values(), (blocks, layers, layers, blocks), strict=True)
        for ax, lines, points in of_rows:
            _draw_along(ax, [store.arrays(key) for key in points["key"]], lines)
        _say_why_empty(column, case, layers)
        first = blocks.iloc[0]
        inputs = inputs_of_training(first["inputs"]).replace(", ", ",\n")
        sizes = f"$C={first['n_classes']:.0f}$, $N={first['n_samples']:.0f}$"
        column[0].set_title(f"{model_of(first)}\n{inputs}\n{sizes}{words}", fontsize=7)
        column[0].set_yscale("log")
        column[1].set_yscale("symlog", linthresh=1)
        column[3].set_xscale("symlog", linthresh=1)
        column[3].set(xlim=(0, None), ylim=(0, 1.05), xlabel="steps")
        column[3].minorticks_off()
        column[2].set_ylim(0, 1.05)
    short_log_axis(axes[0, 0].yaxis)
    axes[1, 0].set_yticks([0, 1, 5, 20], ["0", "1", "5", "20"])
    for row, name in zip(axes, ROWS, strict=True):
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


def _draw_along(ax, runs, lines):
    """Medians over seeds, and ranges, of each column that is a line."""
    for name, (label, colour, line) in lines.items():
        steps, values = over_steps(runs, name)
        if np.isfinite(values).any(axis=0).sum() > 1:
            plot_seeds(ax, steps, values, colour, line, centre=np.nanmedian, label=label)


def _say_why_empty(column, case, layers):
    n_layers, loss, *_ = case
    measured = layers["initial_layer_outliers"].notna().any()
    why = {
        column[2]: NO_OUTLIERS if measured else NO_LAYER,
        column[3]: NO_UNITS if n_layers == 1 else NO_RANK if loss == "mse" else FEW_UNITS,
    }
    middle = {"ha": "center", "va": "center", "fontsize": 6, "color": COLOURS["grey"]}
    for ax, words in why.items():
        if not ax.lines:
            ax.text(0.5, 0.5, words, transform=ax.transAxes, **middle)


if __name__ == "__main__":
    run(draw)
