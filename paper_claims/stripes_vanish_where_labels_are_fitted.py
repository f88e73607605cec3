"""[D]'s dynamic force where it acts: cross-entropy that fits all labels."""

from rmt_hessian.paper import at_most, between, claim, constant

KEYS = ["widths", "inputs", "seed"]


@claim(
    source="[D], dynamic force",
    sweep="training",
    figure="stripes",
    test="test_dynamic_force.py::test_stripes_vanish_where_cross_entropy_fits_all_labels",
    measured=["final_residual_norm"],
)
def stripes_vanish_where_labels_are_fitted(results):
    """Where a network with cross-entropy and without weight decay fits all labels, the residual
    vanishes with training, and with it the stripes between the layers: like the loss.
    """
    rows = results.rows("dynamic_force", loss="ce", final_accuracy=1.0).set_index(KEYS)
    if "weight_decay" in rows:
        rows = rows[~(rows["weight_decay"] > 0)]
    rows = rows[rows["initial_residual_norm"].notna()]  # a linear model has no layers between
    kept = rows["final_residual_norm"] / rows["initial_residual_norm"]
    loss = rows["final_loss"] / rows["initial_loss"]
    # 1 is the exponent in the loss that is claimed, 0 that of what stays
    yield at_most("share of the stripes that stays", kept, loss**0.5, error=0)
    exponents = rows["residual_exponent"].dropna()
    if len(exponents):
        what = f"exponent in the loss, mean of {len(exponents)} trainings"
        error = exponents.std() / len(exponents) ** 0.5
        yield between(what, exponents.mean(), 0.75, 1.25, error=error)
    yield constant("loss, end over start, mean", loss.mean())
