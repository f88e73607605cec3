"""[W]: the whole Hessian in Kronecker form, with the blocks between layers and without.

Against the Gauss–Newton part: with the softmax of the logits as targets the residual is zero, and
with it the term of the cross-layer blocks that no Kronecker product stands for.
"""

import numpy as np
import pytest

from rmt_hessian import (
    Network,
    gaussian_inputs,
    kronecker_approximation,
    network_hessian,
    subspace_overlap,
    top_eigenpairs,
)

N = 1000
# widths; least overlap of the top C-1 eigenspaces and largest error of a top eigenvalue, with
# blocks between layers and inputs of mean 1 (four seeds: 0.95, 0.87, 0.92 and 0.12, 0.08, 0.15)
NETWORKS = {
    "one hidden": ([20, 16, 4], 0.9, 0.16),
    "ten classes": ([30, 20, 10], 0.83, 0.12),
    "two hidden": ([20, 12, 12, 4], 0.88, 0.2),
}
SEEDS = 4


def compared(widths, mean, seed):
    """Relative error in norm, of top C-1 eigenvalues, and their overlap: full, then layer-wise."""
    rng = np.random.default_rng(seed)
    net, n = Network.random(widths, rng), widths[-1] - 1
    X = gaussian_inputs(N, widths[0], rng, mean=mean)
    p = np.exp(net(X))
    H = network_hessian(net, X, p / p.sum(axis=1, keepdims=True), "ce")
    G, rows = H.to_dense(), []
    values, U = top_eigenpairs(G, n)
    for cross_layer in (True, False):
        product = kronecker_approximation(H, cross_layer=cross_layer)
        of_product, frame = product.top_eigenpairs(n)
        distance = np.linalg.norm(G - product.to_dense()) / np.linalg.norm(G)
        errors = np.abs(of_product / values - 1)
        rows.append((distance, errors.max(), subspace_overlap(U, frame)))
    return rows


@pytest.mark.parametrize("case", NETWORKS.values(), ids=NETWORKS.keys())
def test_cross_layer_blocks_make_the_top_of_the_spectrum(case):
    """Inputs of mean 1: the features of all layers share directions, and the top eigenvectors
    live in several layers. The layer-wise form has them in one each, and fails every bound."""
    widths, overlap, error = case
    for seed in range(SEEDS):
        full, layer_wise = compared(widths, 1.0, seed)
        assert full[2] > overlap
        assert full[1] < error
        assert layer_wise[2] < 0.75 < overlap
        assert layer_wise[1] > 0.3 > error
        assert full[0] < 0.4 < layer_wise[0]


def test_centred_inputs():
    """The blocks between layers matter less where the features share no mean, and still help."""
    for seed in range(SEEDS):
        full, layer_wise = compared([20, 16, 4], 0.0, seed)
        assert full[0] < 0.4 < layer_wise[0]
        assert full[2] > 0.85
        assert layer_wise[2] < full[2]
