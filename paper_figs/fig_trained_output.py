"""Eigenvalues of output Hessians of trained hidden layers, beside those predicted from weights."""

import numpy as np

from paper_figs.eigenspace_cases import AFTER, BEFORE, mean_of_known
from paper_figs.layer_panels import (
    eigenvalue_lines,
    layer_panels,
    legend_below,
    numbers_in_panel,
)
from paper_figs.style import run

LINES = [
    ("output_eigenvalues", BEFORE, "grey", "-", "before training"),
    ("predicted_output_eigenvalues", BEFORE, "grey", ":", "before, predicted"),
    ("output_eigenvalues", AFTER, "blue", "-", "after"),
    ("predicted_output_eigenvalues", AFTER, "vermilion", "--", "after, predicted from the weights"),
]


def draw(store):
    """Rows: networks; columns: hidden layers, with true and with random labels."""
    figure, axes = layer_panels(
        store, _panel, "index", "eigenvalue over the largest", layers=_hidden
    )
    legend_below(figure, axes, 4)
    figure.suptitle(
        r"$\mathbb{E}[M]$ of hidden layers of $C$ units or more: geometric means, bands of all "
        "seeds; dashed: $C-1$.\nBefore → after: gap; overlap of the top space with the rows above; "
        "predicted in brackets",
        fontsize=8,
    )
    return figure


def _hidden(training):
    """Layers of more units than classes below the last: a rank C-1 means something there."""
    return [l for l in range(training.n_layers - 1) if training.units(l) >= training.n_classes]


def _panel(ax, training, layer):
    eigenvalue_lines(ax, training, layer, LINES, lowest=1e-3, ymax=0.75)
    ax.set_ylim(2.5e-3, 8)
    gaps, predicted, overlaps, (expected, _) = (
        [mean_of_known(training.numbers(name, at, layer)) for at in (BEFORE, AFTER)]
        for name in ("gap", "predicted_gap", "frame_overlap", "expected_frame_overlap")
    )
    of_gaps = " → ".join(f"{a:.2f} ({b:.2f})" for a, b in zip(gaps, predicted, strict=True))
    before, after = (f"{value:.2f}" for value in overlaps)
    if np.isfinite(expected):  # of one hidden layer
        before += f" ({expected:.2f})"
    numbers_in_panel(ax, f"{of_gaps}\n{before} → {after}")


if __name__ == "__main__":
    run(draw)
