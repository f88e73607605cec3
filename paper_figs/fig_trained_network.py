"""The whole Hessian of trained networks beside the Kronecker factors of its layers."""

import numpy as np

from paper_figs.eigenspace_cases import AFTER, BEFORE, LABELS, words
from paper_figs.layer_panels import network_panels
from paper_figs.lines import plot_seeds
from paper_figs.style import caption, index_axis, legend_below, run
from rmt_hessian.plotting import COLOURS

OVERLAPS = {  # of the top eigenspaces of the first with those of the second
    "gauss_newton_in_hessian": ("orange", "Gauss–Newton part with Hessian"),
    "cross_layer_in_gauss_newton": ("vermilion", "factors across layers with Gauss–Newton"),
    "layer_wise_in_gauss_newton": ("green", "factors of each layer with Gauss–Newton"),
}


def draw(store):
    """Rows: networks; columns: labels, before training and after."""
    layout = {"height_to_width": 0.7, "sharex": True, "sharey": True}
    labels = "dimension $q$", "overlap of top eigenspaces"
    figure, axes = network_panels(store, _panel, _columns, *labels, **layout)
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


def _columns(training):
    random = training.random_labels
    times = {BEFORE: "before training", AFTER: "after"}
    return {(random, at): f"{LABELS[random]}, {when}" for at, when in times.items()}


def _panel(ax, training, _, at):
    for name, (colour, label) in OVERLAPS.items():
        values = training.over_seeds(f"network_{name}_overlaps", at)
        q = np.arange(1, values.shape[1] + 1)
        plot_seeds(ax, q, values, colour, where=np.all, alpha=0.25, lw=0.9, label=label)
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
    index_axis(ax.xaxis, q.size)


if __name__ == "__main__":
    run(draw)
