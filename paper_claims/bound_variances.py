"""Variances of the posterior beside a closed formula."""

from rmt_hessian.paper import at_least, at_most, claim, over_seeds

KEYS = ["images", "widths"]


@claim(
    source="this package, docs/bounds.md",
    sweep="bounds",
    figure="bounds_variances",
    test="test_bounds.py::test_variances_follow_the_averaged_curvature",
    measured=["kronecker_averaged", "kronecker_alignment"],
)
def bound_variances(results):
    """The variances that the search finds in the Kronecker eigenbasis are 1/(1/λ + βh), h the
    curvature averaged over the posterior: true labels, root mean square of the logarithm a fifth
    at most, and where the prior does not hold them in the order of the curvatures, rank
    correlation 0.8.
    """
    rows = results.rows("pac_bayes")
    if "random_labels" in rows:
        rows = rows[rows["random_labels"].isna()]
    off, error = over_seeds(rows, KEYS, "kronecker_averaged")
    yield at_most("root mean square of log s(1/λ + βh)", off, 0.2, error=error)
    found, error = over_seeds(rows, KEYS, "kronecker_alignment")
    yield at_least("rank correlation of 1/s and h", found, 0.8, error=error)
