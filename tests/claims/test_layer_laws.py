"""The spectrum of a whole layer follows the law of the layer, not that of its blocks."""

import numpy as np
import pytest

from rmt_hessian import Ensemble, draw, eigenvalues, ks_distance, layer_hessian, sample
from rmt_hessian.theory import (
    GeneralizedMarchenkoPastur,
    WithNullSpace,
    block_law,
    conditional_law,
    curvature_law,
    layer_law,
)
from rmt_hessian.theory.laws.matrix_layer import MatrixLayerLaw
from tests import oracles
from tests.tolerances import STATISTICAL


def test_linear_ce():
    """C = 5, d = 400, N = 1600: within 0.01; laws of the block, of averaged eigenvalues and of
    another C fail by a factor of at least two."""
    C, d, N = 5, 400, 1600
    ens = Ensemble([d, C], layer=0, loss="ce", n_samples=N)
    values = eigenvalues(draw(ens, 0))
    assert ks_distance(values, layer_law(ens)) <= 0.01
    mean = curvature_law(ens).mean()
    wrong = (
        block_law(ens, 0, 0),
        WithNullSpace(GeneralizedMarchenkoPastur([mean], [1.0], d / N), 1 / C),
        layer_law(Ensemble([d, C + 1], layer=0, loss="ce", n_samples=N)),
    )
    for law in wrong:
        assert ks_distance(values, law) > 0.02


def test_linear_ce_with_more_classes_than_inputs():
    """The other order of limits, C = 50, d = 40, N = 160: within 0.03, of which sampling N = 160
    weights takes most; averaged eigenvalues fail by far."""
    ens = Ensemble([40, 50], layer=0, loss="ce", n_samples=160)
    values = eigenvalues(draw(ens, 0))
    assert ks_distance(values, layer_law(ens)) <= 0.03
    averaged = GeneralizedMarchenkoPastur([curvature_law(ens).mean()], [1.0], ens.aspect_ratio)
    assert ks_distance(values, WithNullSpace(averaged, 1 / ens.n_classes)) > 0.09


def test_linear_ce_given_the_sample():
    """C = 5, d = 400, N = 1000: the eigenvalues of each ``diag(p_n) - p_n p_nᵀ`` as weights."""
    C, d, N = 5, 400, 1000
    net, X, _ = sample(Ensemble([d, C], layer=0, loss="ce", n_samples=N), 3)
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
    ens = Ensemble([400, 5, 10], layer=0, loss=loss, n_samples=1200)
    net, X, _ = sample(ens, 1)
    values, gamma = eigenvalues(layer_hessian(net, X, 0, loss)), ens.aspect_ratio
    conditional = MatrixLayerLaw(oracles.output_hessians(net, X, 0, loss), gamma)
    assert ks_distance(values, conditional) <= STATISTICAL
    law = layer_law(ens.given(net))
    assert ks_distance(values, law) <= STATISTICAL
    assert law.error < STATISTICAL
    assert ks_distance(values, block_law(ens.given(net), 0, 0)) > 4 * STATISTICAL
    averages = np.linalg.eigvalsh(law.equation.mean)
    kronecker = [GeneralizedMarchenkoPastur([t], [1.0], gamma) for t in averages]
    F = np.mean([part.cdf(values) for part in kronecker], axis=0)
    assert np.abs(F - (np.arange(values.size) + 0.5) / values.size).max() > 4 * STATISTICAL


def test_spectrum_of_many_classes_is_that_of_the_diagonal_blocks():
    """[D]'s many classes: the law of a block alone is at most 2/C from the spectrum of the layer,
    1/C of which are its null space and 1/C the interlacing of the weights, beside what d = 40 and
    N = 160 leave, at most 0.05; and at least the null space."""
    distances = {}
    for C in (2, 4, 16, 64):
        ens = Ensemble([40, C], layer=0, loss="ce", n_samples=160)
        found = ks_distance(eigenvalues(draw(ens, C)), block_law(ens, 0, 0))
        distances[C] = found
        assert 1 / C - 1e-9 <= found <= 2 / C + 0.05
    assert distances[64] < 0.1 * distances[2]
