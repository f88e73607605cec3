"""Our prediction of single eigenvalues outside the law of a whole layer."""

from rmt_hessian.paper import at_most, claim, constant, near

SIZES = ["n_samples", "seed"]


@claim(
    source="this package, docs/laws.md",
    sweep="outliers",
    figure="outliers",
    test="test_outliers.py::test_layer_of_linear_ce",
    measured=["layer_distance"],
)
def outliers_of_a_layer(results):
    """Eigenvalues of the whole layer of a linear model with cross-entropy outside its bulk: their
    number, places and overlaps with the weight rows are predicted.
    """
    rows = results.rows("outliers", case="linear-ce").set_index(SIZES)
    seen, known = (float(rows[f"layer_{name}"].sum()) for name in ("number", "predicted_number"))
    yield near("number in all", seen, known, within=2 / known**0.5)
    paired = rows[rows["layer_predicted_distance"].notna()]
    d = rows["n_inputs"].iloc[0]
    off = (paired["layer_distance"] - paired["layer_predicted_distance"]).abs()
    # the unit in which the last eigenvalue of a bulk fluctuates, d^(-2/3) of its width
    yield at_most("place, off by so many widths of the bulk", off, d ** (-2 / 3), error=0)
    large = paired[paired["layer_predicted_overlap"] > 0.8]
    off = (large["layer_overlap"] - large["layer_predicted_overlap"]).abs()
    yield at_most("squared overlap above 0.8, off by", off, d**-0.5, error=0)
    yield constant("farthest from the bulk, in its widths", paired["layer_distance"].max())
