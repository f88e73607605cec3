"""The spectrum of a whole layer follows the law of the layer, not that of its blocks."""

import numpy as np
import pytest

from rmt_hessian import ReLUNetwork, eigenvalues, gaussian_inputs, ks_distance, layer_hessian
from rmt_hessian.theory import (
    GeneralizedMarchenkoPastur,
    MatrixLayerLaw,
    WithNullSpace,
    block_law,
    conditional_law,
    curvature_law,
    layer_law,
)
from tests import oracles
from tests.tolerances import STATISTICAL


def spectrum(widths, n_samples, loss, seed):
    rng = np.random.default_rng(seed)
    net = ReLUNetwork.random(widths, rng)
    X = gaussian_inputs(n_samples, widths[0], rng)
    return net, eigenvalues(layer_hessian(net, X, 0, loss))


def test_linear_ce():
    """C = 5, d = 400, N = 1600: within 0.01; laws of the block, of averaged eigenvalues and of
    another C fail by a factor of at least two."""
    C, d, N = 5, 400, 1600
    _, values = spectrum([d, C], N, "ce", 0)
    sizes = {"n_features": d, "n_samples": N}
    assert ks_distance(values, layer_law(model="linear", loss="ce", n_classes=C, **sizes)) <= 0.01
    mean = curvature_law(C).mean()
    wrong = (
        block_law(model="linear", loss="ce", n_classes=C, **sizes),
        WithNullSpace(GeneralizedMarchenkoPastur([mean], [1.0], d / N), 1 / C),
        layer_law(model="linear", loss="ce", n_classes=C + 1, **sizes),
    )
    for law in wrong:
        assert ks_distance(values, law) > 0.02


def test_linear_ce_with_more_classes_than_inputs():
    """The other order of limits, C = 50, d = 40, N = 160: within 0.03, of which sampling N = 160
    weights takes most; averaged eigenvalues fail by far."""
    C, d, N = 50, 40, 160
    _, values = spectrum([d, C], N, "ce", 0)
    case = {"model": "linear", "loss": "ce", "n_classes": C, "n_features": d, "n_samples": N}
    assert ks_distance(values, layer_law(**case)) <= 0.03
    averaged = GeneralizedMarchenkoPastur([curvature_law(C).mean()], [1.0], d / N)
    assert ks_distance(values, WithNullSpace(averaged, 1 / C)) > 0.09


def test_linear_ce_given_the_sample():
    """C = 5, d = 400, N = 1000: the eigenvalues of each ``diag(p_n) - p_n p_nᵀ`` as weights."""
    C, d, N = 5, 400, 1000
    rng = np.random.default_rng(3)
    net, X = ReLUNetwork.random([d, C], rng), gaussian_inputs(N, d, rng)
    A = oracles.output_hessians(net, X, 0, "ce")
    values = eigenvalues(layer_hessian(net, X, 0, "ce"))
    law = conditional_law(np.linalg.eigvalsh(A)[:, 1:].ravel(), d * (C - 1))  # γ = d/N
    assert ks_distance(values, WithNullSpace(law, 1 / C)) <= STATISTICAL / 2
    diagonal = conditional_law(A[:, 0, 0], d)
    assert ks_distance(values, WithNullSpace(diagonal, 1 / C)) > 2 * STATISTICAL


@pytest.mark.parametrize("loss", ["ce", "mse"])
def test_hidden_layer(loss):
    """m = 5, C = 10, d = 400, N = 1200: within STATISTICAL of the conditional law, from the M of
    the sample, and of that given V and W. The law of M averaged (the Kronecker approximation with
    its own features) and that of a block fail."""
    d, m, C, N = 400, 5, 10, 1200
    rng = np.random.default_rng(1)
    net, X = ReLUNetwork.random([d, m, C], rng), gaussian_inputs(N, d, rng)
    values = eigenvalues(layer_hessian(net, X, 0, loss))
    conditional = MatrixLayerLaw(oracles.output_hessians(net, X, 0, loss), d / N)
    assert ks_distance(values, conditional) <= STATISTICAL
    W, V = net.weights
    case = {"model": "hidden", "loss": loss, "n_features": d, "n_samples": N}
    law = layer_law(**case, V=V, W=W)
    assert ks_distance(values, law) <= STATISTICAL
    assert law.error < STATISTICAL
    block = block_law(**case, V=V, W=W)
    assert ks_distance(values, block) > 4 * STATISTICAL
    averages = np.linalg.eigvalsh(law.equation.mean)
    kronecker = [GeneralizedMarchenkoPastur([t], [1.0], d / N) for t in averages]
    F = np.mean([part.cdf(values) for part in kronecker], axis=0)
    assert np.abs(F - (np.arange(values.size) + 0.5) / values.size).max() > 4 * STATISTICAL
