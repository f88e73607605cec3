"""The law of fresh logits, on the sample that was trained on."""

from rmt_hessian.paper import at_least, claim, over_seeds

KEYS = ["n_classes", "n_inputs", "n_samples", "ridge", "separation"]


@claim(
    source="this package, docs/trained.md",
    sweep="trained_laws",
    figure="trained_laws_spectra",
    test="test_trained_laws.py::test_spectra_follow_the_law_and_not_that_of_fresh_logits",
    measured=["ks_without_prox_layer", "ks_layer"],
)
def optimum_needs_prox(results):
    """At the optimum the law of new samples, whose logits have not been through the proximal map,
    does not hold for the training sample: where the loss on new samples is five times that of
    training, or more, the spectrum of the layer is at least three times as far from it as from
    the right law.
    """
    rows = results.rows("trained_laws").dropna(subset=["ks_layer"])
    rows = rows[rows["predicted_train_loss"] < rows["predicted_test_loss"] / 5]
    if not rows.empty:
        (without, error), (right, _) = (
            over_seeds(rows, KEYS, name) for name in ("ks_without_prox_layer", "ks_layer")
        )
        yield at_least("distance without the map", without, 3 * right, error=error)
