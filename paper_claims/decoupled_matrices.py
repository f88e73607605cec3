"""The decoupled Hessian of [D]'s proof, read as a statement on matrices."""

from rmt_hessian.paper import at_most, claim, constant, fitted_slope

CASE = ["case", "n_classes"]


@claim(
    source="this package, docs/decoupled.md",
    sweep="decoupled",
    figure="decoupled",
    test="test_decoupled.py::test_at_fixed_d_it_is_not_o_of_one_over_root_n",
    measured=["error"],
    instead="At fixed d it falls down to a plateau, of the directions on which output Hessians "
    "depend, and at fixed d/N not at all; the spectra do approach each other",
)
def decoupled_matrices(results):
    """The decoupled Hessian H̃ of [D]'s proof, whose spectra approach those of H, approximates H as
    a matrix too: ‖H − H̃‖/‖H‖ falls like 1/√N in the number of samples N.
    """
    rows = results.rows("decoupled_hessian")
    d = rows["n_inputs"].mode()[0]  # that of the rows at fixed d
    fixed = rows[rows["n_inputs"] == d]
    last = fixed[fixed["n_samples"] == fixed["n_samples"].max()]
    means = last.groupby(CASE)[["error", "predicted_error", "plateau"]].mean()
    # the part of the prediction that falls like 1/√N, to 2/√N of itself: norms fluctuate
    falling = (means["predicted_error"] ** 2 - means["plateau"] ** 2) ** 0.5
    N = last["n_samples"].iloc[0]
    within = falling * (1 + 2 / N**0.5)
    yield at_most(f"‖H − H̃‖/‖H‖ at d = {d}, N = {N}", means["error"], within)
    for where, part in (
        (f"fixed d = {d}", fixed),
        ("fixed d/N", rows[rows["n_samples"] == 2 * rows["n_inputs"]]),
    ):
        roots = part.groupby([*CASE, "n_samples"])["error"].mean().abs()
        slopes = [
            fitted_slope(of.index.get_level_values(-1), of)[0] for _, of in roots.groupby(CASE)
        ]
        yield constant(f"steepest exponent in N at {where}", min(slopes))
