"""[W] on eigenspaces of independent networks: last layers, after training."""

from rmt_hessian.paper import at_least, at_most, claim, constant, over_seeds


@claim(
    source="[W], overlap of eigenspaces",
    sweep="eigenspaces_trained",
    figure="trained_overlaps",
    test="test_trained_structure.py::test_in_the_last_layer_true_labels_make_networks_more_alike",
    measured=["final_peak_1"],
    instead="The first few eigenvectors overlap as much as C−1 do",
)
def trained_peak_classes(results):
    """After training on images with true labels top eigenspaces of the last layer of two
    independent networks, with one hidden layer of more units than classes, overlap most at C−1
    dimensions, up to one.
    """
    rows = results.rows("trained_eigenspaces", random_labels=False)
    rows = rows[(rows["inputs"] != "mixture") & (rows["optimiser"] == "lbfgs")]
    rows = rows[(rows["widths"].str.count("-") == 2) & (rows["n_hidden"] > rows["n_classes"])]
    keys = ["inputs", "n_classes"]
    peak, error = over_seeds(rows, keys, "final_peak_1")
    C = peak.index.get_level_values("n_classes").to_series(peak.index)
    yield at_least("dimension of the maximum", peak, C - 2, error=error)
    yield at_most("dimension of the maximum", peak, C, error=error)
    for at in ("initial", "final"):
        shared, error = over_seeds(rows, keys, f"{at}_overlap_at_rank_1")
        for inputs, C in shared.index:
            yield constant(
                f"{at} overlap at C−1, {inputs}", shared[inputs, C], error=error[inputs, C]
            )
