"""Which trainings the figures of the dynamic force show."""

import numpy as np
import pandas as pd

from paper_figs.style import combinations, rows_of

CASES = [  # title, inputs, loss
    ("clusters, CE", "clusters", "ce"),
    ("clusters, MSE", "clusters", "mse"),
    ("mixture, CE", "mixture", "ce"),
    ("random labels, CE", "gaussian", "ce"),
    ("digits, CE", "digits", "ce"),
]
CLASSES = 10  # of the networks shown, or the nearest to it


def cases(store):
    """Yield title and points, of networks with one hidden layer: all seeds of one grid point.

    Options of a training that take several values have a point each.
    """
    table = rows_of(store, "dynamic_force", needed=True)
    table = table[table["widths"].str.count("-") == 2]
    if "weight_decay" in table:
        table = table[~(table["weight_decay"] > 0)]
    for title, inputs, loss in CASES:
        rows = table[(table["inputs"] == inputs) & (table["loss"] == loss)]
        rows = rows[rows["n_samples"] == rows["n_samples"].max()]
        if rows.empty:
            continue
        distance = np.abs(np.log(rows["n_classes"] / CLASSES))
        nearest = rows[distance == distance.min()]
        for widths, of_widths in nearest.groupby("widths", sort=False):
            sizes = f"{widths.replace('-', '–')}\n$N={nearest['n_samples'].iloc[0]}$"
            activations = of_widths.get("activation", pd.Series([None])).unique()
            if len(activations) == 1 and isinstance(activations[0], str):  # else told by the words
                sizes += f"\n{activations[0]}"
            for words, points in combinations(of_widths, "widths"):
                yield f"{title}\n{sizes}{words}", points


def left_out(store):
    """Words for what `cases` does not show of the table."""
    table = rows_of(store, "dynamic_force")
    n_shown = sum(len(points) for _, points in cases(store))
    return (
        f"Drawn are {n_shown} of {len(table)} trainings: one hidden layer, no weight decay, of "
        f"each case most samples and the number of classes nearest to {CLASSES}; the others are "
        "in the table."
    )


def over_seeds(arrays, name, index=None):
    """A column along the checkpoints, of all seeds: shape (seeds, checkpoints)."""
    values = np.stack([a[name] for a in arrays])
    return values if index is None else values[:, :, index]
