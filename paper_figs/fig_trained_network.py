"""The whole Hessian of trained networks beside the Kronecker factors of its layers."""

import numpy as np

from paper_figs.eigenspace_cases import AFTER, BEFORE, LABELS, trainings
from paper_figs.layer_panels import legend_below, mean_and_band
from paper_figs.style import run, short_axis, subplots

OVERLAPS = {  # of the top eigenspaces of the first with those of the second
    "gauss_newton_in_hessian": ("blue", "Gauss–Newton in Hessian"),
    "cross_layer_in_gauss_newton": ("vermilion", "factors across layers in Gauss–Newton"),
    "layer_wise_in_gauss_newton": ("green", "factors of each layer in Gauss–Newton"),
}


def draw(store):
    """Rows: networks; columns: labels, before training and after."""
    rows = trainings(store)
    figure, axes = subplots(len(rows), 4, height_to_width=0.62, sharey=True, sharex=True)
    for row_axes, row in zip(axes, rows, strict=True):
        for training in row:
            for at in (BEFORE, AFTER):
                _panel(row_axes[2 * training.random_labels + at], training, at)
        row_axes[0].set_ylabel(row[0].title, fontsize=5.5)
    for column, ax in enumerate(axes[0]):
        random, at = divmod(column, 2)
        when = "before training" if at == BEFORE else "after"
        ax.set_title(f"{LABELS[bool(random)]}, {when}", fontsize=6.5)
    figure.set_size_inches(figure.get_size_inches()[0], 1.3 + 0.8 * len(rows))
    for ax in axes[-1]:
        ax.set_xlabel("dimension", fontsize=6)
    figure.supylabel("overlap of top eigenspaces", fontsize=7)
    legend_below(figure, axes, 3)
    figure.suptitle(
        "Whole Hessian: means, bands of all seeds; dashed: $C-1$. In each panel: largest "
        "eigenvalue\nof Gauss–Newton, of factors across layers and of each layer, over that of "
        "the Hessian",
        fontsize=8,
    )
    return figure


def _panel(ax, training, at):
    for name, (colour, label) in OVERLAPS.items():
        values = training.over_seeds(f"network_{name}_overlaps", at)
        mean_and_band(ax, np.arange(1, values.shape[1] + 1), values, colour, label=label, lw=0.9)
    ax.axvline(training.n_classes - 1, color="black", ls="--", lw=0.5)
    ax.set_ylim(0, 1.02)
    top, *parts = (
        training.over_seeds(f"network_{name}_eigenvalues", at)[:, 0]
        for name in ("hessian", "gauss_newton", "cross_layer", "layer_wise")
    )
    ax.text(
        0.97, 0.04, ", ".join(f"{np.mean(part / top):.2f}" for part in parts),
        transform=ax.transAxes, ha="right", va="bottom", fontsize=6,
    )  # fmt: skip
    ax.tick_params(labelsize=6)
    short_axis(ax.xaxis, 4)


if __name__ == "__main__":
    run(draw)
