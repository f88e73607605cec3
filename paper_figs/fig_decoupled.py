"""How far a layer Hessian is from its decoupled one, against N: the matrices, and their spectra."""

import numpy as np

from paper_figs.lines import plot_seeds, root_mean_square
from paper_figs.style import (
    CASE_TITLES,
    alike,
    caption,
    label_outer,
    legend_below,
    plain_log_ticks,
    rows_of,
    run,
    subplots,
)
from rmt_hessian.plotting import COLOURS

STYLES = ("blue", "orange", "purple", "green")
BAND = (0.1, 0.9)
DRAWN = {  # column: row of panels, marker or line
    "error": (0, "o"),
    "predicted_error": (0, "-"),
    "plateau": (0, ":"),
    "diagonal_stieltjes": (1, "o"),
    "diagonal_rest": (1, "x"),
    "diagonal_predicted_stieltjes": (1, "-"),
}


def draw(store):
    """Left: d fixed. Right: d/N fixed.

    Above: relative Frobenius distance of the layers, with its prediction (lines) and plateaus
    (dotted). Below: of the transforms of block (0, 0), with the prediction for d/N fixed, and the
    rest that the influence of the weights leaves (crosses).
    """
    table = rows_of(store, "decoupled_hessian")
    ratio = (table["n_inputs"] / table["n_samples"]).round(6)
    few = table["n_inputs"] == table["n_inputs"].mode()[0]
    fixed_ratio = ratio[~few].mode()[0]
    grown = table[ratio == fixed_ratio]
    columns = {
        f"$d={table[few]['n_inputs'].iloc[0]:.0f}$": table[few],
        f"$d/N={fixed_ratio:g}$": grown,
    }
    figure, axes = subplots(2, 2, sharey="row", sharex="col")
    for column, (title, rows) in zip(axes.T, columns.items(), strict=True):
        for ax, what in zip(column, ("layers", "spectra of block $H_{00}$"), strict=True):
            ax.set(title=f"{what}, {title}", xscale="log", yscale="log")
        cases = rows.groupby(["case", "n_classes"], sort=False)
        for colour, ((case, C), part) in zip(STYLES, cases, strict=False):
            for name, (row, style) in DRAWN.items():
                values = alike(part, "n_samples").pivot_table(name, "seed", "n_samples")
                label = f"{CASE_TITLES[case]}, $C={C:.0f}$" if name == "error" else None
                _draw_roots(column[row], values, colour, style, label)
    plain_log_ticks(axes[1, 1], sorted(grown["n_samples"].unique()))
    label_outer(axes, "samples $N$", r"$\|H-\tilde H\|_F\,/\,\|H\|_F$")
    axes[1, 0].set_ylabel(r"$\sigma\,|s_H-s_{\tilde H}|$ at $z=i\sigma$")
    for style, label in (("-", "predicted"), (":", "plateau"), ("x", "rest")):
        axes[0, 0].plot([], [], style, ms=3, lw=0.9, color=COLOURS["grey"], label=label)
    legend_below(figure, axes[0, 0], 4)
    networks = table.groupby(["case", "n_classes", "n_samples", "n_inputs"])["seed"].nunique()
    caption(
        figure,
        f"""A layer Hessian H and the decoupled H̃, whose output Hessians are of other inputs.
        Left: d fixed; right: d and N grow together. All points are root mean squares over
        {networks.min()} to {networks.max()} networks, drawn anew for each N, which is why
        plateaus of one case waver; bars: their standard error. Above: relative Frobenius
        distance of the layers, band: the middle {100 * (BAND[1] - BAND[0]):.0f} % of single
        networks; solid: predicted; dotted: its plateau for N → ∞ at that d. Dots fall towards
        it; at small N they lie far above. Below: distance of the Stieltjes transforms of block
        H₀₀ at z = iσ, σ² the mean square of its eigenvalues; solid: predicted from the
        influence of single weights; crosses: the rest, what is left of the distance without
        that influence, which the prediction does not know. Where crosses come near to dots (d
        fixed, many samples) the line is not expected to hold, and does not. Linear CE with C =
        {table["n_classes"].max():.0f} is measured up to smaller N. Measured but not drawn:
        block H₀₁, operator norms, Wasserstein distances.""",
    )
    return figure


def _draw_roots(ax, values, colour, style, label):
    """Root mean squares over networks; those measured with standard errors, the first a band."""
    N, band = values.columns, BAND if label else None
    plot_seeds(
        ax, N, values, colour, style, centre=root_mean_square, band=band, alpha=0.15,
        ms=3, lw=0.9, label=label, zorder=3 if style in "ox" else 2,
    )  # fmt: skip
    if style in "ox":
        root, squares = root_mean_square(values, axis=0), values**2
        error = squares.std() / np.sqrt(squares.count()) / (2 * root)
        ax.errorbar(N, root, error, fmt="none", elinewidth=0.8, ecolor=COLOURS[colour], zorder=3)


if __name__ == "__main__":
    run(draw)
