"""Blocks of the output layer when m, d and N grow together: the separable law.

The features relu(W x) are not Gaussian; the claim is that their blocks sit on the law of Gaussian
features with the same mean and covariance bulk. One draw at d = 600, m = 400, N = 1200, LeCun and
He, within STATISTICAL given the weights λ_n of the draw; a wrong population, weights replaced by
their mean, or a wrong ratio must fail at that tolerance.
"""

import numpy as np
import pytest
from scipy.linalg import eigh

from rmt_hessian import ReLUNetwork, eigenvalues, gaussian_inputs, ks_distance, layer_hessian
from rmt_hessian.theory import block_law, conditional_law, sampling_band, weight_law
from rmt_hessian.theory.laws.separable import SeparableLaw
from rmt_hessian.theory.output_blocks import (
    MEAN_SQUARED,
    mean_eigenvalue,
    mean_outlier,
    output_block_law,
)
from tests.tolerances import STATISTICAL

D, M, N, C = 600, 400, 1200, 10
UNIFORM = np.full(N, 1 / N)
GAINS = {"lecun": 1.0, "he": 2.0}
BLOCKS = {
    "mse diagonal": ("mse", (0, 0)),
    "ce diagonal": ("ce", (0, 0)),
    "ce off-diagonal": ("ce", (0, 1)),
}
FLUCTUATION = 0.5 - MEAN_SQUARED + M / (4 * np.pi * D)  # variance of h along its mean, gain 1


@pytest.fixture(scope="module", params=GAINS)
def drawn(request):
    """Gain, network, and inputs."""
    rng = np.random.default_rng([2505, 2809])
    net = ReLUNetwork.random([D, M, C], rng, request.param)
    return GAINS[request.param], net, gaussian_inputs(N, D, rng)


@pytest.fixture(scope="module", params=BLOCKS)
def block(request, drawn):
    """Gain, hidden weights, block weights, spectrum and law of one block."""
    gain, net, X = drawn
    loss, (i, j) = BLOCKS[request.param]
    H = layer_hessian(net, X, -1, loss)
    lam = H.block_weights(i, j)
    law = output_block_law(lam, UNIFORM, M, D, N, gain)
    return gain, net.weights[0], lam, eigenvalues(H.block(i, j)), law


def test_conditional_law(block):
    _, _, _, spectrum, law = block
    assert ks_distance(spectrum, law) <= STATISTICAL


def test_wrong_laws_are_rejected(block):
    """ν replaced by its mean; λ replaced by its mean; N off by a fifth; no μ₀ removed from ν."""
    _, _, lam, spectrum, law = block
    a, p = law.population, law.population_probabilities
    assert ks_distance(spectrum, conditional_law(lam * (a @ p), M)) > 5 * STATISTICAL
    if np.ptp(lam) > 0:
        averaged = SeparableLaw([lam.mean()], [1.0], a, p, M / N)
        assert ks_distance(spectrum, averaged) > 1.5 * STATISTICAL
    stretched = SeparableLaw(lam, UNIFORM, a, p, 1.25 * M / N)
    assert ks_distance(spectrum, stretched) > 2 * STATISTICAL
    shifted = SeparableLaw(lam, UNIFORM, a + MEAN_SQUARED * a.mean(), p, M / N)
    assert ks_distance(spectrum, shifted) > 2 * STATISTICAL


def test_one_eigenvalue_is_the_outlier_of_the_mean(block):
    """Its place within four standard deviations ``2 √(θ v E[λ²]/N)``: of N terms
    ``λ_n (û·h_n)²``, û the direction of the mean, ``û·h`` of mean √θ and variance v. For CE the
    weights depend on û·h as well, through the logits, which moves the place by O(1/m) of itself:
    ``2 v/θ = 1.2 %`` times the elasticity of E λ in û·h, of order one."""
    gain, W, lam, spectrum, law = block
    lo, hi = law.support()
    (z,) = mean_outlier(law, M, D, W=W)
    theta, v = mean_eigenvalue(M, D, W=W), gain * FLUCTUATION
    outlier = spectrum[np.abs(spectrum).argmax()]
    spread = 4 * 2 * np.sqrt(theta * v * np.mean(lam**2) / N)
    dependence = 2 * v / theta * abs(z) if np.ptp(lam) > 0 else 0.0
    assert abs(outlier - z) < spread + dependence
    # and only that one: the others are within the O(N^{-2/3}) fluctuation of an edge, 5 %
    slack = 0.05 * (hi - lo)
    assert np.sum((spectrum < lo - slack) | (spectrum > hi + slack)) == 1


@pytest.mark.parametrize("place", [(0, 0), (0, 1)])
def test_population_law_given_the_last_weights(drawn, place):
    """CE, offsets of the classes from V: within the simulated band of N weights and STATISTICAL;
    the mixture over V, without the offsets of these classes, is further away."""
    gain, net, X = drawn
    init = {1.0: "lecun", 2.0: "he"}[gain]
    spectrum = eigenvalues(layer_hessian(net, X, -1, "ce").block(*place))
    case = {"model": "output", "loss": "ce", "n_features": M, "n_inputs": D, "n_samples": N}
    weights = weight_law(model="output", loss="ce", V=net.weights[1], block=place, init=init)
    band = sampling_band(weights.equal_masses(256), M, N, n_draws=39)
    distance = ks_distance(spectrum, block_law(**case, V=net.weights[1], block=place, init=init))
    assert distance <= band + STATISTICAL
    assert band < 0.08
    mixture = block_law(**case, n_classes=C, diagonal=place == (0, 0), init=init)
    assert ks_distance(spectrum, mixture) > distance


def test_place_of_the_outlier_over_draws():
    """MSE, 16 draws of the inputs: within four standard errors, and the crude ``μ₀² Σ‖w_i‖²`` is
    rejected by as many."""
    rng = np.random.default_rng(2010)
    net = ReLUNetwork.random([D, M, C], rng)
    W = net.weights[0]
    places = []
    for _ in range(16):
        block = layer_hessian(net, gaussian_inputs(N, D, rng), -1, "mse").block(0, 0)
        places.append(eigh(block, eigvals_only=True, subset_by_index=[M - 1, M - 1])[0])
    theta = mean_eigenvalue(M, D, W=W)
    (z,) = mean_outlier(output_block_law([1.0], [1.0], M, D, N), M, D, W=W)
    error = 2 * np.sqrt(theta * FLUCTUATION / N / len(places))
    assert abs(np.mean(places) - z) < 4 * error
    assert abs(np.mean(places) - MEAN_SQUARED * np.sum(W**2)) > 4 * error
