"""The oracles of networks against each other, and against the older ones of ReLU networks."""

from dataclasses import replace

import mpmath as mp
import numpy as np
import pytest

from tests import oracles
from tests import oracles_of_networks as networks
from tests import oracles_of_networks_in_mpmath as exact
from tests.problems import ACTIVATIONS, EACH, draw, network
from tests.tolerances import EXACT


@pytest.mark.parametrize("activation", [*ACTIVATIONS, "sin"])
def test_activations_of_both_are_the_same_functions(activation):
    a = np.linspace(-5, 5, 41)
    expected = [float(exact.SIGMA[activation](mp.mpf(value))) for value in a.tolist()]
    found = networks.SIGMA[activation](a + 0j)
    np.testing.assert_allclose(found.real, expected, atol=1e-14)
    np.testing.assert_array_equal(found.imag, 0)


@pytest.mark.parametrize("index", range(10))
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_differences_in_float64_and_in_120_digits(activation, index):
    """Within the bound that the first states, which is below 1e-9 of the largest entry."""
    problem = draw(activation, index, widest=2, n_samples=3)
    H, error = networks.hessian(problem)
    assert error < 1e-9 * max(np.abs(H).max(), 0.1)
    expected = exact.hessian(problem, networks.places(problem))
    np.testing.assert_allclose(H, expected, rtol=0, atol=error)


def test_a_loss_over_a_temperature():
    problem = replace(draw("tanh", 1, widest=2, n_samples=3), temperature=0.5)
    H, error = networks.hessian(problem)
    expected = exact.hessian(problem, networks.places(problem))
    np.testing.assert_allclose(H, expected, rtol=0, atol=error)


@pytest.mark.parametrize("index", range(20))
def test_older_oracles_of_relu_networks(index):
    problem = replace(draw("relu", index), biases=None, sample_weight=None, class_weight=None)
    problem = replace(problem, X=np.random.default_rng(index).standard_normal(problem.X.shape))
    if problem.ignore_index is not None:
        problem = replace(problem, y=np.maximum(problem.y, 0), ignore_index=None)
    rows, net = networks.target_rows(problem), network(problem)
    theta = networks.parameters(problem)[None]
    gradient = networks.complex_step(lambda t: networks.loss(problem, t), theta)[0]
    expected = oracles.gradient(net, problem.X, rows, problem.loss)
    np.testing.assert_allclose(gradient, expected, rtol=0, atol=EXACT)
    if networks.keeps_signs(problem).all():
        H, error = networks.hessian(problem)
        expected = oracles.full_hessian(net, problem.X, rows, problem.loss)
        np.testing.assert_allclose(H, expected, rtol=0, atol=error)


@pytest.mark.parametrize(("activation", "index"), EACH[::20] + EACH[3::20])
def test_the_gauss_newton_part_is_the_hessian_without_the_curvature_of_the_network(
    activation, index
):
    """``H - Σ w_n J_nᵀ A_n J_n = Σ w_n Σ_c r_nc ∇² f_nc``, by second derivatives of the logits."""
    problem = draw(activation, index)
    H, error = networks.hessian(problem)
    theta = networks.parameters(problem)

    def logits(t):
        return networks.pre_activations(problem, t)[-1]

    curved, own = networks.second_derivatives(logits, theta)  # (P, P, N, C)
    f = logits(theta[None])
    r = networks.complex_step(
        lambda t: networks.sample_losses(problem, t.reshape(-1, *f.shape[1:])), f.reshape(1, -1)
    )[0].sum(axis=1)
    rest = np.einsum("ijnc,nc->ij", curved, r.reshape(f.shape[1:])) / networks.masses(problem).sum()
    expected = networks.gauss_newton(problem) + rest
    atol = error + own * np.abs(r).sum() + EXACT * np.abs(H).max()
    np.testing.assert_allclose(H, expected, rtol=0, atol=atol)


@pytest.mark.parametrize(("activation", "index"), EACH[1::20] + EACH[4::20])
def test_output_hessians_are_the_rows_and_columns_of_biases(activation, index):
    problem = draw(activation, index)
    M, error = networks.output_hessians(problem)
    mean = M.sum(axis=0) / networks.masses(problem).sum()
    with_biases = networks.with_biases(problem)
    H, other = networks.hessian(with_biases)
    place = networks.bias_places(with_biases)
    atol = other + error * len(M) / networks.masses(problem).sum()
    np.testing.assert_allclose(H[np.ix_(place, place)], mean, rtol=0, atol=atol)
