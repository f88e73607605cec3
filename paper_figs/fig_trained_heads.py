"""Heads trained above fixed features: what theory predicts of them, and what is seen."""

import numpy as np

from paper_figs.style import CannotDraw, rows_of, run, seeds_of, subplots
from rmt_hessian.plotting import COLOURS

PANELS = {
    "train_loss": "training loss",
    "test_loss": "loss of new samples",
    "test_accuracy": "accuracy, new samples",
    "share": "share off the diagonal",
}
FEATURES = {
    "random": ("blue", "random ReLU features"),
    "inputs": ("green", "pixels"),
    "trained": ("vermilion", "trained features"),
}
DATA = {"mixture": "o", "digits": "s", "mnist": "^"}


def draw(store):
    """Seen against predicted: on the diagonal they are equal."""
    table = rows_of(store, "trained_heads")
    if table.empty:
        raise CannotDraw("no points of trained_heads")
    figure, axes = subplots(1, len(PANELS), height_to_width=1.15)
    for ax, (name, title) in zip(axes[0], PANELS.items(), strict=True):
        for (features, data), rows in table.groupby(["features", "data"], sort=False):
            colour, _ = FEATURES[features]
            ax.plot(
                rows[f"predicted_{name}"],
                rows[name],
                DATA[data],
                ms=3,
                mew=0,
                alpha=0.6,
                c=COLOURS[colour],
            )
        ends = np.array([*ax.get_xlim(), *ax.get_ylim()])
        if name.endswith("loss"):
            both = table[[f"predicted_{name}", name]].to_numpy()
            ends = np.array([both.min() / 1.5, both.max() * 1.5])
            ax.set_xscale("log")
            ax.set_yscale("log")
        span = ends.min(), ends.max()
        ax.plot(span, span, c="0.6", lw=0.6)
        ax.set_xlim(span)
        ax.set_ylim(span)
        ax.set_title(title)
        ax.set_xlabel("predicted")
    axes[0, 0].set_ylabel("seen")
    for features, (colour, label) in FEATURES.items():
        if (table["features"] == features).any():
            axes[0, 0].plot([], [], "o", ms=3, mew=0, c=COLOURS[colour], label=label)
    for data, marker in DATA.items():
        if (table["data"] == data).any():
            axes[0, 0].plot([], [], marker, ms=3, mew=0, c="0.4", label=data)
    handles, labels = axes[0, 0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=len(labels))
    ridges = sorted(table["ridge"].unique())
    values = ", ".join(f"{ridge:g}" for ridge in ridges)
    figure.suptitle(
        f"Heads trained above fixed features, ridges {values}, {seeds_of(table)}", fontsize=8
    )
    return figure


if __name__ == "__main__":
    run(draw)
