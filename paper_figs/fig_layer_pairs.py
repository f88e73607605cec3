"""Blocks of the Hessian between adjacent and distant layers, and the residual's part in them."""

import numpy as np

from paper_figs.style import combinations, inputs_of_training, rows_of, run, seeds_of, subplots
from rmt_hessian.plotting import COLOURS, plot_absolute_hessian

TIMES = "initial", "middle", "final"
PERCENT = 0, 50, 100
MARKS = {"adjacent": ("o", "blue"), "distant": ("s", "vermilion")}
DECADES = 2
TICKS = 5  # units and features from a tick to the next


def draw(store):
    """Above: norms of entries by unit and feature, first seed with CE. Below: shares in time."""
    table = rows_of(store, "trained_layer_pairs")
    table = table[table["widths"].str.count("-") > 2]  # those that have distant layers
    cases = [
        (f"{loss.upper()}%s{inputs_of_training(inputs)}{words}", rows)
        for (inputs, loss), of_case in table.groupby(["inputs", "loss"], sort=False)
        for words, rows in combinations(of_case, "inputs")
    ]
    figure, axes = subplots(2 + len(cases), 3, height_to_width=0.8)
    maps, rows = cases[0]
    arrays = store.arrays(rows[rows["seed"] == 0].iloc[0]["key"])
    for row, (l, m) in zip(axes, ((0, 1), (0, 2)), strict=False):
        for ax, norms, percent in zip(row, arrays[f"features_{l}_{m}"], PERCENT, strict=True):
            image = plot_absolute_hessian(ax, norms, decades=DECADES, vmax=norms.max())
            ax.set_title(f"layers {l}, {m}: {percent} % of the steps")
            ax.set(xticks=range(0, norms.shape[1], TICKS), yticks=range(0, norms.shape[0], TICKS))
            ax.set_xlabel(f"feature of layer {m}")
            bar = figure.colorbar(image, ax=ax, shrink=0.8)
        row[0].set_ylabel(f"unit of layer {l}")
        bar.set_label("norm of entries")
    for row, (case, rows) in zip(axes[2:], cases, strict=True):
        one = 1 / int(rows["widths"].iloc[0].split("-")[1])  # an even share of the features
        for kind in MARKS:
            _plot(row[0], rows, f"{kind}_residual_share", kind, kind)
            _plot(row[2], rows, f"{kind}_largest_share", kind, kind)
        _plot(row[1], rows, "adjacent_stripe_share", "adjacent", "whole block")
        _plot(row[1], rows, "adjacent_curvature_stripe_share", "adjacent", "no residual", "--")
        for ax in row[1:]:
            ax.axhline(one, color=COLOURS["grey"], ls=":", lw=0.8, label="even")
        for ax in row:
            ax.set(ylim=(-0.03, 1.03), xticks=PERCENT)
        row[0].set_ylabel(case % "\n", fontsize=7)
    titles = "residual's share", "at feature $i$ of unit $i$", "at the largest feature of a unit"
    for ax, title in zip(axes[2], titles, strict=True):
        ax.set_title(title)
        ax.legend()
    for ax in axes[-1]:
        ax.set_xlabel("% of the steps")
    sizes = " and ".join(widths.replace("-", "–") for widths in table["widths"].unique())
    figure.suptitle(
        f"Blocks between layers of networks {sizes}, $N={table['n_samples'].iloc[0]}$. Maps: "
        f"Frobenius norms of the\nentries of a unit and a feature; {maps % '; '}, first seed; two "
        "decades, each its own scale.\nBelow: shares of squared norms, means over pairs of layers, "
        f"{seeds_of(table)} and their range",
        fontsize=8,
    )
    return figure


def _plot(ax, rows, name, kind, label, line="-"):
    """Mean over seeds at the three times, and the range."""
    values = np.array([rows[f"{time}_{name}"] for time in TIMES])
    mark, colour = MARKS[kind]
    ax.fill_between(PERCENT, values.min(1), values.max(1), color=COLOURS[colour], alpha=0.2, lw=0)
    ax.plot(
        PERCENT, values.mean(1), line, marker=mark, ms=3, lw=1, color=COLOURS[colour], label=label
    )


if __name__ == "__main__":
    run(draw)
