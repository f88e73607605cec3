"""[D] on the hidden layer with the squared error."""

from rmt_hessian.paper import claim, vanishes_like


@claim(
    source="[D], static force",
    sweep="block_structure",
    figure="norm_ratio",
    test="test_block_diagonal.py::test_exponent",
    measured=["off_diagonal_norm2"],
)
def hidden_mse_vanishes(results):
    """Off-diagonal blocks of the hidden layer, with the squared error, vanish against the
    diagonal ones at initialisation as the number of classes C grows: the ratio R of mean squared
    norms like 1/C.
    """
    yield from vanishes_like(results.rows("block_norms", case="hidden-mse"), 1)
