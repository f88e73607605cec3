"""Heads above real features."""

from rmt_hessian.paper import at_most, claim, constant, over_seeds

KEYS = ["features", "data", "ridge"]


@claim(
    source="this package, docs/trained.md",
    sweep="trained_laws",
    figure="trained_heads",
    test="test_trained_laws.py::test_numbers_of_the_optimum_are_predicted",
    measured=["test_loss"],
    instead="Classes of images are not Gaussian with one covariance, and theory is too hopeful; "
    "the share off the diagonal is nearer than the loss",
)
def real_features_head(results):
    """Heads trained on pixels of images, on random features of them, or on features of a trained
    network have at most a fifth more loss on new samples than theory says of Gaussian classes
    with the same means and one covariance.
    """
    rows = results.rows("trained_heads")
    rows = rows[rows["data"] != "mixture"]
    found, error = over_seeds(rows, KEYS, "test_loss")
    predicted, _ = over_seeds(rows, KEYS, "predicted_test_loss")
    yield at_most("loss on new samples", found, 1.2 * predicted, error=error)
    (share, _), (known, _) = (over_seeds(rows, KEYS, name) for name in ("share", "predicted_share"))
    yield constant(
        "share off the diagonal, largest relative deviation", (share / known - 1).abs().max()
    )
