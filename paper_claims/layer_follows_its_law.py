"""Our law of a whole layer, blocks off the diagonal included."""

from rmt_hessian.compare.significance import critical_distance
from rmt_hessian.paper import at_most, claim, constant, fitted_slope
from rmt_hessian.paper.finding import LEVEL

SIZES = ["case", "n_classes", "n_inputs"]


@claim(
    source="this package, docs/laws.md",
    sweep="layers",
    figure="layer_spectra",
    test="test_layer_laws.py::test_hidden_layer",
    measured=["ks_conditional", "ks_layer"],
)
def layer_follows_its_law(results):
    """The spectrum of a whole layer follows the law of the layer, which is not that of its diagonal
    blocks: of linear models with cross-entropy and hidden layers.
    """
    rows = results.rows("layer_spectra")
    largest = rows.groupby(SIZES)["ks_conditional"].max()
    d = largest.index.to_frame()["n_inputs"]
    # a layer is at most as far from its law as k blocks that are one and the same
    bound = d.map(lambda n: critical_distance(n, LEVEL / len(rows)))
    yield at_most("largest KS distance, given the output Hessians", largest, bound)
    grown = rows[rows["n_samples"] == 4 * rows["n_inputs"]]
    grown = grown[grown["case"].ne("linear-ce") | (grown["n_classes"] == 3)]
    slopes = [
        fitted_slope(g["n_inputs"], g["ks_layer"], g["seed"])[0] for _, g in grown.groupby("case")
    ]
    # N samples of M are 1/√N from their law
    yield at_most("exponent in d of that given the weights above", max(slopes), -0.25)
    last = rows[(rows["n_inputs"] == rows["n_inputs"].max()) & (rows["case"] != "linear-mse")]
    means = last.groupby("case")[["ks_layer", "ks_blocks"]].mean()
    over = means["ks_layer"] / means["ks_blocks"]
    yield at_most("KS distance over that to the law of the blocks", over, 1)
    for case in means.index:
        yield constant(f"KS distance, {case}", means.loc[case, "ks_layer"])
