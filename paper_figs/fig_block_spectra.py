"""Spectra of a diagonal and an off-diagonal block beside the predicted densities, three C."""

import numpy as np

from paper_figs.style import CASE_TITLES, alike, rows_of, run, short_axis, subplots
from rmt_hessian.plotting import plot_spectrum

CASES = ["linear-ce", "hidden-ce", "hidden-mse"]
BLOCKS = {"diagonal": "$H_{11}$", "off_diagonal": "$H_{12}$"}


def draw(store):
    """Rows: case and block; columns: smallest, middle and largest C. First seed."""
    table = rows_of(store, "block_spectra")
    table = alike(table[table["seed"] == 0], "case", "n_classes")
    values = sorted(table["n_classes"].unique().astype(int))
    shown = [values[0], values[len(values) // 2], values[-1]]
    rows = [(case, block) for case in CASES for block in BLOCKS]
    figure, axes = subplots(len(rows), len(shown), height_to_width=0.75)
    for row_axes, (case, block) in zip(axes, rows, strict=True):
        for ax, n_classes in zip(row_axes, shown, strict=True):
            point = table[(table["case"] == case) & (table["n_classes"] == n_classes)].iloc[0]
            arrays = store.arrays(point["key"])
            spectrum = arrays[f"{block}_eigenvalues"]
            curves = {
                "conditional law": arrays[f"{block}_conditional_curve"],
                "population law": arrays[f"{block}_population_curve"],
            }
            plot_spectrum(ax, spectrum, curves)
            at_zero = np.mean(np.abs(spectrum) <= 1e-10 * np.abs(spectrum).max())
            ax.set_title(f"{CASE_TITLES[case]}, {BLOCKS[block]}, $C={n_classes}$")
            note = f"KS {point[f'{block}_ks_conditional']:.4f}"
            note += f"\n{at_zero:.1%} at 0" if at_zero else ""
            right = spectrum.mean() > 0  # the side of the long tail
            ax.text(
                *((0.97, 0.92) if right else (0.03, 0.92)),
                note,
                transform=ax.transAxes,
                ha="right" if right else "left",
                va="top",
                fontsize=6.5,
            )
            short_axis(ax.xaxis)
            ax.set_yticks([])  # the area is the share of the continuous part
        row_axes[0].set_ylabel("density")
    for ax in axes[-1]:
        ax.set_xlabel("eigenvalue")
    handles = axes[0, 0].get_legend_handles_labels()
    figure.legend(*handles, loc="outside lower center", ncols=3)
    sizes, m = table.iloc[0], table["n_hidden"].max()
    figure.suptitle(
        f"Blocks at $d={sizes['n_inputs']:.0f}$, $N={sizes['n_samples']:.0f}$, "
        f"$m={m:.0f}$: continuous part, central 99 %; KS to the conditional law",
        fontsize=8,
    )
    return figure


if __name__ == "__main__":
    run(draw)
