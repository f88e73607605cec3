"""[W]'s product beside heads of networks that come with packages."""

from rmt_hessian.paper import at_most, claim, constant


@claim(
    source="this package, docs/real_heads.md",
    sweep="real_heads",
    figure="real_heads",
    test="test_real_heads.py::test_the_kronecker_form_is_lost",
    measured=["kronecker_error"],
    instead="Uncertain samples resemble each other, so that M and z depend on each other; the top "
    "eigenvectors are near rank one nevertheless",
)
def real_heads_kronecker(results):
    """The last-layer Hessian H of real networks is K = E[M] ⊗ E[zzᵀ], ‖H − K‖² ≤ ‖H‖²/10."""
    rows = results.rows("real_head_structure").set_index("head")
    error = rows["kronecker_error"]
    yield at_most("‖H − K‖²/‖H‖²", error * error.abs(), 0.1)
    yield constant("least rank-one share of top eigenvectors", rows["rank_one_share"].min())
