"""Gap and eigenspace of the output Hessian against the width, beside their predictions."""

import numpy as np

from paper_figs.style import (
    alike,
    caption,
    plain_log_ticks,
    rows_of,
    run,
    seeds_of,
    short_log_axis,
    subplots,
)
from rmt_hessian import plotting
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
                _against_width(ax, measured.index, measured, predicted, colour, f"$C={C:.0f}$")
            ax.set_title(title)
            plain_log_ticks(ax, sorted(part["n_hidden"].unique()))
        short_log_axis(row[0].yaxis)
        row[0].set_ylabel(r"gap $\lambda_C/\lambda_{C-1}$")
        row[1].set_ylabel("$1-$ overlap")
    for ax in axes[-1]:
        ax.set_xlabel("width $m$")
    axes[0, 0].plot([], [], "-", c="0.4", lw=1.0, label="predicted")
    figure.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside lower center", ncols=5)
    caption(
        figure,
        f"""Output Hessian E[M] of the hidden layer with CE against the width m, with d = m (above)
        and d = {smallest:.0f} (below), over the population of Gaussian inputs. Dots: means over
        {seeds_of(table, "network")}, bars: their standard error, often smaller than the dot. Left:
        gap λ_C/λ_{{C−1}}; lines join the mean gaps predicted from the weights of the same networks.
        Networks are drawn anew at each m, so that lines waver. Right: 1 − overlap of the space of
        the first C − 1 eigenvectors with the span of the next layer's weight rows, centred over
        classes (0: equal spaces); lines join the leading order in 1/m of the mean over networks,
        which is not of these {seeds_of(table, "network")}. It is meant for m ≫ C: where C is not
        small beside m, and of two classes, it is off by more than the bars, at most by a factor
        {_furthest(table)}.""",
    )
    return figure


def _furthest(table):
    """Words for the largest factor between a mean defect and its prediction."""
    names = ["centred_defect", "predicted_centred_defect"]
    means = table.groupby(["n_classes", "n_inputs", "n_hidden"])[names].mean()
    factors = np.exp(np.abs(np.log(means[names[0]] / means[names[1]])))
    C, d, m = factors.idxmax()
    return f"{factors.max():.1f} (at C = {C:.0f}, d = {d:.0f}, m = {m:.0f})"


def _against_width(ax, widths, values, predicted, colour, label):
    """Dots are means over seeds with standard errors; a line predicts."""
    values, colour = values.to_numpy(), plotting.COLOURS[colour]
    n = values.shape[1]
    error = values.std(axis=1, ddof=1) / np.sqrt(n) if n > 1 else None
    ax.errorbar(
        widths, values.mean(axis=1), error, fmt="o", ms=3, lw=0.8, color=colour, label=label
    )
    ax.plot(widths, predicted.mean(axis=1), "-", lw=1.0, color=colour)
    ax.set_xscale("log")
    ax.set_yscale("log")


if __name__ == "__main__":
    run(draw)
