"""Our constants of R as C grows, exact in the other sizes."""

from rmt_hessian.paper import agrees, claim, constant, ratios

EXPONENTS = {"linear-ce": 2, "output-ce": 2, "hidden-ce": 1, "hidden-mse": 1}


@claim(
    source="this package, docs/norms.md",
    sweep="large_classes",
    figure="large_classes",
    test="test_block_diagonal.py::test_constant_at_the_vocabulary_of_a_language_model",
    measured=["off_diagonal_norm2"],
)
def constants_of_the_ratio(results):
    """As C grows, C²R of the last layer and CR of the hidden one tend to constants that are known
    at finite d, N and m.
    """
    C = results.rows("block_norms", init="lecun")["n_classes"].max()
    rows = results.rows("block_norms", init="lecun", n_classes=C)
    rows = rows[rows["case"].isin(EXPONENTS)]
    R, error = ratios(rows, "case", "off_diagonal_norm2", "diagonal_norm2")
    by_case = rows.groupby("case")
    first, seeds = by_case.first(), by_case["seed"].nunique().min()
    left = (first["predicted_ratio"] - first["limit_ratio"]).abs()  # of order 1/C
    limit = first["limit_ratio"]
    yield agrees(f"R at C = {C}", R, limit, error=error, predicted_error=left, seeds=seeds)
    for case, exponent in EXPONENTS.items():
        power = float(C) ** exponent
        what = f"{'C' if exponent == 1 else 'C²'}R of {case}"
        yield constant(what, power * R[case], error=power * error[case])
