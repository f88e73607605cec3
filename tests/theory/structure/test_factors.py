"""Predicted factors of every layer, against closed forms, quadrature and simulated networks."""

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.special import expit
from scipy.special import softmax as scipy_softmax

from rmt_hessian import Ensemble, Network, gaussian_inputs, layer_hessian
from rmt_hessian.theory import propagate
from rmt_hessian.theory.structure.factors import population_factors
from rmt_hessian.theory.structure.output_rank import predicted_output_hessian
from tests.tolerances import EXACT, ITERATIVE


def deviation(found, expected):
    """Relative Frobenius distance."""
    return np.linalg.norm(found - expected) / np.linalg.norm(expected)


def random_weights(rng, *widths):
    return Network.random(widths, rng).weights


def test_one_hidden_layer_in_closed_form(rng):
    W, V = random_weights(rng, 20, 30, 4)
    first, last = population_factors([W, V], "mse")
    ens = Ensemble([20, 30, 4], 0, "mse", 10, weights=[W, V])
    expected = predicted_output_hessian(ens, np.eye(4))
    np.testing.assert_allclose(first.left, expected, atol=EXACT)
    np.testing.assert_array_equal(first.right, np.eye(20))
    np.testing.assert_array_equal(last.left, np.eye(4))
    assert np.trace(last.right) == pytest.approx(0.5 * np.sum(W**2), rel=EXACT)


def test_linear_model(rng):
    (only,) = population_factors(random_weights(rng, 7, 3), "mse")
    np.testing.assert_array_equal(only.left, np.eye(3))
    np.testing.assert_array_equal(only.right, np.eye(7))


def test_inputs_enter_through_their_second_moment(rng):
    b, L = rng.standard_normal(5), rng.standard_normal((5, 5))
    (only,) = population_factors(
        random_weights(rng, 5, 3), "mse", input_mean=b, input_covariance=L @ L.T
    )
    np.testing.assert_allclose(only.right, np.outer(b, b) + L @ L.T, atol=10 * EXACT)


@pytest.mark.parametrize("shift", [0.0, 1.5])
def test_mean_curvature_of_two_classes_by_quadrature(shift):
    """``E[A] = E[p(1-p)] (1, -1)ᵀ(1, -1)``, one Gaussian difference of logits. Sobol' points in one
    dimension: 6e-6 between scramblings; five of those."""
    W = np.array([[1.0, 0.5, 0.0], [-0.3, 0.2, 1.0]])
    mean = np.array([shift, 0.0, 0.0])
    w = W[0] - W[1]

    def integrand(g):
        p = expit(w @ mean + np.linalg.norm(w) * g)
        return p * (1 - p) * np.exp(-(g**2) / 2) / np.sqrt(2 * np.pi)

    expected = quad(integrand, -12, 12, epsabs=1e-12)[0] * np.array([[1, -1], [-1, 1]])
    (only,) = population_factors([W], "ce", input_mean=mean)
    assert deviation(only.left, expected) < 3e-5


def test_mean_curvature_against_draws():
    """C = 6 classes of unequal means and correlated logits, 200,000 draws: the relative error of
    each side is about ``1/√n`` at most, 2e-3 and 1e-3."""
    rng = np.random.default_rng(3)
    (W,) = random_weights(rng, 10, 6)
    b, L = rng.standard_normal(10), rng.standard_normal((10, 10)) / np.sqrt(10)
    (only,) = population_factors([W], "ce", input_mean=b, input_covariance=L @ L.T)
    p = scipy_softmax((b + rng.standard_normal((200_000, 10)) @ L.T) @ W.T, axis=1)
    expected = np.diag(p.mean(axis=0)) - p.T @ p / len(p)
    assert deviation(only.left, expected) < 3e-3


def test_mean_curvature_keeps_the_constants_in_its_kernel(rng):
    """``E[A] 1 = 0`` to rounding, and one logit common to all classes does not matter."""
    (W,) = random_weights(rng, 10, 40)
    (only,) = population_factors([W], "ce")
    assert np.abs(only.left.sum(axis=0)).max() < 1e-16
    (shifted,) = population_factors([W + rng.standard_normal(10)], "ce")
    # other axes of equal span are sampled: the error of the points, twice over
    assert deviation(shifted.left, only.left) < 4e-3
    values = np.linalg.eigvalsh(only.left)
    assert np.count_nonzero(values > EXACT) == 39


def test_equal_logits_are_certain():
    first, last = population_factors([np.eye(3), np.zeros((4, 3))], "ce")
    np.testing.assert_allclose(last.left, (np.eye(4) - 0.25) / 4, atol=EXACT)
    assert not first.left.any()


def test_active_units_make_a_linear_network(rng):
    """All masks 1: ``E[M_0] = (W_2 W_1)ᵀ (W_2 W_1)`` for MSE."""
    weights = [rng.uniform(0.5, 1, shape) for shape in ((6, 4), (5, 6), (3, 5))]
    first, second, _ = population_factors(weights, "mse", input_mean=np.full(4, 1e3))
    B = weights[2] @ weights[1]
    np.testing.assert_allclose(first.left, B.T @ B, rtol=EXACT)
    np.testing.assert_allclose(second.left, weights[2].T @ weights[2], rtol=EXACT)


def test_the_same_rng_gives_the_same_factors(rng):
    weights = random_weights(rng, 8, 9, 5)
    one, two = (population_factors(weights, "ce", rng=7)[0].left for _ in range(2))
    np.testing.assert_array_equal(one, two)
    other = population_factors(weights, "ce", rng=8)[0].left
    assert ITERATIVE < deviation(other, one) < 3e-3  # two scramblings


N = 20_000


@pytest.fixture(scope="module", params=["ce", "mse"])
def deep(request):
    """A network of three layers, simulated at N samples."""
    rng = np.random.default_rng(0)
    net = Network.random([60, 50, 40, 10], rng)
    X = gaussian_inputs(N, 60, rng)
    hessians = [layer_hessian(net, X, l, request.param) for l in range(3)]
    return request.param, net.weights, hessians


def test_autocorrelation_of_a_deep_network(deep):
    """Sampling alone moves the first by ``√(61/N)`` = 0.055, those above, with their large mean,
    by less; the last, of pre-activations not quite Gaussian, is off by 0.02."""
    loss, weights, hessians = deep
    bounds = (1.3 * np.sqrt(61 / N), 0.05, 0.05)
    for factors, H, bound in zip(population_factors(weights, loss), hessians, bounds, strict=True):
        assert deviation(factors.right, H.input_autocorrelation()) < bound


def test_output_hessian_of_a_deep_network(deep):
    """Masks do depend on the layers above: with 200,000 samples 0.12 (two layers of masks) and 0.04
    (one, CE), falling with the width; sampling adds 0.02 in quadrature. E[A] is off by 0.004."""
    loss, weights, hessians = deep
    bounds = (0.16, 0.06, 0.02)
    for factors, H, bound in zip(population_factors(weights, loss), hessians, bounds, strict=True):
        assert deviation(factors.left, H.output_hessian()) < bound


def test_the_mean_of_the_features_matters(deep):
    """Masks of the second hidden layer at zero mean, ``¼ + asin(ρ)/2π``, miss by 0.48."""
    loss, weights, hessians = deep
    *_, last = population_factors(weights, loss)
    S = propagate(weights)[1].preactivation_covariance
    std = np.sqrt(np.diag(S))
    rho = np.clip(S / np.outer(std, std), -1, 1)
    np.fill_diagonal(rho, 1.0)
    mask = 0.25 + np.arcsin(rho) / (2 * np.pi)
    wrong = mask * (weights[2].T @ last.left @ weights[2])
    assert deviation(wrong, hessians[1].output_hessian()) > 0.3


BAD = {
    "loss": (lambda: population_factors([np.eye(2)], "hinge"), "loss must be one of"),
    "one class": (lambda: population_factors([np.ones((1, 2))], "ce"), "at least 2 classes, got 1"),
    "weights": (lambda: population_factors([], "mse"), "at least one matrix"),
    "mean": (lambda: population_factors([np.eye(2)], "ce", input_mean=[1]), "input_mean must have"),
}


@pytest.mark.parametrize(("call", "message"), BAD.values(), ids=BAD.keys())
def test_bad_input(call, message):
    with pytest.raises(ValueError, match=message):
        call()
