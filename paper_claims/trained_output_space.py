"""The top eigenspace of output Hessians from the weights above, after training."""

from rmt_hessian.paper import at_least, claim, over_seeds


@claim(
    source="this package, docs/structure.md",
    sweep="eigenspaces_trained",
    figure="trained_output",
    test="test_trained_structure.py::test_the_weights_above_hold_the_top_space",
    measured=["final_frame_overlap_0"],
)
def trained_output_space(results):
    """After training on images with true labels the top C−1 eigenspace of the output Hessian of a
    hidden layer of more units than classes is still the span of the centred rows of V, each column
    times the activity of its unit: overlap 0.9 and more, where random spaces have (C−1)/m.
    """
    rows = results.rows("trained_eigenspaces", random_labels=False)
    rows = rows[(rows["inputs"] != "mixture") & (rows["optimiser"] == "lbfgs")]
    rows = rows[(rows["widths"].str.count("-") == 2) & (rows["n_hidden"] > rows["n_classes"])]
    overlap, error = over_seeds(rows, ["inputs", "widths"], "final_frame_overlap_0")
    yield at_least("overlap with the centred rows", overlap, 0.9, error=error)
