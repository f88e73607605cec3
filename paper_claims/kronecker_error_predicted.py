"""The error of the Kronecker form from the weights."""

from rmt_hessian.paper import agrees, claim, near, over_seeds


@claim(
    source="this package, docs/structure.md",
    sweep="kronecker",
    figure="kronecker_error",
    test="test_kronecker_form.py::test_error_is_the_predicted_one",
    measured=["error"],
)
def kronecker_error_predicted(results):
    """The relative error of E[M] ⊗ E[zzᵀ] of white inputs is known from the weights, for linear
    models, hidden and output layers: within the scatter of networks, and to a tenth.
    """
    rows = results.rows("kronecker_form")
    rows = rows.assign(off=rows["error"] - rows["predicted_error"])
    keys = ["case", "n_samples"]
    (found, _), (predicted, _) = (over_seeds(rows, keys, n) for n in ("error", "predicted_error"))
    _, error = over_seeds(rows, keys, "off")
    seeds = rows["seed"].nunique()
    yield agrees("‖H − K‖/‖H‖", found, predicted, error=error, seeds=seeds)
    yield near("‖H − K‖/‖H‖", found, predicted, within=0.1, error=error)
