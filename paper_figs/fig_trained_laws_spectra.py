"""Spectra of blocks and layer of trained softmax regressions on their laws."""

import numpy as np
import pandas as pd

from paper_figs.style import CannotDraw, caption, rows_of, run, short_axis, subplots
from paper_figs.trained_law_cases import along, words
from rmt_hessian.plotting import COLOURS

PARTS = {"diagonal": "diagonal block", "off_diagonal": "off-diagonal block", "layer": "whole layer"}
LAWS = {
    "quantiles": ("blue", "-", "law of the optimum"),
    "without_prox_quantiles": ("vermilion", "--", "law of fresh logits"),
}
BINS, POINTS = 40, 200  # of a histogram; of a curve
ZERO = 1e-9  # of the largest eigenvalue: smaller ones are 0
BEYOND = 0.02  # of the width of a law: eigenvalues further out are outside


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
            _numbers(ax, row, part, _n_outside(arrays, part))
            ax.set_title(title)
        line[0].set_ylabel(f"$\\rho={row['separation']:g}$\ndensity")
    for ax in axes[1]:
        ax.set_xlabel("eigenvalue")
    handles, labels = axes[0, 0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=len(labels))
    caption(
        figure,
        f"""Spectra of the Hessian of softmax regression at its optimum, {words(rows)}, ridge
        {ridge:g}, on Gaussian inputs whose class means have length ρ; one optimum a row, the least
        and the largest ρ. Grey: all eigenvalues but 0, as a density, whose atom at 0, where there
        is one, is missing in histogram and curves alike. Blue: law of the optimum; dashed: law that
        takes logits of the training samples for those of fresh ones. Curves are slopes between
        quantiles of the law, and 0 at its edges. Numbers: Kolmogorov–Smirnov distances to both
        laws, in their colours, and how many eigenvalues lie outside the edges of the first by more
        than 2 % of its width: outliers, which the laws of the bulk do not have (figure
        trained_laws_outliers).""",
    )
    return figure


def _panel(ax, arrays, part):
    """Histogram and both laws, of the part of the spectrum that is not 0."""
    values = arrays[f"{part}_eigenvalues"]
    kept = values[np.abs(values) > ZERO * np.abs(values).max()]
    edges = np.histogram_bin_edges(kept, BINS)
    heights = np.histogram(kept, edges)[0] / (len(values) * np.diff(edges))
    ax.stairs(heights, edges, fill=True, color=COLOURS["grey"], alpha=0.5, label="eigenvalues")
    tops = [heights.max()]
    for name, (colour, dashes, label) in LAWS.items():
        x, density = curve(arrays[f"{part}_{name}"])
        if name == "quantiles":
            x, density = to_edges(x, density, arrays[f"{part}_edges"])
        ax.plot(x, density, dashes, c=COLOURS[colour], lw=0.9, label=label)
        tops.append(density.max())
    ax.set_ylim(0, 1.05 * max(tops))
    short_axis(ax.yaxis)
    short_axis(ax.xaxis)


def _n_outside(arrays, part):
    """How many eigenvalues lie clearly beyond the edges of the law."""
    values, (lo, hi) = arrays[f"{part}_eigenvalues"], arrays[f"{part}_edges"]
    values = values[np.abs(values) > ZERO * np.abs(values).max()]
    margin = BEYOND * (hi - lo)
    return int(np.sum((values < lo - margin) | (values > hi + margin)))


def _numbers(ax, row, part, n_outside):
    """Distances to the laws in their colours, and outliers, in the upper right corner."""
    said = [(f"{n_outside} outside", "black")]
    for name, (colour, *_) in LAWS.items():
        prefix = name.removesuffix("quantiles")
        said.insert(-1, (f"KS {row[f'ks_{prefix}{part}']:.3f}", COLOURS[colour]))
    for k, (text, colour) in enumerate(said):
        ax.text(
            0.98, 0.96 - 0.13 * k, text, transform=ax.transAxes,
            ha="right", va="top", fontsize=6, color=colour,
        )  # fmt: skip


def curve(quantiles):
    """Density from quantiles of equal steps of probability, zeros left out."""
    n = len(quantiles)
    kept = np.abs(quantiles) > ZERO * np.abs(quantiles).max()
    rank = (np.flatnonzero(kept) + 0.5) / n
    at = np.linspace(0, len(rank) - 1, min(POINTS, len(rank))).round().astype(int)
    x, q = quantiles[kept][at], rank[at]
    return (x[1:] + x[:-1]) / 2, np.diff(q) / np.diff(x)


def to_edges(x, density, edges):
    """The curve, down to 0 at the edges of the law, where it lies between them."""
    lo, hi = edges
    if x[0] > lo:
        x, density = np.append(lo, x), np.append(0.0, density)
    if x[-1] < hi:
        x, density = np.append(x, hi), np.append(density, 0.0)
    return x, density


if __name__ == "__main__":
    run(draw)
