"""[W] on eigenvectors as matrices, before training."""

from rmt_hessian.paper import at_least, claim, over_seeds


@claim(
    source="[W], eigenvectors",
    sweep="eigenspaces",
    figure="reshaped",
    test="test_kronecker_form.py::test_reshaped_eigenvectors_of_a_layer_with_a_strong_mean",
    measured=["rank_one_share"],
)
def rank_one_eigenvectors(results):
    """Top eigenvectors of a layer Hessian at initialisation, reshaped to matrices, are nearly of
    rank one: the first singular value has more than half of the square, in the mean over those
    looked at, and more where features have a mean than where they are standardised.
    """
    rows = results.rows("eigenspaces")
    keys = ["case", "inputs", "input_mean", "n_classes", "standardised"]
    share, error = over_seeds(rows, keys, "rank_one_share")
    yield at_least("σ₁²/Σσ²", share, 0.5, error=error)
    by = share.unstack()
    strong = [key for key in by.index if key[0].startswith("output") or key[2] > 0]
    yield at_least("with a mean", by.loc[strong, False], by.loc[strong, True])
