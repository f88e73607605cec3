"""[W] on auto-correlations, after training."""

from rmt_hessian.paper import at_least, claim, over_seeds


@claim(
    source="[W], auto-correlation",
    sweep="eigenspaces_trained",
    figure="autocorrelation",
    test="test_trained_structure.py::test_the_auto_correlation_is_led_by_the_mean",
    measured=["final_mean_alignment_1", "final_ratio_1"],
)
def trained_autocorrelation(results):
    """The auto-correlation E[zzᵀ] of the features of trained networks of images, true labels or
    random ones, is led by their mean: its first eigenvector has cos² above 0.9 with it, and an
    eigenvalue at least twice the second.
    """
    rows = results.rows("trained_eigenspaces")
    rows = rows[(rows["inputs"] != "mixture") & (rows["optimiser"] == "lbfgs")]
    keys = ["inputs", "widths", "random_labels"]
    for layer in (0, 1):
        aligned, error = over_seeds(rows, keys, f"final_mean_alignment_{layer}")
        yield at_least(f"cos², layer {layer}", aligned, 0.9, error=error)
        ratio, error = over_seeds(rows, keys, f"final_ratio_{layer}")
        yield at_least(f"μ₁/μ₂, layer {layer}", ratio, 2, error=error)
