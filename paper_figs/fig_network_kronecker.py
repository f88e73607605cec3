"""The whole Hessian beside what the Kronecker factors of its layers say of it."""

import numpy as np

from paper_figs.style import alike, rows_of, run, subplots
from rmt_hessian.plotting import COLOURS

NAMES = {
    "gauss_newton": ("Gauss–Newton part", "s", "orange"),
    "cross_layer": ("factors across layers", "x", "vermilion"),
    "layer_wise": ("factors of each layer", "+", "green"),
}


def draw(store):
    """Above: top eigenvalues; below: overlap of top eigenspaces with the Gauss–Newton part."""
    table = rows_of(store, "network_kronecker")
    means = sorted(table["input_mean"].unique())
    figure, axes = subplots(2, len(means))
    for (above, below), mean in zip(axes.T, means, strict=True):
        points = alike(table[table["input_mean"] == mean], "input_mean")
        arrays = [store.arrays(key) for key in points["key"]]
        C = int(points["n_classes"].iloc[0])
        values = arrays[0]["hessian_eigenvalues"]
        q = np.arange(1, values.size + 1)
        above.plot(q, values, "o", ms=3, color=COLOURS["blue"], label="Hessian")
        for name, (label, marker, colour) in NAMES.items():
            above.plot(
                q, arrays[0][f"{name}_eigenvalues"], marker, ms=3.5, mfc="none",
                color=COLOURS[colour], label=label,
            )  # fmt: skip
            if name != "gauss_newton":
                overlaps = np.mean([a[f"{name}_in_gauss_newton_overlaps"] for a in arrays], axis=0)
                below.plot(q, overlaps, marker, ms=3.5, color=COLOURS[colour])
        above.set_yscale("log")
        above.set_title(f"inputs of mean {mean:g}: top eigenvalues")
        below.axvline(C - 1, color="black", ls="--", lw=0.9)
        below.set_ylim(0, 1.02)
        below.set_title("overlap with the Gauss–Newton part")
        below.set_xlabel("index, dimension; dashed: $C-1$")
    axes[0, 0].set_ylabel("eigenvalue")
    axes[1, 0].set_ylabel("overlap")
    figure.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside lower center", ncols=4)
    first = table.iloc[0]
    figure.suptitle(
        f"Whole Hessian of a network {first['widths'].replace('-', ', ')}, CE, random labels, "
        f"$N={first['n_samples']:.0f}$; eigenvalues of the first seed",
        fontsize=8,
    )
    return figure


if __name__ == "__main__":
    run(draw)
