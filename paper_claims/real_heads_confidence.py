"""What raises the blocks off the diagonal of real heads."""

from rmt_hessian.paper import at_least, at_most, claim


@claim(
    source="this package, docs/real_heads.md",
    sweep="real_heads",
    figure="real_heads",
    test="test_real_heads.py::test_logits_divided_are_near_a_random_head",
    measured=["population_c2_ratio"],
)
def real_heads_confidence(results):
    """Trained heads of more than a hundred classes have at least ten times the C²R of random
    weights on the same features; with logits divided by 5 all heads are within a factor 3 of
    these.
    """
    rows = results.rows("real_heads", n_samples=2000)
    rows = rows[rows["blanks"].isna()].set_index("head")
    found, random = rows["population_c2_ratio"], rows["random_population_c2_ratio"]
    as_it_is = rows["temperature"].isna() & (rows["n_classes"] > 100)
    yield at_least("C²R", found[as_it_is], 10 * random[as_it_is])
    divided = rows["temperature"] == 5
    yield at_most("C²R, logits divided by 5", found[divided], 3 * random[divided])
