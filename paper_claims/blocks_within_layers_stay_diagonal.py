"""[D]'s dynamic force within the layers."""

from rmt_hessian.paper import at_most, claim

KEYS = ["inputs", "widths"]


@claim(
    source="[D], dynamic force",
    sweep="training",
    figure="dynamic_force",
    test="test_dynamic_force.py::test_of_cross_entropy_the_last_layer_becomes_less_block_diagonal",
    measured=["final_share_0", "final_share_1"],
    instead="The share of ‖H‖² off the diagonal blocks grows in both layers: confident samples "
    "have few competitors, of however many classes",
)
def blocks_within_layers_stay_diagonal(results):
    """Training with cross-entropy preserves what lies within the layers of a network with one
    hidden layer: blocks of units stay as diagonal as they were, their off-diagonal share does not
    grow.
    """
    rows = results.rows("dynamic_force", loss="ce")
    rows = rows[rows["widths"].str.count("-") == 2]
    for layer in (0, 1):
        names = [f"{when}_share_{layer}" for when in ("initial", "final")]
        start, end = (rows.groupby(KEYS)[name].mean() for name in names)
        yield at_most(f"off-diagonal share of layer {layer}, end over start", end / start, 1)
