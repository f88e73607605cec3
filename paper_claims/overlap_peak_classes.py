"""[W] on eigenspaces of independent networks: last layers, before training."""

from rmt_hessian.paper import at_least, claim, near, over_seeds


@claim(
    source="[W], overlap of eigenspaces",
    sweep="eigenspaces",
    figure="overlaps",
    test="test_eigenspace_overlap.py::test_output_layer_has_its_peak_at_C_minus_one",
    measured=["peak", "peak_overlap"],
)
def overlap_peak_classes(results):
    """In the last layer, with cross-entropy, top eigenspaces of two independent networks at
    initialisation overlap most at C−1 dimensions, and there more than random spaces do.
    """
    rows = results.rows("eigenspaces", layer=1, standardised=False)
    keys = ["inputs", "input_mean", "n_classes"]
    peak, error = over_seeds(rows, keys, "peak")
    C = peak.index.get_level_values("n_classes").to_series(peak.index)
    yield near("dimension of the maximum", peak, C - 1, within=0, error=error)
    height, error = over_seeds(rows, keys, "peak_overlap")
    random, _ = over_seeds(rows, keys, "random_overlap")
    yield at_least("overlap there, above random spaces", height, 2 * random, error=error)
