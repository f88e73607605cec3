"""Our constants of R as C grows, exact in the other sizes."""

from rmt_hessian.paper import claim, constant, near, ratios

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
    at finite d, N and m: to a tenth.
    """
    C = results.rows("block_norms", init="lecun")["n_classes"].max()
    rows = results.rows("block_norms", init="lecun", n_classes=C)
    rows = rows[rows["case"].isin(EXPONENTS)]
    R, error = ratios(rows, "case", "off_diagonal_norm2", "diagonal_norm2")
    by_case = rows.groupby("case")
    limit = by_case["limit_ratio"].first()
    yield near(f"R at C = {C} beside its limit", R, limit, within=0.1, error=error)
    for case, exponent in EXPONENTS.items():
        power = float(C) ** exponent
        what = f"{'C' if exponent == 1 else 'C²'}R of {case}"
        yield constant(what, power * R[case], error=power * error[case])
