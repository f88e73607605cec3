"""Top eigenvalues of trained layers beside those of E[M] ⊗ E[z zᵀ]."""

import numpy as np

from paper_figs.eigenspace_cases import AFTER, BEFORE
from paper_figs.layer_panels import (
    eigenvalue_lines,
    layer_panels,
    legend_below,
    numbers_in_panel,
)
from paper_figs.style import run

LINES = [
    ("eigenvalues", BEFORE, "grey", "-", "before training"),
    ("eigenvalues", AFTER, "blue", "-", "after"),
    ("kronecker_eigenvalues", AFTER, "vermilion", "--", "after, of the Kronecker product"),
    ("gradient_eigenvalues", AFTER, "orange", ":", "after, of the gradient covariance"),
]


def draw(store):
    """Rows: networks; columns: layers, with true and with random labels."""
    figure, axes = layer_panels(store, _panel, "index", "eigenvalue")
    legend_below(figure, axes, 4)
    figure.suptitle(
        "Top eigenvalues of each layer: geometric means, bands of all seeds; dashed: $C-1$.\nIn "
        "each panel: relative error of the Kronecker product, before and after training",
        fontsize=8,
    )
    return figure


def _panel(ax, training, layer):
    eigenvalue_lines(ax, training, layer, LINES)
    before, after = (np.mean(training.numbers("error", at, layer)) for at in (BEFORE, AFTER))
    numbers_in_panel(ax, f"{before:.2f}, {after:.2f}")


if __name__ == "__main__":
    run(draw)
