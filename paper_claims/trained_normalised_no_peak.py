"""[W] on batch normalisation, after training."""

from rmt_hessian.paper import at_most, claim, over_seeds


@claim(
    source="[W], batch normalisation",
    sweep="eigenspaces_trained",
    figure="trained_overlaps",
    test="test_trained_structure.py::test_normalised_features_have_no_peak",
    measured=["final_normalised_peak_excess_0", "final_normalised_peak_excess_1"],
)
def trained_normalised_no_peak(results):
    """With features normalised as a batch normalisation would, of networks trained on images
    without one, one hidden layer of more units than classes, little of the overlap of two networks
    is left: above random spaces its maximum is at most half of that of the features as they are.
    """
    rows = results.rows("trained_eigenspaces", random_labels=False)
    rows = rows[(rows["inputs"] != "mixture") & (rows["optimiser"] == "lbfgs")]
    rows = rows[(rows["widths"].str.count("-") == 2) & (rows["n_hidden"] > rows["n_classes"])]
    for layer in (0, 1):
        (normalised, error), (plain, _) = (
            over_seeds(rows, ["inputs", "widths"], f"final_{which}peak_excess_{layer}")
            for which in ("normalised_", "")
        )
        yield at_most(
            f"excess over random spaces, layer {layer}", normalised, plain / 2, error=error
        )
