"""Spectra of softmax regression at its optimum."""

import pandas as pd

from rmt_hessian.paper import at_most, claim, over_seeds

KEYS = ["n_classes", "n_inputs", "n_samples", "ridge", "separation"]


@claim(
    source="this package, docs/trained.md",
    sweep="trained_laws",
    figure="trained_laws_spectra",
    test="test_trained_laws.py::test_spectra_follow_the_law_and_not_that_of_fresh_logits",
    measured=["ks_diagonal", "ks_off_diagonal", "ks_layer"],
)
def optimum_spectra(results):
    """The spectra of blocks and of the whole Hessian of a softmax regression at its optimum follow
    laws that know nothing of the training: to the outliers of K means and the fluctuation of N
    weights, K/d + 2/√N.
    """
    rows = results.rows("trained_laws").dropna(subset=["ks_layer"])
    parts = "diagonal", "off_diagonal", "layer"
    ks = pd.concat(
        {part: over_seeds(rows, KEYS, f"ks_{part}")[0] for part in parts}, names=["part"]
    )
    K, d, N = (ks.index.get_level_values(key).to_series(ks.index) for key in KEYS[:3])
    yield at_most("distance to the law", ks, K / d + 2 / N**0.5)
