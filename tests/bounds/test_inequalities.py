"""PAC-Bayes inequalities and the mean of draws: exact sums, properties, coverage."""

import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom

from rmt_hessian.bounds.binary_kl import binary_kl, inverse_binary_kl
from rmt_hessian.bounds.inequalities import (
    STAKE,
    complexity,
    langford_seeger_bound,
    log_moment,
    mcallester_bound,
    upper_confidence_bound,
)

risks = st.floats(0.0, 1.0)
divergences = st.floats(0.0, 1e5)
sizes = st.integers(1, 10**6)
deltas = st.floats(1e-6, 0.99)


@pytest.mark.parametrize("N", [1, 2, 3, 7, 40, 300])
def test_moment_is_the_sum(N):
    with mpmath.workdps(40):
        q = [mpmath.mpf(k) / N for k in range(N + 1)]
        total = mpmath.fsum(
            mpmath.binomial(N, k) * p**k * (1 - p) ** (N - k) for k, p in enumerate(q)
        )
    assert log_moment(N) == pytest.approx(float(mpmath.log(total)), rel=1e-12)


@pytest.mark.parametrize("N", [9_999, 10_000, 10**5, 10**6, 10**9, 10**12, 2**53])
def test_moment_of_many_samples(N):
    """``e^N Γ(N+1, N)/N^N`` in as many digits as it takes; the asymptotic series beyond 10⁶."""
    if N > 10**6:  # the next term is of relative order N^(-5/2)
        expected = np.sqrt(np.pi * N / 2) * (1 + 1 / (12 * N)) + 2 / 3 - 4 / (135 * N)
    else:
        with mpmath.workdps(60):
            tail = mpmath.gammainc(mpmath.mpf(N + 1), N)
            expected = float(tail * mpmath.exp(N - N * mpmath.log(N)))
    assert log_moment(N) == pytest.approx(np.log(expected), rel=1e-11)


@pytest.mark.parametrize("N", [10_000, 20_000])
def test_the_series_of_the_moment_has_every_term(N):
    """Where the series begins: its term ``1/(288 N²)`` is 7e-12 of the logarithm there, what it
    leaves out 5e-14."""
    with mpmath.workdps(60):
        tail = mpmath.gammainc(mpmath.mpf(N + 1), N)
        expected = mpmath.log(tail) + N - N * mpmath.log(N)
    assert log_moment(N) == pytest.approx(float(expected), rel=2e-13)


@pytest.mark.parametrize("N", [1, 5, 60])
@pytest.mark.parametrize("R", [0.03, 0.5, 0.9])
def test_moment_is_that_of_the_exponential(N, R):
    """``E exp(N kl(r‖R))`` of a binomial r, whatever R."""
    k = np.arange(N + 1)
    weights = binom.pmf(k, N, R)
    kl = np.array([binary_kl(float(q), R) for q in k / N])
    assert np.log(weights @ np.exp(N * kl)) == pytest.approx(log_moment(N), rel=1e-11)


@pytest.mark.parametrize("N", [20, 200])
@pytest.mark.parametrize("delta", [0.3, 0.05])
def test_bound_holds_without_a_posterior(N, delta):
    """KL 0: exactly, over all outcomes of N Bernoulli samples, for many true risks."""
    bounds = np.array([langford_seeger_bound(k / N, 0.0, N, delta) for k in range(N + 1)])
    for R in np.linspace(0.001, 0.999, 200):
        missed = binom.pmf(np.arange(N + 1), N, R)[bounds < R].sum()
        assert missed <= delta


@given(risks, divergences, sizes, deltas)
def test_bounds_are_in_order(risk, kl, N, delta):
    seeger, mcallester = (f(risk, kl, N, delta) for f in (langford_seeger_bound, mcallester_bound))
    assert risk <= seeger <= min(1.0, mcallester) + 1e-12
    assert langford_seeger_bound(risk, kl, N, delta / 2) >= seeger - 1e-12
    assert mcallester_bound(risk, kl, N, delta / 2) > mcallester
    assert langford_seeger_bound(risk, kl + 1, N, delta) >= seeger - 1e-12


@given(sizes, deltas)
def test_without_kl_and_error_the_sampling_term_is_left(N, delta):
    expected = -np.expm1((np.log(delta) - log_moment(N)) / N)
    assert langford_seeger_bound(0.0, 0.0, N, delta) == pytest.approx(expected, rel=1e-12)
    root = np.sqrt((log_moment(N) - np.log(delta)) / (2 * N))
    assert mcallester_bound(0.0, 0.0, N, delta) == pytest.approx(root, rel=1e-12)


def test_no_weaker_than_the_older_constants():
    """``2√N`` of Maurer, N + 1 of Seeger, ``(KL + log(N/δ))/(N-1)`` that [W] uses."""
    for N in (8, 100, 60_000):
        budget = complexity(10.0, N, 0.025)
        assert budget < (10 + np.log(2 * np.sqrt(N) / 0.025)) / N
        assert budget < (10 + np.log((N + 1) / 0.025)) / N
        assert budget < (10 + np.log(N / 0.025)) / (N - 1)


def slow_capital(x, m, delta):
    """Bet by bet."""
    capital, seen = 1.0, []
    for value in x:
        mean = [(0.5 + sum(seen[: i + 1])) / (i + 2) for i in range(len(seen))]
        squares = sum((v - c) ** 2 for v, c in zip(seen, mean, strict=True))
        variance = (0.25 + squares) / (len(seen) + 1)
        stake = np.sqrt(2 * np.log(1 / delta) / (len(x) * variance))
        capital *= 1 + min(stake, STAKE / (1 - m)) * (m - value)
        seen.append(value)
    return capital


@given(st.lists(st.floats(0.0, 0.95), min_size=1, max_size=30), st.floats(0.01, 0.5))
def test_capital_at_the_bound(x, delta):
    bound = upper_confidence_bound(x, delta)
    if bound < 1:
        assert slow_capital(x, bound, delta) == pytest.approx(1 / delta, rel=1e-7)
        assert bound > np.mean(x) - 1e-12
    assert (
        slow_capital(x, min(bound + 1e-6, 1 - 1e-9), delta) >= 1 / delta * (1 - 1e-6) or bound == 1
    )


@pytest.mark.parametrize("delta", [0.3, 0.05])
@pytest.mark.parametrize("kind", ["coins", "rare", "narrow", "wide"])
def test_means_are_below_the_bound(kind, delta, rng):
    """4000 times; a share δ of misses has a standard error of √(δ(1-δ)/4000)."""
    draws = {
        "coins": (rng.random((4000, 40)) < 0.4, 0.4),
        "rare": (rng.random((4000, 40)) < 0.02, 0.02),
        "narrow": (rng.beta(20, 180, (4000, 40)), 0.1),
        "wide": (rng.beta(0.3, 0.3, (4000, 40)), 0.5),
    }
    x, mean = draws[kind]
    missed = np.mean([upper_confidence_bound(row.astype(float), delta) < mean for row in x])
    assert missed <= delta + 4 * np.sqrt(delta * (1 - delta) / 4000)


def test_narrow_draws_have_a_narrow_bound(rng):
    """Unlike with the inverted binary KL, which allows for coins."""
    x = 0.1 + 0.01 * rng.standard_normal(500)
    bound, of_coins = (
        upper_confidence_bound(x, 0.01),
        inverse_binary_kl(x.mean(), np.log(100) / 500),
    )
    assert bound - x.mean() < 0.25 * (of_coins - x.mean())


def test_bound_of_draws_that_are_ones():
    assert upper_confidence_bound([1.0] * 5, 0.1) == 1.0
    assert upper_confidence_bound([0.0], 0.5) < 1.0


@pytest.mark.parametrize("delta", [0.0, 1.0, -1, np.nan, "a"])
def test_confidences_are_checked(delta):
    for f in (langford_seeger_bound, mcallester_bound):
        with pytest.raises(ValueError, match="delta must"):
            f(0.1, 1.0, 10, delta)
    with pytest.raises(ValueError, match="delta must"):
        upper_confidence_bound([0.1], delta)


def test_other_arguments_are_checked():
    with pytest.raises(ValueError, match="risk must"):
        langford_seeger_bound(1.5, 1.0, 10, 0.1)
    with pytest.raises(ValueError, match="kl must"):
        mcallester_bound(0.5, -1.0, 10, 0.1)
    with pytest.raises(ValueError, match="n_samples must"):
        mcallester_bound(0.5, 1.0, 0, 0.1)
    for bad in ([0.5, 2.0], [-0.5, 0.2]):
        with pytest.raises(ValueError, match=r"values must be in \[0, 1\], got -?0.5 to"):
            upper_confidence_bound(bad, 0.1)
