"""[W] on PAC-Bayes bounds in the Kronecker eigenbasis."""

from rmt_hessian.paper import at_most, claim, constant, over_seeds

KEYS = ["images", "widths"]


@claim(
    source="[W], PAC-Bayes bound",
    sweep="bounds",
    figure="bounds",
    test="test_bounds.py::test_the_kronecker_basis_is_tighter_than_the_weights",
    measured=["kronecker_bound"],
)
def kronecker_bound(results):
    """The PAC-Bayes bound with a posterior in the eigenbasis of E[M] ⊗ E[zzᵀ] is tighter than in
    the weights' own basis and than with one variance, for every network trained on true labels.
    """
    rows = results.rows("pac_bayes")
    if "random_labels" in rows:
        rows = rows[rows["random_labels"].isna()]
    if "largest_prior_variance" in rows:
        rows = rows[rows["largest_prior_variance"].isna()]
    (found, error), (standard, _), (isotropic, _) = (
        over_seeds(rows, KEYS, f"{name}_bound") for name in ("kronecker", "standard", "isotropic")
    )
    yield at_most("bound, beside the standard one", found, standard, error=error)
    yield at_most("bound, beside one variance", found, isotropic, error=error)
    yield constant("bound over standard, least", (found / standard).min())
    yield constant("bound over standard, largest", (found / standard).max())
