"""[D]'s dynamic force at any labels."""

from rmt_hessian.paper import at_most, claim, constant, over_seeds


@claim(
    source="[D], dynamic force",
    sweep="training",
    figure="stripes",
    test="test_dynamic_force.py::test_stripes_of_labels_that_cannot_be_fitted_stay",
    measured=["final_residual_norm"],
    instead="They stay where labels cannot be fitted, as far as the residual does, and of two "
    "classes they vanish even so",
)
def stripes_vanish_with_training(results):
    """With cross-entropy the residual vanishes with training, and with it the stripes between the
    layers: whatever the labels, less than a tenth of their norm is left.
    """
    rows = results.rows("dynamic_force")
    rows = rows[rows["initial_residual_norm"].notna()]
    rows = rows.assign(kept=rows["final_residual_norm"] / rows["initial_residual_norm"])
    for inputs, of_inputs in rows[rows["loss"] == "ce"].groupby("inputs"):
        share, error = over_seeds(of_inputs, "widths", "kept")
        yield at_most(f"share that stays, {inputs}", share, 0.1, error=error)
    squared, _ = over_seeds(rows[rows["loss"] == "mse"], ["widths", "inputs"], "kept")
    yield constant("share that stays with the squared error, largest", squared.max())
