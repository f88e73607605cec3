"""Our prediction of blocks between the layers, with cross-entropy."""

from rmt_hessian.paper import agrees, at_least, claim, constant, ratios


@claim(
    source="this package, docs/norms.md",
    sweep="layers",
    figure="cross_layer",
    test="test_cross_layer.py::test_ratio_to_the_diagonal_blocks",
    measured=["cross_norm2"],
)
def cross_layer_stays(results):
    """With cross-entropy and random labels, blocks between the layers do not vanish against the
    diagonal ones as C grows: the ratio of norms is predicted at finite sizes, its limit is not 0.
    """
    rows = results.rows("cross_layer_norms", loss="ce")
    ratio, error = ratios(rows, "n_classes", "cross_norm2", ["hidden_norm2", "output_norm2"])
    first = rows.groupby("n_classes").first()
    predicted, of_theory = first["predicted_ratio"], first["predicted_ratio_error"]
    seeds = rows["seed"].nunique()
    yield agrees("ratio", ratio, predicted, error=error, predicted_error=of_theory, seeds=seeds)
    C, limit = ratio.index[-1], first["limit_ratio"].iloc[-1]
    # half of the limit: what vanishes like 1/C would be far below at the last C
    yield at_least(f"ratio at C = {C}", ratio[C], limit / 2, error=error[C])
    shares = rows.groupby("n_classes")["share_by_layer"].mean()
    for C in (shares.index[0], shares.index[-1]):
        yield constant(f"share of ‖H‖² between the layers at C = {C}", shares[C])
