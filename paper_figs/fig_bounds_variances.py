"""Variances of posteriors against the curvature of the loss, beside those of a quadratic loss."""

import numpy as np

from paper_figs.bound_cases import FAMILIES, bound_rows
from paper_figs.style import CannotDraw, run, subplots
from rmt_hessian.plotting import COLOURS

SHOWN = "standard", "kronecker", "recomputed", "exact"


def draw(store):
    """A row of each kind of network with hidden layers and true labels: its first seed."""
    table = bound_rows(store)
    hidden = table[(table["widths"].str.count("-") > 1) & ~table["random_labels"]]
    if hidden.empty:
        raise CannotDraw("no network with a hidden layer and true labels")
    networks = [rows.iloc[0] for _, rows in hidden.groupby(["images", "widths"], sort=False)]
    figure, axes = subplots(
        len(networks), len(SHOWN), height_to_width=1.0, sharex="row", sharey="row"
    )
    for line, row in zip(axes, networks, strict=True):
        arrays = store.arrays(row["key"])
        for ax, name in zip(line, SHOWN, strict=True):
            label, _, colour = FAMILIES[name]
            if f"{name}_curvatures" not in arrays:
                ax.set_axis_off()
                continue
            h, s = arrays[f"{name}_curvatures"], arrays[f"{name}_variances"]
            predicted = arrays[f"{name}_quadratic_variances"]
            there = h > 1e-7 * h.max()
            ax.loglog(h[there], s[there], ".", ms=1.5, mew=0, c=COLOURS[colour])
            order = np.argsort(h[there])
            ax.loglog(h[there][order], predicted[there][order], c="k", lw=0.8)
            ax.set_title(f"{label}\n{row['images']}, {row['widths']}", fontsize=6.5)
        line[0].set_ylabel("variance $s_i$")
    for ax in axes[-1]:
        ax.set_xlabel("mean curvature $\\bar h_i$")
    axes[0, 0].plot([], [], "k.", ms=3, label="posterior found, up to 1000 of its directions")
    axes[0, 0].plot([], [], c="k", lw=0.8, label="$1/(1/\\lambda+\\beta \\bar h_i)$")
    handles, labels = axes[0, 0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=2)
    sizes = " and ".join(dict.fromkeys(f"$N={row['n_samples']:.0f}$" for row in networks))
    title = f"Posterior of one network in each row, {sizes}: variances against averaged curvatures"
    figure.suptitle(title, fontsize=8)
    return figure


if __name__ == "__main__":
    run(draw)
