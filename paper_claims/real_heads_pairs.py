"""Which blocks off the diagonal of real heads are large."""

from rmt_hessian.paper import at_least, claim


@claim(
    source="this package, docs/real_heads.md",
    sweep="real_heads",
    figure="real_heads",
    test="test_real_heads.py::test_ten_pairs_carry_it_those_that_are_confused",
    measured=["share_of_10_pairs", "confusion_correlation"],
)
def real_heads_pairs(results):
    """Ten pairs of classes carry at least four fifths of what is off the diagonal of a trained
    head, and the norms of its blocks are in the order of the confusions E[p_i p_j]: rank
    correlation 0.9.
    """
    rows = results.rows("real_head_structure").set_index("head")
    yield at_least("the share of ten pairs", rows["share_of_10_pairs"], 0.8)
    yield at_least("the rank correlation", rows["confusion_correlation"], 0.9)
