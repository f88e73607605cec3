"""Which law explains the spectrum of a block while a network is trained."""

from rmt_hessian.paper import at_most, claim, over_seeds

KEYS = ["widths", "loss", "inputs", "n_samples", "n_inputs", "n_classes"]


@claim(
    source="this package, docs/training.md",
    sweep="trained_spectra",
    figure="trained_spectra",
    test="test_trained_spectra.py::test_the_conditional_law_is_right_all_along",
    measured=["largest_diagonal_ks_conditional", "largest_off_diagonal_ks_conditional"],
)
def conditional_law_along_training(results):
    """All along a training, with random labels and with class means, both losses, the spectra of
    blocks of the first layer follow the law of their own weights: to the outliers of C means and
    the fluctuation of eigenvalues, (C + 3)/d.
    """
    rows = results.rows("trained_spectra")
    rows = rows[rows["inputs"] != "clusters"]
    for block in ("diagonal", "off_diagonal"):
        distance, error = over_seeds(rows, KEYS, f"largest_{block}_ks_conditional")
        C, d = (distance.index.get_level_values(k).to_series(distance.index) for k in KEYS[:-3:-1])
        yield at_most(f"largest distance on the path, {block}", distance, (C + 3) / d, error=error)
