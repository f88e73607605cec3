"""[D] on linear models with the squared error."""

from rmt_hessian.paper import at_least, at_most, claim


@claim(
    source="[D], static force",
    sweep="block_structure",
    figure="norm_ratio",
    test="test_dynamic_force.py::"
    "test_of_the_squared_error_the_last_layer_is_block_diagonal_at_any_weights",
    measured=["off_diagonal_norm2", "diagonal_norm2"],
)
def linear_mse_is_block_diagonal(results):
    """The Hessian of a linear model with the squared error is exactly block-diagonal, at any number
    of classes C.
    """
    rows = results.rows("block_norms", case="linear-mse")
    largest = rows.groupby("n_classes")[["off_diagonal_norm2", "diagonal_norm2"]].max()
    yield at_most("squared norm of off-diagonal blocks", largest["off_diagonal_norm2"], 0, error=0)
    # about d of white inputs
    d = rows.groupby("n_classes")["n_inputs"].first()
    least = rows.groupby("n_classes")["diagonal_norm2"].min()
    yield at_least("squared norm of diagonal blocks", least, d / 2, error=0)
