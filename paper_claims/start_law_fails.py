"""The law of the initial weights, once a network is trained."""

from rmt_hessian.paper import at_least, claim, over_seeds

KEYS = ["widths", "loss", "inputs", "n_samples", "n_inputs", "n_classes"]


@claim(
    source="this package, docs/training.md",
    sweep="trained_spectra",
    figure="trained_spectra",
    test="test_trained_spectra.py::test_the_law_of_the_start_explains_nothing_at_the_end",
    measured=["final_diagonal_ks_start"],
)
def start_law_fails(results):
    """The law of the weights before training does not explain the spectrum of a block after it:
    with cross-entropy its distance is at least three times that of the law of the block's own
    weights.
    """
    rows = results.rows("trained_spectra", loss="ce")
    rows = rows[rows["inputs"] != "clusters"]
    (start, error), (own, _) = (
        over_seeds(rows, KEYS, f"final_diagonal_ks_{law}") for law in ("start", "conditional")
    )
    yield at_least("distance to the law of the start", start, 3 * own, error=error)
