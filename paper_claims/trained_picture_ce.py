"""[D]'s pictures of the Hessian along a training with cross-entropy."""

from rmt_hessian.paper import at_most, claim, constant

SHARES = ["initial_share_by_unit", "final_share_by_unit"]


@claim(
    source="[D], pictures of the Hessian",
    sweep="training_images",
    figure="training_maps",
    test="test_layer_pairs.py::test_training_makes_the_picture_more_block_diagonal_with_ce_and_less_with_mse",
    measured=["final_share_by_unit"],
)
def trained_picture_ce(results):
    """With cross-entropy, training makes the Hessian more block-diagonal by unit, what lies
    within and between the layers taken together.
    """
    rows = results.rows("trained_layer_pairs", loss="ce")
    rows = rows[rows["widths"].str.count("-") == 2]
    means = rows.groupby("inputs")[[*SHARES, "final_share_by_layer"]].mean()
    over = means[SHARES[1]] / means[SHARES[0]]
    yield at_most("share of ‖H‖² off the diagonal blocks, end over start", over, 1)
    for inputs, row in means.iterrows():
        first, last, between = row
        yield constant(f"share at the start, {inputs}", first)
        yield constant("at the end", last)
        yield constant("of it between the layers", between)
