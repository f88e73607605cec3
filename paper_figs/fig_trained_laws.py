"""Losses, accuracies and norms of trained softmax regression against the ridge, predicted."""

from paper_figs.style import CannotDraw, plain_log_ticks, rows_of, run, seeds_of, subplots
from paper_figs.trained_law_cases import COLOURS, along, words
from rmt_hessian import plotting

PANELS = {
    "loss": "loss (no ridge)",
    "accuracy": "accuracy",
    "ratio": r"$R$, mean $\|H_{ij}\|^2$ over mean $\|H_{ii}\|^2$",
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
    axes[0, 0].set_yscale("log")
    for ax in axes[1]:
        ax.set_xlabel(r"ridge $\mu$")
        plain_log_ticks(ax, sorted(cases[0]["ridge"].unique()))
    axes[0, 0].plot([], [], "o-", c="0.4", ms=2.6, lw=0.9, label="training samples")
    axes[0, 0].plot([], [], "^--", c="0.4", ms=2.6, lw=0.9, label="new samples")
    handles, labels = axes[0, 0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=len(labels))
    figure.suptitle(
        f"Softmax regression at its optimum, {words(cases[0])}: theory (lines), "
        f"{seeds_of(cases[0])} (markers)",
        fontsize=8,
    )
    return figure


if __name__ == "__main__":
    run(draw)
