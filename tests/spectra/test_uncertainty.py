import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import bootstrap

from rmt_hessian.spectra.uncertainty import fitted_rate, jackknife
from tests.tolerances import EXACT


@given(st.integers(2, 20), st.integers(0, 10**6))
def test_jackknife_of_a_linear_statistic_is_the_standard_error(n_groups, seed):
    rng = np.random.default_rng(seed)
    groups, a = rng.standard_normal((n_groups, 3, 2)), rng.standard_normal((3, 2))
    value, error = jackknife(lambda mean: np.sum(a * mean), groups)
    projected = np.sum(a * groups, axis=(1, 2))
    scale = np.abs(projected).max()
    assert value == pytest.approx(projected.mean(), abs=EXACT * scale)
    expected = projected.std(ddof=1) / np.sqrt(n_groups)
    assert error == pytest.approx(expected, abs=n_groups * EXACT * scale)


def test_jackknife_of_a_vector_is_that_of_its_entries(rng):
    groups = rng.standard_normal((6, 4))
    values, errors = jackknife(lambda mean: np.exp(mean[:2]), groups)
    for q in range(2):
        value, error = jackknife(lambda mean, q=q: np.exp(mean[q]), groups)
        assert (values[q], errors[q]) == (value, error)


def test_jackknife_of_a_nonlinear_statistic_is_honest():
    """A ratio of means over 3000 draws of 16 groups. E[SE²]/Var is 1 up to terms of second order,
    (1/4)²/16 = 0.004, and noise, 5 √(2/3000) = 0.13. Without the factor G-1 it would be 1/15."""
    rng = np.random.default_rng(0)
    draws = np.array([5.0, 4.0]) + rng.standard_normal((3000, 16, 2))
    results = [jackknife(lambda mean: mean[0] / mean[1], groups) for groups in draws]
    values, errors = np.array(results).T
    assert np.mean(errors**2) / np.var(values) == pytest.approx(1, abs=0.15)


def test_a_power_law_is_found_exactly(rng):
    sizes = np.array([10.0, 30.0, 50.0, 400.0])
    values = np.repeat(3 * sizes[:, None] ** -1.5, 4, axis=1)
    rate = fitted_rate(sizes, values, rng)
    for slope in (rate.exponent, rate.low, rate.high):  # no noise: no width
        assert slope == pytest.approx(-1.5, abs=10 * EXACT)


def test_interval_is_that_of_scipy():
    """Both resample at random: with 20,000 resamples the standard error of a 2.5 % quantile is
    below 0.02 standard deviations of the slopes, about a quarter of the width."""
    rng = np.random.default_rng(1)
    sizes = np.array([10.0, 20.0, 40.0, 80.0])
    values = sizes[:, None] ** -1.0 * np.exp(0.3 * rng.standard_normal((4, 7)))

    def slope(*samples, axis=-1):
        logs = [np.log(sample.mean(axis=axis)) for sample in samples]
        x = np.log(sizes) - np.log(sizes).mean()
        return np.tensordot(x / (x @ x), np.stack(logs), 1)

    expected = bootstrap(
        tuple(values), slope, paired=False, n_resamples=20000, method="percentile", rng=rng
    ).confidence_interval
    rate = fitted_rate(sizes, values, rng, n_resamples=20000)
    width = expected.high - expected.low
    assert rate.low == pytest.approx(expected.low, abs=0.03 * width)
    assert rate.high == pytest.approx(expected.high, abs=0.03 * width)
    wide = fitted_rate(sizes, values, rng, level=0.99)
    assert wide.low < rate.low < rate.exponent < rate.high < wide.high


def test_coverage_of_the_interval():
    """95 % of 400 intervals from 20 seeds: 0.95 less ½ % … 2 % for the narrowness of √(1 - 1/20)
    and of percentiles, and 5 √(0.95 · 0.05/400) = 0.055."""
    rng = np.random.default_rng(2)
    sizes = np.array([10.0, 20.0, 40.0])
    hits = 0
    for _ in range(400):
        values = sizes[:, None] ** -1.0 * rng.uniform(0.7, 1.3, (3, 20))
        rate = fitted_rate(sizes, values, rng, n_resamples=300)
        hits += rate.low <= -1 <= rate.high
    assert 0.88 < hits / 400 < 0.99


def test_same_seed_same_interval():
    values = np.random.default_rng(0).uniform(1, 2, (3, 5))
    first, second = (fitted_rate([1, 2, 4], values, np.random.default_rng(3)) for _ in range(2))
    assert first == second


RNG = np.random.default_rng(0)
BAD = {
    "one group": (lambda: jackknife(np.sum, [[1.0, 2.0]]), "at least two, got one"),
    "no groups": (lambda: jackknife(np.sum, 1.0), "must have 1 axis"),
    "NaN": (lambda: jackknife(np.sum, [1.0, np.nan]), "must be finite"),
    "one seed": (lambda: fitted_rate([1, 2], [[1], [2]], RNG), "two columns, one a seed, got one"),
    "shapes": (lambda: fitted_rate([1, 2, 3], np.ones((2, 2)), RNG), "must have 3 rows"),
    "zero": (lambda: fitted_rate([1, 2], [[1, 1], [1, 0]], RNG), "values must be positive, got 0"),
    "size": (lambda: fitted_rate([0, 2], np.ones((2, 2)), RNG), "sizes must be positive, got 0"),
    "one size": (lambda: fitted_rate([2, 2], np.ones((2, 2)), RNG), "not all be equal, got 2"),
    "level": (lambda: fitted_rate([1, 2], np.ones((2, 2)), RNG, level=1), "level must be below 1"),
}


@pytest.mark.parametrize(("call", "message"), BAD.values(), ids=BAD.keys())
def test_bad_input(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_the_bias_of_a_square_is_taken_off(rng):
    """The square of a mean is biased by its variance; corrected, it is the mean product of
    different groups, exactly."""
    groups = rng.standard_normal(7)
    value, _ = jackknife(np.square, groups, correct_bias=True)
    pairs = np.outer(groups, groups)
    assert value == pytest.approx((pairs.sum() - np.trace(pairs)) / 42, abs=EXACT)


def test_rates_are_of_means_over_seeds():
    """The logarithm of the mean: seeds of 1 and 3 at one size, 1 and 1 at half of it."""
    rate = fitted_rate([1, 2], [[1.0, 1.0], [1.0, 3.0]], np.random.default_rng(0))
    assert rate.exponent == pytest.approx(1.0)
