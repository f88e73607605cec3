"""Gap and eigenspace of the output Hessian against the width, beside their predictions."""

from paper_figs.style import (
    alike,
    plain_log_ticks,
    rows_of,
    run,
    seeds_of,
    short_log_axis,
    subplots,
)
from rmt_hessian.plotting import plot_against_size
from rmt_hessian.report.cases import of_hidden_layer

COLOURS = ("blue", "vermilion", "green", "purple")


def draw(store):
    """Left: gap; right: defect of the eigenspace. Above: m = d; below: the smallest d."""
    table = of_hidden_layer(rows_of(store, "population_rank"))
    smallest = table["n_inputs"].min()
    rows = {
        "$m=d$": table[table["n_inputs"] == table["n_hidden"]],
        f"$d={smallest:.0f}$": table[table["n_inputs"] == smallest],
    }
    figure, axes = subplots(2, 2, sharex=True)
    for row, (title, part) in zip(axes, rows.items(), strict=True):
        for ax, quantity in zip(row, ("gap", "centred_defect"), strict=True):
            for colour, (C, of_C) in zip(COLOURS, part.groupby("n_classes"), strict=False):
                of_C = alike(of_C, "n_hidden")
                measured, predicted = (
                    of_C.pivot(index="n_hidden", columns="seed", values=name)
                    for name in (quantity, f"predicted_{quantity}")
                )
                plot_against_size(ax, measured.index, measured, predicted, colour, f"$C={C:.0f}$")
            ax.set_title(title)
            plain_log_ticks(ax, sorted(part["n_hidden"].unique()))
        short_log_axis(row[0].yaxis)
        row[0].set_ylabel(r"gap $\lambda_C/\lambda_{C-1}$")
        row[1].set_ylabel("$1-$ overlap")
    for ax in axes[-1]:
        ax.set_xlabel("width $m$")
    figure.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside lower center", ncols=4)
    figure.suptitle(
        f"E[M] of the hidden layer, CE, population; {seeds_of(table, 'network')}, "
        "bars: standard error.\n"
        "Lines: eigenvalues predicted from the weights; leading order of the expected defect",
        fontsize=8,
    )
    return figure


if __name__ == "__main__":
    run(draw)
