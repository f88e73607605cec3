"""[D]'s pictures of the Hessian along a training with cross-entropy."""

from paper_claims._pictures import more_block_diagonal
from rmt_hessian.paper import claim


@claim(
    source="[D], pictures of the Hessian",
    sweep="training_images",
    figure="training_maps",
    test="test_layer_pairs.py::test_training_makes_the_picture_more_block_diagonal_with_ce_and_less_with_mse",
    measured=["final_share_by_unit"],
)
def trained_picture_ce(results):
    """With cross-entropy, training makes the Hessian of networks with one hidden layer more
    block-diagonal by unit, what lies within and between the layers taken together.
    """
    yield from more_block_diagonal(results, "ce")
