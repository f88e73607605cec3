"""The bound of a trained network: it holds, is the same every time, and refuses what it cannot."""

import numpy as np
import pytest
from scipy.special import ndtr

import rmt_hessian as rh
from rmt_hessian.bounds.bases import basis_of
from rmt_hessian.bounds.curvature import curvatures
from rmt_hessian.bounds.inequalities import (
    complexity,
    langford_seeger_bound,
    mcallester_bound,
    upper_confidence_bound,
)
from rmt_hessian.bounds.pac_bayes import pac_bayes_bound
from rmt_hessian.bounds.posterior import gaussian_kl
from rmt_hessian.bounds.prior import PriorVariances
from rmt_hessian.bounds.quadratic import quadratic_optimum
from rmt_hessian.model.parameter_vector import parameter_vector

QUICK = {"steps": 40, "n_draws": 30}


@pytest.fixture(scope="module")
def trained():
    """Two classes in five dimensions, a hidden layer, biases."""
    rng = np.random.default_rng(1)
    X, y = rh.mixture_inputs(200, 5, 2, rng, separation=3.0)
    initial = rh.Network.random([5, 6, 2], rng, bias_scale=0.1)
    options = {"optimiser": "adam", "steps": 200, "learning_rate": 0.01}
    return initial, rh.train(initial, X, y, "ce", **options).network, X, y


@pytest.mark.parametrize("basis", ["isotropic", "standard", "kronecker", "exact", "gradient"])
@pytest.mark.parametrize("start", ["curvature", "weights"])
def test_terms(trained, basis, start):
    found = pac_bayes_bound(*trained, basis=basis, start=start, rng=0, **QUICK)
    q, N = found.posterior, 200
    assert found.kl == gaussian_kl(q.squared_distance, q.variances, found.prior_variance)
    j = found.prior_index
    assert found.prior_variance == pytest.approx(0.1 * np.exp(-j / 100))
    assert found.prior_cost == pytest.approx(np.log(np.pi**2 * j**2 / 6))
    divergence = found.kl + np.log(np.pi**2 * j**2 / 6)
    upper = upper_confidence_bound(found.risks, 0.01)
    assert found.complexity == pytest.approx(complexity(divergence, N, 0.025), rel=1e-9)
    assert found.bound == pytest.approx(langford_seeger_bound(upper, divergence, N, 0.025))
    assert found.mcallester == pytest.approx(mcallester_bound(upper, divergence, N, 0.025))
    assert found.empirical_risk == np.mean(found.risks)
    assert found.risk_bound == pytest.approx(found.empirical_risk + found.sampling_term)
    assert found.confidence == pytest.approx(0.965)
    assert found.empirical_risk < found.risk_bound < found.bound < found.mcallester
    assert (np.ptp(q.variances) == 0) == (basis == "isotropic")
    assert f"{found.bound:.4f}" in repr(found)


@pytest.mark.parametrize("basis", ["isotropic", "standard", "kronecker", "exact", "gradient"])
def test_first_variances(trained, basis):
    """Before the search has moved: `quadratic_optimum`, at most a mean square; or the weights'."""
    _, network, X, y = trained
    still = {"basis": basis, "steps": 1, "learning_rate": 1e-12, "n_draws": 2, "rng": 0}
    found = pac_bayes_bound(*trained, **still)
    U, q = basis_of(network, X, y, basis), found.posterior
    np.testing.assert_allclose(parameter_vector(q.network), parameter_vector(network), atol=1e-10)
    h = curvatures(network, X, U)
    h = np.full_like(h, h.mean()) if basis == "isotropic" else h
    expected = quadratic_optimum(h, q.squared_distance, found.penalty, 1 / np.log(2)).variances
    theta = parameter_vector(network)
    for place in U.places:
        expected[place] = np.minimum(expected[place], np.mean(theta[place] ** 2))
    expected = np.full_like(h, expected.mean()) if basis == "isotropic" else expected
    np.testing.assert_allclose(q.variances, expected, rtol=1e-8)
    by_weights = pac_bayes_bound(*trained, start="weights", **still).posterior.variances
    squares = U.coordinates(theta) ** 2
    expected = np.maximum(squares, 1e-6 * squares.mean())
    expected = np.full_like(h, expected.mean()) if basis == "isotropic" else expected
    np.testing.assert_allclose(by_weights, expected, rtol=1e-8)


def test_wide_networks_begin_near_the_trained_one(rng):
    """Flat directions of 300 units together are not flat a deviation of the prior away."""
    X, y = rh.mixture_inputs(100, 50, 2, rng, separation=4.0)
    initial = rh.Network.random([50, 300, 2], rng)
    options = {"optimiser": "adam", "steps": 50, "learning_rate": 0.003}
    network = rh.train(initial, X, y, "ce", **options).network
    found = pac_bayes_bound(initial, network, X, y, basis="standard", steps=100, rng=0, n_draws=50)
    assert found.posterior.variances.max() < 1.0
    assert found.kl < 100 * 100


def test_the_search_lowers_the_bound(trained):
    """Of the first posterior, whose mean is the trained network, and after 1500 steps."""
    first, last = (pac_bayes_bound(*trained, rng=0, steps=n, n_draws=200) for n in (1, 1500))
    assert last.bound < first.bound - 0.02


def test_same_seed_same_bits(trained):
    one, two, other = (pac_bayes_bound(*trained, rng=seed, **QUICK) for seed in (3, 3, 4))
    np.testing.assert_array_equal(one.risks, two.risks)
    np.testing.assert_array_equal(one.posterior.variances, two.posterior.variances)
    assert not np.array_equal(one.posterior.variances, other.posterior.variances)


@pytest.mark.parametrize("basis", ["kronecker", "exact", "gradient"])
def test_stages(trained, basis):
    """Each begins with the basis at its mean; steps are shared among them."""
    calls = []
    found = pac_bayes_bound(
        *trained, basis=basis, n_stages=3, rng=0, progress=lambda *at: calls.append(at), **QUICK
    )
    assert calls == [(k, 40) for k in range(1, 41)]
    once = pac_bayes_bound(*trained, basis=basis, rng=0, **QUICK)
    U, V = (each.posterior.basis.layers[0].left for each in (found, once))
    assert not np.allclose(np.abs(U), np.abs(V))
    assert found.bound < 1


def test_quadratic_variances(trained):
    found = pac_bayes_bound(*trained, rng=0, **QUICK)
    q = found.posterior
    N, B = 200, np.sqrt(found.complexity / 2)
    h = np.linspace(0.0, 1.0, q.variances.size)
    beta = 4 * N * B / np.log(2)
    expected = 1 / (1 / found.prior_variance + beta * h)
    np.testing.assert_allclose(found.quadratic_variances(h), expected, rtol=1e-9)
    isotropic = pac_bayes_bound(*trained, basis="isotropic", rng=0, **QUICK)
    np.testing.assert_allclose(
        isotropic.quadratic_variances(h), isotropic.quadratic_variances(np.full_like(h, 0.5))
    )
    with pytest.raises(
        ValueError, match="curvatures must be 50 numbers that are not negative, got 50"
    ):
        found.quadratic_variances(-h)
    with pytest.raises(ValueError, match="curvatures must be 50 numbers"):
        found.quadratic_variances(h[1:])


def test_options_reach_the_search(trained):
    for option in (
        {"batch_size": 50},
        {"learning_rate": 0.01},
        {"loss_scale": 3.0},
        {"prior": PriorVariances(0.01)},
        {"delta": 0.3},
    ):
        usual, other = (pac_bayes_bound(*trained, rng=0, **QUICK, **o) for o in ({}, option))
        assert not np.array_equal(usual.posterior.variances, other.posterior.variances), option
    assert (
        pac_bayes_bound(*trained, rng=0, prior=PriorVariances(0.01), **QUICK).prior_variance < 0.01
    )
    fewer = pac_bayes_bound(*trained, rng=0, risk_delta=0.5, **QUICK)
    assert fewer.risk_bound < pac_bayes_bound(*trained, rng=0, **QUICK).risk_bound


def test_smaller_delta_larger_bound(trained):
    """Of the same posterior and draws."""
    found = pac_bayes_bound(*trained, rng=0, **QUICK)
    bounds = []
    for delta in (0.2, 0.025, 1e-4):
        penalty = type(found.penalty)(200, delta, found.penalty.prior)
        bounds.append(type(found)(found.posterior, found.risks, penalty, 1.0, 0.01).bound)
    assert bounds[0] < bounds[1] < bounds[2]


def test_networks_without_training(trained):
    """KL of a posterior about the prior's mean is that of its variances; the bound is vacuous."""
    initial, _, X, y = trained
    found = pac_bayes_bound(initial, initial, X, y, rng=0, steps=1, learning_rate=1e-9, n_draws=50)
    assert found.posterior.squared_distance < 1e-12
    assert found.bound > found.empirical_risk


def true_risk(posterior, means, rng, n_draws=400):
    """Of linear networks on ``N(m_y, I)``: ``Φ(-margin)`` of each, the mean over draws."""
    risks = []
    for _ in range(n_draws):
        W, b = posterior.draw(rng).weights[0], 0.0
        u = W[1] - W[0]
        margins = np.array([-(u @ means[0]), u @ means[1]]) / np.linalg.norm(u)
        risks.append(ndtr(-(margins + b)).mean())
    return np.mean(risks), np.std(risks) / np.sqrt(n_draws)


def test_coverage(rng):
    """200 samples of a mixture with known errors: the bound, at confidence 0.7, holds in all but δ.

    Classes are balanced in the mean, so the true error is the mean of the two. A PAC-Bayes bound
    is far from tight, so what fails would be a formula.
    """
    d, held, sharp = 4, 0, []
    means = np.array([[-0.8, 0, 0, 0], [0.8, 0, 0, 0]])
    for _ in range(200):
        y = rng.integers(2, size=60)
        X = means[y] + rng.standard_normal((60, d))
        initial = rh.Network.random([d, 2], rng)
        options = {"optimiser": "adam", "steps": 60, "learning_rate": 0.05}
        trained = rh.train(initial, X, y, "ce", **options).network
        found = pac_bayes_bound(
            initial, trained, X, y, rng=rng, steps=60, n_draws=40, delta=0.2, risk_delta=0.1
        )
        risk, error = true_risk(found.posterior, means, rng)
        held += found.bound >= risk - 4 * error
        sharp.append(found.bound - risk)
    assert held >= 200 * 0.7
    assert 0.02 < np.mean(sharp) < 0.4


def test_random_labels_have_no_bound_below_chance(rng):
    X, y = rng.standard_normal((300, 4)), rng.integers(2, size=300)
    initial = rh.Network.random([4, 5, 2], rng)
    options = {"optimiser": "adam", "steps": 300, "learning_rate": 0.02}
    trained = rh.train(initial, X, y, "ce", **options).network
    assert pac_bayes_bound(initial, trained, X, y, rng=0, steps=300).bound > 0.5


@pytest.mark.parametrize("activation", ["tanh", "gelu", "identity"])
def test_any_activation(activation, rng):
    X, y = rh.mixture_inputs(100, 4, 3, rng, separation=3.0)
    initial = rh.Network.random([4, 5, 5, 3], rng, activation=activation)
    found = pac_bayes_bound(initial, initial, X, y, rng=0, **QUICK)
    assert 0 < found.bound <= 1


def refused(trained, match, **changed):
    initial, network, X, y = trained
    given = {"initial": initial, "trained": network, "X": X, "y": y, "rng": 0} | QUICK | changed
    with pytest.raises(ValueError, match=match):
        pac_bayes_bound(**given)


def test_arguments_are_checked(trained):
    rng = np.random.default_rng(0)
    other = rh.Network.random([5, 7, 2], rng, bias_scale=0.1)
    refused(trained, "initial and trained must have the same widths", initial=other)
    without = rh.Network(trained[0].weights)
    refused(trained, "the same widths, biases and activation", initial=without)
    smooth = rh.Network(trained[0].weights, trained[0].biases, "tanh")
    refused(trained, "the same widths, biases and activation", initial=smooth)
    refused(trained, "basis must be one of", basis="hessian")
    refused(trained, "start must be one of", start="zero")
    refused(trained, "n_stages means nothing for basis 'standard'", basis="standard", n_stages=2)
    refused(trained, "steps must be", n_stages=50)
    refused(trained, "learning_rate must", learning_rate=0.0)
    refused(trained, "batch_size must be at most 200", batch_size=201)
    refused(trained, "loss_scale must", loss_scale=-1.0)
    refused(trained, "risk_delta must", risk_delta=1.0)
    refused(trained, "delta must", delta=0.0)
    refused(trained, "prior must be a PriorVariances", prior=0.1)
    refused(trained, "n_draws must", n_draws=0)
    labels = r"y must have labels, integers of shape \(200,\), got "
    refused(trained, labels + r"shape \(200, 2\)", y=np.eye(2)[trained[3]])
    refused(trained, labels + r"shape \(199,\)", y=trained[3][:-1])
    refused(trained, labels + "float64", y=trained[3].astype(float))
    refused(trained, labels + "<U", y=np.array(["a", "b"])[trained[3]])
    refused(trained, r"y must be in 0 … 1, got 1 to 2", y=trained[3] + 1)
    refused(trained, r"X must have shape \(N, 5\), got \(200, 4\)", X=trained[2][:, :-1])
    refused(trained, r"X must have shape \(N, 5\), got \(5, 200\)", X=trained[2].T)
    refused(
        trained, r"delta \+ risk_delta must be below 1, got 0.6 \+ 0.4", delta=0.6, risk_delta=0.4
    )
    refused(trained, "progress must", progress=3)


def test_a_search_may_be_ended(trained):
    """By StopIteration of ``progress``: as if it had had so many steps of that schedule."""
    calls = []

    def ended(done, total):
        calls.append(done)
        if done == 15:
            raise StopIteration

    found = pac_bayes_bound(*trained, n_stages=4, rng=0, progress=ended, **QUICK)
    assert calls == list(range(1, 16))
    assert len(found.risks) == 30
    assert found.empirical_risk < found.bound <= 1


@pytest.mark.parametrize(
    ("first", "last", "match"),
    [
        (1, 0, "initial has a smaller loss than trained, .*: swapped. the bound holds only if"),
        (1, 1, "initial, the same as trained, fits the samples, .*: the bound holds only if"),
    ],
)
def test_networks_that_have_seen_the_samples_are_told(trained, first, last, match):
    networks, (X, y) = trained[:2], trained[2:]
    with pytest.warns(UserWarning, match=match):
        pac_bayes_bound(networks[first], networks[last], X, y, rng=0, **QUICK)
    pac_bayes_bound(networks[0], networks[0], X, y, rng=0, **QUICK)


def test_inputs_that_overflow_are_told(trained):
    for scale in (1e160, 1e200, 1e300):
        with np.errstate(all="ignore"):
            refused(trained, "must not", X=trained[2] * scale)
    huge = rh.Network([1e200 * W for W in trained[0].weights], trained[0].biases)
    refused(trained, "X must not make the loss of initial or trained overflow", initial=huge)


def test_divergence_is_told(trained):
    """Where numbers overflow, and before they do."""
    told = "the posterior must not diverge .a lower learning_rate may help., got "
    refused(trained, told + "infinite or NaN features", learning_rate=1e4)
    refused(trained, told + "an infinite or NaN KL", learning_rate=200.0)
    refused(trained, told + "a KL of .*, from", learning_rate=30.0, start="weights")
