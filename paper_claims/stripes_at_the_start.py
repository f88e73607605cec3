"""[D]'s pictures at initialisation: what lies between the layers."""

from rmt_hessian.paper import at_least, claim, constant

KEYS = ["widths", "inputs"]


@claim(
    source="[D], pictures of the Hessian",
    sweep="training_images",
    figure="layer_pairs",
    test="test_layer_pairs.py::test_adjacent_layers_are_striped_at_the_start_alone",
    measured=["initial_adjacent_residual_share"],
)
def stripes_at_the_start(results):
    """With cross-entropy, blocks of the Hessian between adjacent layers are stripes at
    initialisation: more than half of their square is the residual term, which enters one feature of
    each unit.
    """
    rows = results.rows("trained_layer_pairs")
    shares = rows.groupby(["loss", *KEYS])["initial_adjacent_residual_share"].mean()
    yield at_least("share of the residual term", shares["ce"], 0.5)
    yield constant("share with the squared error, least", shares["mse"].min())
