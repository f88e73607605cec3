"""Mixtures whose class means are in groups, at the optimum."""

from rmt_hessian.paper import claim, near, over_seeds


@claim(
    source="this package, docs/trained.md",
    sweep="grouped_mixtures",
    figure="grouped_mixtures",
    test="test_grouped_mixtures.py::test_shares_of_new_samples_are_predicted",
    measured=["fresh_population_c2_ratio"],
)
def groups_predicted(results):
    """Of softmax regression trained to its optimum on mixtures, with class means in groups or not,
    C²R on new samples is predicted without training, to a tenth.
    """
    rows = results.rows("trained_shares").fillna({"n_groups": 0, "correlation": 0.0})
    keys = ["separation", "correlation", "n_groups", "n_classes"]
    (found, error), (predicted, _) = (
        over_seeds(rows, keys, f"{prefix}fresh_population_c2_ratio")
        for prefix in ("", "predicted_")
    )
    yield near("C²R", found, predicted, within=0.1, error=error)
