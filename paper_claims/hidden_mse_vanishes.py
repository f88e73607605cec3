"""[D] on the hidden layer with the squared error."""

from rmt_hessian.paper import agrees, between, claim, constant, last_exponent, ratios


@claim(
    source="[D], static force",
    sweep="block_structure",
    figure="norm_ratio",
    test="test_block_diagonal.py::test_exponent",
    measured=["off_diagonal_norm2"],
)
def hidden_mse_vanishes(results):
    """Off-diagonal blocks of the hidden layer, with the squared error, vanish against the diagonal
    ones, like 1/C as the number of classes C grows.
    """
    rows = results.rows("block_norms", case="hidden-mse")
    R, error = ratios(rows, "n_classes", "off_diagonal_norm2", "diagonal_norm2")
    first = rows.groupby("n_classes").first()
    predicted, of_theory = first["predicted_ratio"], first["predicted_ratio_error"]
    seeds = rows["seed"].nunique()
    yield agrees("R", R, predicted, error=error, predicted_error=of_theory, seeds=seeds)
    slope, its_error = last_exponent(R, error)
    between_classes = f"exponent of R from C = {R.index[-2]} to {R.index[-1]}"
    yield between(between_classes, slope, -1.25, -0.75, error=its_error)
    C = R.index[-1]
    yield constant(f"CR at C = {C}", C * R[C], error=C * error[C])
