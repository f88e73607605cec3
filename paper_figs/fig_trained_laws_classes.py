"""Trained softmax regression beside its prediction, against the number of classes at one d."""

from paper_figs.style import (
    caption,
    legend_below,
    plain_log_ticks,
    rows_of,
    run,
    seeds_of,
    short_axis,
    subplots,
)
from paper_figs.trained_law_cases import COLOURS, along

PANELS = {
    "train_loss": "training loss",
    "weight_norm": r"$\|V\|$",
    "ratio": "$R$",
    "test_loss": "loss of new samples",
}


def draw(store):
    """Seen over predicted, less 1."""
    cases = along(rows_of(store, "trained_laws", needed=True), "n_classes")
    classes = sorted(cases[0]["n_classes"].unique())
    figure, axes = subplots(1, len(PANELS), height_to_width=1.1, sharey=True)
    for ax, (name, title) in zip(axes[0], PANELS.items(), strict=True):
        for c, rows in zip(COLOURS, cases, strict=False):
            error = rows[name] / rows[f"predicted_{name}"] - 1
            label = f"$\\rho={rows['separation'].iloc[0]:g}$"
            ax.plot(rows["n_classes"], error, "o", ms=2.8, mew=0, c=c, label=label)
        ax.axhline(0, c="0.6", lw=0.6)
        ax.set_xscale("log")
        plain_log_ticks(ax, classes)
        ax.set(xlabel="classes $K$", title=title)
    axes[0, 0].set_ylabel("seen / predicted $-$ 1")
    short_axis(axes[0, 0].yaxis, 5)
    legend_below(figure, axes)
    first = cases[0].iloc[0]
    caption(
        figure,
        f"""Prediction against the number of classes K: softmax regression at its optimum, d =
        {first["n_inputs"]:.0f}, N = {first["n_samples"]:.0f}, ridge {first["ridge"]:g}, trained
        over predicted, less 1; a dot for each of {seeds_of(cases[0])}. ρ: length of the class
        means. ‖V‖: norm of the weights; R: mean ‖H_ij‖² over pairs of classes i ≠ j over mean
        ‖H_ii‖². The prediction is one of d → ∞ at fixed K; here K² reaches
        {classes[-1] ** 2 / first["n_inputs"]:.2g} d.""",
    )
    return figure


if __name__ == "__main__":
    run(draw)
