"""Eigenvalues of output Hessians of trained hidden layers, beside those predicted from weights."""

import numpy as np

from paper_figs.eigenspace_cases import AFTER, BEFORE, mean_of_known, trainings, words
from paper_figs.layer_panels import eigenvalue_lines, layer_panels, numbers_in_panel
from paper_figs.style import caption, legend_below, run, written

LOWEST = 3e-3
LINES = [
    ("output_eigenvalues", BEFORE, "grey", "-", "before training"),
    ("predicted_output_eigenvalues", BEFORE, "grey", ":", "before, predicted"),
    ("output_eigenvalues", AFTER, "blue", "-", "after"),
    ("predicted_output_eigenvalues", AFTER, "vermilion", "--", "after, predicted from the weights"),
]


def draw(store):
    """Rows: networks; columns: hidden layers, with true and with random labels."""
    label = "eigenvalue over the largest"
    figure, axes = layer_panels(store, _panel, "index", label, layers=_hidden)
    legend_below(figure, axes)
    caption(
        figure,
        f"""Eigenvalues of output Hessians E[M] of hidden layers over the largest one, before and
        after training, beside those of E[M] computed from the weights and from mean and covariance
        of the inputs; first network of each pair, geometric means over seeds, bands from the
        smallest to the largest. {words(store)} Hidden layers of fewer than C units, and last
        layers, are left out: a rank C − 1 means nothing there. Lines end where an eigenvalue of a
        seed is below {written(LOWEST)}. Dashed: behind the first C − 1. In the panels, before →
        after and predicted from the weights in brackets: the gap λ_C/λ_(C−1); overlap of the top
        C − 1 eigenspace with the span of the centred rows of the weights above, columns times the
        share of inputs for which a unit is active (in brackets: mean over LeCun networks of one
        hidden layer, so before training). {_worst_gap(store)}""",
    )
    return figure


def _hidden(training):
    """Layers of more units than classes below the last: a rank C-1 means something there."""
    return [l for l in range(training.n_layers - 1) if training.units(l) >= training.n_classes]


def _panel(ax, training, layer):
    eigenvalue_lines(ax, training, layer, LINES, lowest=LOWEST, relative=True, ymax=0.7)
    ax.set_ylim(LOWEST, 20)
    gaps, predicted, overlaps, (expected, _) = (
        [mean_of_known(training.numbers(name, at, layer)) for at in (BEFORE, AFTER)]
        for name in ("gap", "predicted_gap", "frame_overlap", "expected_frame_overlap")
    )
    of_gaps = "→".join(f"{a:.2f} ({b:.2f})" for a, b in zip(gaps, predicted, strict=True))
    before, after = (f"{value:.2f}" for value in overlaps)
    if np.isfinite(expected):  # of one hidden layer
        before += f" ({expected:.2f})"
    numbers_in_panel(ax, f"gap {of_gaps}\noverlap {before}→{after}")


def _worst_gap(store):
    """A sentence on the layer whose gap is predicted worst after training on true labels."""
    trained = [(t, l) for row in trainings(store) for t in row for l in _hidden(t)]
    worst, words = 0.0, ""
    for training, layer in trained:
        seen, predicted = (
            mean_of_known(training.numbers(name, AFTER, layer)) for name in ("gap", "predicted_gap")
        )
        if not training.random_labels and abs(predicted - seen) > worst:
            worst = abs(predicted - seen)
            words = f"""Of gaps after training on true labels the furthest off its prediction, of
            layer {layer} of {training.title}, is {seen:.2f} seen and {predicted:.2f} predicted."""
    return words


if __name__ == "__main__":
    run(draw)
