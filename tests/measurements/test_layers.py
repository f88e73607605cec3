"""Whole layers beside their laws, blocks between layers: definitions and identities, null tests."""

import numpy as np
import pytest

from rmt_hessian import Ensemble, Network, ks_distance
from rmt_hessian.hessian.draws import draw_with_network
from rmt_hessian.hessian.from_network import network_hessian
from rmt_hessian.measurements.cross_layers import cross_layer_norms
from rmt_hessian.measurements.layers import conditional_layer_law, layer_spectra
from rmt_hessian.model.sampling import sample
from rmt_hessian.theory import block_law, layer_law
from rmt_hessian.theory.laws.mean_of_laws import MeanOfLaws
from tests import oracles
from tests.small import ensemble
from tests.tolerances import EXACT

SEED = 5


def measured(ens):
    """The result, and the network and Hessian that it belongs to."""
    result = layer_spectra(np.random.default_rng(SEED), ens=ens)
    return result, *draw_with_network(ens, np.random.default_rng(SEED))


@pytest.mark.parametrize("case", ["linear-ce", "linear-mse", "hidden-ce", "hidden-mse"])
def test_definitions(case):
    """Eigenvalues of the dense matrix; the law given the weights above; blocks one by one."""
    ens = ensemble(case, 24, 3, 4, 60)
    result, net, H = measured(ens)
    values = np.linalg.eigvalsh(H.to_dense())
    np.testing.assert_allclose(result["eigenvalues"], values, atol=EXACT * values.max())
    given = ens if ens.is_last else ens.given([None, net.weights[1]])
    law = layer_law(given)
    assert result["ks_layer"] == pytest.approx(ks_distance(values, law), abs=1e-9)
    assert result["predicted_null_share"] == law.atom_at_zero
    x = np.linspace(0.01, 2, 7) * values.max()
    blocks = [block_law(given, i, i) for i in range(H.n_blocks)]
    at_values = np.mean([block.cdf(x) for block in blocks], axis=0)
    together = MeanOfLaws(blocks)
    np.testing.assert_allclose(together.cdf(x), at_values, atol=EXACT)
    assert result["ks_blocks"] == pytest.approx(ks_distance(values, together), abs=1e-9)
    assert result["laws_distance"] >= np.abs(law.cdf(x) - at_values).max() - 1e-3
    # distances are a metric
    assert result["ks_blocks"] <= result["ks_layer"] + result["laws_distance"] + 1e-3


def test_of_a_softmax_one_in_c_eigenvalues_is_0():
    result, _, _ = measured(ensemble("linear-ce", 20, 3, 4, 100))
    assert result["null_share"] == result["predicted_null_share"] == 0.25
    assert result["laws_distance"] >= 0.25 - EXACT  # the blocks have none


def test_laws_of_equal_blocks_are_one():
    """MSE without a hidden layer: H = I ⊗ E[x xᵀ]."""
    result, _, _ = measured(ensemble("linear-mse", 20, 3, 4, 100))
    assert result["laws_distance"] < 1e-9
    assert result["ks_blocks"] == pytest.approx(result["ks_conditional"], abs=1e-9)


@pytest.mark.parametrize("case", ["linear-ce", "hidden-ce", "hidden-mse"])
def test_the_conditional_law_knows_the_moments_of_the_sample(case):
    """``(1/k) tr E[M]``: the mean of the law, given the output Hessians one by one."""
    ens = ensemble(case, 20, 3, 4, 60)
    _, net, H = measured(ens)
    M = oracles.output_hessians(net, H.features, 0, ens.loss)
    expected = np.trace(M.mean(axis=0)) / H.n_blocks
    law = conditional_layer_law(H, ens)
    # eigenvalues of a softmax are counted in cells of 0.5 %
    assert law.mean() == pytest.approx(expected, rel=5e-3)


@pytest.mark.parametrize("loss", ["ce", "mse"])
def test_cross_layer_norms_are_those_of_the_dense_matrix(loss):
    ens = Ensemble([7, 5, 3], layer=0, loss=loss, n_samples=20)
    result = cross_layer_norms(np.random.default_rng(SEED), ens=ens)
    net, X, y = sample(ens, np.random.default_rng(SEED))
    H = network_hessian(net, X, y, loss).to_dense()
    hidden, between, output = H[:35, :35], H[:35, 35:], H[35:, 35:]
    of_units = [np.sum(hidden[i : i + 7, i : i + 7] ** 2) for i in range(0, 35, 7)]
    of_classes = [np.sum(output[i : i + 5, i : i + 5] ** 2) for i in range(0, 15, 5)]
    expected = {
        "cross_norm2": np.sum(between**2) / 15,
        "hidden_norm2": np.mean(of_units),
        "output_norm2": np.mean(of_classes),
        "share_by_layer": 2 * np.sum(between**2) / np.sum(H**2),
    }
    for name, value in expected.items():
        assert result[name] == pytest.approx(value, rel=1e-10), name
    means = result["hidden_norm2"] * result["output_norm2"]
    assert result["ratio"] == pytest.approx(result["cross_norm2"] / np.sqrt(means))


def test_a_limit_that_does_not_exist_is_nan():
    """Two hidden units: the constant of the output layer diverges."""
    ens = Ensemble([6, 2, 4], layer=0, loss="ce", n_samples=20)
    result = cross_layer_norms(np.random.default_rng(SEED), ens=ens)
    assert np.isnan(result["limit_ratio"])
    assert np.isfinite(result["predicted_ratio"])


def test_labels_make_the_residual():
    """Null test: other labels, another block between the layers, the same within."""
    ens = Ensemble([7, 5, 3], layer=0, loss="ce", n_samples=20)
    net, X, y = sample(ens, np.random.default_rng(SEED))
    assert isinstance(net, Network)
    norms = [network_hessian(net, X, labels, "ce").block_norms() for labels in (y, (y + 1) % 3)]
    assert norms[0][0, 1] != norms[1][0, 1]
    np.testing.assert_allclose(np.diag(norms[0]), np.diag(norms[1]))
