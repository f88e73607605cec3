"""The law given the trained weights, on the sample they were trained on and on fresh inputs."""

import numpy as np

from rmt_hessian.paper import at_least, claim, over_seeds

KEYS = ["widths", "n_samples"]


@claim(
    source="this package, docs/training.md",
    sweep="trained_spectra",
    figure="trained_spectra",
    test="test_trained_spectra.py::test_the_law_given_the_weights_holds_on_fresh_inputs_only",
    measured=["final_diagonal_ks_given"],
)
def training_sample_is_not_fresh(results):
    """With random labels learned by heart, by cross-entropy, to a tenth of the loss of guessing,
    the law given the trained weights holds for fresh inputs and not for the training sample:
    there its distance is at least three times as large.
    """
    rows = results.rows("trained_spectra", loss="ce", inputs="gaussian")
    rows = rows[rows["final_loss"] < np.log(rows["n_classes"].astype(float)) / 10]
    if not rows.empty:
        (seen, error), (fresh, _) = (
            over_seeds(rows, KEYS, f"final_diagonal_{name}")
            for name in ("ks_given", "fresh_ks_given")
        )
        yield at_least("distance, training sample", seen, 3 * fresh, error=error)
