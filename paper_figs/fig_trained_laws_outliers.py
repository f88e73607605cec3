"""Outliers of trained softmax regressions against the separation of the class means."""

import numpy as np

from paper_figs.style import caption, legend_below, rows_of, run, seeds_of, short_axis, subplots
from paper_figs.trained_law_cases import along, words
from rmt_hessian.plotting import COLOURS

PARTS = {"diagonal": "diagonal block", "off_diagonal": "off-diagonal block", "layer": "whole layer"}


def draw(store):
    """Above: places, over the bulk; below: overlaps with the span of the class means."""
    table = rows_of(store, "trained_laws", needed=True)
    rows = along(table[table["ks_layer"].notna()], "separation")[0]  # whose layers have a spectrum
    figure, axes = subplots(2, len(PARTS), height_to_width=0.8, sharex=True)
    for (place, overlap), (part, title) in zip(axes.T, PARTS.items(), strict=True):
        edges = np.array([store.arrays(key)[f"{part}_edges"] for key in rows["key"]])
        x = rows["separation"]
        place.fill_between(x, *edges.T, color=COLOURS["grey"], alpha=0.3, lw=0, label="bulk")
        for ax, name in ((place, "place"), (overlap, "means_overlap")):
            known = rows[f"{part}_predicted_{name}"]
            ax.plot(x, rows[f"{part}_{name}"], "o", ms=2.8, mew=0, c=COLOURS["blue"], label="seen")
            ax.plot(x, known, "_", ms=7, mew=1.1, c=COLOURS["vermilion"], label="predicted")
        number = rows[f"{part}_predicted_multiplicity"].max()
        which = "the outlier" if number <= 1 else f"mean of the {number:.0f} outliers"
        place.set_title(f"{title}\n{which}")
        short_axis(place.yaxis)
        overlap.set(xlabel=r"separation $\rho$", ylim=(0, 1))
    axes[0, 0].set_ylabel("eigenvalue")
    axes[1, 0].set_ylabel("squared overlap with\nspan of class means")
    legend_below(figure, axes)
    caption(
        figure,
        f"""Outliers of the Hessian of softmax regression at its optimum, {words(rows)}, ridge
        {rows.iloc[0]["ridge"]:g}, on Gaussian inputs whose class means have length ρ. Of each part
        those outliers that are predicted farthest from the bulk; where several coincide, means
        over as many eigenvalues from that end of the spectrum. Dots: seen, one for each of
        {seeds_of(rows)}; dashes: predicted; grey: the bulk that is predicted. No dash, no dot:
        no outlier is predicted there. Below: mean squared norm of the projection of their unit
        eigenvectors onto the span of the class means (of the whole layer: onto that span in every
        block). {_where_it_fails(rows)}""",
    )
    return figure


def _where_it_fails(rows):
    """What is seen over what is predicted: overlaps near the threshold, places far off it."""
    near = []
    for part, title in PARTS.items():
        ratio = rows[f"{part}_means_overlap"] / rows[f"{part}_predicted_means_overlap"]
        if ratio.notna().any():
            first = rows["separation"][ratio.notna()].min()
            mean = ratio[rows["separation"] == first].mean()
            near.append(f"{mean:.2f}, {title} at ρ = {first:g}")
    last = rows[rows["separation"] == rows["separation"].max()]
    far = last["off_diagonal_place"] / last["off_diagonal_predicted_place"]
    told = f"Where outliers begin, mean overlaps over predicted: {'; '.join(near)}. "
    if far.notna().any():
        told += f"Places of the off-diagonal block at ρ = {last['separation'].iloc[0]:g} over "
        told += f"predicted: {far.min():.2f} to {far.max():.2f}."
    return told


if __name__ == "__main__":
    run(draw)
