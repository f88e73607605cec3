"""Which trainings the figures of trained eigenspaces show: a row a network, labels side by side."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from paper_figs.style import alike, inputs_of_training, rows_of, seeds_of

KEYS = ["inputs", "optimiser", "widths"]
IMAGES = "digits", "mnist"  # standardised where nothing is said of it
OPTIMISERS = {"lbfgs": "L-BFGS", "adam": "Adam", "gd": "GD"}
LABELS = {False: "true labels", True: "random labels"}
BEFORE, AFTER = 0, 1
ENDS = ("initial", "final")


@dataclass(frozen=True, eq=False)
class Training:
    """Networks of one shape, trained in one way on one sort of labels; a row of the table a pair.

    Attributes
    ----------
    title : str
    random_labels : bool
    points : pandas.DataFrame
    arrays : list of mapping
        Of each point.
    """

    title: str
    random_labels: bool
    points: object
    arrays: list

    @property
    def n_layers(self):
        """Of its networks."""
        return self.points["widths"].iloc[0].count("-")

    @property
    def n_classes(self):
        """C."""
        return int(self.points["n_classes"].iloc[0])

    def units(self, layer):
        """Of a layer; of -1 the inputs."""
        return int(self.points["widths"].iloc[0].split("-")[layer + 1])

    def over_seeds(self, name, at):
        """An array at one end of the training, of all seeds: shape (seeds, …)."""
        return np.stack([arrays[name][at] for arrays in self.arrays])

    def numbers(self, name, at, layer):
        """A column at one end, of all seeds; NaN where the layer has none."""
        column = f"{ENDS[at]}_{name}_{layer}"
        return self.points[column].to_numpy() if column in self.points else np.full(1, np.nan)


def trainings(store):
    """Lists of `Training` with true and with random labels, one for each network and optimiser.

    Labels are true where nothing is said of them.
    """
    table = rows_of(store, "trained_eigenspaces", needed=True)
    random = table.get("random_labels", pd.Series(False, table.index)).eq(True)
    alike(table.drop(columns="random_labels", errors="ignore"), *KEYS)
    return [
        [
            Training(_title(rows), labels, points, [*map(store.arrays, points["key"])])
            for labels, points in rows.groupby(random)
        ]
        for _, rows in table.groupby(KEYS, sort=False)
    ]


def _title(rows):
    first = rows.iloc[0]
    inputs = inputs_of_training(first["inputs"])
    if first["inputs"] in IMAGES and first.get("standardised", True):
        inputs += " (standardised)"
    optimiser = OPTIMISERS[first["optimiser"]]
    return f"{inputs}, {optimiser}\n{first['widths'].replace('-', '–')}"


def words(store):
    """For a caption: what was learned, how, and how often."""
    table = rows_of(store, "trained_eigenspaces")
    told = "; ".join(
        f"{inputs_of_training(inputs)} by {OPTIMISERS[optimiser]}, {_values(rows, 'steps')} steps, "
        f"N = {_values(rows, 'n_samples')}, {seeds_of(rows)}"
        for (inputs, optimiser), rows in table.groupby(["inputs", "optimiser"], sort=False)
    )
    return (
        "ReLU networks with cross-entropy, in pairs that are drawn independently and learn the "
        f"same sample: {told}. Layer 0 is the first."
    )


def _values(rows, name):
    return ", ".join(f"{value:.0f}" for value in rows[name].unique())


def mean_of_known(values):
    """Means over seeds that have a value; NaN where none has."""
    known = np.isfinite(values)
    sums = np.where(known, values, 0.0).sum(axis=0)
    return sums / np.where(known.any(axis=0), known.sum(axis=0), np.nan)
