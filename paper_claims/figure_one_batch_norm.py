"""[W]'s Figure 1: batch normalisation."""

from rmt_hessian.paper import at_least, at_most, claim, over_seeds

KEYS = ["network", "n_units", "n_top"]


@claim(
    source="[W], batch normalisation",
    sweep="figure_one",
    figure="figure_one",
    test="test_figure_one.py::test_normalised_features_share_little",
    measured=["initial_peak", "final_peak", "initial_peak_excess"],
)
def figure_one_batch_norm(results):
    """Batch normalisation behind ReLU, of the features that enter the layer, leaves no maximum of
    the overlap of two convolutional networks at the number of outputs: it is largest near the end
    of the dimensions looked at. Before ReLU, where it usually stands, the maximum before training
    is there, up to a fifth, and at least as high as without batch normalisation.
    """
    behind = results.rows("figure_one", batch_norm="after_relu")
    for end in ("initial", "final"):
        peak, error = over_seeds(behind, KEYS, f"{end}_peak")
        n_top = peak.index.get_level_values("n_top").to_series(peak.index)
        what = f"behind ReLU, dimension of the maximum, {end}"
        yield at_least(what, peak, 0.9 * n_top, error=error)
    before, none = (
        results.rows("figure_one", batch_norm=place) for place in ("before_relu", "none")
    )
    peak, error = over_seeds(before, KEYS, "initial_peak")
    units = peak.index.get_level_values("n_units").to_series(peak.index)
    what = "before ReLU, dimension of the maximum"
    yield at_least(what, peak, 0.8 * units, error=error)
    yield at_most(what, peak, 1.2 * units, error=error)
    (height, error), (without, _) = (
        over_seeds(rows, KEYS, "initial_peak_excess") for rows in (before, none)
    )
    yield at_least("before ReLU, its height", height, without, error=error)
