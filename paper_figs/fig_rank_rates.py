"""Gap and eigenspace of the output Hessian against the width, beside their predictions."""

import numpy as np

from paper_figs.style import (
    alike,
    caption,
    label_outer,
    legend_below,
    plain_log_ticks,
    rows_of,
    run,
    seeds_of,
    short_log_axis,
    subplots,
)
from rmt_hessian.plotting import COLOURS
from rmt_hessian.report.cases import of_hidden_layer

OF_CLASSES = [COLOURS[name] for name in ("blue", "vermilion", "green", "purple")]


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
        for ax, name in zip(row, ("gap", "centred_defect"), strict=True):
            for shade, (C, of_C) in zip(OF_CLASSES, part.groupby("n_classes"), strict=False):
                widths = alike(of_C, "n_hidden").groupby("n_hidden")
                columns = (
                    widths[name].mean(),
                    widths[name].sem(),
                    widths[f"predicted_{name}"].mean(),
                )
                mean, error, predicted = (
                    column.to_numpy(dtype=float, na_value=np.nan) for column in columns
                )
                m = np.array(list(widths.groups))
                dots = {"fmt": "o", "ms": 3, "lw": 0.8, "label": f"$C={C:.0f}$"}
                ax.errorbar(m, mean, error, color=shade, **dots)
                ax.plot(m, predicted, "-", lw=1.0, color=shade)
            ax.set(title=title, xscale="log", yscale="log")
            plain_log_ticks(ax, sorted(part["n_hidden"].unique()))
        short_log_axis(row[0].yaxis)
    label_outer(axes, "width $m$", r"gap $\lambda_C/\lambda_{C-1}$")
    for ax in axes[:, 1]:
        ax.set_ylabel("$1-$ overlap")
    axes[0, 0].plot([], [], "-", c="0.4", lw=1.0, label="predicted")
    legend_below(figure, axes[0, 0], 5)
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


if __name__ == "__main__":
    run(draw)
