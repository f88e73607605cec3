"""[D] on deeper networks: which entries between layers the residual reaches."""

from rmt_hessian.paper import at_least, claim, constant

KEYS = ["loss", "inputs"]


@claim(
    source="[D], dynamic force",
    sweep="training_images",
    figure="layer_pairs",
    test="test_layer_pairs.py::test_adjacent_layers_are_striped_at_the_start_alone",
    measured=["final_adjacent_largest_share"],
    instead="They are at the start alone: in training the residual leaves both, and one feature "
    "of a unit has the same share in adjacent and distant blocks.",
)
def adjacent_striped_distant_dense(results):
    """Between adjacent layers the Hessian has stripes, between distant ones it is dense: one
    feature of a unit has more of an adjacent block than of a distant one, all through training.
    """
    rows = results.rows("trained_layer_pairs")
    rows = rows[rows["widths"].str.count("-") > 2]
    for time, when in (("initial", "0"), ("middle", "50"), ("final", "100")):
        shares = [rows[f"{time}_{kind}_largest_share"] for kind in ("adjacent", "distant")]
        over = (shares[0] / shares[1]).groupby([rows[key] for key in KEYS])
        error = over.std() / over.count() ** 0.5
        what = f"share of one feature, adjacent over distant, at {when} % of the steps"
        yield at_least(what, over.mean(), 1, error=error)
    residual = rows.groupby(KEYS)["final_adjacent_residual_share"].mean()
    yield constant("residual's share of adjacent blocks at the end, largest", residual.max())
