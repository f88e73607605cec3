"""Outliers of softmax regression at its optimum."""

from rmt_hessian.paper import at_most, claim, near, over_seeds

KEYS = ["n_classes", "n_inputs", "n_samples", "ridge", "separation"]


@claim(
    source="this package, docs/trained.md",
    sweep="trained_laws",
    figure="trained_laws_outliers",
    test="test_trained_laws.py::test_outliers_at_class_means",
    measured=["layer_place", "layer_means_overlap"],
)
def optimum_outliers(results):
    """The outliers at the class means of the Hessian of a softmax regression at its optimum are
    predicted without training: places to a tenth, overlaps of their eigenvectors with the means
    to 0.1, where half of an eigenvector or more is predicted to lie there.
    """
    rows = results.rows("trained_laws")
    rows = rows[rows["layer_predicted_means_overlap"] >= 0.5]
    if not rows.empty:
        (place, error), (predicted, _) = (
            over_seeds(rows, KEYS, f"layer_{name}") for name in ("place", "predicted_place")
        )
        yield near("place", place, predicted, within=0.1, error=error)
        off = rows["layer_means_overlap"] - rows["layer_predicted_means_overlap"]
        off, error = over_seeds(rows.assign(off=off), KEYS, "off")
        yield at_most("overlap with the means, off by", off.abs(), 0.1, error=error)
