"""[D] on the output layer above a hidden one, with cross-entropy."""

from rmt_hessian.paper import agrees, between, claim, constant, last_exponent, ratios


@claim(
    source="[D], static force",
    sweep="block_structure",
    figure="norm_ratio",
    test="test_block_diagonal.py::test_exponent",
    measured=["off_diagonal_norm2"],
)
def output_ce_vanishes(results):
    """Off-diagonal blocks of the output layer above one hidden layer, with cross-entropy, vanish
    against the diagonal ones, like 1/C² as the number of classes C grows.
    """
    rows = results.rows("block_norms", case="output-ce")
    R, error = ratios(rows, "n_classes", "off_diagonal_norm2", "diagonal_norm2")
    first = rows.groupby("n_classes").first()
    predicted, of_theory = first["predicted_ratio"], first["predicted_ratio_error"]
    seeds = rows["seed"].nunique()
    yield agrees("R", R, predicted, error=error, predicted_error=of_theory, seeds=seeds)
    slope, its_error = last_exponent(R, error)
    between_classes = f"exponent of R from C = {R.index[-2]} to {R.index[-1]}"
    yield between(between_classes, slope, -2.25, -1.75, error=its_error)
    C = R.index[-1]
    yield constant(f"C²R at C = {C}", C**2 * R[C], error=C**2 * error[C])
