"""The gap of the output Hessian along training, by the inputs."""

from rmt_hessian.paper import at_most, claim, over_seeds

KEYS = ["inputs", "n_hidden", "n_classes", "n_samples"]


@claim(
    source="this package, docs/training.md",
    sweep="trained_spectra",
    figure="trained_spectra",
    test="test_trained_spectra.py::test_the_gap_of_the_output_hessian_opens",
    measured=["final_output_gap"],
    instead="It does on many samples with random labels and on mixtures; on tight clusters, "
    "where all samples of a class have the same masks, none opens",
)
def training_opens_gap(results):
    """Training opens the gap behind C−1 eigenvalues of the output Hessian of a hidden layer,
    whatever the inputs are: λ_C/λ_(C−1) falls.
    """
    rows = results.rows("trained_spectra", loss="ce").dropna(subset=["final_output_gap"])
    (last, error), (first, _) = (
        over_seeds(rows, KEYS, f"{at}_output_gap") for at in ("final", "initial")
    )
    yield at_most("λ_C/λ_(C−1) after training", last, first, error=error)
