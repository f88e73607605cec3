"""[D]'s dynamic force on all that lies between the layers."""

from rmt_hessian.paper import at_least, claim, constant

KEYS = ["widths", "inputs", "loss"]


@claim(
    source="[D], dynamic force",
    sweep="training",
    figure="stripes",
    test="test_dynamic_force.py::test_cross_layer_norms_of_the_squared_error_do_not_fall_with_the_loss",
    measured=["cross_exponent"],
    instead="With cross-entropy that fits the labels they fall with a lower power, as weights "
    "grow; with the squared error they follow the weights, not the loss; where labels cannot be "
    "fitted they grow.",
)
def cross_layer_blocks_fall_with_the_loss(results):
    """In training the blocks between the layers are O(loss − optimum): they vanish as fast as the
    loss falls to what it can reach.
    """
    rows = results.rows("dynamic_force")
    rows = rows[rows["cross_exponent"].notna()]
    for loss, of_loss in rows.groupby("loss"):
        exponents = of_loss.groupby(KEYS[:2])["cross_exponent"]
        error = exponents.std() / exponents.count() ** 0.5
        # what is O(gap) has an exponent of at least 1
        yield at_least(f"exponent of the norm, {loss}", exponents.mean(), 1 - 3 * error.fillna(0))
    stripes = rows["residual_exponent"]
    yield constant("exponent of the stripes alone, mean", stripes.mean())
