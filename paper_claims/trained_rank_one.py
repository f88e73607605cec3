"""[W] on eigenvectors as matrices, after training."""

from rmt_hessian.paper import at_least, claim, over_seeds


@claim(
    source="[W], eigenvectors",
    sweep="eigenspaces_trained",
    figure="trained_eigenvectors",
    test="test_trained_structure.py::test_leading_eigenvectors_are_nearly_of_rank_one",
    measured=["final_rank_one_share_0", "final_rank_one_share_1"],
)
def trained_rank_one(results):
    """The C−1 leading eigenvectors of layer Hessians of trained networks of images, reshaped to
    matrices, are nearly of rank one, two thirds of their square and more; nearer than of
    normalised features.
    """
    rows = results.rows("trained_eigenspaces")
    rows = rows[(rows["inputs"] != "mixture") & (rows["optimiser"] == "lbfgs")]
    keys = ["inputs", "widths", "random_labels"]
    for layer in (0, 1):
        share, error = over_seeds(rows, keys, f"final_rank_one_share_{layer}")
        yield at_least(f"σ₁²/Σσ², layer {layer}", share, 2 / 3, error=error)
        normalised, _ = over_seeds(rows, keys, f"final_normalised_rank_one_share_{layer}")
        yield at_least(f"above normalised features, layer {layer}", share, normalised, error=error)
