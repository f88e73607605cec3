"""[W] on the leading space of layer Hessians, after training."""

from rmt_hessian.paper import at_least, claim, over_seeds


@claim(
    source="[W], decoupling",
    sweep="eigenspaces_trained",
    figure="trained_kronecker",
    test="test_trained_structure.py::test_kronecker_factors_find_the_leading_space",
    measured=["final_kronecker_overlap_0", "final_kronecker_overlap_1"],
)
def trained_leading_space(results):
    """E[M] ⊗ E[zzᵀ] finds more than half of the top C−1 eigenspace of the layer Hessians of trained
    networks of images, with true labels and with random ones.
    """
    rows = results.rows("trained_eigenspaces")
    rows = rows[(rows["inputs"] != "mixture") & (rows["optimiser"] == "lbfgs")]
    keys = ["inputs", "widths", "random_labels"]
    for layer in (0, 1):
        shared, error = over_seeds(rows, keys, f"final_kronecker_overlap_{layer}")
        yield at_least(f"overlap, layer {layer}", shared, 0.5, error=error)
