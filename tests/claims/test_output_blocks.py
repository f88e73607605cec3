"""Blocks of the output layer when m, d and N grow together: the separable law.

The features relu(W x) are not Gaussian; the claim is that their blocks sit on the law of Gaussian
features with the same mean and covariance bulk. One draw at d = 600, m = 400, N = 1200, LeCun and
He, within STATISTICAL given the weights λ_n of the draw; a wrong population, weights replaced by
their mean, or a wrong ratio must fail at that tolerance.
"""

import numpy as np
import pytest
from scipy.linalg import eigh

from rmt_hessian import (
    Ensemble,
    Network,
    draw,
    eigenvalues,
    ks_distance,
    layer_hessian,
    sample,
)
from rmt_hessian.theory import SeparableLaw, block_law, conditional_law, init_gain, weight_law
from rmt_hessian.theory.structure.relu_features import (
    MEAN_SQUARED,
    mean_eigenvalue,
    mean_outlier,
    output_block_law,
)
from rmt_hessian.theory.weights.band import band_of_weights
from tests.tolerances import STATISTICAL

D, M, N, C = 600, 400, 1200, 10
UNIFORM = np.full(N, 1 / N)
BLOCKS = {
    "mse diagonal": ("mse", (0, 0)),
    "ce diagonal": ("ce", (0, 0)),
    "ce off-diagonal": ("ce", (0, 1)),
}
FLUCTUATION = 0.5 - MEAN_SQUARED + M / (4 * np.pi * D)  # variance of h along its mean, gain 1


def ensemble(loss, init="lecun"):
    return Ensemble([D, M, C], layer=-1, loss=loss, n_samples=N, init=init)


@pytest.fixture(scope="module", params=["lecun", "he"])
def drawn(request):
    """Initialisation, network, and inputs."""
    net, X, _ = sample(ensemble("ce", request.param), np.random.default_rng([2505, 2809]))
    return request.param, net, X


@pytest.fixture(scope="module", params=BLOCKS)
def block(request, drawn):
    """Ensemble with the hidden weights, block weights, spectrum and law of one block."""
    init, net, X = drawn
    loss, (i, j) = BLOCKS[request.param]
    ens, H = ensemble(loss, init).given(net, layers=[0]), layer_hessian(net, X, -1, loss)
    lam = H.block_weights(i, j)
    return ens, lam, eigenvalues(H.block(i, j)), output_block_law(ens, lam, UNIFORM)


def test_conditional_law(block):
    _, _, spectrum, law = block
    assert ks_distance(spectrum, law) <= STATISTICAL


def test_wrong_laws_are_rejected(block):
    """ν replaced by its mean; λ replaced by its mean; N off by a fifth; no μ₀ removed from ν."""
    _, lam, spectrum, law = block
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
    ens, lam, spectrum, law = block
    lo, hi = law.support()
    (z,) = mean_outlier(ens, law)
    theta, v = mean_eigenvalue(ens), init_gain(ens.init) * FLUCTUATION
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
    init, net, X = drawn
    ens = ensemble("ce", init)
    given = ens.given(net, layers=[-1])
    spectrum = eigenvalues(layer_hessian(net, X, -1, "ce").block(*place))
    band = band_of_weights(weight_law(given, *place).equal_masses(256), M, N, n_draws=39)
    distance = ks_distance(spectrum, block_law(given, *place))
    assert distance <= band + STATISTICAL
    assert band < 0.08
    assert ks_distance(spectrum, block_law(ens, *place)) > distance


def test_place_of_the_outlier_over_draws():
    """MSE, 16 draws of the inputs: within four standard errors, and the crude ``μ₀² Σ‖w_i‖²`` is
    rejected by as many."""
    rng = np.random.default_rng(2010)
    ens = ensemble("mse").given(Network.random([D, M, C], rng))
    places = []
    for _ in range(16):
        block = draw(ens, rng).block(0, 0)
        places.append(eigh(block, eigvals_only=True, subset_by_index=[M - 1, M - 1])[0])
    theta = mean_eigenvalue(ens)
    (z,) = mean_outlier(ens, output_block_law(ens, [1.0], [1.0]))
    error = 2 * np.sqrt(theta * FLUCTUATION / N / len(places))
    assert abs(np.mean(places) - z) < 4 * error
    assert abs(np.mean(places) - MEAN_SQUARED * np.sum(ens.weights[0] ** 2)) > 4 * error
