"""PAC-Bayes bounds in the eigenvectors of the Hessian itself."""

from rmt_hessian.paper import at_most, claim, over_seeds

KEYS = ["images", "widths"]


@claim(
    source="this package, docs/bounds.md",
    sweep="bounds",
    figure="bounds",
    test="test_bounds.py::test_the_exact_basis_is_no_better",
    measured=["exact_bound"],
    instead="Of linear models of ten classes it does; with a hidden layer the Kronecker "
    "eigenbasis is as good: curvatures averaged over the posterior are as cheap in it",
)
def exact_basis_bound(results):
    """The eigenvectors of the layers' Hessians, which would be the best basis for a quadratic loss,
    give a tighter bound than the Kronecker eigenbasis, of networks of digits.
    """
    rows = results.rows("pac_bayes", images="digits")
    if "random_labels" in rows:
        rows = rows[rows["random_labels"].isna()]
    if "largest_prior_variance" in rows:
        rows = rows[rows["largest_prior_variance"].isna()]
    (exact, error), (kronecker, _) = (
        over_seeds(rows, KEYS, f"{name}_bound") for name in ("exact", "kronecker")
    )
    yield at_most("bound in the exact basis, beside Kronecker", exact, kronecker, error=error)
