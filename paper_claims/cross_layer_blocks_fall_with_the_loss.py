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
    "fitted they grow",
)
def cross_layer_blocks_fall_with_the_loss(results):
    """In training with cross-entropy the blocks between the layers are O(loss − optimum): they
    vanish as fast as the loss falls to what it can reach.
    """
    rows = results.rows("dynamic_force")
    rows = rows[rows["cross_exponent"].notna()]
    exponents = rows[rows["loss"] == "ce"].groupby(KEYS[:2])["cross_exponent"]
    error = (exponents.std() / exponents.count() ** 0.5).fillna(0)
    # what is O(gap) has an exponent of at least 1
    yield at_least("exponent of the norm", exponents.mean(), 1 - 3 * error, error=error)
    squared = rows[rows["loss"] == "mse"]["cross_exponent"]
    yield constant("exponent with the squared error, mean", squared.mean())
    yield constant("exponent of the stripes alone, mean", rows["residual_exponent"].mean())
