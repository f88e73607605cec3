"""[W] on batch normalisation, before training."""

from rmt_hessian.paper import at_least, claim, over_seeds


@claim(
    source="[W], batch normalisation",
    sweep="eigenspaces",
    figure="overlaps",
    test="test_eigenspace_overlap.py::test_standardised_features_have_no_peak",
    measured=["peak"],
)
def normalised_features_no_peak(results):
    """Of standardised features, as behind a batch normalisation, the overlap of independent
    networks at initialisation has no peak: it is largest at the end of the dimensions looked at.
    """
    rows = results.rows("eigenspaces", standardised=True)
    peak, error = over_seeds(rows, ["case", "inputs", "input_mean", "n_classes", "n_top"], "peak")
    most = peak.index.get_level_values("n_top").to_series(peak.index)
    yield at_least("dimension of the maximum", peak, most - 1, error=error)
