"""Eigenvalues that leave the bulk as the aspect ratio falls, and their eigenvectors."""

import numpy as np

from paper_figs.style import (
    CASE_TITLES,
    alike,
    caption,
    label_outer,
    legend_below,
    rows_of,
    run,
    seeds_of,
    subplots,
)
from rmt_hessian.plotting import COLOURS

PANELS = {
    ("linear-ce", "diagonal"): "block $H_{00}$",
    ("linear-ce", "off_diagonal"): "block $H_{01}$",
    ("linear-ce", "layer"): "whole layer",
    ("hidden-mse", "off_diagonal"): "block $H_{01}$",
    ("hidden-ce", "off_diagonal"): "block $H_{01}$",
}
SIDES = {"nearest to 0": (-1, "green"), "farthest from 0": (1, "blue")}
FOLLOWED = 0.5  # predicted overlap at which an outlier is followed through all γ


def draw(store):
    """Above: places over the half-width of the bulk; below: overlaps with the weight rows."""
    table = rows_of(store, "outliers")
    figure, axes = subplots(2, len(PANELS), height_to_width=1.4, sharex=True, sharey="row")
    for pair, ((case, part), title) in zip(axes.T, PANELS.items(), strict=True):
        points = alike(table[table["case"] == case], "n_samples")
        gamma = (points["n_inputs"] / points["n_samples"]).to_numpy()
        spectra = [from_the_bulk(store.arrays(key), part) for key in points["key"]]
        pair[0].axhspan(-1, 1, color=COLOURS["grey"], alpha=0.25, lw=0, label="bulk")
        for label, (side, colour) in SIDES.items():
            for ax, dots, dashes in zip(pair, *followed(spectra, side), strict=True):
                ax.plot(gamma, dots, "o", ms=2.6, mew=0, alpha=0.6, c=COLOURS[colour], label=label)
                style = {"ms": 5, "mew": 0.8, "c": COLOURS["vermilion"]}
                ax.plot(gamma, dashes, "_", label="predicted", **style)
        pair[0].set_title(f"{CASE_TITLES[case]}\n{title}")
        pair[1].set_xscale("log")
        pair[1].minorticks_off()
    label_outer(axes, r"$\gamma=d/N$", "place, bulk in $[-1, 1]$")
    axes[1, 0].set_ylabel("squared overlap\nwith weight rows")
    legend_below(figure, axes[0, 0], 4, last=["predicted"])
    first = table.iloc[0]
    caption(
        figure,
        f"""Eigenvalues outside the bulk of a spectrum, and their eigenvectors, at
        d = {first["n_inputs"]:.0f}, C = {first["n_classes"]:.0f} and
        m = {table["n_hidden"].max():.0f} hidden units, against γ = d/N. Every dot is one of
        {seeds_of(table, "network")}, so that their spread is seen, and every dash the prediction
        from the weights of one; the whole layer has orthonormal weight rows and one prediction for
        all. Above: places, the bulk of each network's conditional law scaled to [−1, 1]; green: the
        eigenvalues nearest to 0, blue: farthest from it; on each side as many as have a predicted
        overlap above {FOLLOWED} at some γ, at least one. Below: squared lengths of the
        eigenvectors' projections onto the span of the layer's weight rows. Dashes at ±1 and at
        overlap 0: no outlier is predicted, and the dots are the last eigenvalues of the bulk, whose
        overlaps at this d are above 0 still on both sides of the transition. Hidden units scatter
        because their weights, and with them the predictions, do. H₀₀ of hidden layers is measured
        but not drawn.""",
    )
    return figure


def from_the_bulk(arrays, part):
    """Measured and predicted ``(t, overlap)``, (2, n).

    ``t`` counts from the middle of the bulk, away from 0, in half its width: the bulk is [-1, 1].
    """
    lo, hi = arrays[f"{part}_edges"]
    unit = (hi - lo) / 2 * np.sign(lo + hi)
    return [
        np.array([(arrays[f"{part}_{places}"] - (lo + hi) / 2) / unit, arrays[f"{part}_{shares}"]])
        for places, shares in (
            ("eigenvalues", "overlaps"),
            ("predicted_places", "predicted_overlaps"),
        )
    ]


def followed(spectra, side):
    """Measured and predicted pairs that lie farthest out on one side, each (2, points, n).

    n is the largest number of outliers of large overlap that is predicted there, or 1. Where fewer
    are predicted the edge of the bulk and the overlap 0 stand for them.
    """
    n = max(1, *(((side * t > 1) & (q > FOLLOWED)).sum() for _, (t, q) in spectra))
    edge = np.array([[side], [0.0]]).repeat(n, axis=1)
    pairs = [(seen, np.hstack([known, edge])) for seen, known in spectra]
    outermost = [[x[:, np.argsort(-side * x[0])[:n]] for x in pair] for pair in pairs]
    return np.transpose(outermost, (1, 2, 0, 3))


if __name__ == "__main__":
    run(draw)
