"""Our prediction of R at the sizes at hand, up to very many classes."""

from rmt_hessian.paper import agrees, claim, constant, ratios


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
    for case, of_case in rows.groupby("case"):
        R, error = ratios(of_case, "n_classes", "off_diagonal_norm2", "diagonal_norm2")
        by_size = of_case.groupby("n_classes")
        first, seeds = by_size.first(), by_size["seed"].nunique().min()
        predicted, of_theory = first["predicted_ratio"], first["predicted_ratio_error"]
        what = f"R of {case}"
        yield agrees(what, R, predicted, error=error, predicted_error=of_theory, seeds=seeds)
        C, over = R.index[-1], R / predicted
        told = f"{what} over its prediction at C = {C}"
        yield constant(told, over[C], error=error[C] / predicted[C])
