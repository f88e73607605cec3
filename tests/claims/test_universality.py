"""How far the laws of blocks reach: other inputs, correlated inputs, more classes than inputs.

Linear CE, d = 400, N = 1000. The law needs independent entries of mean 0 and variance 1, not
Gaussian ones: signs and uniform entries sit on it. Correlated inputs leave it for the separable law
of their covariance. Heavy tails: the law holds as d → ∞ for Student entries of ν > 2 degrees of
freedom and no scaling repairs ν <= 2, but a sample of n entries shows their variance only to
``n^{-(ν-2)/ν}``. At these sizes it holds at ν = 6, as for Gaussian entries, and fails at ν = 2.2,
where ``(dN)^{-1/11}`` is 0.3, whatever the variance of the sample.
"""

import numpy as np
import pytest

from rmt_hessian import Ensemble, Network, eigenvalues, gaussian_inputs, ks_distance, layer_hessian
from rmt_hessian.model.inputs import (
    correlated_inputs,
    rademacher_inputs,
    student_inputs,
    uniform_inputs,
)
from rmt_hessian.theory import (
    GeneralizedMarchenkoPastur,
    conditional_law,
    sampling_band,
    weight_law,
)
from rmt_hessian.theory.laws.separable import SeparableLaw
from tests.tolerances import STATISTICAL

D, N, C = 400, 1000, 10
BLOCKS = {"diagonal": (0, 0), "off-diagonal": (0, 1)}


def measured(X, block, n_classes=C, seed=2505):
    """Weights and spectrum of a block of linear CE."""
    net = Network.random([X.shape[1], n_classes], np.random.default_rng(seed))
    H = layer_hessian(net, X, 0, "ce")
    return H.block_weights(*block), eigenvalues(H.block(*block))


@pytest.mark.parametrize("block", BLOCKS.values(), ids=BLOCKS.keys())
@pytest.mark.parametrize("inputs", [rademacher_inputs, uniform_inputs])
def test_entries_need_not_be_gaussian(inputs, block, rng):
    lam, spectrum = measured(inputs(N, D, rng), block)
    assert ks_distance(spectrum, conditional_law(lam, D)) <= STATISTICAL
    averaged = conditional_law(np.full(N, lam.mean()), D)
    assert ks_distance(spectrum, averaged) > 2 * STATISTICAL


SPECTRA = {
    "two levels": (np.repeat([0.4, 1.6], D // 2), False),
    "geometric, rotated": (np.exp(np.linspace(-1, 1, D)) / np.sinh(1), True),
}


@pytest.mark.parametrize("block", BLOCKS.values(), ids=BLOCKS.keys())
@pytest.mark.parametrize("case", SPECTRA.values(), ids=SPECTRA.keys())
def test_correlated_inputs_follow_the_separable_law(case, block, rng):
    """Both spectra have mean 1, so that the plain law has the right trace; it is rejected."""
    spectrum_of_inputs, rotate = case
    lam, spectrum = measured(correlated_inputs(N, spectrum_of_inputs, rng, rotate=rotate), block)
    population = spectrum_of_inputs, np.full(D, 1 / D)
    law = SeparableLaw(lam, np.full(N, 1 / N), *population, D / N)
    assert ks_distance(spectrum, law) <= STATISTICAL
    assert ks_distance(spectrum, conditional_law(lam, D)) > 4 * STATISTICAL
    averaged = SeparableLaw([lam.mean()], [1.0], *population, D / N)
    assert ks_distance(spectrum, averaged) > 2 * STATISTICAL


@pytest.mark.parametrize("block", BLOCKS.values(), ids=BLOCKS.keys())
def test_heavy_tails(block, rng):
    lam, spectrum = measured(student_inputs(N, D, rng, degrees_of_freedom=6.0), block)
    assert ks_distance(spectrum, conditional_law(lam, D)) <= STATISTICAL
    X = student_inputs(N, D, rng, degrees_of_freedom=2.2)
    lam, spectrum = measured(X, block)
    assert ks_distance(spectrum, conditional_law(lam, D)) > 10 * STATISTICAL
    rescaled = conditional_law(lam * np.mean(X**2), D)
    assert ks_distance(spectrum, rescaled) > 4 * STATISTICAL


@pytest.mark.parametrize("block", BLOCKS.values(), ids=BLOCKS.keys())
def test_more_classes_than_inputs(block, rng):
    """[D] lets d, N → ∞ at fixed C, then C → ∞. With C = 2000 > d = 300, N = 700, the other order,
    the normaliser of the softmax concentrates and both laws hold: the conditional one, and the
    population one inside the 95 % band of a sample of N weights."""
    d, n, n_classes = 300, 700, 2000
    ens = Ensemble([d, n_classes], layer=0, loss="ce", n_samples=n)
    lam, spectrum = measured(gaussian_inputs(n, d, rng), block, n_classes)
    assert ks_distance(spectrum, conditional_law(lam, d)) <= STATISTICAL
    averaged = conditional_law(np.full(n, lam.mean()), d)
    assert ks_distance(spectrum, averaged) > 5 * STATISTICAL
    weights = weight_law(ens, *block)
    law = GeneralizedMarchenkoPastur(weights.nodes, weights.probabilities, d / n)
    band = sampling_band(ens, *block, n_draws=99, n_points=100)
    assert ks_distance(spectrum, law) <= band + STATISTICAL
    assert band < 0.05  # a band that holds everything would say nothing
