"""The whole Hessian of trained networks beside the Kronecker factors of its layers."""

import numpy as np

from paper_figs.eigenspace_cases import AFTER, BEFORE, LABELS, trainings, words
from paper_figs.layer_panels import legend_below, mean_and_band
from paper_figs.style import caption, index_axis, run, subplots
from rmt_hessian.plotting import COLOURS

OVERLAPS = {  # of the top eigenspaces of the first with those of the second
    "gauss_newton_in_hessian": ("orange", "Gauss–Newton part with Hessian"),
    "cross_layer_in_gauss_newton": ("vermilion", "factors across layers with Gauss–Newton"),
    "layer_wise_in_gauss_newton": ("green", "factors of each layer with Gauss–Newton"),
}


def draw(store):
    """Rows: networks; columns: labels, before training and after."""
    rows = trainings(store)
    columns = sorted({t.random_labels for row in rows for t in row})
    figure, axes = subplots(len(rows), 2 * len(columns), sharey=True, sharex=True)
    figure.set_size_inches(figure.get_size_inches()[0], 0.9 + 0.85 * len(rows))
    for row_axes, row in zip(axes, rows, strict=True):
        for ax in row_axes:
            ax.set_axis_off()
        for training in row:
            for at in (BEFORE, AFTER):
                _panel(row_axes[2 * columns.index(training.random_labels) + at], training, at)
        next(ax for ax in row_axes if ax.axison).set_ylabel(row[0].title, fontsize=6)
    for column, ax in enumerate(axes[0]):
        when = ("before training", "after")[column % 2]
        ax.set_title(f"{LABELS[columns[column // 2]]}, {when}", fontsize=6.5)
    for column in axes.T:
        lowest = [ax for ax in column if ax.axison][-1]
        lowest.set_xlabel("dimension $q$", fontsize=6)
        lowest.tick_params(labelbottom=True)
    figure.supylabel("overlap of top eigenspaces", fontsize=7)
    legend_below(figure, axes, 3)
    caption(
        figure,
        f"""Overlap tr(PP′)/q of the spaces of the top q eigenvectors: of the Gauss–Newton part
        (without the residual term) with those of the whole Hessian; of products of factors E[BᵀAB]
        and E[zzᵀ], of all pairs of layers or of each layer alone, with those of the Gauss–Newton
        part. First network of each pair,
        means over seeds, bands from the smallest to the largest. {words(store)} Numbers, in the
        colours of the lines: largest eigenvalue of the Gauss–Newton part and of the two products,
        over that of the Hessian, means over seeds. Dashed: C − 1. Where the fit is good the
        residual term is small, and Hessian and Gauss–Newton part agree.""",
    )
    return figure


def _panel(ax, training, at):
    ax.set_axis_on()
    for name, (colour, label) in OVERLAPS.items():
        values = training.over_seeds(f"network_{name}_overlaps", at)
        mean_and_band(ax, np.arange(1, values.shape[1] + 1), values, colour, label=label, lw=0.9)
    ax.axvline(training.n_classes - 1, color="black", ls="--", lw=0.5)
    ax.set_ylim(0, 1.03)
    top, *parts = (
        training.over_seeds(f"network_{name}_eigenvalues", at)[:, 0]
        for name in ("hessian", "gauss_newton", "cross_layer", "layer_wise")
    )
    for place, part, (colour, _) in zip((0.53, 0.76, 0.99), parts, OVERLAPS.values(), strict=True):
        ax.text(
            place, 0.03, f"{np.mean(part / top):.2f}", color=COLOURS[colour],
            transform=ax.transAxes, ha="right", va="bottom", fontsize=6,
        )  # fmt: skip
    ax.tick_params(labelsize=6)
    index_axis(ax.xaxis, values.shape[1])


if __name__ == "__main__":
    run(draw)
