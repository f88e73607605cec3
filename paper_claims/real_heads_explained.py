"""What explains the share off the diagonal of real heads."""

from rmt_hessian.claims import at_least, at_most, claim


@claim(
    source="this package, docs/real_heads.md",
    sweep="real_heads",
    figure="explained_shares",
    test="test_output_blocks.py::test_conditional_law",
    measured=["confusion_share", "population_share"],
)
def real_heads_explained(results):
    """The number of classes explains less than half of the share off the diagonal of a trained head,
    1/C; which classes are in doubt and are confused, E[M] without features, at least half.
    """
    rows = results.rows("real_head_confusions").set_index("head")
    share = rows["population_share"]
    yield at_most("1/C", rows["class_share"], share / 2)
    yield at_least("the share of E[M]", rows["confusion_share"], share / 2)
