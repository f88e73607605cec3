"""[W] on eigenspaces of independent networks: hidden layers, before training."""

from rmt_hessian.paper import at_least, at_most, claim, over_seeds


@claim(
    source="[W], overlap of eigenspaces",
    sweep="eigenspaces",
    figure="overlaps",
    test="test_eigenspace_overlap.py::test_few_classes_make_the_maximum_broad",
    measured=["peak"],
    instead="So it is for 20 classes and 8 units, with inputs of a strong mean. Of fewer "
    "classes, and on digits, the maximum comes earlier: where products of eigenvectors "
    "with the mean feature cease to stand above others",
)
def overlap_peak_units(results):
    """Top eigenspaces of a hidden layer of two independent networks on the same inputs, which have
    a mean, overlap at initialisation most where the dimension is the number of units, up to one.
    """
    rows = results.rows("eigenspaces", layer=0, standardised=False)
    rows = rows[(rows["inputs"] == "digits") | (rows["input_mean"] > 0)]
    peak, error = over_seeds(rows, ["inputs", "n_classes", "n_hidden"], "peak")
    units = peak.index.get_level_values("n_hidden").to_series(peak.index)
    yield at_least("dimension of the maximum", peak, units - 1, error=error)
    yield at_most("dimension of the maximum", peak, units + 1, error=error)
