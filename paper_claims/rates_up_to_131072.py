"""[D]'s rates where language models are: as many classes as tokens."""

from rmt_hessian.paper import between, claim, constant, last_exponent, ratios

EXPONENTS = {"linear-ce": 2, "output-ce": 2, "hidden-ce": 1, "hidden-mse": 1}


@claim(
    source="[D], static force",
    sweep="large_classes",
    figure="large_classes",
    test="test_block_diagonal.py::test_exponent",
    measured=["off_diagonal_norm2"],
)
def rates_up_to_131072(results):
    """With 10⁴ to 10⁵ classes, as in language models, many more than d, off-diagonal blocks at
    initialisation have vanished: mean squared norms, over those of diagonal blocks, like 1/C² in
    the last layer, like 1/C in the hidden one.
    """
    for case, exponent in EXPONENTS.items():
        rows = results.rows("block_norms", case=case)
        R, error = ratios(rows, "n_classes", "off_diagonal_norm2", "diagonal_norm2")
        slope, its_error = last_exponent(R, error)
        what = f"exponent of {case} from C = {R.index[-2]} to {R.index[-1]}"
        yield between(what, slope, -exponent - 0.25, 0.25 - exponent, error=its_error)
        C = R.index[-1]
        yield constant(f"R of {case} at C = {C}", R[C], error=error[C])
