"""What makes a trained softmax regression less block-diagonal than a random one."""

from rmt_hessian.paper import at_least, at_most, claim, constant, over_seeds


@claim(
    source="this package, docs/trained.md",
    sweep="grouped_mixtures",
    figure="grouped_mixtures",
    test="test_grouped_mixtures.py::test_groups_of_a_fixed_size_do",
    measured=["fresh_population_c2_ratio"],
)
def groups_raise_share(results):
    """Trained to its optimum on a mixture without groups, softmax regression keeps C²R within a
    factor 2 of that of random weights, at any number of classes: on new samples off-diagonal
    blocks vanish like 1/C² still. In groups of a fixed size C²R grows with C, at least like √C.
    """
    rows = results.rows("trained_shares").fillna({"n_groups": 0})
    rows = rows.assign(size=rows["n_classes"] / rows["n_groups"].where(rows["n_groups"] > 0))
    name = "fresh_population_c2_ratio"
    alone = rows[rows["n_groups"] == 0]
    keys = ["separation", "n_classes"]
    (found, error), (random, _) = (
        over_seeds(alone, keys, column) for column in (name, "random_population_c2_ratio")
    )
    yield at_most("C²R without groups", found, 2 * random, error=error)
    for size in (2, 4):
        found, _ = over_seeds(rows[(rows["size"] == size)], ["n_classes"], name)
        first, last = found.index[0], found.index[-1]
        what = f"C²R in groups of {size} at C = {last}"
        yield at_least(what, found[last], (last / first) ** 0.5 * found[first])
        yield constant(f"{what} over that at C = {first}", found[last] / found[first])
