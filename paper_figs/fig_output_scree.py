"""Eigenvalues of the output Hessian of the hidden layer: C-1 of them stand apart."""

from paper_figs.style import alike, rows_of, run, short_log_axis, subplots
from rmt_hessian.plotting import COLOURS, plot_scree

N_PANELS = 4
N_SHOWN = 25


def draw(store):
    """One panel a C, first seed, beside the eigenvalues of the Hadamard formula.

    Crosses: the output gradient covariance at random labels.
    """
    table = rows_of(store, "output_rank")
    table = alike(table[table["seed"] == 0], "n_classes")
    points = table.sort_values("n_classes").iloc[:N_PANELS]
    figure, axes = subplots(2, N_PANELS // 2, sharex=True)
    for ax, (_, point) in zip(axes.flat, points.iterrows(), strict=True):
        arrays = store.arrays(point["key"])
        C = int(point["n_classes"])
        plot_scree(ax, arrays["eigenvalues"], C - 1, arrays["predicted_eigenvalues"], N_SHOWN)
        of_gradients = arrays["gradient_eigenvalues"][:N_SHOWN]
        index = range(1, of_gradients.size + 1)
        ax.plot(index, of_gradients, "x", ms=3, color=COLOURS["green"], label="of gradients")
        short_log_axis(ax.yaxis)
        ax.set_title(f"$C={C}$: gap {point['gap']:.3f}, overlap {point['overlap']:.3f}")
        ax.text(
            0.97, 0.95, f"predicted gap {point['predicted_gap']:.3f}", fontsize=6.5,
            transform=ax.transAxes, ha="right", va="top",
        )  # fmt: skip
    for ax in axes[-1]:
        ax.set_xlabel("index")
    for ax in axes[:, 0]:
        ax.set_ylabel(r"eigenvalue of $\mathbb{E}[M]$")
    figure.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside lower center", ncols=4)
    sizes = points.iloc[0]
    figure.suptitle(
        f"Output Hessian at $d={sizes['n_inputs']:.0f}$, $m={table['n_hidden'].max():.0f}$, "
        f"$N={sizes['n_samples']:.0f}$; gap $\\lambda_C/\\lambda_{{C-1}}$ of the first seed.\n"
        r"Of gradients: $\mathbb{E}[gg^\top]$ at random labels",
        fontsize=8,
    )
    return figure


if __name__ == "__main__":
    run(draw)
