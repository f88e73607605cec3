"""How far the top eigenspace is from the centred rows, over networks."""

from rmt_hessian.paper import claim, near, over_seeds


@claim(
    source="this package, docs/structure.md",
    sweep="output_rank",
    figure="rank_rates",
    test="test_output_rank.py::test_defect_falls",
    measured=["centred_defect"],
)
def output_hessian_defect(results):
    """The distance 1 − overlap of the top C−1 eigenspace from the centred rows of V, a mean over
    networks, is known in closed form to leading order: to a third, for more than two classes and
    m of at least 20 C.
    """
    rows = results.rows("population_rank", layer=0)
    rows = rows[rows["widths"].str.count("-") == 2]
    rows = rows[rows["n_inputs"] == rows["n_hidden"]]
    rows = rows[rows["n_hidden"] >= 20 * rows["n_classes"]]
    rows = rows[rows["n_classes"] > 2]
    keys = ["n_classes", "n_hidden"]
    defect, error = over_seeds(rows, keys, "centred_defect")
    predicted, _ = over_seeds(rows, keys, "predicted_centred_defect")
    yield near("1 − overlap", defect, predicted, within=1 / 3, error=error)
