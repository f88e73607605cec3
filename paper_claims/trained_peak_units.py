"""[W] on eigenspaces of independent networks: hidden layers, after training."""

from rmt_hessian.paper import at_least, at_most, claim, constant, over_seeds


@claim(
    source="[W], overlap of eigenspaces",
    sweep="eigenspaces_trained",
    figure="trained_overlaps",
    test="test_trained_structure.py::test_true_labels_move_the_peak_from_the_units_to_the_classes",
    measured=["final_peak_0"],
    instead="With more units than classes the peak moves to about C−1 dimensions, at the height of "
    "independent rows times one mean feature",
)
def trained_peak_units(results):
    """After training on images with true labels top eigenspaces of a hidden layer of more units
    than classes of two independent networks overlap most where the dimension is the number of
    units, up to one.
    """
    rows = results.rows("trained_eigenspaces", random_labels=False)
    rows = rows[(rows["inputs"] != "mixture") & (rows["optimiser"] == "lbfgs")]
    rows = rows[(rows["widths"].str.count("-") == 2) & (rows["n_hidden"] > rows["n_classes"])]
    keys = ["inputs", "n_hidden", "n_classes"]
    peak, error = over_seeds(rows, keys, "final_peak_0")
    units = peak.index.get_level_values("n_hidden").to_series(peak.index)
    yield at_least("dimension of the maximum", peak, units - 1, error=error)
    yield at_most("dimension of the maximum", peak, units + 1, error=error)
    start, error = over_seeds(rows, keys, "initial_peak_0")
    yield constant(
        "dimension of the maximum before training, least", start.min(), error=error[start.idxmin()]
    )
