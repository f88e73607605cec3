"""What claims on [D]'s pictures of the Hessian along a training have in common."""

from rmt_hessian.paper import at_most, constant


def more_block_diagonal(results, loss):
    """Findings: the share of ``‖H‖²`` off the diagonal blocks of units falls, of one loss."""
    rows = results.rows("trained_layer_pairs", loss=loss)
    rows = rows[rows["widths"].str.count("-") == 2]
    shares = ["initial_share_by_unit", "final_share_by_unit", "final_share_by_layer"]
    means = rows.groupby("inputs")[shares].mean()
    over = means["final_share_by_unit"] / means["initial_share_by_unit"]
    yield at_most("share of ‖H‖² off the diagonal blocks, end over start", over, 1)
    for inputs, (first, last, between) in means.iterrows():
        yield constant(f"share at the start, {inputs}", first)
        yield constant(f"share at the end, {inputs}", last)
        yield constant(f"the part of it between the layers, {inputs}", between)
