"""What is minimised: its gradient against differences, its mean against a closed form."""

from dataclasses import replace

import numpy as np
import pytest

import rmt_hessian as rh
from rmt_hessian.bounds.bases import basis_of
from rmt_hessian.bounds.objective import BoundObjective
from rmt_hessian.bounds.penalty import Penalty
from rmt_hessian.bounds.posterior import GaussianPosterior
from rmt_hessian.bounds.prior import PriorVariances
from rmt_hessian.bounds.quadratic import quadratic_optimum
from rmt_hessian.model.gradients import Objective
from rmt_hessian.model.losses import get_loss
from rmt_hessian.model.optimisers import Adam

PENALTY = Penalty(60, 0.05, PriorVariances(1.0, 50))


def objective_of(rng, basis="kronecker", widths=(3, 4, 3), loss="ce", **options):
    net = rh.Network.random(list(widths), rng, activation="tanh", bias_scale=0.3)
    X, y = rng.standard_normal((60, widths[0])), rng.integers(widths[-1], size=60)
    U = basis_of(net, X, y, basis)
    P = sum(W.size + len(W) for W in net.weights)
    first = GaussianPosterior(net, rng.standard_normal(P), rng.uniform(0.01, 0.4, P), U)
    samples = Objective(net, X, y, get_loss(loss, widths[-1]))
    return BoundObjective(samples, first, PENALTY, 1.4, rng, **options)


@pytest.mark.parametrize("basis", ["standard", "kronecker", "exact", "gradient"])
@pytest.mark.parametrize("isotropic", [False, True])
@pytest.mark.parametrize("batch", [None, np.array([3, 1, 40])])
def test_gradient_against_differences(basis, isotropic, batch, rng):
    """Away from where the best λ changes; the penalty is of all samples, whatever the batch."""
    objective = objective_of(rng, basis, isotropic=isotropic)
    place = 0.1 * rng.standard_normal(objective.start.size)
    noise = rng.standard_normal(objective.first.variances.size)
    found = objective.value_and_gradient(place, noise, batch)[1]
    step = 1e-6
    for way in rng.permutation(np.eye(len(place)))[:12]:
        up, down = (
            objective.value_and_gradient(place + t * way, noise, batch)[0] for t in (step, -step)
        )
        assert found @ way == pytest.approx((up - down) / (2 * step), rel=1e-6, abs=1e-8)


def test_value_is_that_of_the_parts(rng):
    objective = objective_of(rng)
    noise = rng.standard_normal(objective.first.variances.size)
    q = objective.first
    theta = objective.loss.start + q.basis.vector(q.displacement + np.sqrt(q.variances) * noise)
    cost = PENALTY.of(q.squared_distance, q.variances)
    expected = 1.4 * objective.loss.mean_loss(theta) + cost.value
    assert objective.value_and_gradient(objective.start, noise)[0] == pytest.approx(expected)


def test_gradients_draw_anew(rng):
    objective = objective_of(rng)
    first, second = (objective.gradient(objective.start) for _ in range(2))
    assert not np.array_equal(first, second)
    again = [objective_of(np.random.default_rng(5)) for _ in range(2)]
    np.testing.assert_array_equal(*(each.gradient(each.start) for each in again))


@pytest.fixture
def quadratic(rng):
    """A linear model with squared error, whose Hessian is ``I ⊗ E[z zᵀ]``, at its optimum."""
    N, d, C = 60, 3, 2
    X = rng.standard_normal((N, d)) * [3.0, 1.0, 0.2]
    y = X @ rng.standard_normal((d, C)) + 0.3 * rng.standard_normal((N, C))
    optimum = rh.Network([np.linalg.lstsq(X, y, rcond=None)[0].T])
    initial = rh.Network.random([d, C], rng)
    basis = basis_of(optimum, X, np.zeros(N, int), "kronecker")
    H = np.kron(np.eye(C), X.T @ X / N)
    U = np.column_stack([basis.vector(e) for e in np.eye(d * C)])
    h = np.einsum("pi,pq,qi->i", U, H, U)
    d0 = basis.coordinates((optimum.weights[0] - initial.weights[0]).ravel())
    loss = Objective(initial, X, y, get_loss("mse", C))
    return loss, GaussianPosterior(initial, d0, np.full(d * C, 0.05), basis), h


def test_mean_over_draws_of_a_quadratic_loss(quadratic, rng):
    """``L + ½ Σ h s``, and its gradient: within five standard errors of 4000 draws."""
    loss, first, h = quadratic
    objective = BoundObjective(loss, first, PENALTY, 1.0, rng)
    P = len(h)
    draws = [
        objective.value_and_gradient(objective.start, rng.standard_normal(P)) for _ in range(4000)
    ]
    values, gradients = np.array([v for v, _ in draws]), np.array([g for _, g in draws])
    cost = PENALTY.of(first.squared_distance, first.variances)
    optimum = loss.mean_loss(loss.start + first.basis.vector(first.displacement))
    expected = optimum + h @ first.variances / 2 + cost.value
    of_nu = np.sqrt(first.variances) * cost.slope * first.displacement / cost.prior_variance
    of_tau = h * first.variances + cost.slope * (first.variances / cost.prior_variance - 1)
    errors = gradients.std(axis=0) / np.sqrt(4000)
    assert abs(values.mean() - expected) < 5 * values.std() / np.sqrt(4000)
    deviations = gradients.mean(axis=0) - np.concatenate([of_nu, of_tau])
    assert np.all(np.abs(deviations) < 5 * errors)


def test_the_search_finds_the_closed_form(quadratic, rng):
    """Adam with single draws, mean given: variances of `quadratic_optimum` within 10 %."""
    loss, first, h = quadratic
    closed = quadratic_optimum(h, first.squared_distance, PENALTY, 1.0)
    objective = BoundObjective(loss, first, PENALTY, 1.0, rng)
    P, places = len(h), []

    class MeanGiven:
        start, n_samples = objective.start, objective.n_samples

        def gradient(self, place, samples=None):
            return objective.gradient(place, samples) * (np.arange(2 * P) >= P)

    Adam(1.0, 20_000, 0.05, "cosine").run(
        MeanGiven(), lambda step, place: places.append(place), None
    )
    found = objective.posterior(places[-1])
    np.testing.assert_allclose(found.variances, closed.variances, rtol=0.1)
    np.testing.assert_array_equal(found.displacement, first.displacement)


def test_steps_are_in_units_of_the_first_spread(rng):
    objective = objective_of(rng)
    P = objective.first.variances.size
    moved = objective.posterior(np.concatenate([np.ones(P), np.full(P, 0.5)]))
    first = objective.first
    np.testing.assert_allclose(moved.displacement - first.displacement, np.sqrt(first.variances))
    np.testing.assert_allclose(moved.variances, first.variances * np.e)
    isotropic = replace(objective, isotropic=True)
    assert isotropic.start.size == P + 1
