"""Losses, accuracies and norms of trained softmax regression against the ridge, predicted."""

from paper_figs.style import (
    CannotDraw,
    caption,
    plain_log_ticks,
    rows_of,
    run,
    seeds_of,
    short_axis,
    short_log_axis,
    subplots,
)
from paper_figs.trained_law_cases import COLOURS, along, words
from rmt_hessian import plotting

PANELS = {
    "loss": "loss (no ridge)",
    "accuracy": "accuracy",
    "ratio": "$R$",
    "share": "share off the diagonal",
}
KINDS = {"train": ("o", "-"), "test": ("^", "--")}  # marker of what is seen, line of theory


def draw(store):
    """Lines: theory. Dots: optima, one a seed."""
    table = rows_of(store, "trained_laws")
    cases = along(table, "ridge")
    if not cases:
        raise CannotDraw("no points of at least three ridges")
    figure, axes = subplots(2, 2, height_to_width=0.7, sharex=True)
    for colour, rows in zip(COLOURS, cases, strict=False):
        colour = plotting.COLOURS[colour]
        for ax, name in zip(axes.flat, PANELS, strict=True):
            two = name in ("loss", "accuracy")
            for kind, (marker, line) in KINDS.items() if two else [("", ("o", "-"))]:
                column = f"{kind}_{name}" if two else name
                known = rows.groupby("ridge")[f"predicted_{column}"].mean()
                label = f"$\\rho={rows['separation'].iloc[0]:g}$" if kind != "test" else None
                ax.plot(known.index, known, line, c=colour, lw=0.9, label=label)
                ax.plot(rows["ridge"], rows[column], marker, c=colour, ms=2.6, mew=0, alpha=0.7)
    for ax, title in zip(axes.flat, PANELS.values(), strict=True):
        ax.set_xscale("log")
        ax.set_ylabel(title)
        short_axis(ax.yaxis)
    axes[0, 0].set_yscale("log")
    short_log_axis(axes[0, 0].yaxis)
    for ax in axes[1]:
        ax.set_xlabel(r"ridge $\mu$")
        plain_log_ticks(ax, sorted(cases[0]["ridge"].unique()))
    axes[0, 0].plot([], [], "o-", c="0.4", ms=2.6, lw=0.9, label="training samples")
    axes[0, 0].plot([], [], "^--", c="0.4", ms=2.6, lw=0.9, label="new samples")
    handles, labels = axes[0, 0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=len(labels))
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
