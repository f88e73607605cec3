"""Heads above real features."""

from rmt_hessian.paper import at_most, claim, over_seeds

KEYS = ["features", "data", "ridge"]


@claim(
    source="this package, docs/trained.md",
    sweep="trained_laws",
    figure="trained_heads",
    test="test_trained_laws.py::test_numbers_of_the_optimum_are_predicted",
    measured=["test_loss", "share"],
    instead="Classes of images are not Gaussian with one covariance, and theory is too hopeful; "
    "the share off the diagonal is nearer than the loss",
)
def real_features_head(results):
    """Heads trained on pixels of images, on random features of them, or on features of a trained
    network have the loss on new samples that theory has for Gaussian classes of the same means
    and one covariance, to a fifth.
    """
    rows = results.rows("trained_heads")
    rows = rows[rows["data"] != "mixture"]
    for name, within in (("test_loss", 0.2), ("share", 0.5)):
        found, _ = over_seeds(rows, KEYS, name)
        predicted, _ = over_seeds(rows, KEYS, f"predicted_{name}")
        off = (found / predicted - 1).abs()
        yield at_most(f"relative deviation of the {name.replace('_', ' ')}", off, within)
