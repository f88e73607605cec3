"""Softmax regression at its optimum: what training would tell, without training."""

import pandas as pd

from rmt_hessian.paper import at_most, claim, over_seeds

NUMBERS = "train_loss", "test_loss", "weight_norm", "ratio", "test_accuracy"
KEYS = ["n_classes", "n_inputs", "n_samples", "ridge", "separation"]


@claim(
    source="this package, docs/trained.md",
    sweep="trained_laws",
    figure="trained_laws",
    test="test_trained_laws.py::test_numbers_of_the_optimum_are_predicted",
    measured=NUMBERS,
)
def optimum_numbers(results):
    """Losses of training and of new samples, accuracy, the norm of the weights and the ratio R of
    blocks of a softmax regression at its optimum are predicted without training, of Gaussian
    inputs with random labels and of mixtures: means over a few draws are right to a share 6/√N.
    """
    rows = results.rows("trained_laws")
    rows = rows.fillna({"n_groups": 0, "imbalance": 1.0})
    off = {}
    for name in NUMBERS:
        found, _ = over_seeds(rows, KEYS, name)
        predicted, _ = over_seeds(rows, KEYS, f"predicted_{name}")
        off[name.replace("_", " ")] = (found / predicted - 1).abs()
    off = pd.concat(off, names=["number"])
    N = off.index.get_level_values("n_samples").to_series(off.index)
    yield at_most("relative deviation", off, 6 / N**0.5)
