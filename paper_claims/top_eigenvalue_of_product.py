"""[W]'s decoupling of layer Hessians, before training: the top of the spectrum."""

from rmt_hessian.paper import claim, constant, near, over_seeds


@claim(
    source="[W], decoupling",
    sweep="kronecker",
    figure="kronecker_spectra",
    test="test_kronecker_form.py::test_top_eigenvalues_side_by_side",
    measured=["kronecker_top_eigenvalue"],
)
def top_eigenvalue_of_product(results):
    """At initialisation the largest eigenvalue of a layer Hessian is that of E[M] ⊗ E[zzᵀ], to a
    tenth once the participation number of the features is a fiftieth of the number of samples or
    less.
    """
    rows = results.rows("kronecker_form")
    keys = ["case", "n_samples"]
    many, few = rows[rows["aspect_ratio"] <= 1 / 50], rows[rows["aspect_ratio"] >= 1]
    (found, error), (top, _) = (
        over_seeds(many, keys, name) for name in ("kronecker_top_eigenvalue", "top_eigenvalue")
    )
    yield near("the largest eigenvalue", found, top, within=0.1, error=error)
    over = few["kronecker_top_eigenvalue"] / few["top_eigenvalue"]
    yield constant("largest eigenvalue over that of H, few samples, mean", over.mean())
