"""The rank of output Hessians where inputs have few dimensions."""

from rmt_hessian.paper import at_least, claim, near, over_seeds


@claim(
    source="this package, docs/structure.md",
    sweep="output_rank",
    figure="rank_rates",
    test="test_output_rank.py::test_a_small_input_dimension_keeps_the_gap_open",
    measured=["gap"],
)
def small_inputs_keep_gap(results):
    """For inputs of few dimensions the eigenvalues behind the C−1 large ones do not fall like 1/m:
    with d fixed, λ_C/λ_(C−1) falls by less than √m, and it is the one predicted from the
    weights.
    """
    rows = results.rows("population_rank", layer=0)
    rows = rows[rows["n_inputs"] == 5]
    keys = ["n_classes", "n_hidden"]
    gap, error = over_seeds(rows, keys, "gap")
    by_m = gap.unstack()
    narrow, wide = by_m.columns.min(), by_m.columns.max()
    bound = by_m[narrow] * (narrow / wide) ** 0.5
    yield at_least(f"the gap at m = {wide:g}, d = 5", by_m[wide], bound)
    predicted, _ = over_seeds(rows, keys, "predicted_gap")
    yield near("the gap at d = 5", gap, predicted, within=0.1, error=error)
