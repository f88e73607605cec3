"""Pictures of the Hessian along a training with the squared error."""

from paper_claims._pictures import more_block_diagonal
from rmt_hessian.paper import claim


@claim(
    source="this package, docs/training.md",
    sweep="training_images",
    figure="training_maps",
    test="test_layer_pairs.py::test_training_makes_the_picture_more_block_diagonal_with_ce_and_less_with_mse",
    measured=["final_share_by_unit"],
    instead="The share off the blocks of units may grow, within the hidden layer with random "
    "labels, with clusters of many classes between the layers too",
)
def trained_picture_mse(results):
    """With the squared error as with cross-entropy, training makes the Hessian of networks with one
    hidden layer more block-diagonal by unit, what lies within and between the layers together.
    """
    yield from more_block_diagonal(results, "mse")
