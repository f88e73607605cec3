"""Trained softmax regression beside its prediction, against the number of classes at one d."""

from paper_figs.style import (
    CannotDraw,
    caption,
    plain_log_ticks,
    rows_of,
    run,
    seeds_of,
    short_axis,
    subplots,
)
from paper_figs.trained_law_cases import COLOURS, along
from rmt_hessian import plotting

PANELS = {
    "train_loss": "training loss",
    "weight_norm": r"$\|V\|$",
    "ratio": "$R$",
    "test_loss": "loss of new samples",
}


def draw(store):
    """Seen over predicted, less 1."""
    cases = along(rows_of(store, "trained_laws"), "n_classes")
    if not cases:
        raise CannotDraw("no points of at least three numbers of classes")
    figure, axes = subplots(1, len(PANELS), height_to_width=1.1, sharey=True)
    for colour, rows in zip(COLOURS, cases, strict=False):
        for ax, name in zip(axes[0], PANELS, strict=True):
            ax.plot(
                rows["n_classes"],
                rows[name] / rows[f"predicted_{name}"] - 1,
                "o",
                ms=2.8,
                mew=0,
                c=plotting.COLOURS[colour],
                label=f"$\\rho={rows['separation'].iloc[0]:g}$",
            )
    first = cases[0]
    for ax, title in zip(axes[0], PANELS.values(), strict=True):
        ax.axhline(0, c="0.6", lw=0.6)
        ax.set_xscale("log")
        plain_log_ticks(ax, sorted(first["n_classes"].unique()))
        ax.set_xlabel("classes $K$")
        ax.set_title(title)
    axes[0, 0].set_ylabel("seen / predicted $-$ 1")
    short_axis(axes[0, 0].yaxis, 5)
    handles, labels = axes[0, 0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=len(labels))
    row = first.iloc[0]
    caption(
        figure,
        f"""Prediction against the number of classes K: softmax regression at its optimum, d =
        {row["n_inputs"]:.0f}, N = {row["n_samples"]:.0f}, ridge {row["ridge"]:g}, trained over
        predicted, less 1; a dot for each of {seeds_of(first)}. ρ: length of the class means. ‖V‖:
        norm of the weights; R: mean ‖H_ij‖² over pairs of classes i ≠ j over mean ‖H_ii‖². The
        prediction is one of d → ∞ at fixed K; here K² reaches
        {first["n_classes"].max() ** 2 / row["n_inputs"]:.2g} d.""",
    )
    return figure


if __name__ == "__main__":
    run(draw)
