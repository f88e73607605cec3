"""Our prediction of blocks between the layers, with the squared error."""

from rmt_hessian.paper import agrees, between, claim, constant, last_exponent, ratios


@claim(
    source="this package, docs/norms.md",
    sweep="layers",
    figure="cross_layer",
    test="test_cross_layer.py::test_ratio_to_the_diagonal_blocks",
    measured=["cross_norm2"],
)
def cross_layer_mse_vanishes(results):
    """With the squared error, blocks between the layers vanish against the diagonal ones like 1/C;
    the ratio of norms is predicted at finite sizes.
    """
    rows = results.rows("cross_layer_norms", loss="mse")
    ratio, error = ratios(rows, "n_classes", "cross_norm2", ["hidden_norm2", "output_norm2"])
    predicted = rows.groupby("n_classes")["predicted_ratio"].first()
    yield agrees("ratio", ratio, predicted, error=error, seeds=rows["seed"].nunique())
    slope, its_error = last_exponent(ratio, error)
    between_classes = f"exponent from C = {ratio.index[-2]} to {ratio.index[-1]}"
    yield between(between_classes, slope, -1.25, -0.75, error=its_error)
    C = ratio.index[-1]
    yield constant(f"C times the ratio at C = {C}", C * ratio[C], error=C * error[C])
