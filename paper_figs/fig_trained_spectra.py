"""Spectra of blocks before, amid and after a training, beside the three laws: their CDFs."""

import numpy as np

from paper_figs.style import (
    caption,
    combinations,
    inputs_of_training,
    rows_of,
    run,
    subplots,
    written,
)
from rmt_hessian.plotting import COLOURS

ROWS = [  # layers, loss, inputs, many samples or few; block
    (1, "ce", "gaussian", False, "diagonal"),
    (1, "ce", "gaussian", False, "off_diagonal"),
    (1, "ce", "mixture", True, "diagonal"),
    (2, "ce", "gaussian", False, "diagonal"),
    (2, "ce", "gaussian", True, "diagonal"),
    (2, "mse", "gaussian", False, "diagonal"),
]
LAWS = {"start": ("green", ":"), "given": ("blue", "--"), "conditional": ("vermilion", "-")}
NAMES = {
    "start": "law given the first weights",
    "given": "law given the weights",
    "conditional": "conditional law",
}
BLOCKS = {"diagonal": "$H_{00}$", "off_diagonal": "$|H_{01}|$"}
PLACES = 0.25, 0.5, 0.75  # of the distances, in the width of a panel
SHARES = (0, 0.5, 1)  # of the steps
LOWEST, DECADES = 0.2, 8  # quantile of the spectra of a row that is shown, if not below these


def draw(store):
    """Rows: cases; columns: at the start, nearest to half of the steps, at the end. First seed."""
    table = rows_of(store, "trained_spectra")
    table = table[table["n_inputs"] == table["n_inputs"].max()]  # the grids of blocks
    figure, axes = subplots(len(ROWS), 3, height_to_width=0.66, sharex="row", sharey=True)
    hidden = []  # shares of the spectra that lie below their axis
    for row, (n_layers, loss, inputs, many, block) in zip(axes, ROWS, strict=True):
        points = table[(table["widths"].str.count("-") == n_layers) & (table["loss"] == loss)]
        points = points[points["inputs"] == inputs].sort_values(["n_samples", "seed"])
        sizes = points["n_samples"].to_numpy()
        points = points[sizes == (sizes.max() if many else sizes.min())]
        words, points = next(combinations(points, "widths"))  # the first of several trainings
        point = points.iloc[0]
        arrays = store.arrays(point["key"])
        steps = arrays["checkpoint_steps"]
        shown = [np.abs(steps - share * steps[-1]).argmin() for share in SHARES]
        sizes = np.abs(arrays[f"{block}_eigenvalues"][shown])
        for ax, k in zip(row, shown, strict=True):
            _draw_distributions(ax, {name: a[k] for name, a in arrays.items() if a.ndim > 1}, block)
            _write_distances(ax, [arrays[f"{block}_ks_{law}"][k] for law in LAWS])
            loss = written(float(f"{arrays['losses'][k]:.2g}"))
            ax.set_title(f"{steps[k]} steps, loss {loss}", fontsize=7, pad=11.5)
            ax.set_xscale("log")
            ax.minorticks_off()
            lowest = np.quantile(sizes, LOWEST, axis=1).min() / 2
            ax.set_xlim(max(lowest, sizes.max() * 10.0**-DECADES), 2 * sizes.max())
        hidden += list(np.mean(sizes < row[0].get_xlim()[0], axis=1))
        row[0].set_yticks([0, 0.5, 1], ["0", "0.5", "1"])
        row[0].set_ylabel(_case(point, block) + words, fontsize=6.5)
    for ax in axes[-1]:
        ax.set_xlabel("eigenvalue, or its size")
    figure.supylabel("share of the spectrum below", fontsize=8)
    handles, labels = axes[0, 0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=4)
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
        {100 * max(hidden):.0f} % of a spectrum: as much as the height at which its line enters the
        panel. d = {table.iloc[0]["n_inputs"]:.0f}, ReLU; trained by L-BFGS (linear) and Adam
        (hidden). Drawn are {len(ROWS)} of {n_cases} pairs of a case and a block; distances of all
        are in the table.""",
    )
    return figure


def _draw_distributions(ax, arrays, block):
    """Ranks of the eigenvalues over their size, and of the quantiles of each law."""
    spectrum = np.sort(np.abs(arrays[f"{block}_eigenvalues"]))
    ranks = (np.arange(spectrum.size) + 0.5) / spectrum.size
    ax.step(
        spectrum, ranks, where="mid", color=COLOURS["grey"], lw=2.5, alpha=0.6, label="spectrum"
    )
    for law, (colour, line) in LAWS.items():
        quantiles = np.sort(np.abs(arrays[f"{block}_{law}_quantiles"]))
        ax.plot(quantiles, ranks, line, color=COLOURS[colour], lw=1.0, label=NAMES[law])


def _write_distances(ax, distances):
    """KS distances above the axes, in the order and the colours of the laws."""
    for place, distance, (colour, _) in zip(PLACES, distances, LAWS.values(), strict=True):
        ax.text(
            place, 1.04, f"{distance:.3f}", transform=ax.transAxes,
            ha="center", va="bottom", fontsize=6.5, color=COLOURS[colour],
        )  # fmt: skip


def _case(point, block):
    """Model, loss, inputs and their number; block."""
    model = "hidden" if point["widths"].count("-") == 2 else "linear"
    title = f"{model}, {point['loss'].upper()}, {BLOCKS[block]}"
    return f"{title}\n{inputs_of_training(point['inputs'])}\n$N={point['n_samples']:.0f}$"


if __name__ == "__main__":
    run(draw)
