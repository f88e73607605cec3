"""How the error of the Kronecker form falls with the number of samples."""

import numpy as np

from rmt_hessian.paper import claim, near, over_seeds


@claim(
    source="this package, docs/structure.md",
    sweep="kronecker",
    figure="kronecker_error",
    test="test_kronecker_form.py::test_error_falls_like_the_root_of_gamma_to_the_plateau",
    measured=["error"],
)
def kronecker_error_falls(results):
    """The error of E[M] ⊗ E[zzᵀ] falls like √γ, γ = d/N, down to a plateau that no number of
    samples lowers: less the plateau its square is proportional to γ, to a fifth, in layers next
    to the inputs; in output layers of many samples it is the plateau, to a tenth.
    """
    rows = results.rows("kronecker_form")
    keys = ["case", "n_samples"]
    (found, error), (plateau, _) = (over_seeds(rows, keys, n) for n in ("error", "plateau"))
    excess = (found * np.abs(found) - plateau**2).unstack()
    N = excess.columns
    before = next(n for n in N[::-1] if n <= N[-1] / 4)
    inputs = [case for case in excess.index if not case.startswith("output")]
    ratio = excess.loc[inputs, before] / excess.loc[inputs, N[-1]]
    yield near(f"squared excess, N = {before:g} over {N[-1]:g}", ratio, N[-1] / before, within=0.2)
    output = [(case, N[-1]) for case in excess.index if case.startswith("output")]
    yield near("the last error", found[output], plateau[output], within=0.1, error=error[output])
