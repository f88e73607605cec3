"""Gradient descent without a ridge beside the predicted optima."""

from rmt_hessian.paper import at_most, claim, over_seeds


@claim(
    source="this package, docs/trained.md",
    sweep="trained_laws",
    figure="trained_paths",
    test="test_trained_laws.py::test_gradient_descent_is_near_the_ridge_path_at_equal_norm",
    measured=["deviation_train_loss", "deviation_test_loss", "deviation_ratio"],
)
def descent_is_near_ridge_path(results):
    """Softmax regression on the way of gradient descent without a ridge has the losses and the
    ratio R predicted of the ridge optimum of equal norm: to a share 4/√N where labels are
    random, and to 8/√N on a mixture, where it is another path.
    """
    rows = results.rows("trained_paths")
    for separation, some in rows.groupby("separation"):
        bound = (8 if separation else 4) / some["n_samples"].iloc[0] ** 0.5
        for name in ("train_loss", "test_loss", "ratio"):
            off, error = over_seeds(some, ["separation"], f"deviation_{name}")
            yield at_most(f"largest deviation, {name.replace('_', ' ')}", off, bound, error=error)
