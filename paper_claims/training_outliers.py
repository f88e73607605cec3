"""Eigenvalues outside the bulk while a network learns a mixture."""

from rmt_hessian.paper import at_least, at_most, claim, over_seeds

KEYS = ["n_inputs", "n_classes"]


@claim(
    source="this package, docs/training.md",
    sweep="trained_spectra",
    figure="trained_outliers",
    test="test_trained_spectra.py::test_outliers_of_softmax_regression_on_a_mixture_enter_the_bulk",
    measured=["initial_diagonal_outliers", "final_diagonal_outliers"],
)
def training_outliers(results):
    """Outliers of a block are those of the inputs, about one a class mean before training, with
    eigenvectors in the span of the means; softmax regression that fits its labels takes them
    into the bulk, and fewer than one a network is left.
    """
    rows = results.rows("trained_spectra", loss="ce", inputs="mixture")
    rows = rows[rows["widths"].str.count("-") == 1]
    first, error = over_seeds(rows, KEYS, "initial_diagonal_outliers")
    C = first.index.get_level_values("n_classes").to_series(first.index)
    yield at_least("outliers before training", first, C - 1, error=error)
    yield at_most("of them", first, C + 1, error=error)
    overlap, error = over_seeds(rows, KEYS, "initial_diagonal_means_overlap")
    yield at_least("their overlap with the means", overlap, 0.75, error=error)
    last, error = over_seeds(rows, KEYS, "final_diagonal_outliers")
    seeds = rows.groupby(KEYS)["seed"].nunique()
    yield at_most("outliers after training", last, 1 - 1 / seeds, error=error)
