"""[D] on deeper networks: which entries between layers the residual reaches."""

from rmt_hessian.paper import at_least, claim, constant

KEYS = ["loss", "inputs"]


@claim(
    source="[D], pictures of the Hessian",
    sweep="training_images",
    figure="layer_pairs",
    test="test_layer_pairs.py::test_adjacent_layers_are_striped_at_the_start_alone",
    measured=["initial_adjacent_largest_share"],
)
def adjacent_striped_distant_dense(results):
    """At initialisation the Hessian has stripes between adjacent layers and is dense between
    distant ones: one feature of a unit has more of an adjacent block than of a distant one.
    """
    rows = results.rows("trained_layer_pairs")
    rows = rows[rows["widths"].str.count("-") > 2]
    for time, when in (("initial", "start"), ("middle", "half"), ("final", "end")):
        shares = [rows[f"{time}_{kind}_largest_share"] for kind in ("adjacent", "distant")]
        over = (shares[0] / shares[1]).groupby([rows[key] for key in KEYS])
        mean, error = over.mean(), over.std() / over.count() ** 0.5
        what = f"share of one feature, adjacent over distant, {when} of the steps"
        if time == "initial":
            yield at_least(what, mean, 1, error=error)
        else:
            yield constant(f"{what}, least", mean.min())
    residual = rows.groupby(KEYS)["final_adjacent_residual_share"].mean()
    yield constant("residual's share of adjacent blocks at the end, largest", residual.max())
