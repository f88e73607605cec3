"""What explains the share off the diagonal of real heads."""

from rmt_hessian.paper import at_least, at_most, claim


@claim(
    source="this package, docs/real_heads.md",
    sweep="real_heads",
    figure="explained_shares",
    test="test_real_heads.py::test_confusions_explain_more_than_half_of_it",
    measured=["confusion_share", "population_share"],
)
def real_heads_explained(results):
    """Of heads of more than a hundred classes the number of classes explains less than half of the
    share off the diagonal, 1/C; of all heads, which classes are in doubt and are confused with
    which, E[M] without features, explains at least half.
    """
    rows = results.rows("real_head_confusions").set_index("head")
    share = rows["population_share"]
    many = rows["n_classes"] > 100
    yield at_most("1/C", rows.loc[many, "class_share"], share[many] / 2)
    yield at_least("the share of E[M]", rows["confusion_share"], share / 2)
