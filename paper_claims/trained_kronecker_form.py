"""[W]'s decoupling of layer Hessians, after training."""

from rmt_hessian.paper import at_most, claim, constant, over_seeds


@claim(
    source="[W], decoupling",
    sweep="eigenspaces_trained",
    figure="trained_errors",
    test="test_trained_structure.py::test_what_the_labels_are_made_of_makes_the_error",
    measured=["final_error_1"],
    instead="M_n is large where a decision is near, and z_n determines where that is; the "
    "leading space is found nevertheless",
)
def trained_kronecker_form(results):
    """[W]'s product, read as a statement on all of H and not on its top alone: last-layer Hessians
    of networks with one hidden layer, of more units than classes, trained on images with true
    labels are E[M] ⊗ E[zzᵀ] =: K, ‖H − K‖² ≤ ‖H‖²/10.
    """
    rows = results.rows("trained_eigenspaces", random_labels=False)
    rows = rows[(rows["inputs"] != "mixture") & (rows["optimiser"] == "lbfgs")]
    rows = rows[(rows["widths"].str.count("-") == 2) & (rows["n_hidden"] > rows["n_classes"])]
    keys = ["inputs", "widths"]
    for layer in (0, 1):
        error = rows[f"final_error_{layer}"]
        missed, spread = over_seeds(rows.assign(x=error * error.abs()), keys, "x")
        if layer == 1:
            yield at_most("‖H − K‖²/‖H‖²", missed, 0.1, error=spread)
        else:
            yield constant("‖H − K‖²/‖H‖², hidden layer, largest", missed.max())
    start, _ = over_seeds(rows, keys, "initial_error_1")
    yield constant("‖H − K‖²/‖H‖² before training, largest", (start**2).max())
