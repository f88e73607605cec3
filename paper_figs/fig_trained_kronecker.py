"""Top eigenvalues of trained layers beside those of E[M] ⊗ E[z zᵀ]."""

import numpy as np

from paper_figs.eigenspace_cases import AFTER, BEFORE, words
from paper_figs.layer_panels import eigenvalue_lines, layer_panels, numbers_in_panel
from paper_figs.style import caption, legend_below, run

LOWEST = 1e-4  # of the largest
LINES = [
    ("eigenvalues", BEFORE, "grey", "-", "before training"),
    ("eigenvalues", AFTER, "blue", "-", "after"),
    ("kronecker_eigenvalues", AFTER, "vermilion", "--", "after, of the Kronecker product"),
    ("gradient_eigenvalues", AFTER, "orange", ":", "after, of the gradient covariance"),
]


def draw(store):
    """Rows: networks; columns: layers, with true and with random labels."""
    figure, axes = layer_panels(store, _panel, "index", "eigenvalue")
    legend_below(figure, axes)
    caption(
        figure,
        f"""Largest eigenvalues of the Hessian H of each layer before and after training, and, after
        training, of K = E[M] ⊗ E[zzᵀ] of the sample and of the gradient covariance at the labels of
        the training; first network of each pair, geometric means over seeds, bands from the
        smallest to the largest. {words(store)} Lines end where an eigenvalue of a seed is below
        10⁻⁴ of its largest one. In the panels: relative error ‖H − K‖/‖H‖, before → after. Dashed:
        behind the first C − 1. Where labels are fitted, squared gradients (1 − p)² are smaller
        than curvatures p(1 − p), so the gradient covariance lies below H.""",
    )
    return figure


def _panel(ax, training, layer):
    eigenvalue_lines(ax, training, layer, LINES, lowest=LOWEST)
    low, high = ax.get_ylim()
    ax.set_ylim(low, high * (high / low) ** 0.25)  # room for the numbers
    before, after = (np.mean(training.numbers("error", at, layer)) for at in (BEFORE, AFTER))
    numbers_in_panel(ax, f"{before:.2f} → {after:.2f}")


if __name__ == "__main__":
    run(draw)
