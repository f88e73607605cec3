"""Points of given weights below a mixture: spans, centres, classes, gradients."""

from dataclasses import replace

import numpy as np
import pytest

from rmt_hessian import Ensemble, Mixture, Network, theory
from rmt_hessian.compare import ks_distance
from rmt_hessian.hessian.from_network import layer_gradient_covariance, layer_hessian
from rmt_hessian.model.mixtures import draw_mixture
from rmt_hessian.theory.weights.given_weights import GivenWeights

RNG = np.random.default_rng(0)
W, V = RNG.standard_normal((4, 9)), RNG.standard_normal((3, 4))
MEANS = RNG.standard_normal((3, 9))
MIXTURE = Mixture(1.5, frequencies=[5, 3, 2], means=MEANS)
HIDDEN = Ensemble([9, 4, 3], 0, "ce", 90, inputs=MIXTURE).given([W, V])


def test_coordinates_carry_all_products():
    layer = GivenWeights.of(HIDDEN)
    np.testing.assert_allclose(layer.factor.T @ layer.factor, W @ W.T, atol=1e-12)
    np.testing.assert_allclose(layer.centres @ layer.factor, 1.5 * MEANS @ W.T, atol=1e-12)
    np.testing.assert_allclose(layer.centres @ layer.centres.T, 2.25 * MEANS @ MEANS.T, atol=1e-12)
    assert layer.n_directions == 7
    assert layer.in_means.shape == (7, 3)
    projected = layer.centres @ layer.in_means
    np.testing.assert_allclose(projected @ projected.T, 2.25 * MEANS @ MEANS.T, atol=1e-12)


def test_means_that_are_not_given_are_orthogonal_to_the_weights():
    mixture = Mixture(2.0, groups=(1, 0.3))
    layer = GivenWeights.of(replace(HIDDEN, inputs=mixture))
    np.testing.assert_allclose(layer.centres @ layer.factor, 0, atol=1e-12)
    np.testing.assert_allclose(
        layer.centres @ layer.centres.T, 4 * mixture.means_gram(3), atol=1e-12
    )
    np.testing.assert_allclose(layer.factor.T @ layer.factor, W @ W.T, atol=1e-12)


def test_classes_have_their_shares_and_centres():
    layer = GivenWeights.of(HIDDEN)
    pairs = list(layer.points(3, blocks=4, log2_points=10))
    u, labels = (np.concatenate(part) for part in zip(*pairs, strict=True))
    np.testing.assert_allclose(np.bincount(labels) / 4096, [0.5, 0.3, 0.2], atol=1e-3)
    for k in range(3):
        centre = u[labels == k].mean(axis=0)
        np.testing.assert_allclose(centre, layer.centres[k], atol=0.2)


@pytest.mark.parametrize("loss", ["ce", "mse"])
def test_gradients_are_those_of_the_network(loss):
    """At inputs that have these coordinates."""
    ens = replace(HIDDEN, loss=loss)
    layer, net = GivenWeights.of(ens), Network([W, V])
    u, labels = next(layer.points(0, log2_points=5))
    X = np.linalg.lstsq(W, (u @ layer.factor).T, rcond=None)[0].T
    g = layer.gradients(u, labels)
    for n in range(32):
        G = layer_gradient_covariance(net, X[n : n + 1], 0, loss, y=labels[n : n + 1])
        np.testing.assert_allclose(np.outer(g[n], g[n]), G.output_hessian(), atol=1e-10)
    assert ((g == 0) == (u @ layer.factor <= 0)).all()


def test_rows_far_shorter_than_others_count():
    """Masks do not depend on the length of a row, nor blocks on that of means times separation."""
    short = W * np.array([1, 1e-13, 1, 1])[:, None]
    factor = GivenWeights.of(HIDDEN.given([short, V])).factor
    np.testing.assert_allclose(factor[:, 1], GivenWeights.of(HIDDEN).factor[:, 1] * 1e-13)
    tiny = Mixture(1.5e13, frequencies=[5, 3, 2], means=1e-13 * MEANS)
    np.testing.assert_allclose(
        GivenWeights.of(replace(HIDDEN, inputs=tiny)).centres, GivenWeights.of(HIDDEN).centres
    )


def test_a_mixture_of_one_class_has_a_mean():
    mean = np.eye(1, 100)
    ens = Ensemble([100, 1], 0, "mse", 2000, inputs=Mixture(3.0, means=mean)).given(
        [np.ones((1, 100))]
    )
    (outlier,) = theory.block_outliers(ens, 0, 0)
    assert outlier.place == pytest.approx(10 * (1 + 0.05 / 9), rel=0.02)  # (1+ρ²)(1+γ/ρ²)
    assert outlier.means_overlap > 0.9


@pytest.mark.parametrize("loss", ["ce", "mse"])
@pytest.mark.parametrize("matrix", ["hessian", "gradient_covariance"])
def test_hidden_layers_below_a_mixture(loss, matrix):
    rng = np.random.default_rng(1)
    d, N = 150, 3000
    net = Network.random([d, 4, 3], rng)
    mixture = Mixture(3.0, means=np.linalg.qr(rng.standard_normal((d, 3)))[0].T)
    ens = Ensemble([d, 4, 3], 0, loss, N, inputs=mixture).given(net)
    X, y = draw_mixture(mixture, N, d, 3, rng)
    M = layer_hessian(net, X, 0, loss)
    if matrix != "hessian":
        M = layer_gradient_covariance(net, X, 0, loss, y=y)
    for block in ((0, 0), (0, 1)):
        law = theory.block_law(ens, *block, matrix=matrix)
        assert ks_distance(np.linalg.eigvalsh(M.block(*block)), law) < 0.07
    assert (
        ks_distance(np.linalg.eigvalsh(M.to_dense()), theory.layer_law(ens, matrix=matrix)) < 0.05
    )
