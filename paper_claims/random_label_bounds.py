"""PAC-Bayes bounds of networks trained on random labels."""

from rmt_hessian.paper import at_least, claim, over_seeds

KEYS = ["images", "widths"]


@claim(
    source="this package, docs/bounds.md",
    sweep="bounds",
    figure="bounds",
    test="test_bounds.py::test_random_labels_are_not_learned",
    measured=["kronecker_bound", "standard_bound"],
)
def random_label_bounds(results):
    """Of networks trained on random labels, whose true error is that of guessing, no bound is below
    it, in either basis.
    """
    rows = results.rows("pac_bayes", random_labels=True)
    guessing = 1 - 1 / rows.groupby(KEYS)["n_classes"].first()
    for name in ("standard", "kronecker"):
        bound, error = over_seeds(rows, KEYS, f"{name}_bound")
        yield at_least(f"bound, {name}", bound, guessing, error=error)
