"""Heads above fixed random features."""

import pandas as pd

from rmt_hessian.paper import at_most, claim, over_seeds

NUMBERS = "train_loss", "test_loss", "share"
KEYS = ["separation", "ridge"]


@claim(
    source="this package, docs/trained.md",
    sweep="trained_laws",
    figure="trained_heads",
    test="test_trained_laws.py::test_numbers_of_the_optimum_are_predicted",
    measured=NUMBERS,
)
def random_features_head(results):
    """Heads trained above random ReLU features have the predicted losses and shares off the
    diagonal: to 4/√N where labels are random, and to 8/√N above a mixture, whose features are
    not Gaussian.
    """
    rows = results.rows("trained_heads", data="mixture")
    off = {}
    for name in NUMBERS:
        found, _ = over_seeds(rows, KEYS, name)
        predicted, _ = over_seeds(rows, KEYS, f"predicted_{name}")
        off[name.replace("_", " ")] = (found / predicted - 1).abs()
    off = pd.concat(off, names=["number"])
    N = rows["n_samples"].iloc[0]
    mixed = off.index.get_level_values("separation") > 0
    yield at_most("relative deviation", off, pd.Series(4 + 4 * mixed, off.index) / N**0.5)
