"""The law of a block of a sample: which of the three it is, how near, and how far to trust it."""

import numpy as np
import pytest

import rmt_hessian as rh
from rmt_hessian.theory.laws.free_convolution import FreeConvolution
from rmt_hessian.theory.laws.generalized_mp import GeneralizedMarchenkoPastur
from rmt_hessian.theory.laws.separable import SeparableLaw
from tests.tolerances import EXACT, STATISTICAL

NAIVE = 0.08  # distance of laws that are wrong, at least


def population(p):
    return np.where(np.arange(p) % 2, 5.0, 1.0)


def softmax_layer(phi, p=400, C=4, seed=0, dtype="float64"):
    """A linear model on features of eigenvalues 1 and 5, logits of variance 1."""
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((int(p / phi), p)) * np.sqrt(population(p))
    V = rng.standard_normal((C, p)) / np.sqrt(3 * p)
    return rh.layer_hessian(rh.Network([V]), X, 0, "ce", dtype=dtype)


@pytest.mark.parametrize("phi", [0.5, 2.0])
@pytest.mark.parametrize("pair", [(0, 0), (0, 1)])
def test_correlated_features(phi, pair):
    """Known, and from the sample alone; the law of white features, and the separable law with the
    sample's own covariance in the place of Σ, are far off."""
    H = softmax_layer(phi)
    N, p = H.features.shape
    values = rh.eigenvalues(H.block(*pair))
    known = rh.law_of_block(H, *pair, covariance=population(p))
    measured = rh.law_of_block(H, *pair)
    assert (known.features, measured.features) == ("known", "measured")
    assert isinstance(known.law, SeparableLaw)
    assert isinstance(measured.law, FreeConvolution)
    assert rh.ks_distance(values, known) < STATISTICAL
    assert rh.ks_distance(values, measured) < STATISTICAL
    assert known.error < 2 * STATISTICAL
    assert measured.error < 2 * STATISTICAL
    white = rh.law_of_block(H, *pair, covariance="white")
    assert rh.ks_distance(values, white) > NAIVE
    assert white.error > NAIVE  # and it says so
    assert white.dependence < STATISTICAL
    e = np.maximum(np.linalg.eigvalsh(H.input_autocorrelation()), 0.0)
    masses = np.full(N, 1 / N), np.full(p, 1 / p)
    naive = SeparableLaw(H.block_weights(*pair), masses[0], e, masses[1], phi)
    assert rh.ks_distance(values, naive) > NAIVE


@pytest.mark.parametrize("scale", [1.0, 0.03])
def test_white_features_of_any_scale(scale, rng):
    X = scale * rng.standard_normal((900, 300))
    net = rh.Network([rng.standard_normal((3, 300)) / scale / np.sqrt(300)])
    H = rh.layer_hessian(net, X, 0, "ce")
    law = rh.law_of_block(H, 0, 1)
    assert law.features == "white"
    assert isinstance(law.law, GeneralizedMarchenkoPastur)
    assert rh.ks_distance(rh.eigenvalues(H.block(0, 1)), law) < STATISTICAL
    assert law.error < 2 * STATISTICAL
    law = rh.law_of_block(H, 0, 1, covariance=np.full(300, scale**2))  # equal to it, and said so
    assert law.features == "known"
    assert rh.ks_distance(rh.eigenvalues(H.block(0, 1)), law) < STATISTICAL


def test_a_mean_of_the_features_is_measured(rng):
    X = rng.standard_normal((800, 200)) + 0.5
    net = rh.Network.random([200, 4], rng, bias_scale=0.1)
    H = rh.layer_hessian(net, X, 0, "ce", bias=True)
    law = rh.law_of_block(H, 0, 0)
    assert law.features == "measured"
    assert rh.ks_distance(rh.eigenvalues(H.block(0, 0)), law) < STATISTICAL
    # the component of the mean: one eigenvalue, near the mean weight times ‖mean‖²
    lo, hi = law.components()[-1]
    assert law.component_masses()[-1] == pytest.approx(1 / 201)
    assert lo < rh.eigenvalues(H.block(0, 0))[-1] < hi


def test_what_is_no_such_law_is_told(rng):
    """Samples of very different sizes, weights that grow with them: both laws are wrong, and the
    error says which assumption it is."""
    sizes = rng.lognormal(0, 0.7, 600)
    Z = rng.standard_normal((600, 150)) * sizes[:, None]
    weight, V = (Z**2).mean(axis=1), np.zeros((3, 150))
    own = rh.head_hessian(Z, V, loss="mse", sample_weight=weight)
    law = rh.law_of_block(own, 1, 1)
    distance = rh.ks_distance(rh.eigenvalues(own.block(1, 1)), law)
    assert NAIVE < distance <= law.error < 2 * distance
    assert law.dependence > 2 * law.misfit
    dealt = rh.head_hessian(Z, V, loss="mse", sample_weight=rng.permutation(weight))
    law = rh.law_of_block(dealt, 1, 1)
    distance = rh.ks_distance(rh.eigenvalues(dealt.block(1, 1)), law)
    assert 0.03 < distance <= law.error < NAIVE + 0.03
    assert law.misfit > 0.03


@pytest.mark.parametrize("layer", [0, 1])
def test_trained_on_digits(layer):
    """Real features, whose weights depend on them: the error bounds the distance, which is far
    below that of the law of white features."""
    X, y = rh.digits()
    start = rh.Network.random([X.shape[1], 32, 10], 0, init="he")
    net = rh.train(start, X, y, "ce", optimiser="adam", steps=300, learning_rate=0.01).network
    H = rh.layer_hessian(net, X, layer, "ce", y=y)
    for i, j in ((0, 0), (0, 1), (3, 5)):
        law, values = rh.law_of_block(H, i, j), rh.eigenvalues(H.block(i, j))
        distance = rh.ks_distance(values, law)
        assert law.features == "measured"
        assert distance <= law.error < 0.3
        white = rh.theory.conditional_law(H.block_weights(i, j), H.block_size)
        assert rh.ks_distance(values, white) > 2 * distance


def test_single_precision():
    single, double = softmax_layer(2.0, 100, dtype="float32"), softmax_layer(2.0, 100)
    laws = [rh.law_of_block(H, 0, 1) for H in (single, double)]
    assert [law.features for law in laws] == ["measured", "measured"]
    assert laws[0].atom_at_zero == pytest.approx(laws[1].atom_at_zero, abs=1e-9)
    x = laws[1].ppf(np.linspace(0.05, 0.45, 9))
    np.testing.assert_allclose(laws[0].cdf(x), laws[1].cdf(x), atol=1e-4)


def test_a_covariance_is_its_eigenvalues():
    H = softmax_layer(0.5, 60)
    Q = np.linalg.qr(np.random.default_rng(1).standard_normal((60, 60)))[0]
    of_matrix = rh.law_of_block(H, 0, 0, covariance=(Q * population(60)) @ Q.T)
    of_values = rh.law_of_block(H, 0, 0, covariance=population(60))
    x = of_values.ppf([0.2, 0.5, 0.9])
    np.testing.assert_allclose(of_matrix.cdf(x), of_values.cdf(x), atol=1e-9)


def test_blocks_of_zeros(rng):
    H = rh.head_hessian(rng.standard_normal((30, 12)), np.zeros((3, 12)), loss="mse")
    law = rh.law_of_block(H, 0, 1)
    assert (law.atom_at_zero, law.error) == (1.0, 0.0)
    H = rh.head_hessian(np.zeros((30, 12)), np.zeros((3, 12)))
    assert rh.law_of_block(H, 0, 1).atom_at_zero == 1.0


def test_the_same_generator_deals_the_same_weights():
    H = softmax_layer(0.5, 40)
    first, again, other = (rh.law_of_block(H, 0, 1, rng=seed).misfit for seed in (3, 3, 4))
    assert first == again != other


def test_a_test_of_a_measured_spectrum_is_refused():
    H = softmax_layer(0.5, 40)
    values = rh.eigenvalues(H.block(0, 1))
    with pytest.raises(ValueError, match="law must be of features whose covariance is known"):
        rh.ks_test(values, rh.law_of_block(H, 0, 1))
    result = rh.ks_test(values, rh.law_of_block(H, 0, 1, covariance=population(40)))
    assert result.pvalue > 1e-3


def test_what_is_refused():
    H = softmax_layer(0.5, 40)
    with pytest.raises(ValueError, match="H must be a LayerHessian"):
        rh.law_of_block(H.block(0, 0), 0, 0)
    with pytest.raises(IndexError):
        rh.law_of_block(H, 0, 4)
    with pytest.raises(ValueError, match=r"covariance must have shape \(40,\) or \(40, 40\)"):
        rh.law_of_block(H, 0, 0, covariance=np.ones(39))
    with pytest.raises(ValueError, match="covariance must be 'white' or an array, got 'grey'"):
        rh.law_of_block(H, 0, 0, covariance="grey")
    with pytest.raises(ValueError, match="covariance must be symmetric"):
        rh.law_of_block(H, 0, 0, covariance=np.triu(np.ones((40, 40))))
    with pytest.raises(ValueError, match="covariance must not be negative"):
        rh.law_of_block(H, 0, 0, covariance=-np.ones(40))


def test_moments_are_those_of_the_dealt_block():
    """Mean and variance over deals: ``E λ · E e`` and that of the law, exactly, for the first."""
    H = softmax_layer(0.5, 60)
    law, lam = rh.law_of_block(H, 0, 0), H.block_weights(0, 0)
    assert law.mean() == pytest.approx(lam.mean() * np.mean(H.features**2), rel=EXACT)
