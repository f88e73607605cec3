"""The gap of output Hessians, which [W] saw in trained networks: training with true labels."""

from rmt_hessian.paper import at_most, claim, over_seeds


@claim(
    source="this package, docs/structure.md",
    sweep="eigenspaces_trained",
    figure="trained_output",
    test="test_trained_structure.py::test_true_labels_open_the_gap",
    measured=["final_gap_0"],
)
def trained_gap_true_labels(results):
    """Training on images with true labels makes C−1 eigenvalues of the output Hessian of a hidden
    layer of more units than classes stand apart: λ_C/λ_(C−1) falls by a fifth at least.
    """
    rows = results.rows("trained_eigenspaces", random_labels=False)
    rows = rows[(rows["inputs"] != "mixture") & (rows["optimiser"] == "lbfgs")]
    rows = rows[(rows["widths"].str.count("-") == 2) & (rows["n_hidden"] > rows["n_classes"])]
    keys = ["inputs", "widths"]
    (final, error), (start, _) = (
        over_seeds(rows, keys, f"{at}_gap_0") for at in ("final", "initial")
    )
    yield at_most("λ_C/λ_(C−1) of E[M]", final, 0.8 * start, error=error)
