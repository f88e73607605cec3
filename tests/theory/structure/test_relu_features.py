"""Population and mean of ReLU features, against their definitions."""

import numpy as np
import pytest
from scipy.integrate import quad

from rmt_hessian import Ensemble
from rmt_hessian.theory import MarchenkoPastur
from rmt_hessian.theory.structure.relu_features import (
    MEAN_SQUARED,
    mean_eigenvalue,
    mean_outlier,
    output_block_law,
    relu_feature_spectrum,
)
from tests.tolerances import EXACT, ITERATIVE


def gaussian_mean(f):
    def integrand(x):
        return f(x) * np.exp(-(x**2) / 2) / np.sqrt(2 * np.pi)

    return quad(integrand, -12, 12, points=[0], epsabs=1e-13)[0]


GAINS = {"lecun": 1.0, "he": 2.0}


def output(d, m, N=900, init="lecun", W=None):
    return Ensemble([d, m, 10], 1, "ce", N, init=init, weights=[W, None])


@pytest.mark.parametrize("init", GAINS)
@pytest.mark.parametrize(("m", "d"), [(400, 600), (300, 300), (900, 300)])
def test_population_is_a_shifted_marchenko_pastur_law(m, d, init):
    """Its moments are those of ``gain (μ₁² X + μ*²)``; the Hermite coefficients of relu by
    quadrature: ``μ₀ = E relu(g)``, ``μ₁ = E g relu(g)``, ``μ*² = E relu² - μ₀² - μ₁²``."""
    mu0 = gaussian_mean(lambda x: max(x, 0.0))
    mu1 = gaussian_mean(lambda x: x * max(x, 0.0))
    rest = gaussian_mean(lambda x: max(x, 0.0) ** 2) - mu0**2 - mu1**2
    nodes, probabilities = relu_feature_spectrum(output(d, m, init=init))
    X, gain = MarchenkoPastur(m / d), GAINS[init]
    for k in range(1, 6):
        binomial = np.polynomial.polynomial.polypow([rest, mu1**2], k)
        expected = gain**k * sum(c * X.moment(j) for j, c in enumerate(binomial))
        assert probabilities @ nodes**k == pytest.approx(expected, rel=1e-10)
    atom = probabilities[nodes < gain * (rest + 1e-9)].sum()
    assert atom == pytest.approx(max(0, 1 - d / m), abs=1e-9)
    assert probabilities.sum() == pytest.approx(1, abs=EXACT)


@pytest.mark.parametrize(("m", "n"), [(400, 1200), (400, 8000), (800, 400)])
def test_the_number_of_nodes_does_not_show(m, n):
    ens = output(400, m, n)
    law = output_block_law(ens, [1.0, 0.3], [0.5, 0.5])
    finer = output_block_law(ens, [1.0, 0.3], [0.5, 0.5], n_nodes=512)
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
    theta = mean_eigenvalue(output(d, m, W=W))
    v = 1.7**2 * (0.5 + m / (4 * np.pi * d))
    observed = np.linalg.eigvalsh(h.T @ h / n)[-1]
    assert observed == pytest.approx(theta, rel=5 * 2 * np.sqrt(v / (theta * n)))


@pytest.mark.parametrize("init", GAINS)
@pytest.mark.parametrize(("m", "d"), [(300, 600), (600, 300)])
def test_mean_eigenvalue_over_the_weights(m, d, init):
    """``Σ‖w_i‖²`` has standard deviation ``gain √(2m/d)``; without its two small
    terms the formula is 0.38 to 0.50 gain too low."""
    rng, gain = np.random.default_rng(1), GAINS[init]
    draws = [
        mean_eigenvalue(output(d, m, W=rng.standard_normal((m, d)) * np.sqrt(gain / d)))
        for _ in range(12)
    ]
    error = gain * MEAN_SQUARED * np.sqrt(2 * m / d / 12)
    theta = mean_eigenvalue(output(d, m, init=init))
    assert np.mean(draws) == pytest.approx(theta, abs=3 * error + 0.03 * gain)
    assert abs(np.mean(draws) - gain * MEAN_SQUARED * m) > 0.2 * gain


def test_the_gain_scales_everything():
    ensembles = [output(400, 300, init=init) for init in ("lecun", "he")]
    lecun, he = (output_block_law(ens, [1.0], [1.0]) for ens in ensembles)
    x = np.linspace(*lecun.support(), 50)
    np.testing.assert_allclose(he.cdf(2 * x), lecun.cdf(x), atol=1e-10)
    places = [mean_outlier(ens, law) for ens, law in zip(ensembles, (lecun, he), strict=True)]
    np.testing.assert_allclose(places[1], 2 * places[0], rtol=1e-10)


def test_mean_outlier_to_first_order():
    """``θ Eλ + φ (½ - μ₀²) E[λ²]/E[λ]``, up to O(1/m)."""
    lam, w = np.array([0.2, 1.0]), np.array([0.5, 0.5])
    m = 20000
    ens = output(m, m, m)
    (z,) = mean_outlier(ens, output_block_law(ens, lam, w))
    first = mean_eigenvalue(ens) * (w @ lam) + (0.5 - MEAN_SQUARED) * (w @ lam**2) / (w @ lam)
    assert z == pytest.approx(first, abs=5 / m)


HIDDEN = Ensemble([3, 3, 2], 0, "ce", 9)
BAD = {
    "m": (lambda: output(3, 0), r"widths\[1\] must be at least 1, got 0"),
    "d": (lambda: output(0, 3), r"widths\[0\] must be at least 1, got 0"),
    "nodes": (lambda: relu_feature_spectrum(output(3, 3), 0), "n_nodes must be at least 1"),
    "init": (lambda: output(3, 3, init="x"), "init must be .* got 'x'"),
    "N": (lambda: output(3, 3, N=0), "n_samples must be at least 1"),
    "layer": (lambda: output_block_law(HIDDEN, [1], [1]), "must be the output layer, 1, got 0"),
    "depth": (
        lambda: relu_feature_spectrum(Ensemble([3, 2], 0, "ce", 9)),
        r"widths must be three numbers, one hidden layer, got \[3, 2\]",
    ),
    "law": (
        lambda: mean_outlier(output(3, 3), MarchenkoPastur(0.5)),
        "law must be a SeparableLaw, got",
    ),
    "W": (lambda: output(2, 3, W=np.ones((2, 3))), r"weights\[0\] must have shape \(3, 2\)"),
    "zero row": (lambda: mean_eigenvalue(output(2, 1, W=[[0, 0]])), "got a row of zeros"),
}


@pytest.mark.parametrize(("call", "message"), BAD.values(), ids=BAD.keys())
def test_bad_input(call, message):
    with pytest.raises(ValueError, match=message):
        call()
