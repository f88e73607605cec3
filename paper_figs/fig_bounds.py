"""PAC-Bayes bounds by the basis of the posterior, and the parts that they are made of."""

import numpy as np

from paper_figs.bound_cases import FAMILIES, bound_rows, depth_of, sizes_of
from paper_figs.style import (
    caption,
    inputs_of_training,
    label_outer,
    legend_below,
    panels,
    run,
    short_axis,
)
from rmt_hessian.plotting import COLOURS

PARTS = {  # of a bar, from below
    "error on the samples": "vermilion",
    "finitely many draws": "grey",
    "complexity: $(\\mathrm{KL}+\\ldots)/N$": "blue",
}


def draw(store):
    """A panel of true and of random labels, images and classes; groups of bars by depth."""
    table = bound_rows(store)
    cases = list(table.groupby(["images", "n_classes", "random_labels"], sort=False))
    figure, axes = panels(len(cases), 2, height_to_width=0.75)
    for ax, ((images, n_classes, random), rows) in zip(axes.flat, cases, strict=False):
        _panel(ax, rows)
        ax.axhline(1 - 1 / n_classes, c="0.3", lw=0.7, ls=":", label="chance")
        labels = "random labels" if random else "true labels"
        ax.set_title(f"{inputs_of_training(images)}, {n_classes:.0f} classes, {labels}")
    label_outer(axes, ylabel="error, bound")
    legend_below(figure, axes, 3)
    letters = "; ".join(f"{letter}: {label}" for label, letter, _ in FAMILIES.values())
    caption(
        figure,
        f"""PAC-Bayes bounds, inverted binary KL at confidence 0.965, on the error of networks drawn
        from a Gaussian posterior about the trained one, by the basis in which its covariance is
        diagonal. {letters}. Bars: means over networks, stacked from below to the bound; dots:
        bounds of single networks; black dashes: error on new samples; dotted: error of guessing.
        Below each group: its depth and the widths of its layers. {sizes_of(table)}.
        {_lacking(table)}""",
    )
    return figure


def _panel(ax, rows):
    """Bars of each family, in groups."""
    ticks, place = {}, 0
    below = {"ha": "center", "va": "top", "fontsize": 5.5, "xycoords": ("data", "axes fraction")}
    for widths, points in rows.groupby("widths", sort=False):
        first = place
        for name, (_, letter, _) in FAMILIES.items():
            if f"{name}_bound" in points and points[f"{name}_bound"].notna().any():
                _bar(ax, place, points, name)
                ticks[place] = letter
                place += 1
        text = f"{depth_of(widths)}\n{widths.replace('-', '–')}"
        ax.annotate(text, ((first + place - 1) / 2, -0.2), **below)
        place += 1
    ax.set_xticks([*ticks], ticks.values(), fontsize=5)
    ax.tick_params(axis="x", length=0)
    ax.set(xlim=(-1, place - 1), ylim=(0, 1.03))  # a bound is at most 1
    short_axis(ax.yaxis, 5)


def _bar(ax, place, points, name):
    bounds = points[f"{name}_bound"].to_numpy(float)
    of_parts = [points[f"{name}_{part}"].mean() for part in ("risk", "sampling")]
    ends = np.cumsum([0, *of_parts])
    heights = [*of_parts, bounds.mean() - ends[-1]]
    for (label, colour), bottom, height in zip(PARTS.items(), ends, heights, strict=True):
        ax.bar(place, height, 0.85, bottom, color=COLOURS[colour], label=label)
    new = points[f"{name}_test_risk"].mean()
    ax.plot(place, new, "_", c="white", ms=5, mew=2.0)
    ax.plot(place, new, "k_", ms=4, mew=0.8, label="error on new samples")
    ax.plot(np.full(len(bounds), place), bounds, "k.", ms=1.5, label="bound of one network")


def _lacking(table):
    """A sentence about families that some networks have no bar of."""
    words = []
    for name, (_, letter, _) in FAMILIES.items():
        if f"{name}_bound" in table:
            widths = table.loc[table[f"{name}_bound"].isna(), "widths"].unique()
            words += [f"{letter} of {', '.join(widths).replace('-', '–')}"] if len(widths) else []
    return f"Not measured, for layers are too large: {'; '.join(words)}." if words else ""


if __name__ == "__main__":
    run(draw)
