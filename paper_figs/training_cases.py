"""Which trainings the figures of the dynamic force show, and lines of several seeds."""

import numpy as np

from paper_figs.style import rows_of

CASES = [  # title, inputs, loss
    ("clusters, CE", "clusters", "ce"),
    ("clusters, MSE", "clusters", "mse"),
    ("mixture, CE", "mixture", "ce"),
    ("random labels, CE", "gaussian", "ce"),
    ("digits, CE", "digits", "ce"),
]
CLASSES = 10  # of the networks shown, or the nearest to it


def cases(store):
    """Yield title and points, of networks with one hidden layer: all seeds of one grid point."""
    table = rows_of(store, "dynamic_force")
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
        point = nearest.iloc[0]
        yield f"{title}\n{point['widths'].replace('-', '–')}\n$N={point['n_samples']}$", nearest


def over_seeds(arrays, name, index=None):
    """A column along the checkpoints, of all seeds: shape (seeds, checkpoints)."""
    values = np.stack([a[name] for a in arrays])
    return values if index is None else values[:, :, index]


def plot_seeds(ax, x, values, colour, label, style="-"):
    """Median over seeds, and a band from the smallest to the largest."""
    ax.fill_between(x, values.min(axis=0), values.max(axis=0), color=colour, alpha=0.2, lw=0)
    ax.plot(x, np.median(values, axis=0), style, color=colour, lw=1.1, label=label)
