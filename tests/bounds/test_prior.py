"""The grid of prior variances: what it costs, and which is best."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rmt_hessian.bounds.penalty import Penalty
from rmt_hessian.bounds.posterior import gaussian_kl
from rmt_hessian.bounds.prior import PriorVariances
from rmt_hessian.model.gradients import DivergenceError


def test_shares_of_the_confidence_sum_to_one():
    """``Σ_j e^{-cost_j}``, of which 1e5 terms leave ``6/(π² 1e5)``."""
    prior = PriorVariances()
    shares = [np.exp(-prior.log_cost(j)) for j in range(1, 100_001)]
    assert 1 - 1e-5 < sum(shares) < 1


@given(
    st.floats(-12.0, 8.0),
    st.integers(1, 10**6),
    st.floats(0.01, 100.0),
    st.sampled_from([1, 9, 100]),
)
def test_best_is_the_best_of_all(log_moment, n, largest, per_e_fold):
    prior = PriorVariances(largest, per_e_fold)
    T = n * np.exp(log_moment)
    j = np.arange(1, 40 * per_e_fold)
    lam = largest * np.exp(-j / per_e_fold)
    costs = (T / lam + n * np.log(lam)) / 2 + 2 * np.log(j)
    found = prior.best(T, n)
    assert costs[found - 1] <= costs.min() + 1e-12 * n * (1 + abs(log_moment)) * 10


def test_penalty(rng):
    """By the formula of [W]'s form with ξ(N), at the best j of a search by hand."""
    s, distance, N, delta = rng.uniform(0.01, 0.3, 40), 2.0, 500, 0.05
    penalty = Penalty(N, delta, PriorVariances(1.0, 10))
    cost = penalty.of(distance, s)
    values = []
    xi = sum(
        np.exp(np.sum(np.log(np.arange(k + 1, N + 1) / np.arange(1, N - k + 1))))
        * (k / N) ** k
        * (1 - k / N) ** (N - k)
        for k in range(N + 1)
    )
    for j in range(1, 200):
        lam = np.exp(-j / 10)
        kl = gaussian_kl(distance, s, lam)
        inside = kl + np.log(np.pi**2 * j**2 / 6) + np.log(xi / delta)
        values.append(np.sqrt(inside / (2 * N)))
    assert cost.value == pytest.approx(min(values), rel=1e-10)
    assert cost.prior_index == 1 + int(np.argmin(values))
    assert cost.prior_variance == pytest.approx(np.exp(-cost.prior_index / 10))
    assert cost.slope == pytest.approx(1 / (4 * N * cost.value))


@pytest.mark.parametrize(
    ("name", "bad"),
    [
        ("largest", 0.0),
        ("largest", "a"),
        ("largest", 1e200),
        ("largest", 1e-200),
        ("per_e_fold", 0.5),
    ],
)
def test_arguments_are_checked(name, bad):
    with pytest.raises(ValueError, match=f"{name} must"):
        PriorVariances(**{name: bad})


def test_places_count_from_one():
    for of in (PriorVariances().variance, PriorVariances().log_cost):
        with pytest.raises(ValueError, match="j must be at least 1"):
            of(0)


def test_what_is_infinite_diverges():
    for distance, s in ((np.inf, 0.1), (np.nan, 0.1), (1.0, np.inf), (1.0, 0.0)):
        with pytest.raises(DivergenceError, match="an infinite or NaN KL"):
            Penalty(100, 0.05).of(distance, np.array([0.1, s]))


def test_best_at_extremes():
    """Where the ratio of the two would overflow: ``b log(c P/T)`` less a few."""
    prior = PriorVariances(1e100)
    assert prior.best(1e-200, 10**6) == pytest.approx(100 * np.log(10) * 306, rel=1e-4)
    assert prior.best(1e300, 3) == 1
    j = np.arange(1, 300)
    T = 0.1 * 10**6 * np.exp(-0.509)
    costs = (T / (0.1 * np.exp(-j / 100)) - 10**6 * j / 100) / 2 + 2 * np.log(j)
    assert PriorVariances().best(T, 10**6) == 1 + costs.argmin()
