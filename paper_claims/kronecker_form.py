"""[W]'s decoupling of layer Hessians, before training."""

from rmt_hessian.paper import at_most, claim, constant, over_seeds


@claim(
    source="[W], decoupling",
    sweep="kronecker",
    figure="kronecker_error",
    test="test_kronecker_form.py::test_error_falls_like_the_root_of_gamma_to_the_plateau",
    measured=["error"],
)
def kronecker_form(results):
    """At initialisation a layer Hessian H is close to K = E[M] ⊗ E[zzᵀ], the product of output
    Hessian and input auto-correlation, as a whole and not at its top alone: ‖H − K‖² ≤ ‖H‖²/10
    once the participation number of the features is a fiftieth of the number of samples or less.
    """
    rows = results.rows("kronecker_form")
    rows = rows.assign(missed=rows["error"] * rows["error"].abs())
    many = rows[rows["aspect_ratio"] <= 1 / 50]
    missed, error = over_seeds(many, ["case", "n_samples"], "missed")
    yield at_most("‖H − K‖²/‖H‖²", missed, 0.1, error=error)
    few = rows[rows["aspect_ratio"] >= 1].groupby("case")["missed"].mean()
    for case, share in few.items():
        yield constant(f"‖H − K‖²/‖H‖² of few samples, {case}", share)
