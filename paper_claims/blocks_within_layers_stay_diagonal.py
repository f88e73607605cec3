"""[D]'s dynamic force within the layers."""

from rmt_hessian.paper import at_most, claim

KEYS = ["inputs", "widths"]


@claim(
    source="[D], dynamic force",
    sweep="training",
    figure="dynamic_force",
    test="test_dynamic_force.py::test_of_cross_entropy_the_last_layer_becomes_less_block_diagonal",
    measured=["final_share_1"],
    instead="With cross-entropy and a hidden layer the share of ‖H‖² off the diagonal blocks of "
    "the last layer grows: confident samples have few competitors, of however many classes.",
)
def blocks_within_layers_stay_diagonal(results):
    """Training keeps the blocks of units within the last layer as diagonal as they were: their
    off-diagonal share does not grow.
    """
    rows = results.rows("dynamic_force", loss="ce")
    rows = rows[rows["n_hidden"].notna() & rows["initial_share_1"].notna() & ~_deeper(rows)]
    means = rows.groupby(KEYS)[["initial_share_1", "final_share_1"]].mean()
    over = means["final_share_1"] / means["initial_share_1"]
    yield at_most("off-diagonal share, end over start", over, 1)


def _deeper(rows):
    return rows["widths"].str.count("-") > 2
