"""How far a layer Hessian is from its decoupled one, against N: the matrices, and their spectra."""

import numpy as np

from paper_figs.style import CASE_TITLES, alike, caption, plain_log_ticks, rows_of, run, subplots
from rmt_hessian.plotting import COLOURS

STYLES = ("blue", "orange", "purple", "green")
BAND = (0.1, 0.9)
MEASURED = ("error", "diagonal_stieltjes", "diagonal_rest")
PREDICTED = ["predicted_error", "plateau", "diagonal_predicted_stieltjes"]


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
    columns = {
        f"$d={table[few]['n_inputs'].iloc[0]:.0f}$": table[few],
        f"$d/N={fixed_ratio:g}$": table[ratio == fixed_ratio],
    }
    figure, axes = subplots(2, 2, sharey="row", sharex="col")
    for column, (title, rows) in zip(axes.T, columns.items(), strict=True):
        for ax, what in zip(column, ("layers", "spectra of block $H_{00}$"), strict=True):
            ax.set_title(f"{what}, {title}")
            ax.set_xscale("log")
            ax.set_yscale("log")
        for colour, ((case, C), part) in zip(STYLES, _cases(rows), strict=False):
            label, shade = f"{CASE_TITLES[case]}, $C={C:.0f}$", COLOURS[colour]
            by_size = alike(part, "n_samples").groupby("n_samples")
            low, high = (by_size["error"].quantile(q) for q in BAND)
            column[0].fill_between(low.index, low, high, color=shade, alpha=0.15, lw=0)
            for ax, name, marker in zip(column[[0, 1, 1]], MEASURED, "oox", strict=True):
                means = by_size[name].agg(_root_mean_square)
                error = by_size[name].agg(_error_of_root)
                N, middle = means.index.to_numpy(), means.to_numpy()
                style = {"fmt": marker, "ms": 3, "lw": 0.8, "color": shade, "zorder": 3}
                ax.errorbar(N, middle, error, **style, label=label)
            roots = by_size[PREDICTED].agg(_root_mean_square)
            column[0].plot(roots.index, roots["predicted_error"], "-", lw=0.9, color=shade)
            column[0].plot(roots.index, roots["plateau"], ":", lw=0.9, color=shade)
            column[1].plot(
                roots.index, roots["diagonal_predicted_stieltjes"], "-", lw=0.9, color=shade
            )
        column[1].set_xlabel("samples $N$")
    plain_log_ticks(axes[1, 1], sorted(columns[f"$d/N={fixed_ratio:g}$"]["n_samples"].unique()))
    axes[0, 0].set_ylabel(r"$\|H-\tilde H\|_F\,/\,\|H\|_F$")
    axes[1, 0].set_ylabel(r"$\sigma\,|s_H-s_{\tilde H}|$ at $z=i\sigma$")
    handles, labels = axes[0, 0].get_legend_handles_labels()
    for mark, label in (("-", "predicted"), (":", "plateau"), ("x", "rest")):
        handles += axes[0, 0].plot([], [], mark, ms=3, lw=0.9, color=COLOURS["grey"])
        labels.append(label)
    figure.legend(handles, labels, loc="outside lower center", ncols=4)
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


def _cases(rows):
    return list(rows.groupby(["case", "n_classes"], sort=False))


def _root_mean_square(values):
    return np.sqrt(np.mean(values**2))


def _error_of_root(values):
    """Standard error of a root mean square, from that of the mean of squares."""
    squares = np.square(values)
    return squares.std() / np.sqrt(len(squares)) / (2 * np.sqrt(squares.mean()))


if __name__ == "__main__":
    run(draw)
