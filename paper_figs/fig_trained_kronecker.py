"""Top eigenvalues of trained layers beside those of E[M] ⊗ E[z zᵀ]."""

import numpy as np
from matplotlib.ticker import FuncFormatter, MaxNLocator

from paper_figs.eigenspace_cases import AFTER, BEFORE, layer_panels, mean_and_band
from paper_figs.style import run

LINES = [
    ("eigenvalues", BEFORE, "grey", "-", "before training"),
    ("eigenvalues", AFTER, "blue", "-", "after"),
    ("kronecker_eigenvalues", AFTER, "vermilion", "--", "after, of the Kronecker product"),
    ("gradient_eigenvalues", AFTER, "orange", ":", "after, of the gradient covariance"),
]


def draw(store):
    """Rows: networks; columns: layers, with true and with random labels."""
    figure, axes = layer_panels(store, _panel)
    figure.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside lower center", ncols=4)
    figure.suptitle(
        "Top eigenvalues of each layer against their index, geometric means over seeds, bands of "
        "all; dashed: $C-1$.\nIn each panel: relative error of the Kronecker product, before and "
        "after training",
        fontsize=8,
    )
    return figure


def _panel(ax, training, layer):
    for name, at, colour, style, label in LINES:
        values = training.over_seeds(f"{name}_{layer}", at)
        values = np.log10(np.where(values > 0, values, np.nan))
        index = np.arange(1, values.shape[1] + 1)
        mean_and_band(ax, index, values, colour, style, label, lw=0.9)
    ax.axvline(training.n_classes - 1, color="black", ls="--", lw=0.5)
    ax.yaxis.set_major_locator(MaxNLocator(3, integer=True))
    ax.yaxis.set_major_formatter(FuncFormatter(lambda power, _: f"$10^{{{power:g}}}$"))
    before, after = (np.mean(training.numbers("error", at, layer)) for at in (BEFORE, AFTER))
    ax.text(
        0.97, 0.95, f"{before:.2f}, {after:.2f}", transform=ax.transAxes, ha="right", va="top",
        fontsize=5.5,
    )  # fmt: skip


if __name__ == "__main__":
    run(draw)
