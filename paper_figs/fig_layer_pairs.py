"""Blocks of the Hessian between adjacent and distant layers, and the residual's part in them."""

from paper_figs.lines import plot_seeds
from paper_figs.style import (
    caption,
    combinations,
    inputs_of_training,
    legend_below,
    rows_of,
    run,
    seeds_of,
    subplots,
)
from rmt_hessian.plotting import COLOURS, plot_block_norms

TIMES = "initial", "middle", "final"
PERCENT = 0, 50, 100
TITLES = "residual's share", "at feature $i$ of unit $i$", "at the largest feature of a unit"
LINES = [  # panel, column, marker, colour, line, label
    (0, "adjacent_residual_share", "o", "blue", "-", "adjacent"),
    (0, "distant_residual_share", "s", "vermilion", "-", "distant"),
    (1, "adjacent_stripe_share", "o", "blue", "-", "adjacent"),
    (1, "adjacent_curvature_stripe_share", "o", "blue", "--", "adjacent, no residual"),
    (2, "adjacent_largest_share", "o", "blue", "-", "adjacent"),
    (2, "distant_largest_share", "s", "vermilion", "-", "distant"),
    (2, "adjacent_even_share", "o", "blue", ":", "adjacent, if independent"),
    (2, "distant_even_share", "s", "vermilion", ":", "distant, if independent"),
]
SHOWN = ((0, 1), (0, 2))  # pairs of layers in the maps
DECADES = 3.5
TICKS = 5  # units and features from a tick to the next


def draw(store):
    """Above: norms of entries by unit and feature, first seed with CE. Below: shares in time."""
    every = rows_of(store, "trained_layer_pairs", needed=True)
    table = every[every["widths"].str.count("-") > 2]  # those that have distant layers
    cases = [
        (f"{loss.upper()}%s{inputs_of_training(inputs)}{words}", rows)
        for (inputs, loss), of_case in table.groupby(["inputs", "loss"], sort=False)
        for words, rows in combinations(of_case, "inputs")
    ]
    figure, axes = subplots(2 + len(cases), 3, height_to_width=0.72)
    maps, rows = cases[0]
    _draw_maps(axes[:2], store.arrays(rows[rows["seed"] == 0].iloc[0]["key"]))
    figure.colorbar(axes[0, 0].collections[0], ax=axes[:2], shrink=0.6, label="norm of entries")
    for row, (case, rows) in zip(axes[2:], cases, strict=True):
        _draw_shares(row, rows)
        row[0].set_ylabel(case % "\n", fontsize=7)
    for ax, title in zip(axes[2], TITLES, strict=True):
        ax.set_title(title)
    for ax in axes[-1]:
        ax.set_xlabel("% of the steps")
    legend_below(figure, axes[2], 3)
    shallow = _networks(every[every["widths"].str.count("-") <= 2])
    left_out = f"Networks {shallow} have no distant layers and are left out." if shallow else ""
    caption(
        figure,
        f"""Blocks of the Hessian between layers of networks {_networks(table)}, N =
        {table["n_samples"].iloc[0]}. {left_out} Maps: Frobenius norm of the entries of H of a unit
        of layer l (over its inputs) and a feature, an input of layer m (over the units of m), for
        two pairs of layers, at 0, 50 and 100 % of the steps;
        {(maps % "; ").replace(chr(10), "; ")}, first seed alone;
        one colour scale of all six, {DECADES:g} decades. Unit i of layer 0 feeds
        feature i of layer 1: at the start, where
        the residual rules, the stripe of these entries stands out. Below, of all cases: shares of
        squared norms in blocks of layers that are adjacent or further apart, means over
        {seeds_of(table)}; bands: smallest to largest; between the three times nothing was measured,
        and lines only join what belongs together. Left: of the residual term, ‖R‖² over ‖R‖² +
        ‖G‖², all pairs together; middle and right means over pairs. Middle: of the entries at
        feature i of unit i, dotted an even share of all features; dashed: without the residual.
        Right: of the entries at the feature that is largest for a unit; dotted: what that would be
        if units and features were independent, where all units have the same largest one.""",
    )
    return figure


def _draw_maps(axes, arrays):
    """A row a pair of layers, a column a time."""
    top = max(arrays[f"features_{l}_{m}"].max() for l, m in SHOWN)
    for row, (l, m) in zip(axes, SHOWN, strict=True):
        for ax, norms, percent in zip(row, arrays[f"features_{l}_{m}"], PERCENT, strict=True):
            plot_block_norms(norms, ax=ax, decades=DECADES, vmax=top)
            ax.set(xticks=range(0, norms.shape[1], TICKS), yticks=range(0, norms.shape[0], TICKS))
            ax.set(xlabel=f"feature of layer {m}", ylabel=None)
            ax.set_title(f"layers {l}, {m}: {percent} %")
        row[0].set_ylabel(f"unit of layer {l}")


def _draw_shares(row, rows):
    """Means over seeds at the three times, and ranges."""
    for panel, name, marker, colour, line, label in LINES:
        values = rows[[f"{time}_{name}" for time in TIMES]]
        marks = {"marker": marker, "ms": 3, "lw": 1, "label": label}
        plot_seeds(row[panel], PERCENT, values, colour, line, **marks)
    for ax in row:
        ax.set(ylim=(-0.03, 1.03), xticks=PERCENT)
        ax.set_yticks([0, 0.5, 1], ["0", "0.5", "1"])
    even = 1 / int(rows["widths"].iloc[0].split("-")[1])  # of the features
    row[1].axhline(even, color=COLOURS["grey"], ls=":", lw=0.8, label="even share")


def _networks(rows):
    """Words for the networks of some rows."""
    return " and ".join(widths.replace("-", "–") for widths in rows["widths"].unique())


if __name__ == "__main__":
    run(draw)
