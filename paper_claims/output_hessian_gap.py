"""[W] on the rank of output Hessians, before training."""

from rmt_hessian.paper import at_most, claim, constant, near, over_seeds


@claim(
    source="[W], rank of the output Hessian",
    sweep="output_rank",
    figure="rank_rates",
    test="test_output_rank.py::test_gap_is_of_order_C_over_m",
    measured=["gap", "rank_by_gap"],
)
def output_hessian_gap(results):
    """At initialisation, with cross-entropy, the output Hessian of a hidden layer of growing width
    m has approximately rank C−1: λ_C/λ_(C−1) falls, here at least like 1/√m, and from m = 20 C on
    the widest gap lies behind C−1 eigenvalues.
    """
    rows = results.rows("population_rank", layer=0)
    rows = rows[rows["widths"].str.count("-") == 2]
    rows = rows[rows["n_inputs"] == rows["n_hidden"]]
    keys = ["n_classes", "n_hidden"]
    rank, error = over_seeds(rows[rows["n_hidden"] >= 20 * rows["n_classes"]], keys, "rank_by_gap")
    wanted = rank.index.get_level_values("n_classes").to_series(rank.index) - 1
    yield near("the place of the widest gap", rank, wanted, within=0, error=error)
    gap, _ = over_seeds(rows, keys, "gap")
    narrow, wide = rows["n_hidden"].min(), rows["n_hidden"].max()
    by_m = gap.unstack()
    bound = by_m[narrow] * (narrow / wide) ** 0.5
    yield at_most(f"the gap λ_C/λ_(C−1) at m = {wide:g}", by_m[wide], bound)
    for C in by_m.index:
        yield constant(f"m/C times the gap at m = {wide:g}, C = {C}", wide / C * by_m.loc[C, wide])
