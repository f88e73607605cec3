"""Eigenvalues of the output Hessian as the network grows: C-1 of them come to stand apart."""

from paper_figs.style import (
    alike,
    caption,
    label_outer,
    legend_below,
    panels,
    rows_of,
    run,
    short_log_axis,
)
from rmt_hessian.plotting import plot_scree
from rmt_hessian.report.cases import of_hidden_layer

N_CLASSES = 10  # or the nearest there is
N_PANELS = 4
N_SHOWN = 40


def draw(store):
    """One panel a width m = d, first seed, beside the eigenvalues predicted from the weights."""
    table = of_hidden_layer(rows_of(store, "population_rank"))
    table = table[(table["n_inputs"] == table["n_hidden"]) & (table["seed"] == 0)]
    C = int(min(table["n_classes"].unique(), key=lambda value: abs(value - N_CLASSES)))
    points = alike(table[table["n_classes"] == C], "n_hidden").sort_values("n_hidden")
    points = points.iloc[-N_PANELS:]
    figure, axes = panels(len(points), N_PANELS // 2, sharex=True)
    for ax, (_, point) in zip(axes.flat, points.iterrows(), strict=False):
        arrays = store.arrays(point["key"])
        plot_scree(
            arrays["eigenvalues"], ax=ax, mark=C - 1, mark_label="$C-1$",
            predicted=arrays["predicted_eigenvalues"], n_shown=N_SHOWN,
        )  # fmt: skip
        short_log_axis(ax.yaxis)
        gap, predicted = point["gap"], point["predicted_gap"]
        ax.set_title(f"$m=d={point['n_hidden']:.0f}$: gap {gap:.3f}, predicted {predicted:.3f}")
    label_outer(axes, "index", r"eigenvalue of $\mathbb{E}[M]$")
    legend_below(figure, axes[0, 0], 3)
    widths = ", ".join(f"{m:.0f}" for m in points["n_hidden"])
    caption(
        figure,
        f"""The {N_SHOWN} largest eigenvalues of the output Hessian E[M] of the hidden layer with
        CE, C = {C}, over the population of Gaussian inputs, at m = d = {widths}: one network each
        (the first seed). Dots: measured; line: predicted from the weights. Gap: λ_C/λ_{{C−1}},
        across the dashed line. The scales of the panels differ. Other C: only their gaps are drawn,
        in the figure rank_rates.""",
    )
    return figure


if __name__ == "__main__":
    run(draw)
