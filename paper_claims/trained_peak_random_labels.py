"""Eigenspaces of independent networks after training with random labels."""

from rmt_hessian.paper import at_least, claim, over_seeds


@claim(
    source="this package, docs/structure.md",
    sweep="eigenspaces_trained",
    figure="trained_overlaps",
    test="test_trained_structure.py::test_random_labels_leave_it_beyond_the_classes",
    measured=["final_peak_0"],
)
def trained_peak_random_labels(results):
    """Random labels that are not learned leave the peak of the overlap of two independent networks,
    in a hidden layer of more units than classes, at more dimensions than there are classes.
    """
    rows = results.rows("trained_eigenspaces", random_labels=True)
    rows = rows[(rows["inputs"] == "digits") & (rows["optimiser"] == "lbfgs")]
    rows = rows[(rows["widths"].str.count("-") == 2) & (rows["n_hidden"] > rows["n_classes"])]
    peak, error = over_seeds(rows, ["inputs", "n_classes"], "final_peak_0")
    C = peak.index.get_level_values("n_classes").to_series(peak.index)
    yield at_least("dimension of the maximum", peak, C + 1, error=error)
