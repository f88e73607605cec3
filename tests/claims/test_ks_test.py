"""`ks_test` rejects as many true laws as it says, and laws that are 3 % off; where it does not.

The numbers of spectra rejected at 5 % are binomial: of 2,000 a share with standard error 0.5 %; the
claim is 5 % ± 1 %. The laws here are none of those that the null distribution was fitted to.
"""

import numpy as np
import pytest
from scipy.stats import kstest

from rmt_hessian import ks_test
from rmt_hessian.theory import (
    GeneralizedMarchenkoPastur,
    MarchenkoPastur,
    SeparableLaw,
    conditional_law,
)

DRAWS = 2000


def exponential(n):
    """Spread weights: quantiles of the exponential law."""
    return -np.log((np.arange(n) + 0.5) / n)


def spectrum(lam, a, rng):
    """Of ``(1/N) Σ λ_n z_n z_nᵀ``, z of covariance ``diag(a)``; weights of one sign if N < p."""
    n, p = lam.size, a.size
    Z = rng.standard_normal((n, p)) * np.sqrt(a)
    if n >= p:
        return np.linalg.eigvalsh((Z.T * lam) @ Z / n)
    Y = np.sqrt(lam)[:, None] * Z
    return np.append(np.zeros(p - n), np.linalg.eigvalsh(Y @ Y.T / n))


CASES = {
    "MP, ratio 1/2": (60, np.ones(120), np.ones(60), MarchenkoPastur(0.5)),
    "MP, ratio 2": (100, np.ones(50), np.ones(100), MarchenkoPastur(2.0)),
    "spread weights": (60, exponential(100), np.ones(60), conditional_law(exponential(100), 60)),
    "separable": (
        60,
        np.repeat([1.0, -0.5], [90, 30]),
        np.repeat([1.0, 2.0, 3.0], 20),
        SeparableLaw([1.0, -0.5], [0.75, 0.25], [1.0, 2.0, 3.0], np.full(3, 1 / 3), 0.5),
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_calibration(case):
    """5 % ± 1 % of 2,000 spectra are rejected at 5 %; 20 % ± 3 % at 20 %, 1 % ± 0.7 % at 1 %."""
    p, lam, a, law = CASES[case]
    assert a.size == p
    rng = np.random.default_rng(2024)
    pvalues = np.array([ks_test(spectrum(lam, a, rng), law).pvalue for _ in range(DRAWS)])
    assert np.mean(pvalues < 0.05) == pytest.approx(0.05, abs=0.01)
    assert np.mean(pvalues < 0.2) == pytest.approx(0.2, abs=0.03)
    assert np.mean(pvalues < 0.01) == pytest.approx(0.01, abs=0.007)


def test_power():
    """p = 400, N = 800: a scale, or a ratio, 3 % off is always seen, and by SciPy's test never."""
    rng = np.random.default_rng(1)
    for _ in range(20):
        x = spectrum(np.ones(800), np.ones(400), rng)
        scale, ratio = MarchenkoPastur(0.5, 1.03), MarchenkoPastur(0.53)
        assert ks_test(x, scale).pvalue < 0.01
        assert kstest(x, scale.cdf).pvalue > 0.9
        assert ks_test(x, MarchenkoPastur(0.5)).pvalue > 1e-3
        assert ks_test(x, ratio).pvalue < ks_test(x, MarchenkoPastur(0.5)).pvalue


def test_the_mean_weight_in_place_of_the_law_is_refused():
    """Spread weights with the law of their mean."""
    rng = np.random.default_rng(2)
    lam = exponential(200)
    x = spectrum(lam, np.ones(100), rng)
    assert ks_test(x, MarchenkoPastur(0.5, lam.mean())).pvalue < 1e-12


def test_given_the_weights_not_over_them():
    """Weights that are drawn: the law of the sample's own passes, that of all is refused.

    Spectra of p = 100, N = 200 and exponential weights. The mean of the weights alone moves the
    spectrum by 7 %.
    """
    rng = np.random.default_rng(3)
    population = GeneralizedMarchenkoPastur(exponential(4000), np.full(4000, 1 / 4000), 0.5)
    given, over = [], []
    for _ in range(60):
        lam = rng.exponential(size=200)
        x = spectrum(lam, np.ones(100), rng)
        given.append(ks_test(x, conditional_law(lam, 100)).pvalue)
        over.append(ks_test(x, population).pvalue)
    assert np.mean(np.array(given) < 0.05) < 0.17  # 5 % and four standard errors
    assert np.mean(np.array(over) < 0.05) > 0.5


def test_the_fourth_moment_of_the_features_counts():
    """It is for Gaussian features: kurtosis 1 makes counts narrower, kurtosis 6 wider.

    Of 2,000 spectra of p = 100, N = 200 at 5 %: 1.9 % of signs, 23 % of Laplace features.
    """
    rng, law = np.random.default_rng(4), MarchenkoPastur(0.5)
    draws = {
        "signs": lambda: rng.integers(0, 2, (200, 100)) * 2.0 - 1.0,
        "laplace": lambda: rng.laplace(size=(200, 100)) / np.sqrt(2),
    }
    rejected = {}
    for name, draw in draws.items():
        spectra = (np.linalg.eigvalsh(Z.T @ Z / 200) for Z in (draw() for _ in range(300)))
        rejected[name] = np.mean([ks_test(x, law).pvalue < 0.05 for x in spectra])
    assert rejected["signs"] < 0.05 < 0.12 < rejected["laplace"]
