"""Off-diagonal shares along trainings: within the layers, and between them."""

import numpy as np

from paper_figs.lines import plot_seeds
from paper_figs.style import caption, legend_below, run, seeds_of, short_axis, subplots
from paper_figs.training_cases import CASES, cases, left_out, over_seeds

ROWS = [
    ("hidden layer", "share", 0),
    ("last layer", "share", -1),
    ("between layers", "share_by_layer", None),
]
LINES = [
    ("", "blue", "-", "training sample"),
    ("population_", "orange", "--", "its pairs of different samples"),
    ("fresh_", "green", "-", "fresh samples"),
    ("fresh_population_", "vermilion", ":", "their pairs of different samples"),
]


def draw(store):
    """Rows: hidden layer, last layer, between them; a column a case; against the step."""
    shown = list(cases(store))
    ratio = 1.15 * min(len(shown) / len(CASES), 1)  # panels of one height, be they few
    figure, axes = subplots(len(ROWS), len(shown), ratio, sharex="col", sharey="row")
    for column, (title, points) in zip(axes.T, shown, strict=True):
        arrays = [store.arrays(key) for key in points["key"]]
        steps = arrays[0]["checkpoints"] + 1
        for ax, (_, name, index) in zip(column, ROWS, strict=True):
            for prefix, colour, style, label in LINES:
                values = over_seeds(arrays, f"{prefix}{name}", index)
                line = {"centre": np.nanmedian, "lw": 1.1, "label": label}
                plot_seeds(ax, steps, values, colour, style, **line)
            ax.set_xscale("log")
            if index == -1 and (points["loss"] == "mse").all():  # its Hessian in the outputs is I
                ax.text(0.5, 0.5, "0 at any weights", transform=ax.transAxes, ha="center")
        column[0].set_title(title, fontsize=7)
        column[-1].set_xlabel("step + 1")
    for row, (words, *_) in zip(axes, ROWS, strict=True):
        row[0].set_ylabel(words)
        short_axis(row[0].yaxis)
        lowest = min(ax.dataLim.y0 for ax in row)  # estimates from different pairs can be negative
        row[0].set_ylim(bottom=1.1 * min(lowest, 0))  # shared: after all is drawn
    figure.supylabel("share off the diagonal", fontsize=8)
    legend_below(figure, axes[0, 0], 2)
    caption(
        figure,
        f"""Share of what lies off the diagonal blocks along trainings: Σ_{{b≠c}} ‖H_bc‖² / ‖H‖², in
        the rows for blocks of units within the hidden layer, of units within the last layer, and
        for the blocks between the two layers. Lines: medians over {seeds_of(points)}; bands:
        smallest to largest. Of each sample, training or fresh, all pairs of samples are counted,
        or different pairs only, which estimate the population; their squares may be negative
        where N is small, so that a share may be below 0 or lack at a step. With MSE the Hessian in
        the outputs is I, so that nothing lies off the blocks of the last layer.
        {left_out(store)}""",
    )
    return figure


if __name__ == "__main__":
    run(draw)
