"""The best variances of a quadratic loss: stationary, minimal, and best in the eigenbasis."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import minimize
from scipy.stats import ortho_group

from rmt_hessian.bounds.inequalities import complexity
from rmt_hessian.bounds.penalty import Penalty
from rmt_hessian.bounds.posterior import gaussian_kl
from rmt_hessian.bounds.prior import PriorVariances
from rmt_hessian.bounds.quadratic import quadratic_optimum

PENALTY = Penalty(800, 0.05, PriorVariances(1.0, 50))


def objective(log_s, h, distance, scale=1.0):
    s = np.exp(log_s)
    return scale * h @ s / 2 + PENALTY.of(distance, s).value


@st.composite
def curvatures(draw):
    n = draw(st.integers(1, 12))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    return rng.gamma(0.3, draw(st.sampled_from([0.01, 1.0, 30.0])), n)


@given(curvatures(), st.floats(0.0, 20.0), st.floats(0.1, 3.0))
def test_stationary(h, distance, scale):
    found = quadratic_optimum(h, distance, PENALTY, scale)
    lam = found.cost.prior_variance
    np.testing.assert_allclose(found.variances, 1 / (1 / lam + found.beta * h), rtol=1e-12)
    slope = 1 / (4 * PENALTY.n_samples * PENALTY.of(distance, found.variances).value)
    assert found.beta == pytest.approx(scale / slope, rel=1e-10)
    assert found.excess_loss == pytest.approx(h @ found.variances / 2)
    assert found.cost.kl == PENALTY.of(distance, found.variances).kl


@given(curvatures(), st.floats(0.0, 20.0))
def test_no_descent_is_left(h, distance):
    """No step at this λ is lower; over s and λ at once SciPy finds less than a λ of the grid."""
    found = quadratic_optimum(h, distance, PENALTY, 1.0)
    start, j = np.log(found.variances), found.cost.prior_index

    def at_this_variance(log_s):
        s, lam = np.exp(log_s), found.cost.prior_variance
        cost = complexity(
            gaussian_kl(distance, s, lam) + PENALTY.prior.log_cost(j), PENALTY.n_samples, 0.05
        )
        return h @ s / 2 + np.sqrt(cost / 2)

    before = at_this_variance(start)
    assert before == pytest.approx(objective(start, h, distance))
    for way in np.eye(len(h)):
        for step in (-0.01, 0.01):
            assert at_this_variance(start + step * way) >= before - 1e-12
    after = minimize(objective, start, (h, distance), options={"maxiter": 50}).fun
    assert after >= before * (1 - 2e-3)


@given(st.integers(2, 10), st.integers(0, 2**32 - 1))
def test_the_eigenbasis_is_best(n, seed):
    """Of a quadratic loss, among random bases: the optimum, the KL cost being the same function."""
    rng = np.random.default_rng(seed)
    eigenvalues = rng.gamma(0.3, 3.0, n)
    U = ortho_group.rvs(n, random_state=rng)
    in_another = np.einsum("ij,j,ij->i", U, eigenvalues, U)
    best, other = (quadratic_optimum(h, 1.0, PENALTY, 1.0) for h in (eigenvalues, in_another))
    assert best.excess_loss + best.cost.value <= other.excess_loss + other.cost.value + 1e-12


def test_flat_directions_keep_the_prior():
    found = quadratic_optimum(np.array([0.0, 5.0]), 0.5, PENALTY, 1.0)
    assert found.variances[0] == pytest.approx(found.cost.prior_variance)
    assert found.variances[1] < found.variances[0]


@pytest.mark.parametrize("n_flat", [300, 3000])
def test_flat_directions_do_not_hold_the_prior(n_flat):
    """They cost nothing at any λ: the optimum is that without them."""
    h, penalty = np.ones(30), Penalty(4000, 0.025, PriorVariances(1.0))
    alone = quadratic_optimum(h, 1.0, penalty, 1.0)
    found = quadratic_optimum(np.append(h, np.zeros(n_flat)), 1.0, penalty, 1.0)
    assert found.cost.prior_index == alone.cost.prior_index
    sums = (each.cost.value + each.excess_loss for each in (found, alone))
    assert next(sums) == pytest.approx(next(sums))


def test_one_curvature_on_a_wide_grid():
    """Beside a scan over variances."""
    penalty = Penalty(120, 0.025, PriorVariances(1.0, 100))
    h, distance = np.full(230, 0.02), 3.0
    found = quadratic_optimum(h, distance, penalty, 0.9)
    variances = np.exp(np.linspace(-7, 0, 400))
    values = [
        0.9 * h.sum() * s / 2 + penalty.of(distance, np.full(230, s)).value for s in variances
    ]
    assert 0.9 * found.excess_loss + found.cost.value <= min(values) + 1e-4


def test_a_search_that_does_not_end_raises(monkeypatch):
    monkeypatch.setattr("rmt_hessian.bounds.quadratic.MOST", 1)
    with pytest.raises(RuntimeError, match="no best variances after 1 rounds: β still moves"):
        quadratic_optimum(np.ones(3), 1.0, PENALTY, 1.0)
