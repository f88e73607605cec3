"""Eigenvalues that leave the bulk as the aspect ratio falls, and their eigenvectors."""

import numpy as np

from paper_figs.style import CASE_TITLES, alike, rows_of, run, subplots
from rmt_hessian.plotting import COLOURS

PANELS = {
    ("linear-ce", "diagonal"): "diagonal block",
    ("linear-ce", "off_diagonal"): "off-diagonal block",
    ("linear-ce", "layer"): "whole layer",
    ("hidden-mse", "off_diagonal"): "off-diagonal block",
    ("hidden-ce", "off_diagonal"): "off-diagonal block",
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
                ax.plot(
                    gamma, dashes, "_", ms=5, mew=0.8, c=COLOURS["vermilion"], label="predicted"
                )
        pair[0].set_title(f"{CASE_TITLES[case]}\n{title}")
        pair[1].set_xscale("log")
        pair[1].minorticks_off()
        pair[1].set_xlabel(r"$\gamma=d/N$")
    axes[0, 0].set_ylabel("place, bulk in $[-1, 1]$")
    axes[1, 0].set_ylabel("squared overlap\nwith weight rows")
    handles, labels = axes[0, 0].get_legend_handles_labels()
    shown = dict(zip(labels, handles, strict=True))  # a label of several lines once
    figure.legend(shown.values(), shown, loc="outside lower center", ncols=len(shown))
    first = table.iloc[0]
    figure.suptitle(
        f"$d={first['n_inputs']:.0f}$, $C={first['n_classes']:.0f}$, "
        f"$m={table['n_hidden'].max():.0f}$; {table['seed'].nunique()} networks, "
        "each with its prediction",
        fontsize=8,
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
