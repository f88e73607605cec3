"""What [D] has of random weights beside heads of networks that come with packages."""

from rmt_hessian.paper import at_most, claim, constant


@claim(
    source="this package, docs/real_heads.md",
    sweep="real_heads",
    figure="real_heads",
    test="test_real_heads.py::test_a_fifth_is_off_the_diagonal",
    measured=["population_share"],
    instead="Most of it is in ten pairs of classes that are confused with each other, whatever "
    "C is; of random weights on the same features the share is below 0.01",
)
def real_heads_block_diagonal(results):
    """The last layers of real networks of more than a hundred classes have Hessians as nearly
    block-diagonal as those of random weights: at most a tenth of ‖H‖² is off the diagonal blocks.
    """
    rows = results.rows("real_heads")
    rows = rows[rows["temperature"].isna() & rows["blanks"].isna()]
    rows = rows[rows["n_samples"] == 4000].set_index(["head", "n_classes"])
    many = rows[rows.index.get_level_values("n_classes") > 100]
    share, error = many["population_share"], many["population_share_error"]
    yield at_most("the share off the diagonal", share, 0.1, error=error)
    for (head, C), row in many.iterrows():
        yield constant(f"share of {head}, C = {C}", row["population_share"])
