"""The whole network as a product of factors."""

from rmt_hessian.paper import at_least, claim, over_seeds


@claim(
    source="this package, docs/structure.md",
    sweep="kronecker",
    figure="network_kronecker",
    test="test_whole_network.py::test_cross_layer_blocks_make_the_top_of_the_spectrum",
    measured=["cross_layer_in_gauss_newton_overlap"],
)
def network_kronecker(results):
    """Of the Gauss–Newton matrix of the whole network at initialisation, factors that also stand in
    for cross-layer blocks find more than three quarters of the top C−1 eigenspace, and at least
    a fifth of it more than factors layer by layer.
    """
    rows = results.rows("network_kronecker")
    names = "cross_layer_in_gauss_newton_overlap", "layer_wise_in_gauss_newton_overlap"
    (across, error), (within, _) = (over_seeds(rows, ["input_mean"], name) for name in names)
    yield at_least("overlap, with cross-layer blocks", across, 0.75, error=error)
    yield at_least("and layer by layer", across, within + 0.2, error=error)
