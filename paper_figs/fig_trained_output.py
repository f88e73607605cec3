"""Eigenvalues of output Hessians of trained hidden layers, beside those predicted from weights."""

import numpy as np
from matplotlib.ticker import FuncFormatter, MaxNLocator

from paper_figs.eigenspace_cases import AFTER, BEFORE, layer_panels, mean_and_band, mean_of_known
from paper_figs.style import run

LINES = [
    ("output_eigenvalues", BEFORE, "grey", "-", "before training"),
    ("predicted_output_eigenvalues", BEFORE, "grey", ":", "before, predicted"),
    ("output_eigenvalues", AFTER, "blue", "-", "after"),
    ("predicted_output_eigenvalues", AFTER, "vermilion", "--", "after, predicted from the weights"),
]


def draw(store):
    """Rows: networks; columns: hidden layers, with true and with random labels."""
    figure, axes = layer_panels(store, _panel, layers=_hidden)
    figure.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside lower center", ncols=4)
    figure.suptitle(
        r"Eigenvalues of $\mathbb{E}[M]$ over the largest; dashed: $C-1$. In each panel: gap "
        r"$\lambda_C/\lambda_{C-1}$, predicted in brackets;"
        "\noverlap of the top $C-1$ eigenspace with the rows of the weights above; before → after",
        fontsize=8,
    )
    return figure


def _hidden(training):
    """Layers of more units than classes below the last: a rank C-1 means something there."""
    return [l for l in range(training.n_layers - 1) if training.units(l) >= training.n_classes]


def _panel(ax, training, layer):
    for name, at, colour, style, label in LINES:
        values = training.over_seeds(f"{name}_{layer}", at)
        values = np.log10(np.maximum(values / values[:, :1], 1e-3))
        index = np.arange(1, values.shape[1] + 1)
        mean_and_band(ax, index, values, colour, style, label, lw=0.9)
    ax.axvline(training.n_classes - 1, ymax=0.75, color="black", ls="--", lw=0.5)
    ax.set_ylim(-2.6, 0.9)
    ax.yaxis.set_major_locator(MaxNLocator(3, integer=True))
    ax.yaxis.set_major_formatter(FuncFormatter(lambda power, _: f"$10^{{{power:g}}}$"))
    gaps, predicted, overlaps = (
        [mean_of_known(training.numbers(name, at, layer)) for at in (BEFORE, AFTER)]
        for name in ("gap", "predicted_gap", "frame_overlap")
    )
    of_gaps = " → ".join(f"{a:.2f} ({b:.2f})" for a, b in zip(gaps, predicted, strict=True))
    of_overlaps = " → ".join(f"{value:.2f}" for value in overlaps)
    ax.text(
        0.97, 0.97, f"{of_gaps}\n{of_overlaps}", transform=ax.transAxes, ha="right", va="top",
        fontsize=5.5,
    )  # fmt: skip


if __name__ == "__main__":
    run(draw)
