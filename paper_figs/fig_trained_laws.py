"""Losses, accuracies and norms of trained softmax regression against the ridge, predicted."""

from paper_figs.style import (
    caption,
    legend_below,
    plain_log_ticks,
    rows_of,
    run,
    seeds_of,
    short_axis,
    short_log_axis,
    subplots,
)
from paper_figs.trained_law_cases import COLOURS, along, words

PANELS = {  # columns: marker of what is seen, line of theory
    "loss (no ridge)": {"train_loss": ("o", "-"), "test_loss": ("^", "--")},
    "accuracy": {"train_accuracy": ("o", "-"), "test_accuracy": ("^", "--")},
    "$R$": {"ratio": ("o", "-")},
    "share off the diagonal": {"share": ("o", "-")},
}


def draw(store):
    """Lines: theory. Dots: optima, one a seed."""
    cases = along(rows_of(store, "trained_laws", needed=True), "ridge")
    figure, axes = subplots(2, 2, height_to_width=0.7, sharex=True)
    for ax, (title, columns) in zip(axes.flat, PANELS.items(), strict=True):
        for c, rows in zip(COLOURS, cases, strict=False):
            for column, (marker, line) in columns.items():
                known = rows.groupby("ridge")[f"predicted_{column}"].mean()
                label = f"$\\rho={rows['separation'].iloc[0]:g}$"
                ax.plot(known.index, known, line, c=c, lw=0.9, label=label)
                ax.plot(rows["ridge"], rows[column], marker, c=c, ms=2.6, mew=0, alpha=0.7)
        ax.set_xscale("log")
        ax.set_ylabel(title)
        short_axis(ax.yaxis)
    axes[0, 0].set_yscale("log")
    short_log_axis(axes[0, 0].yaxis)
    for ax in axes[1]:
        ax.set_xlabel(r"ridge $\mu$")
        plain_log_ticks(ax, sorted(cases[0]["ridge"].unique()))
    for style, label in (("o-", "training samples"), ("^--", "new samples")):
        axes[0, 0].plot([], [], style, c="0.4", lw=0.9, ms=3.6, mew=0, label=label)
    legend_below(figure, axes, 5)
    caption(
        figure,
        f"""Softmax regression with a ridge μ at its optimum, {words(cases[0])}, on Gaussian inputs
        whose class means have length ρ (0: labels independent of the inputs). Lines: predicted
        without training; markers: trained, one for each of {seeds_of(cases[0])}. Above on the
        training samples (filled lines, dots) and on new ones (dashed, triangles); below of the
        Hessian of the training samples: R, the mean of ‖H_ij‖² over pairs of classes i ≠ j over
        that of ‖H_ii‖², and the share of the sum over i ≠ j in ‖H‖².""",
    )
    return figure


if __name__ == "__main__":
    run(draw)
