"""Ratios of means with the errors of the delta method, and the power at the end of a column."""

import numpy as np
import pandas as pd
import pytest

from rmt_hessian.paper.rates import (
    fitted_slope,
    last_exponent,
    over_seeds,
    ratios,
)


def rows(n, seed=0):
    rng = np.random.default_rng(seed)
    a, b, c = rng.gamma(20, [[1.0], [2.0], [3.0]], (3, 2 * n))
    return pd.DataFrame({"C": np.repeat([2, 8], n), "a": a, "b": b, "c": c})


def test_ratios_of_means_and_their_errors_over_repetitions():
    """Errors are what ratios scatter by: 400 repetitions of 30, to 15 %."""
    found = [ratios(rows(30, seed), "C", "a", "b") for seed in range(400)]
    values = np.array([ratio.to_numpy() for ratio, _ in found])
    errors = np.array([error.to_numpy() for _, error in found])
    np.testing.assert_allclose(values.mean(axis=0), 0.5, rtol=0.01)
    np.testing.assert_allclose(errors.mean(axis=0), values.std(axis=0), rtol=0.15)
    table = rows(4)
    mean = table[table["C"] == 8].mean()
    assert ratios(table, "C", "a", "b")[0][8] == pytest.approx(mean["a"] / mean["b"])


def test_ratios_over_geometric_means():
    found = [ratios(rows(30, seed), "C", "a", ["b", "c"]) for seed in range(400)]
    values = np.array([ratio.to_numpy() for ratio, _ in found])
    errors = np.array([error.to_numpy() for _, error in found])
    np.testing.assert_allclose(values.mean(axis=0), 1 / np.sqrt(6), rtol=0.01)
    np.testing.assert_allclose(errors.mean(axis=0), values.std(axis=0), rtol=0.15)


def test_one_seed_has_no_error():
    ratio, error = ratios(rows(1), "C", "a", "b")
    assert np.isfinite(ratio).all()
    assert np.isnan(error).all()


def test_the_last_exponent_and_its_error():
    C = pd.Series([4.0, 16.0, 64.0], index=[4, 16, 64])
    slope, error = last_exponent(3 * C**-1.5, 0.1 * C**-1.5 * 3)
    assert slope == pytest.approx(-1.5)
    assert error == pytest.approx(0.1 * np.sqrt(2) / np.log(4))


def test_means_over_seeds_and_their_errors():
    table = pd.DataFrame({"C": [2, 2, 2, 8], "R": [1.0, 2.0, 6.0, 5.0]})
    mean, error = over_seeds(table, "C", "R")
    assert mean.to_dict() == {2: 3.0, 8: 5.0}
    assert error[2] == pytest.approx(np.sqrt((4 + 1 + 9) / 2 / 3))
    assert np.isnan(error[8])


def test_slopes_of_powers_and_their_errors():
    N = np.tile([10.0, 100.0, 1000.0], 2)
    seeds = np.repeat([0, 1], 3)
    slope, error = fitted_slope(N, np.where(seeds, 5 * N**-0.5, 7 * N**-0.7), seeds)
    assert slope == pytest.approx(-0.6)
    assert error == pytest.approx(0.1)  # two of them, 0.2 apart
    slope, error = fitted_slope(N[:3], 3 * N[:3] ** -2)
    assert (slope, error) == (pytest.approx(-2), pytest.approx(0, abs=1e-9))
