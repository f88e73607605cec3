"""Overlap of top eigenspaces of two trained networks by dimension, each layer, and predicted."""

import numpy as np

from paper_figs.eigenspace_cases import AFTER, BEFORE, trainings, words
from paper_figs.layer_panels import layer_panels
from paper_figs.lines import RANGE, plot_seeds
from paper_figs.style import caption, index_axis, legend_below, run, short_axis
from rmt_hessian.plotting import COLOURS

LINES = [  # array, end, colour, style, label, band
    ("overlaps", BEFORE, "grey", "-", "before training", RANGE),
    ("overlaps", AFTER, "blue", "-", "after training", RANGE),
    ("kronecker_overlaps", AFTER, "vermilion", "-", "after, of the factors of the sample", None),
    ("predicted_overlaps", AFTER, "vermilion", ":", "after, of the factors from weights", None),
    ("gradient_overlaps", AFTER, "orange", "--", "after, of gradients", None),
    ("normalised_overlaps", AFTER, "green", "-", "after, of normalised features", None),
]
NEAR = 2  # dimensions: a predicted peak no further from the largest overlap meets it


def draw(store):
    """Rows: networks; columns: layers, with true and with random labels."""
    figure, axes = layer_panels(
        store, _panel, "dimension $q$", "overlap of two networks, each panel on its own scale"
    )
    legend_below(figure, axes, 3)
    before, after = (_peaks_met(store, at) for at in (BEFORE, AFTER))
    caption(
        figure,
        f"""Overlap tr(PP′)/q of the spaces of the top q eigenvectors of the Hessians of one layer
        of two independent networks, against q, before and after training; means over seeds, bands
        from the smallest to the largest. {words(store)} Also after training, without bands: of the
        products E[M] ⊗ E[zzᵀ] of the factors of the sample, and of factors computed from the
        weights and from mean and covariance of the inputs; of gradient covariances at the labels of
        the training; of Hessians with features normalised to mean 0 and variance 1. Random spaces:
        q over the number of weights. Vertical: C − 1 (dashed), number of units of the layer
        (dotted). Triangles: peak predicted from the factors of the sample, mean over seeds, before
        (grey) and after (vermilion). They often miss: within {NEAR} dimensions of the largest mean
        overlap lie {before} before and {after} after. Dimensions that cut a multiple eigenvalue in
        some seed are left out: dead units make zeros, where lines end.""",
    )
    return figure


def _panel(ax, training, layer):
    highest = []
    for name, at, colour, style, label, band in LINES:
        values = training.over_seeds(f"{name}_{layer}", at)
        dimensions = np.arange(1, values.shape[1] + 1)
        line = {"band": band, "where": np.all, "lw": 0.8, "label": label}
        highest.append(plot_seeds(ax, dimensions, values, colour, style, **line))
    weights = training.units(layer) * training.units(layer - 1)
    ax.plot(dimensions, dimensions / weights, "-", color="black", lw=0.5, label="random spaces")
    for at, colour, size in ((BEFORE, "grey", 5.5), (AFTER, "vermilion", 3.5)):
        place, colour = training.numbers("predicted_peak", at, layer).mean(), COLOURS[colour]
        ax.plot(place, 0, "^", ms=size, mew=0.8, mfc="none", c=colour, clip_on=False, zorder=3)
    ax.axvline(training.n_classes - 1, color="black", ls="--", lw=0.5)
    if training.units(layer) <= dimensions[-1]:
        ax.axvline(training.units(layer), color="black", ls=":", lw=0.7)
    ax.set_ylim(0, 1.05 * max(highest) or 1)
    short_axis(ax.yaxis)
    index_axis(ax.xaxis, dimensions.size)


def _peaks_met(store, at):
    """Words for how many predicted peaks are where the mean overlap is largest."""
    met = []
    layers = [(t, layer) for row in trainings(store) for t in row for layer in range(t.n_layers)]
    for training, layer in layers:
        overlaps = training.over_seeds(f"overlaps_{layer}", at).mean(axis=0)
        if np.isfinite(overlaps).any():
            peak = training.numbers("predicted_peak", at, layer).mean()
            met.append(abs(peak - 1 - np.nanargmax(overlaps)) <= NEAR)
    return f"{sum(met)} of {len(met)}"


if __name__ == "__main__":
    run(draw)
