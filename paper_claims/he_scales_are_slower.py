"""The initialisation of He, whose weights are larger."""

from rmt_hessian.paper import agrees, at_least, claim, constant, ratios


@claim(
    source="this package, docs/norms.md",
    sweep="large_classes",
    figure="large_classes",
    test="test_block_diagonal.py::test_he_scales_are_slower",
    measured=["off_diagonal_norm2"],
)
def he_scales_are_slower(results):
    """With the scales of He, twice the variance of LeCun's, C²R of a linear model with
    cross-entropy tends to a larger constant, and later.
    """
    missing, limits = {}, {}
    for case in ("linear-ce", "linear-ce-he"):
        rows = results.rows("block_norms", case=case)
        R, error = ratios(rows, "n_classes", "off_diagonal_norm2", "diagonal_norm2")
        first = rows.groupby("n_classes").first()
        limits[case] = first["limit_ratio"]
        missing[case] = 1 - R / limits[case]  # of the constant
    predicted, of_theory = first["predicted_ratio"], first["predicted_ratio_error"]
    seeds = rows["seed"].nunique()
    yield agrees("R, He", R, predicted, error=error, predicted_error=of_theory, seeds=seeds)
    C = R.index[R.index >= 100][0]  # later both are near their constants
    he, lecun = (missing[case][C] for case in ("linear-ce-he", "linear-ce"))
    yield at_least(f"share of the constant that is missing at C = {C}, He", he, lecun, error=0)
    yield constant("the same share, LeCun's", lecun)
    over = (limits["linear-ce-he"] / limits["linear-ce"]).iloc[-1]
    yield at_least("constant of He over LeCun's", over, 1, error=0)
