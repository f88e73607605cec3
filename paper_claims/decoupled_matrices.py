"""[D]'s proof: the Hessian with output Hessians of other inputs, as a matrix."""

import pandas as pd

from rmt_hessian.paper import at_most, claim, fitted_slope

CASE = ["case", "n_classes"]


@claim(
    source="[D], proof",
    sweep="decoupled",
    figure="decoupled",
    test="test_decoupled.py::test_at_fixed_d_it_is_not_o_of_one_over_root_n",
    measured=["error"],
    instead="At fixed d it falls down to a plateau, of the directions on which output Hessians "
    "depend, and at fixed d/N not at all; the spectra do approach each other.",
)
def decoupled_matrices(results):
    """The decoupled Hessian H̃ of the proof approximates H: ‖H − H̃‖/‖H‖ falls like 1/√N in the
    number of samples N.
    """
    rows = results.rows("decoupled_hessian")
    d = rows["n_inputs"].mode()[0]  # that of the rows at fixed d
    for where, part in (
        (f"fixed d = {d}", rows[rows["n_inputs"] == d]),
        ("fixed d/N", rows[rows["n_samples"] == 2 * rows["n_inputs"]]),
    ):
        slopes = {
            key: fitted_slope(of_case["n_samples"], of_case["error"], of_case["seed"])
            for key, of_case in part.groupby(CASE)
        }
        slopes = pd.DataFrame(slopes, index=["slope", "error"]).T.rename_axis(CASE)
        bound = -0.5 + 3 * slopes["error"]
        yield at_most(f"exponent at {where}", slopes["slope"], bound, error=slopes["error"])
