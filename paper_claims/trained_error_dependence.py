"""Why the Kronecker form is lost in training."""

from rmt_hessian.paper import at_most, claim, over_seeds


@claim(
    source="this package, docs/structure.md",
    sweep="eigenspaces_trained",
    figure="trained_errors",
    test="test_trained_structure.py::test_what_the_labels_are_made_of_makes_the_error",
    measured=["final_error_0", "final_error_1"],
)
def trained_error_dependence(results):
    """The error of E[M] ⊗ E[zzᵀ] after training on images with true labels, one hidden layer of
    more units than classes, is dependence of M on z, not sampling: with the M and z of the samples
    paired at random less than half of its square is left; and it is larger than before training.
    """
    rows = results.rows("trained_eigenspaces", random_labels=False)
    rows = rows[(rows["inputs"] != "mixture") & (rows["optimiser"] == "lbfgs")]
    rows = rows[(rows["widths"].str.count("-") == 2) & (rows["n_hidden"] > rows["n_classes"])]
    keys = ["inputs", "widths"]
    for layer in (0, 1):
        names = f"final_error_{layer}", f"final_independent_error_{layer}", f"initial_error_{layer}"
        (final, _), (paired, _), (start, _) = (over_seeds(rows, keys, name) for name in names)
        yield at_most(f"paired at random, layer {layer}", paired, final / 2**0.5)
        yield at_most(f"the error before training, layer {layer}", start, final)
