"""[D] on the output layer above a hidden one, with cross-entropy."""

from rmt_hessian.paper import claim, vanishes_like


@claim(
    source="[D], static force",
    sweep="block_structure",
    figure="norm_ratio",
    test="test_block_diagonal.py::test_exponent",
    measured=["off_diagonal_norm2"],
)
def output_ce_vanishes(results):
    """Off-diagonal blocks of the output layer above one hidden layer, with cross-entropy, vanish
    against the diagonal ones at initialisation as the number of classes C grows: the ratio R of
    mean squared norms like 1/C².
    """
    yield from vanishes_like(results.rows("block_norms", case="output-ce"), 2)
