"""Overlap of top eigenspaces of two trained networks by dimension, each layer, and predicted."""

import numpy as np

from paper_figs.eigenspace_cases import AFTER, BEFORE
from paper_figs.layer_panels import layer_panels, legend_below, mean_and_band
from paper_figs.style import run, short_axis
from rmt_hessian.plotting import COLOURS

LINES = [  # array, end, colour, style, label, with a band
    ("overlaps", BEFORE, "grey", "-", "before training", True),
    ("predicted_overlaps", BEFORE, "grey", ":", "before, of the factors from weights", False),
    ("overlaps", AFTER, "blue", "-", "after training", True),
    ("kronecker_overlaps", AFTER, "vermilion", "-", "after, of the factors of the sample", False),
    ("predicted_overlaps", AFTER, "vermilion", ":", "after, of the factors from weights", False),
    ("gradient_overlaps", AFTER, "orange", "--", "after, of gradients", False),
    ("normalised_overlaps", AFTER, "green", "-", "after, of normalised features", False),
]


def draw(store):
    """Rows: networks; columns: layers, with true and with random labels."""
    figure, axes = layer_panels(store, _panel, "dimension", "overlap, each panel on its own scale")
    legend_below(figure, axes, 3)
    figure.suptitle(
        "Overlap of the top eigenspaces of a layer in pairs of independent networks, by dimension; "
        "bands: all pairs.\nDashed: $C-1$; dotted: units; triangles: peak predicted from the "
        "factors, before (grey) and after",
        fontsize=8,
    )
    return figure


def _panel(ax, training, layer):
    highest = []
    for name, at, colour, style, label, band in LINES:
        values = training.over_seeds(f"{name}_{layer}", at)
        dimensions = np.arange(1, values.shape[1] + 1)
        alpha = 0.2 if band else 0.0
        highest.append(
            mean_and_band(ax, dimensions, values, colour, style, label, alpha=alpha, lw=0.8)
        )
    weights = training.units(layer) * training.units(layer - 1)
    ax.plot(dimensions, dimensions / weights, "-", color="black", lw=0.5, label="random spaces")
    for at, colour in ((BEFORE, "grey"), (AFTER, "vermilion")):
        place = training.numbers("predicted_peak", at, layer).mean()
        ax.plot(place, 0, "^", ms=4, color=COLOURS[colour], clip_on=False, zorder=3)
    ax.axvline(training.n_classes - 1, color="black", ls="--", lw=0.5)
    if training.units(layer) <= dimensions[-1]:
        ax.axvline(training.units(layer), color="black", ls=":", lw=0.7)
    ax.set_ylim(0, 1.05 * max(highest) or 1)
    short_axis(ax.yaxis)
    short_axis(ax.xaxis, 2)


if __name__ == "__main__":
    run(draw)
