"""Estimates for N → ∞ and their standard errors, on average over many samples."""

from functools import cache
from itertools import product

import numpy as np
import pytest

import rmt_hessian as rh
from rmt_hessian.hessian.estimates import population_sums, standard_error
from tests.tolerances import EXACT

RELATIVE = 1e-10  # of what is not small by cancellation


@cache
def linear_ce():
    """Softmax regression, d = 5 and C = 4, and its norms and share from 3000 samples."""
    rng = np.random.default_rng(11)
    net = rh.Network.random([5, 4], rng)
    H = rh.layer_hessian(net, rng.standard_normal((3000, 5)), 0, "ce")
    return net, H.mean_squared_block_norms(population=True), H.off_diagonal_share(population=True)


def test_estimates_of_small_samples_are_unbiased():
    """Means over 2000 samples of N = 8 against one of 3000, within 4 joint standard errors. The
    norms of the sample are wrong by far more.
    """
    net, norms, _ = linear_ce()
    rng = np.random.default_rng(12)
    found, of_samples = np.empty((2, 2000, 2))
    for k in range(2000):
        H = rh.layer_hessian(net, rng.standard_normal((8, 5)), 0, "ce")
        found[k] = H.mean_squared_block_norms(population=True)
        of_samples[k] = H.mean_squared_block_norms()
    errors = norms.diagonal_error, norms.off_diagonal_error
    for j, (value, error) in enumerate(zip(norms, errors, strict=True)):
        joint = np.hypot(error, found[:, j].std() / np.sqrt(2000))
        assert abs(found[:, j].mean() - value) < 4 * joint
        assert of_samples[:, j].mean() - value > 20 * joint


def test_mse_norms_of_white_inputs():
    """``H_ii → I_d``, whose squared norm is d; the sample adds ``d(d+1)/N`` to it."""
    rng = np.random.default_rng(13)
    d, N, net = 4, 6, rh.Network([np.zeros((3, 4))])
    draws = (rh.layer_hessian(net, rng.standard_normal((N, d)), 0, "mse") for _ in range(2000))
    pairs = (
        (H.mean_squared_block_norms(population=True).diagonal, H.frobenius_norm()) for H in draws
    )
    found = np.array(list(pairs))
    assert abs(found[:, 0].mean() - d) < 4 * found[:, 0].std() / np.sqrt(2000)
    squares = found[:, 1] ** 2 / 3
    error = squares.std() / np.sqrt(2000)
    assert abs(squares.mean() - (d + d * (d + 1) / N)) < 4 * error


def test_value_and_error_are_right_on_average_over_all_samples():
    """``h = x_n x_m/N²``, x = μ ± 1, over all 2^N signs: the value is μ² on average; its variance
    has a part of single samples, 4μ²/N, and one of pairs, 2/(N(N-1)), of which the jackknife, from
    N - 1 samples, counts the first once and the second twice (Efron and Stein 1981).
    """
    N = 7
    signs = np.array(list(product([-1.0, 1.0], repeat=N)))
    for mu in (0.0, 0.3, 2.0):
        x = mu + signs
        rows = x * (x.sum(axis=1, keepdims=True) - x) / N**2
        values, left = population_sums(rows)
        assert np.mean(values) == pytest.approx(mu**2, rel=RELATIVE, abs=EXACT)
        variance = 4 * mu**2 / N + 2 / (N * (N - 1))
        assert np.var(values) == pytest.approx(variance, rel=RELATIVE)
        errors = np.array([standard_error(row) for row in left])
        expected = 4 * mu**2 / N + 4 / (N * (N - 2))
        assert np.mean(errors**2) == pytest.approx(expected, rel=RELATIVE)


def test_stated_errors_are_honest():
    """400 shares of samples of 80: the mean of (true/stated error)² is 1, or down to ½ as far as
    pairs fluctuate more than samples, up to its noise, √(2/400) = 0.07 for normal errors and about
    twice that for skew ones, 4 times over. Errors that are wrong by a factor 2 give 2 … 4 or ⅛ … ¼.
    Intervals of 95 % hold the share of 3000 samples at least that often, less 4·1.1 %.
    """
    net, _, (truth, error) = linear_ce()
    rng = np.random.default_rng(14)
    draws = (rh.layer_hessian(net, rng.standard_normal((80, 5)), 0, "ce") for _ in range(400))
    found = np.array([H.off_diagonal_share(population=True) for H in draws])
    assert error < 0.2 * found[:, 1].mean()
    off = np.abs(found[:, 0] - truth) / found[:, 1]
    assert 0.5 * (1 - 0.4) < np.mean(off**2) < 1.4
    assert np.mean(off < 1.96) > 0.95 - 4 * 0.011
