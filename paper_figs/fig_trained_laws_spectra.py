"""Spectra of blocks and layer of trained softmax regressions on their laws."""

import numpy as np
import pandas as pd

from paper_figs.style import CannotDraw, rows_of, run, short_axis, subplots
from paper_figs.trained_law_cases import along, words
from rmt_hessian.plotting import COLOURS

PARTS = {"diagonal": "diagonal block", "off_diagonal": "off-diagonal block", "layer": "whole layer"}
LAWS = {
    "quantiles": ("blue", "-", "law"),
    "without_prox_quantiles": ("vermilion", "--", "of fresh logits"),
}
BINS, POINTS = 40, 200  # of a histogram; of a curve


def draw(store):
    """The least and the largest separation at one ridge; eigenvalues that are 0 are left out."""
    table = rows_of(store, "trained_laws")
    cases = [rows for rows in along(table, "ridge") if rows["ks_layer"].notna().all()]
    if len(cases) < 2:
        raise CannotDraw("no points of two separations and three ridges with diagonalised layers")
    ridges = sorted(cases[0]["ridge"].unique())
    ridge = ridges[(len(ridges) - 1) // 2]
    ends = sorted(cases, key=lambda rows: rows["separation"].iloc[0])
    rows = ends[0]
    chosen = pd.concat([case[case["ridge"] == ridge].head(1) for case in (ends[0], ends[-1])])
    if len(chosen) < 2:
        raise CannotDraw(f"no points of ridge {ridge:g} at both ends of the separations")
    figure, axes = subplots(2, len(PARTS), height_to_width=0.75)
    for line, (_, row) in zip(axes, chosen.iterrows(), strict=True):
        arrays = store.arrays(row["key"])
        for ax, (part, title) in zip(line, PARTS.items(), strict=True):
            _panel(ax, arrays, part)
            pair = f"KS {row[f'ks_{part}']:.3f}; fresh {row[f'ks_without_prox_{part}']:.3f}"
            ax.set_title(f"{title}, $\\rho={row['separation']:g}$\n{pair}")
    for ax in axes[1]:
        ax.set_xlabel("eigenvalue")
    for ax in axes[:, 0]:
        ax.set_ylabel("density")
    handles, labels = axes[0, 0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=len(labels))
    figure.suptitle(
        f"Trained softmax regression, {words(rows)}, $\\mu={ridge:g}$: one optimum a row, "
        "distances to both laws",
        fontsize=8,
    )
    return figure


def _panel(ax, arrays, part):
    """Histogram and both laws, of the part of the spectrum that is not 0."""
    values = arrays[f"{part}_eigenvalues"]
    n = len(values)
    kept = np.abs(values) > 1e-9 * np.abs(values).max()
    ax.hist(
        values[kept],
        BINS,
        weights=np.full(kept.sum(), 1 / n),
        color=COLOURS["grey"],
        alpha=0.5,
        label="eigenvalues",
    )
    lo, hi = ax.get_xlim()
    width = np.diff(np.histogram_bin_edges(values[kept], BINS))[0]
    for name, (colour, dashes, label) in LAWS.items():
        x, density = curve(arrays[f"{part}_{name}"])
        ax.plot(x, density * width, dashes, c=COLOURS[colour], lw=0.9, label=label)
    ax.set_xlim(lo, hi)
    ax.set_ylim(0, 1.25 * max(patch.get_height() for patch in ax.patches))
    ax.set_yticks([])
    short_axis(ax.xaxis)


def curve(quantiles):
    """Density from quantiles of equal steps of probability, zeros left out."""
    n = len(quantiles)
    kept = np.abs(quantiles) > 1e-9 * np.abs(quantiles).max()
    rank = (np.flatnonzero(kept) + 0.5) / n
    at = np.linspace(0, len(rank) - 1, min(POINTS, len(rank))).round().astype(int)
    x, q = quantiles[kept][at], rank[at]
    return (x[1:] + x[:-1]) / 2, np.diff(q) / np.diff(x)


if __name__ == "__main__":
    run(draw)
