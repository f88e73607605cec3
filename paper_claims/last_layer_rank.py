"""Where the rank C−1 is exact."""

from rmt_hessian.paper import claim, near


@claim(
    source="this package, docs/structure.md",
    sweep="output_rank",
    figure="rank_scree",
    test="test_output_rank.py::test_linear_and_output_layers_have_exact_rank",
    measured=["numerical_rank"],
)
def last_layer_rank(results):
    """In linear models and last layers with cross-entropy the output Hessian has rank C−1 exactly,
    for the curvature of the softmax annuls the vector of ones.
    """
    rows = results.rows("population_rank")
    last = rows["layer"] == rows["widths"].str.count("-") - 1
    rows = rows[last].set_index(["widths", "seed"])
    yield near("the rank", rows["numerical_rank"], rows["n_classes"] - 1, within=0)
