"""Spectra of blocks and layer of trained softmax regressions on their laws."""

import numpy as np
import pandas as pd

from paper_figs.style import CannotDraw, caption, legend_below, rows_of, run, short_axis, subplots
from paper_figs.trained_law_cases import along, words
from rmt_hessian.plotting import plot_spectrum

PARTS = {"diagonal": "diagonal block", "off_diagonal": "off-diagonal block", "layer": "whole layer"}
LAWS = {"": "law of the optimum", "without_prox_": "law of fresh logits"}
POINTS = 200  # of a curve
ZERO = 1e-9  # of the largest: what is smaller is 0
BEYOND = 0.02  # of the width of a law: eigenvalues further from its edges are beyond it


def draw(store):
    """The least and the largest separation at one ridge; eigenvalues that are 0 are left out."""
    table = rows_of(store, "trained_laws", needed=True)
    cases = along(table[table["ks_layer"].notna()], "ridge")  # whose layers have a spectrum
    ridges = sorted(cases[0]["ridge"].unique())
    ridge = ridges[(len(ridges) - 1) // 2]
    rows = pd.concat(cases).sort_values("separation", kind="stable")
    rows = rows[rows["ridge"] == ridge].drop_duplicates("separation")
    if len(rows) < 2:
        raise CannotDraw(f"no points of two separations at ridge {ridge:g}")
    figure, axes = subplots(2, len(PARTS), height_to_width=0.75)
    for line, (_, row) in zip(axes, rows.iloc[[0, -1]].iterrows(), strict=True):
        arrays = store.arrays(row["key"])
        for ax, part in zip(line, PARTS, strict=True):
            _panel(ax, row, arrays, part)
        line[0].set_ylabel(f"$\\rho={row['separation']:g}$\ndensity")
    legend_below(figure, axes)
    caption(
        figure,
        f"""Spectra of the Hessian of softmax regression at its optimum, {words(rows)}, ridge
        {ridge:g}, on Gaussian inputs whose class means have length ρ; one optimum a row, of one
        seed, at the least and the largest ρ. Grey: all eigenvalues but those that are 0, which
        count in the normalisation, as an atom at 0 does in the laws. Solid: law of the optimum;
        dashed: law that takes logits of the training samples for those of fresh ones. Curves are
        slopes between quantiles of a law; that of the optimum ends at its edges, the other at its
        outermost quantiles, or at the axis, which reaches as far as eigenvalues do; a triangle
        marks where one is cut at three times the histogram. Numbers: Kolmogorov–Smirnov distances
        to both laws, and how many eigenvalues lie beyond the edges of the law of the optimum by
        more than {100 * BEYOND:g} % of its width (black ticks at the bottom): outliers, which a
        law of the bulk does not have (figure trained_laws_outliers).""",
    )
    return figure


def _panel(ax, row, arrays, part):
    """Histogram and both laws, of the part of the spectrum that is not 0."""
    values, edges = arrays[f"{part}_eigenvalues"], arrays[f"{part}_edges"]
    curves = {label: curve(arrays[f"{part}_{law}quantiles"]) for law, label in LAWS.items()}
    curves[LAWS[""]] = to_edges(*curves[LAWS[""]], edges)
    notes = [f"KS {row[f'ks_{part}']:.3f}", f"fresh {row[f'ks_without_prox_{part}']:.3f}"]
    if n := np.sum(outliers := are_beyond(values, edges)):
        notes.append(f"{n} beyond")
    plot_spectrum(values, curves, ax=ax, coverage=1.0, notes=notes)
    ax.set(title=PARTS[part], ylabel=None)
    at_bottom = ax.get_xaxis_transform()
    ax.plot(values[outliers], np.full(n, 0.05), "|", c="black", ms=5, transform=at_bottom)
    short_axis(ax.yaxis)
    short_axis(ax.xaxis)


def are_beyond(values, edges):
    """Which eigenvalues, but 0, lie clearly beyond the edges of a law."""
    margin = BEYOND * np.diff(edges)[0]
    outside = (values < edges[0] - margin) | (values > edges[1] + margin)
    return outside & (np.abs(values) > ZERO * np.abs(values).max())


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
