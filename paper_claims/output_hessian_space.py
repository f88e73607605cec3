"""[W] on the top eigenspace of output Hessians, before training."""

from rmt_hessian.paper import at_most, claim, over_seeds


@claim(
    source="[W], top eigenspace of the output Hessian",
    sweep="output_rank",
    figure="rank_rates",
    test="test_output_rank.py::test_frame_of_the_paper_costs_one_over_m",
    measured=["projected_defect", "centred_defect"],
)
def output_hessian_space(results):
    """At initialisation the top C−1 eigenspace of the output Hessian of a hidden layer is read off
    the weights above: it is the row space of V without the direction Vᵀ1, up to a share C/m, and
    still nearer to the rows of V less their mean.
    """
    rows = results.rows("population_rank", layer=0)
    rows = rows[rows["widths"].str.count("-") == 2]
    rows = rows[rows["n_inputs"] == rows["n_hidden"]]
    keys = ["n_classes", "n_hidden"]
    defect, error = over_seeds(rows, keys, "projected_defect")
    C, m = (defect.index.get_level_values(key).to_series(defect.index) for key in keys)
    yield at_most("1 − overlap with the row space", defect, C / m, error=error)
    centred, error = over_seeds(rows, keys, "centred_defect")
    yield at_most("1 − overlap with the centred rows", centred, defect, error=error)
