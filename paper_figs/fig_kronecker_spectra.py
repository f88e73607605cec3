"""Spectrum of a layer beside that of E[M] ⊗ E[z zᵀ] and the law of the layer, linear CE."""

import numpy as np

from paper_figs.style import alike, rows_of, run, subplots
from rmt_hessian.plotting import COLOURS, plot_spectrum

N_PANELS = 3


def draw(store):
    """Above: densities; below: top eigenvalues. A small, a middle and the largest N, first seed."""
    table = rows_of(store, "kronecker_form")
    table = table[table["seed"] == 0]
    table = alike(table[table["case"] == "linear-ce"].sort_values("n_samples"), "n_samples")
    chosen = table.iloc[[len(table) // 4, len(table) // 2, len(table) - 1]]
    figure, axes = subplots(2, N_PANELS, height_to_width=0.8)
    for (above, below), (_, point) in zip(axes.T, chosen.iterrows(), strict=True):
        arrays = store.arrays(point["key"])
        spectrum, product = arrays["eigenvalues"], arrays["kronecker_eigenvalues"]
        plot_spectrum(above, spectrum, {"law of the layer": arrays["law_curve"]})
        _outline(above, product)
        N, gamma = point["n_samples"], point["n_inputs"] / point["n_samples"]
        above.set_title(rf"$N={N:.0f}$, $\gamma={gamma:.3g}$")
        above.set_xlabel("eigenvalue")
        index = np.arange(1, len(arrays["overlaps"]) + 1)
        below.plot(index, spectrum[: index.size], "o", ms=3, color=COLOURS["grey"])
        below.plot(
            index, product[: index.size], "x", ms=3.5, color=COLOURS["green"]
        )  # fmt: skip
        error, predicted = point["error"], point["predicted_error"]
        below.set_title(f"error {error:.3f}, predicted {predicted:.3f}")
        below.set_xlabel("index")
    axes[0, 0].set_ylabel("density")
    axes[1, 0].set_ylabel("top eigenvalues")
    figure.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside lower center", ncols=3)
    sizes = chosen.iloc[0]
    figure.suptitle(
        f"Layer of linear CE, $C={sizes['n_classes']:.0f}$, $d={sizes['n_inputs']:.0f}$: the "
        "layer follows its law;\nthe Kronecker product nears it in norm as $\\gamma\\to 0$, with "
        "another spectrum",
        fontsize=8,
    )
    return figure


def _outline(ax, eigenvalues):
    """The density of the other spectrum, on the same axis; eigenvalues that are 0 left out."""
    lo, hi = ax.get_xlim()
    shown = eigenvalues[np.abs(eigenvalues) > 1e-10 * eigenvalues[0]]
    counts, edges = np.histogram(shown, bins=40, range=(lo, hi))
    heights = counts / (eigenvalues.size * np.diff(edges))
    ax.stairs(heights, edges, color=COLOURS["green"], lw=0.9, label="Kronecker product")
    ax.set_ylim(0, 1.15 * max(ax.get_ylim()[1] / 1.25, heights.max()))


if __name__ == "__main__":
    run(draw)
