"""Population and mean of ReLU features, against their definitions."""

import numpy as np
import pytest
from scipy.integrate import quad

from rmt_hessian.theory import MarchenkoPastur
from rmt_hessian.theory.output_blocks import (
    MEAN_SQUARED,
    mean_eigenvalue,
    mean_outlier,
    output_block_law,
    output_population,
)
from tests.tolerances import EXACT, ITERATIVE


def gaussian_mean(f):
    def integrand(x):
        return f(x) * np.exp(-(x**2) / 2) / np.sqrt(2 * np.pi)

    return quad(integrand, -12, 12, points=[0], epsabs=1e-13)[0]


@pytest.mark.parametrize("gain", [1.0, 2.0])
@pytest.mark.parametrize(("m", "d"), [(400, 600), (300, 300), (900, 300)])
def test_population_is_a_shifted_marchenko_pastur_law(m, d, gain):
    """Its moments are those of ``gain (μ₁² X + μ*²)``; the Hermite coefficients of relu by
    quadrature: ``μ₀ = E relu(g)``, ``μ₁ = E g relu(g)``, ``μ*² = E relu² - μ₀² - μ₁²``."""
    mu0 = gaussian_mean(lambda x: max(x, 0.0))
    mu1 = gaussian_mean(lambda x: x * max(x, 0.0))
    rest = gaussian_mean(lambda x: max(x, 0.0) ** 2) - mu0**2 - mu1**2
    nodes, probabilities = output_population(m, d, gain)
    X = MarchenkoPastur(m / d)
    for k in range(1, 6):
        binomial = np.polynomial.polynomial.polypow([rest, mu1**2], k)
        expected = gain**k * sum(c * X.moment(j) for j, c in enumerate(binomial))
        assert probabilities @ nodes**k == pytest.approx(expected, rel=1e-10)
    atom = probabilities[nodes < gain * (rest + 1e-9)].sum()
    assert atom == pytest.approx(max(0, 1 - d / m), abs=1e-9)
    assert probabilities.sum() == pytest.approx(1, abs=EXACT)


@pytest.mark.parametrize(("m", "n"), [(400, 1200), (400, 8000), (800, 400)])
def test_the_number_of_nodes_does_not_show(m, n):
    law = output_block_law([1.0, 0.3], [0.5, 0.5], m, 400, n)
    finer = output_block_law([1.0, 0.3], [0.5, 0.5], m, 400, n, n_nodes=512)
    x = np.linspace(*finer.support(), 300)
    np.testing.assert_allclose(law.cdf(x), finer.cdf(x), atol=ITERATIVE)
    assert law.mean() == pytest.approx(0.65 * (0.5 - MEAN_SQUARED), rel=ITERATIVE)


def test_mean_eigenvalue_of_given_weights():
    """Against the sample mean of h hᵀ over n inputs: relative error of its largest eigenvalue
    ``2 √(v/(θ n))``, v <= ½ + m/(4π d) the variance of h along its mean; five of those."""
    m, d, n = 40, 30, 20000
    rng = np.random.default_rng(0)
    W = 1.7 * rng.standard_normal((m, d)) / np.sqrt(d)
    h = np.maximum(rng.standard_normal((n, d)) @ W.T, 0)
    theta = mean_eigenvalue(m, d, W=W)
    v = 1.7**2 * (0.5 + m / (4 * np.pi * d))
    observed = np.linalg.eigvalsh(h.T @ h / n)[-1]
    assert observed == pytest.approx(theta, rel=5 * 2 * np.sqrt(v / (theta * n)))


@pytest.mark.parametrize("gain", [1.0, 2.0])
@pytest.mark.parametrize(("m", "d"), [(300, 600), (600, 300)])
def test_mean_eigenvalue_over_the_weights(m, d, gain):
    """``Σ‖w_i‖²`` has standard deviation ``gain √(2m/d)``; without its two small
    terms the formula is 0.38 to 0.50 gain too low."""
    rng = np.random.default_rng(1)
    draws = [
        mean_eigenvalue(m, d, W=rng.standard_normal((m, d)) * np.sqrt(gain / d)) for _ in range(12)
    ]
    error = gain * MEAN_SQUARED * np.sqrt(2 * m / d / 12)
    theta = mean_eigenvalue(m, d, gain)
    assert np.mean(draws) == pytest.approx(theta, abs=3 * error + 0.03 * gain)
    assert abs(np.mean(draws) - gain * MEAN_SQUARED * m) > 0.2 * gain


def test_the_gain_scales_everything():
    lecun, he = (output_block_law([1.0], [1.0], 300, 400, 900, gain) for gain in (1, 2))
    x = np.linspace(*lecun.support(), 50)
    np.testing.assert_allclose(he.cdf(2 * x), lecun.cdf(x), atol=1e-10)
    np.testing.assert_allclose(
        mean_outlier(he, 300, 400, 2), 2 * mean_outlier(lecun, 300, 400), rtol=1e-10
    )


def test_mean_outlier_to_first_order():
    """``θ Eλ + φ (½ - μ₀²) E[λ²]/E[λ]``, up to O(1/m)."""
    lam, w = np.array([0.2, 1.0]), np.array([0.5, 0.5])
    m = n = 20000
    (z,) = mean_outlier(output_block_law(lam, w, m, m, n), m, m)
    first = mean_eigenvalue(m, m) * (w @ lam) + (0.5 - MEAN_SQUARED) * (w @ lam**2) / (w @ lam)
    assert z == pytest.approx(first, abs=5 / m)


BAD = {
    "m": (lambda: output_population(0, 3), "n_hidden must be at least 1"),
    "d": (lambda: output_population(3, 0), "n_inputs must be at least 1"),
    "nodes": (lambda: output_population(3, 3, n_nodes=0), "n_nodes must be at least 1"),
    "gain": (lambda: output_population(3, 3, gain=-1), "gain must be positive"),
    "N": (lambda: output_block_law([1], [1], 3, 3, 0), "n_samples must be at least 1"),
    "W": (lambda: mean_eigenvalue(3, 2, W=np.ones((2, 3))), r"W must have shape \(3, 2\)"),
    "zero row": (lambda: mean_eigenvalue(1, 2, W=np.zeros((1, 2))), "got a row of zeros"),
}


@pytest.mark.parametrize(("call", "message"), BAD.values(), ids=BAD.keys())
def test_bad_input(call, message):
    with pytest.raises(ValueError, match=message):
        call()
