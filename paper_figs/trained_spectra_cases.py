"""Which trainings the figures of spectra along a training show."""

import numpy as np

from paper_figs.style import combinations


def points_of(table, n_layers, loss, inputs, many):
    """The points of a case, of its largest number of samples or of its smallest."""
    points = table[table["widths"].str.count("-") == n_layers]
    points = points[(points["loss"] == loss) & (points["inputs"] == inputs)]
    sizes = points["n_samples"]
    return points[sizes == (sizes.max() if many else sizes.min())]


def blocks_and_layers(points):
    """Of a case words, its points of most inputs, and those whose layers were diagonalised.

    Of several trainings the first. Where no layer was diagonalised, blocks stand for layers.
    """
    with_layer = points[points["initial_layer_outliers"].notna()]
    words, blocks = next(combinations(_largest(points), "widths"))
    layers = dict(combinations(_largest(with_layer if len(with_layer) else points), "widths"))
    return words, blocks, layers.get(words, next(iter(layers.values())))


def _largest(points):
    return points[points["n_inputs"] == points["n_inputs"].max()]


def model_of(point):
    """Words for model and loss."""
    model = "hidden" if point["widths"].count("-") == 2 else "linear"
    return f"{model}, {point['loss'].upper()}"


def over_steps(runs, name):
    """The steps that most runs have, and what they measured there, shape (runs, steps).

    Of those that measured it. A run that has ended before stays where it ended.
    """
    found = [(run["checkpoint_steps"], run[name]) for run in runs if name in run]
    if not found:
        return np.empty(0), np.empty((0, 0))
    steps = np.unique(np.concatenate([steps for steps, _ in found]))
    steps = steps[steps <= np.median([steps[-1] for steps, _ in found])]
    return steps, np.array([np.interp(steps, *run) for run in found])
