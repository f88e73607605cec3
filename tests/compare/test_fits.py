"""Fits of known spectra, to their derived errors; what is left out; what is refused."""

import numpy as np
import pytest
from scipy.linalg import eigvalsh_tridiagonal

from rmt_hessian.compare import fit_marchenko_pastur, ks_test
from rmt_hessian.compare.fits import _outside
from rmt_hessian.theory import MarchenkoPastur

SPIKES = np.linspace(4.0, 30.0, 10)


def spectrum(p, n, rng, scale=2.0, spikes=()):
    a = np.ones(p)
    a[: len(spikes)] = spikes
    X = rng.standard_normal((n, p)) * np.sqrt(scale * a)
    return np.linalg.eigvalsh(X.T @ X / n)


@pytest.mark.parametrize("spikes", [(), SPIKES, [0.05, 4.0, 9.0]], ids=["none", "ten", "below"])
@pytest.mark.parametrize("n", [2000, 1000, 700])
def test_scale_and_ratio(n, spikes):
    """Ten draws of p = 500: means and spread of the errors over their standard errors.

    A mean of ten of them is N(0, 1/10), 4 sd are 1.3; their mean square, χ²₁₀/10, lies in
    [0.15, 3.0] with probability 1 - 3e-3.
    """
    rng = np.random.default_rng(n + len(spikes))
    fits = [fit_marchenko_pastur(spectrum(500, n, rng, spikes=spikes)) for _ in range(10)]
    ratio = 500 / n
    scales = np.array([(fit.law.scale - 2) / fit.scale_error for fit in fits])
    ratios = np.array([(fit.law.aspect_ratio - ratio) / fit.aspect_ratio_error for fit in fits])
    for errors in (scales, ratios):
        assert abs(errors.mean()) < 1.3
        assert 0.15 < np.mean(errors**2) < 3.0
    assert fits[0].scale_error == pytest.approx(2 * np.sqrt(2 * ratio) / 500, rel=0.05)
    # a true one of the bulk counts as an outlier once in 500 spectra
    assert sum(fit.outliers.size for fit in fits) in range(10 * len(spikes), 10 * len(spikes) + 2)


@pytest.mark.parametrize("p", [20, 500])
def test_sums_as_they_are_expected_give_the_parameters(p):
    """``E Σ x = p``, ``E Σ x² = p + γ (p + p²)/p``: the term p, of the variance of squares, is 1/p
    of γ, a part 1/(2γ) of its standard error that no ten draws show."""
    ratio, law = 0.4, MarchenkoPastur(0.4)
    x = law.ppf((np.arange(p) + 0.5) / p)
    x -= x.mean()
    x = 1 + x * np.sqrt(ratio * (p + 1) / np.sum(x**2))
    fit = fit_marchenko_pastur(3 * x)
    assert fit.outliers.size == 0
    assert fit.law.scale == pytest.approx(3, rel=1e-12)
    assert fit.law.aspect_ratio == pytest.approx(ratio, rel=1e-12)


def test_without_the_correction_the_scale_is_wrong():
    """Ten spikes take ``Σ γθ/(θ - 1)`` of the trace of the bulk: here 19 standard errors."""
    x = spectrum(500, 1000, np.random.default_rng(0), spikes=SPIKES)
    fit = fit_marchenko_pastur(x)
    naive = x[: -fit.outliers.size].mean()
    assert abs(fit.law.scale - 2) < 4 * fit.scale_error < 2 - naive
    taken = 2 * np.sum(0.5 * SPIKES / (SPIKES - 1)) / 490
    assert 2 - naive == pytest.approx(taken, abs=4 * fit.scale_error)


def test_null_eigenvalues_give_the_ratio():
    fit = fit_marchenko_pastur(spectrum(500, 250, np.random.default_rng(1), spikes=SPIKES))
    assert (fit.n_zero, fit.outliers.size, fit.aspect_ratio_error) == (250, 10, 0.0)
    assert fit.law.aspect_ratio == 2.0
    assert abs(fit.law.scale - 2) < 4 * fit.scale_error


def test_a_ratio_that_is_known():
    """Also where null features, not few samples, make the zeros: they are below the bulk."""
    x = spectrum(500, 1000, np.random.default_rng(2))
    assert fit_marchenko_pastur(x, aspect_ratio=0.5).aspect_ratio_error == 0
    fit = fit_marchenko_pastur(np.append(np.zeros(3), x), aspect_ratio=0.5)
    assert (fit.law.aspect_ratio, fit.n_zero) == (0.5, 3)
    np.testing.assert_array_equal(fit.outliers, 0.0)
    assert abs(fit.law.scale - 2) < 4 * fit.scale_error


@pytest.mark.parametrize("n", [1000, 250])
def test_float32(n):
    x = spectrum(500, n, np.random.default_rng(3), spikes=SPIKES)
    exact, fit = fit_marchenko_pastur(x), fit_marchenko_pastur(x.astype(np.float32))
    assert fit.law.scale == pytest.approx(exact.law.scale, rel=1e-6)
    assert fit.law.aspect_ratio == pytest.approx(exact.law.aspect_ratio, rel=1e-5)
    assert (fit.n_zero, fit.outliers.size) == (exact.n_zero, exact.outliers.size)


def test_units_and_order_do_not_matter():
    rng = np.random.default_rng(4)
    x = spectrum(200, 500, rng, spikes=SPIKES)
    fit, other = fit_marchenko_pastur(x), fit_marchenko_pastur(1e-150 * rng.permutation(x))
    assert other.law.scale == pytest.approx(1e-150 * fit.law.scale, rel=1e-10)
    assert other.law.aspect_ratio == pytest.approx(fit.law.aspect_ratio, rel=1e-10)


def test_what_is_left_is_the_law():
    x = spectrum(500, 1000, np.random.default_rng(5), spikes=SPIKES[:1])
    fit = fit_marchenko_pastur(x)
    assert ks_test(x[: -fit.outliers.size], fit.law).pvalue > 0.05
    other = x**1.1  # fitted as well as it goes, and seen to be no such law
    fit = fit_marchenko_pastur(other)
    assert ks_test(other[: other.size - fit.outliers.size], fit.law).pvalue < 1e-3


@pytest.mark.parametrize("n", [4000, 600, 150])
def test_the_ends_are_seldom_left(n):
    """0.999 quantiles at both ends: of 500 spectra of p = 300, 1 expected, 5 with p = 4e-3.

    At the hard end of n < p none is below.
    """
    rng = np.random.default_rng(n)
    small, large = min(n, 300), max(n, 300)
    count = 0
    for _ in range(500):
        # the bidiagonal model of the nonzero spectrum (Dumitriu & Edelman)
        diagonal = np.sqrt(rng.chisquare(large - np.arange(small)))
        below = np.sqrt(rng.chisquare(np.arange(small - 1, 0, -1)))
        ends = _ends(diagonal, below) / n
        x = np.full(300, 1.0)
        x[[0, -1]] = ends
        count += bool(_outside(x, 1.0, 300 / n).any())
    assert count <= 5


def _ends(diagonal, below):
    d = diagonal**2
    d[1:] += below**2
    e = diagonal[:-1] * below
    last = d.size - 1
    return np.array(
        [eigvalsh_tridiagonal(d, e, select="i", select_range=(k, k))[0] for k in (0, last)]
    )


def test_a_law_of_the_kind_that_it_says():
    fit = fit_marchenko_pastur(spectrum(100, 300, np.random.default_rng(6)))
    assert isinstance(fit.law, MarchenkoPastur)
    assert type(fit.law.scale) is type(fit.scale_error) is type(fit.aspect_ratio_error) is float


BAD = {
    "negative": (lambda: fit_marchenko_pastur(np.arange(-1.0, 20)), "must not be negative, got -1"),
    "few": (lambda: fit_marchenko_pastur([0.0] * 20 + [1.0]), "at least 10 that are not null"),
    "equal": (lambda: fit_marchenko_pastur(np.ones(20)), "must differ by more than rounding"),
    "NaN": (lambda: fit_marchenko_pastur([np.nan] * 20), "must be finite"),
    "ratio": (lambda: fit_marchenko_pastur(np.arange(1.0, 20), aspect_ratio=0), "must be positive"),
}


@pytest.mark.parametrize(("call", "message"), BAD.values(), ids=BAD.keys())
def test_bad_input(call, message):
    with pytest.raises(ValueError, match=message):
        call()
