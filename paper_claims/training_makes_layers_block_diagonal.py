"""[D]'s dynamic force, layer by layer: what lies between the layers."""

from rmt_hessian.paper import at_most, claim, constant

KEYS = ["loss", "inputs", "widths"]


@claim(
    source="[D], dynamic force",
    sweep="training",
    figure="dynamic_force",
    test="test_dynamic_force.py::test_relatively_the_curvature_between_layers_grows_instead",
    measured=["final_share_by_layer"],
)
def training_makes_layers_block_diagonal(results):
    """Training makes the Hessian of networks of 8 to 32 units a layer more block-diagonal by layer:
    the share of ‖H‖² between the layers falls.
    """
    rows = results.rows("dynamic_force")
    rows = rows[rows["initial_share_by_layer"].gt(0)]
    shares = rows.groupby(KEYS)[["initial_share_by_layer", "final_share_by_layer"]].mean()
    over = shares["final_share_by_layer"] / shares["initial_share_by_layer"]
    yield at_most("share between the layers, end over start", over, 1)
    fitted = rows[(rows["loss"] == "ce") & (rows["final_accuracy"] == 1)]
    yield constant(
        "share at the end, cross-entropy that fits the labels",
        fitted["final_share_by_layer"].mean(),
    )
    coupled = fitted[["initial_curvature_relative", "final_curvature_relative"]].mean()
    for when, value in zip(("start", "end"), coupled, strict=True):
        yield constant(f"norm between the layers over theirs, stripes left out, {when}", value)
