"""The whole Hessian beside what the Kronecker factors of its layers say of it."""

import numpy as np

from paper_figs.eigenspace_cases import mean_of_known
from paper_figs.style import (
    alike,
    caption,
    inputs_of,
    rows_of,
    run,
    seeds_of,
    short_log_axis,
    subplots,
)
from rmt_hessian.plotting import COLOURS

NAMES = {
    "gauss_newton": ("Gauss–Newton part", "s", "orange"),
    "cross_layer": ("factors across layers", "x", "vermilion"),
    "layer_wise": ("factors of each layer", "+", "green"),
}
REFERENCES = {"gauss_newton": "the Gauss–Newton part", "hessian": "the Hessian"}


def draw(store):
    """Top eigenvalues; overlaps of top eigenspaces with Gauss–Newton part, and with Hessian."""
    table = rows_of(store, "network_kronecker")
    means = sorted(table["input_mean"].unique())
    figure, axes = subplots(3, len(means), height_to_width=0.5, sharex=True)
    for column, mean in zip(axes.T, means, strict=True):
        points = alike(table[table["input_mean"] == mean], "input_mean")
        _column(column, [store.arrays(key) for key in points["key"]], points["n_classes"].iloc[0])
        column[0].set_title(f"{inputs_of(mean)}: top eigenvalues")
        column[-1].set_xlabel("index above, dimension below")
    axes[0, 0].set_ylabel("eigenvalue")
    for ax in axes[1:, 0]:
        ax.set_ylabel("overlap")
    handles, labels = axes[0, 0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=4)
    first = table.iloc[0]
    caption(
        figure,
        f"""Whole Hessian of networks {first["widths"].replace("-", "–")} at LeCun weights,
        cross-entropy, Gaussian inputs, random labels, N = {first["n_samples"]:.0f}. Above: largest
        eigenvalues, of the first of {seeds_of(table)}: of the Hessian; of its Gauss–Newton part,
        which is the Hessian without the residual term; of the product of factors E[BᵀAB] and E[zzᵀ]
        of all pairs of layers in place of that part, and of the diagonal blocks of that product
        alone, one a layer. Below: overlap tr(PP′)/q of the spaces of the q top eigenvectors of each
        with those of the Gauss–Newton part, then with those of the Hessian; means over seeds.
        Where two eigenvalues are close, as the first two can be, the overlap of the dimension
        between them is low. Dashed: behind C − 1 eigenvalues, and at C − 1 dimensions.""",
    )
    return figure


def _column(column, arrays, n_classes):
    above, *below = column
    values = arrays[0]["hessian_eigenvalues"]
    q = np.arange(1, values.size + 1)
    above.plot(q, values, "o", ms=3, color=COLOURS["blue"], label="Hessian")
    for name, (label, marker, colour) in NAMES.items():
        style = {"marker": marker, "ls": "", "ms": 3.5, "mfc": "none", "color": COLOURS[colour]}
        above.plot(q, arrays[0][f"{name}_eigenvalues"], label=label, **style)
        for ax, reference in zip(below, REFERENCES, strict=True):
            if name != reference:
                stored = np.stack([a[f"{name}_in_{reference}_overlaps"] for a in arrays])
                ax.plot(q, mean_of_known(stored), **style)
    above.set_yscale("log")
    short_log_axis(above.yaxis)
    above.axvline(n_classes - 0.5, color="black", ls="--", lw=0.7)
    above.set_xticks([1, *range(5, q.size + 1, 5)])
    for ax, reference in zip(below, REFERENCES.values(), strict=True):
        ax.axvline(n_classes - 1, color="black", ls="--", lw=0.7)
        ax.set_ylim(0, 1.03)
        ax.set_title(f"overlap with {reference}")


if __name__ == "__main__":
    run(draw)
