"""The output Hessian from the weights, to first order in the dependence of masks and logits."""

from rmt_hessian.paper import at_most, claim, over_seeds


@claim(
    source="this package, docs/structure.md",
    sweep="output_rank",
    figure="rank_rates",
    test="test_output_rank.py::test_first_order_term_predicts_the_eigenspace",
    measured=["gap", "factors_defect"],
)
def output_hessian_first_order(results):
    """With the dependence of masks on logits to first order, the weights predict the gap
    λ_C/λ_(C−1) of a hidden layer's output Hessian to a share 1/√m, where m is at least 20 C, and
    for more than two classes leave of the distance between its top eigenspace and the centred
    rows of V less than a tenth.
    """
    rows = results.rows("population_rank", layer=0)
    rows = rows[rows["widths"].str.count("-") == 2]
    rows = rows[rows["n_inputs"] == rows["n_hidden"]]
    rows = rows[rows["n_hidden"] >= 20 * rows["n_classes"]]
    keys = ["n_classes", "n_hidden"]
    off, error = over_seeds(rows.assign(off=rows["gap"] / rows["predicted_gap"] - 1), keys, "off")
    m = off.index.get_level_values("n_hidden").to_series(off.index)
    yield at_most("the gap, relative deviation", off.abs(), m**-0.5, error=error)
    rows = rows[rows["n_classes"] > 2]
    left, error = over_seeds(rows, keys, "factors_defect")
    centred, _ = over_seeds(rows, keys, "centred_defect")
    yield at_most("1 − overlap with the predicted space", left.abs(), centred / 10, error=error)
