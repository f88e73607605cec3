"""Spectra of blocks before, amid and after a training, beside the three laws: their CDFs."""

import numpy as np

from paper_figs.style import (
    caption,
    combinations,
    inputs_of_training,
    legend_below,
    rows_of,
    run,
    subplots,
    written,
)
from paper_figs.trained_spectra_cases import model_of, points_of
from rmt_hessian.plotting import COLOURS

ROWS = [  # layers, loss, inputs, many samples or few; block
    (1, "ce", "gaussian", False, "diagonal"),
    (1, "ce", "gaussian", False, "off_diagonal"),
    (1, "ce", "mixture", True, "diagonal"),
    (2, "ce", "gaussian", False, "diagonal"),
    (2, "ce", "gaussian", True, "diagonal"),
    (2, "mse", "gaussian", False, "diagonal"),
]
LAWS = {
    "start": ("green", ":", "law given the first weights"),
    "given": ("blue", "--", "law given the weights"),
    "conditional": ("vermilion", "-", "conditional law"),
}
BLOCKS = {"diagonal": "$H_{00}$", "off_diagonal": "$|H_{01}|$"}
PLACES = 0.25, 0.5, 0.75  # of the distances, in the width of a panel
SHARES = (0, 0.5, 1)  # of the steps
LOWEST, DECADES = 0.2, 8  # quantile of the spectra of a row that is shown, if not below these


def draw(store):
    """Rows: cases; columns: at the start, nearest to half of the steps, at the end. First seed."""
    table = rows_of(store, "trained_spectra", needed=True)
    table = table[table["n_inputs"] == table["n_inputs"].max()]  # the grids of blocks
    figure, axes = subplots(len(ROWS), 3, height_to_width=0.66, sharex="row", sharey=True)
    below = []  # shares of the spectra that lie below their axis
    for row, (*case, block) in zip(axes, ROWS, strict=True):
        points = points_of(table, *case).sort_values("seed", kind="stable")
        words, points = next(combinations(points, "widths"))  # the first of several trainings
        point = points.iloc[0]
        below += _draw_row(row, store.arrays(point["key"]), block)
        title = f"{model_of(point)}, {BLOCKS[block]}\n{inputs_of_training(point['inputs'])}"
        row[0].set_ylabel(f"{title}\n$N={point['n_samples']:.0f}${words}", fontsize=6.5)
        row[0].set_yticks([0, 0.5, 1], ["0", "0.5", "1"])
    for ax in axes[-1]:
        ax.set_xlabel("eigenvalue, or its size")
    figure.supylabel("share of the spectrum below", fontsize=8)
    legend_below(figure, axes)
    n_cases = 2 * table.groupby(["widths", "loss", "inputs", "n_samples"]).ngroups
    caption(
        figure,
        f"""Spectra of blocks of the first layer along trainings: share of eigenvalues (of sizes of
        eigenvalues, where the block is H₀₁) below a number. Grey: seen, first seed; green: law
        given the weights of the start; blue: law given the weights of the moment, of fresh inputs;
        red: conditional law, of the output Hessians of the very sample. Numbers: Kolmogorov
        distances of the spectrum to the three laws, in their colours. Columns: at the start,
        nearest to half of the steps, at the end. What lies right of the conditional law are
        outliers (figure trained_outliers). The axes leave out small sizes, up to
        {100 * max(below):.0f} % of a spectrum: as much as the height at which its line enters the
        panel. d = {table["n_inputs"].max():.0f}, ReLU; trained by L-BFGS (linear) and Adam
        (hidden). Drawn are {len(ROWS)} of {n_cases} pairs of a case and a block; distances of all
        are in the table.""",
    )
    return figure


def _draw_row(row, arrays, block):
    """Panels of a training; shares of their spectra that the axis leaves out."""
    steps, losses = arrays["checkpoint_steps"], arrays["losses"]
    shown = [np.abs(steps - share * steps[-1]).argmin() for share in SHARES]
    sizes = np.sort(np.abs(arrays[f"{block}_eigenvalues"][shown]))
    lowest = max(np.quantile(sizes, LOWEST, axis=1).min() / 2, sizes.max() * 10.0**-DECADES)
    ranks = (np.arange(sizes.shape[1]) + 0.5) / sizes.shape[1]
    spectrum = {"where": "mid", "color": COLOURS["grey"], "lw": 2.5, "alpha": 0.6}
    for ax, k, x in zip(row, shown, sizes, strict=True):
        ax.step(x, ranks, **spectrum, label="spectrum")
        for place, (law, (colour, line, label)) in zip(PLACES, LAWS.items(), strict=True):
            colour, distance = COLOURS[colour], f"{arrays[f'{block}_ks_{law}'][k]:.3f}"
            quantiles = np.sort(np.abs(arrays[f"{block}_{law}_quantiles"][k]))
            ax.plot(quantiles, ranks, line, color=colour, lw=1.0, label=label)
            above = {"ha": "center", "va": "bottom", "fontsize": 6.5, "transform": ax.transAxes}
            ax.text(place, 1.04, distance, color=colour, **above)
        loss = written(float(f"{losses[k]:.2g}"))
        ax.set_title(f"{steps[k]} steps, loss {loss}", fontsize=7, pad=11.5)
        ax.set(xscale="log", xlim=(lowest, 2 * sizes.max()))
        ax.minorticks_off()
    return list(np.mean(sizes < lowest, axis=1))


if __name__ == "__main__":
    run(draw)
