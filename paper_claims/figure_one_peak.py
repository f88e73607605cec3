"""[W]'s Figure 1: the dimension of the largest overlap, after training."""

from rmt_hessian.paper import at_least, at_most, claim, constant, over_seeds


@claim(
    source="[W], overlap of eigenspaces",
    sweep="figure_one",
    figure="figure_one",
    test="test_figure_one.py::test_training_moves_the_maximum_from_the_units_to_the_classes",
    measured=["final_peak"],
    instead="Before training it is so, broadly, in the linear layer; training makes C−1 directions "
    "of the outputs stand apart and takes the maximum away. In the residual network one is left "
    "with batch normalisation in its usual place, before ReLU, at 15 and 6 of 16 dimensions",
)
def figure_one_peak(results):
    """Top eigenspaces of the first linear layer of LeNet5, and of a convolution of a residual
    network, of two networks that were trained without batch normalisation overlap most where the
    dimension is the number of outputs, up to a fifth.
    """
    rows = results.rows("figure_one", batch_norm="none")
    peak, error = over_seeds(rows, ["network", "n_units"], "final_peak")
    units = peak.index.get_level_values("n_units").to_series(peak.index)
    yield at_least("dimension of the maximum", peak, 0.8 * units, error=error)
    yield at_most("dimension of the maximum", peak, 1.2 * units, error=error)
    keys = ["network"]
    for end in ("initial", "final"):
        height, error = over_seeds(rows, keys, f"{end}_overlap_at_units")
        for network in height.index:
            what = f"overlap at as many dimensions as outputs, {network}, {end}"
            yield constant(what, height[network], error=error[network])
