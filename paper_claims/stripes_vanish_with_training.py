"""[D]'s dynamic force at any labels and both losses."""

from rmt_hessian.paper import at_most, claim

KEYS = ["widths", "inputs", "loss"]


@claim(
    source="[D], dynamic force",
    sweep="training",
    figure="stripes",
    test="test_dynamic_force.py::test_stripes_of_labels_that_cannot_be_fitted_stay",
    measured=["final_residual_norm"],
    instead="They stay where labels cannot be fitted, as far as the residual does, and of two "
    "classes they vanish even so.",
)
def stripes_vanish_with_training(results):
    """The residual vanishes with training, and with it the stripes between the layers: whatever the
    labels and the loss, less than a tenth of them is left.
    """
    rows = results.rows("dynamic_force")
    rows = rows[rows["initial_residual_norm"].notna()]
    kept = rows["final_residual_norm"] / rows["initial_residual_norm"]
    for inputs, of_inputs in rows.assign(kept=kept).groupby("inputs"):
        shares = of_inputs.groupby(KEYS[::2])["kept"]
        error = shares.std() / shares.count() ** 0.5
        yield at_most(f"share that stays, {inputs}", shares.mean(), 0.1, error=error)
