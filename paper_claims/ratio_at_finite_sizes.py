"""Our prediction of R at the sizes at hand, up to very many classes."""

from rmt_hessian.paper import agrees, claim, constant, ratios

KEYS = ["case", "n_classes"]


@claim(
    source="this package, docs/norms.md",
    sweep="large_classes",
    figure="large_classes",
    test="test_block_diagonal.py::test_ratio_at_finite_C",
    measured=["off_diagonal_norm2"],
)
def ratio_at_finite_sizes(results):
    """The ratio R of mean squared norms of off-diagonal and diagonal blocks is predicted at finite
    d, N, m and C, for every layer and loss, from 2 classes to 131,072.
    """
    rows = results.rows("block_norms", init="lecun")
    rows = rows[rows["case"] != "linear-mse"]
    R, error = ratios(rows, KEYS, "off_diagonal_norm2", "diagonal_norm2")
    by_size = rows.groupby(KEYS)
    first = by_size.first()
    predicted, of_theory = first["predicted_ratio"], first["predicted_ratio_error"]
    seeds = by_size["seed"].nunique().min()
    yield agrees("R", R, predicted, error=error, predicted_error=of_theory, seeds=seeds)
    case, C = "linear-ce", rows["n_classes"].max()
    relative = error[case, C] / predicted[case, C]
    yield constant(
        f"R over its prediction, {case} at C = {C}", R[case, C] / predicted[case, C], error=relative
    )
