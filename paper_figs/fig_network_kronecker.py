"""The whole Hessian beside what the Kronecker factors of its layers say of it."""

import numpy as np

from paper_figs.eigenspace_cases import mean_of_known
from paper_figs.style import (
    alike,
    caption,
    inputs_of,
    label_outer,
    legend_below,
    rows_of,
    run,
    seeds_of,
    short_log_axis,
    subplots,
)
from rmt_hessian.plotting import plot_scree

NAMES = {
    "cross_layer": "factors across layers",
    "layer_wise": "factors of each layer",
    "gauss_newton": "Gauss–Newton part",
}
REFERENCES = {"gauss_newton": "the Gauss–Newton part", "hessian": "the Hessian"}


def draw(store):
    """Top eigenvalues; overlaps of top eigenspaces with Gauss–Newton part, and with Hessian."""
    table = rows_of(store, "network_kronecker")
    means = sorted(table["input_mean"].unique())
    figure, axes = subplots(3, len(means), height_to_width=0.5, sharex=True)
    for column, mean in zip(axes.T, means, strict=True):
        points = alike(table[table["input_mean"] == mean], "input_mean")
        _draw_column(
            column, [store.arrays(key) for key in points["key"]], points["n_classes"].iloc[0]
        )
        column[0].set_title(f"{inputs_of(mean)}: top eigenvalues")
    label_outer(axes, "index above, dimension below", "overlap")
    axes[0, 0].set_ylabel("eigenvalue")
    legend_below(figure, axes[0, 0], 5)
    first = table.iloc[0]
    caption(
        figure,
        f"""Whole Hessian of networks {first["widths"].replace("-", "–")} at LeCun weights,
        cross-entropy, Gaussian inputs, random labels, N = {first["n_samples"]:.0f}. Above: largest
        eigenvalues, of the first of {seeds_of(table)}: of the Hessian; of its Gauss–Newton part,
        which is the Hessian without the residual term; of the product of factors E[BᵀAB] and E[zzᵀ]
        of all pairs of layers in place of that part, and of the diagonal blocks of that product
        alone, one a layer. Below: overlap tr(PP′)/q of the spaces of the q top eigenvectors of each
        with those of the Gauss–Newton part, then with those of the Hessian; means over seeds.
        Where two eigenvalues are close, as the first two can be, the overlap of the dimension
        between them is low. Dashed: behind C − 1 eigenvalues, and at C − 1 dimensions.""",
    )
    return figure


def _draw_column(column, arrays, n_classes):
    above, *below = column
    first, n = arrays[0], arrays[0]["hessian_eigenvalues"].size
    others = {label: first[f"{name}_eigenvalues"] for name, label in NAMES.items()}
    plot_scree(
        first["hessian_eigenvalues"], ax=above, label="Hessian", others=others, n_shown=n,
        mark=n_classes - 1, mark_label="$C-1$",
    )  # fmt: skip
    short_log_axis(above.yaxis)
    above.set_xticks([1, *range(5, n + 1, 5)])
    styles = {line.get_label(): (line.get_marker(), line.get_color()) for line in above.lines}
    for ax, (reference, words) in zip(below, REFERENCES.items(), strict=True):
        for name, label in NAMES.items():
            if name != reference:
                values = np.stack([a[f"{name}_in_{reference}_overlaps"] for a in arrays])
                marker, colour = styles[label]
                ax.plot(
                    np.arange(1, n + 1), mean_of_known(values), marker, ms=3.5, mfc="none",
                    color=colour,
                )  # fmt: skip
        ax.axvline(n_classes - 1, color="black", ls="--", lw=0.7)
        ax.set(ylim=(0, 1.03), title=f"overlap with {words}")


if __name__ == "__main__":
    run(draw)
