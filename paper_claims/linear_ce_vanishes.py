"""[D] on linear models with cross-entropy."""

from rmt_hessian.paper import agrees, claim, constant
from rmt_hessian.report.block_structure import ratio_of_means


@claim(
    source="[D], Theorem 1",
    sweep="block_structure",
    figure="norm_ratio",
    test="test_block_diagonal.py::test_ratio_at_finite_C",
    measured=["off_diagonal_norm2"],
)
def linear_ce_vanishes(results):
    """Off-diagonal blocks of a linear model with cross-entropy vanish against the diagonal ones,
    like 1/C² as the number of classes C grows.
    """
    rows = results.rows("block_norms", case="linear-ce")
    by_C = rows.groupby("n_classes")
    found = by_C[["off_diagonal_norm2", "diagonal_norm2"]].apply(ratio_of_means)
    first = by_C.first()
    yield agrees(
        "R",
        found.str[0],
        first["predicted_ratio"],
        error=found.str[1],
        predicted_error=first["predicted_ratio_error"],
        seeds=rows["seed"].nunique(),
    )
    C = found.index[-1]
    yield constant(f"C²R at C = {C:.0f}", C**2 * found[C][0], error=C**2 * found[C][1])
