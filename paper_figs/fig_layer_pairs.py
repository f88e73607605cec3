"""Blocks of the Hessian between adjacent and distant layers, and the residual's part in them."""

import numpy as np

from paper_figs.style import (
    caption,
    combinations,
    inputs_of_training,
    rows_of,
    run,
    seeds_of,
    subplots,
)
from rmt_hessian.plotting import COLOURS, plot_block_norms

TIMES = "initial", "middle", "final"
PERCENT = 0, 50, 100
MARKS = {"adjacent": ("o", "blue"), "distant": ("s", "vermilion")}
SHOWN = ((0, 1), (0, 2))  # pairs of layers in the maps
DECADES = 3.5
TICKS = 5  # units and features from a tick to the next


def draw(store):
    """Above: norms of entries by unit and feature, first seed with CE. Below: shares in time."""
    every = rows_of(store, "trained_layer_pairs")
    table = every[every["widths"].str.count("-") > 2]  # those that have distant layers
    cases = [
        (f"{loss.upper()}%s{inputs_of_training(inputs)}{words}", rows)
        for (inputs, loss), of_case in table.groupby(["inputs", "loss"], sort=False)
        for words, rows in combinations(of_case, "inputs")
    ]
    figure, axes = subplots(2 + len(cases), 3, height_to_width=0.72)
    maps, rows = cases[0]
    arrays = store.arrays(rows[rows["seed"] == 0].iloc[0]["key"])
    top = max(arrays[f"features_{l}_{m}"].max() for l, m in SHOWN)
    for row, (l, m) in zip(axes, SHOWN, strict=False):
        for ax, norms, percent in zip(row, arrays[f"features_{l}_{m}"], PERCENT, strict=True):
            plot_block_norms(norms, ax=ax, decades=DECADES, vmax=top)
            ax.set_title(f"layers {l}, {m}: {percent} %")
            ax.set(xticks=range(0, norms.shape[1], TICKS), yticks=range(0, norms.shape[0], TICKS))
            ax.set_xlabel(f"feature of layer {m}")
        row[0].set_ylabel(f"unit of layer {l}")
    figure.colorbar(axes[0, 0].collections[0], ax=axes[:2], shrink=0.6, label="norm of entries")
    for row, (case, rows) in zip(axes[2:], cases, strict=True):
        one = 1 / int(rows["widths"].iloc[0].split("-")[1])  # an even share of the features
        for kind in MARKS:
            _plot(row[0], rows, f"{kind}_residual_share", kind, kind)
            _plot(row[2], rows, f"{kind}_largest_share", kind, kind)
        _plot(row[1], rows, "adjacent_stripe_share", "adjacent", "adjacent")
        _plot(
            row[1],
            rows,
            "adjacent_curvature_stripe_share",
            "adjacent",
            "adjacent, no residual",
            "--",
        )
        for kind in MARKS:
            _plot(row[2], rows, f"{kind}_even_share", kind, f"{kind}, if independent", ":")
        row[1].axhline(one, color=COLOURS["grey"], ls=":", lw=0.8, label="even share")
        for ax in row:
            ax.set(ylim=(-0.03, 1.03), xticks=PERCENT)
            ax.set_yticks([0, 0.5, 1], ["0", "0.5", "1"])
        row[0].set_ylabel(case % "\n", fontsize=7)
    titles = "residual's share", "at feature $i$ of unit $i$", "at the largest feature of a unit"
    for ax, title in zip(axes[2], titles, strict=True):
        ax.set_title(title)
    for ax in axes[-1]:
        ax.set_xlabel("% of the steps")
    told = [ax.get_legend_handles_labels() for ax in axes[2]]
    named = {label: handle for found in told for handle, label in zip(*found, strict=True)}
    figure.legend(named.values(), named.keys(), loc="outside lower center", ncols=3)
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


def _networks(rows):
    """Words for the networks of some rows."""
    return " and ".join(widths.replace("-", "–") for widths in rows["widths"].unique())


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
