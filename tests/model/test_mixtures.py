"""Bounds: five standard errors, of sums of squares of normal numbers and of counts of labels."""

import pickle
from dataclasses import replace
from fractions import Fraction
from math import ceil

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import norm

from rmt_hessian.mixture import Mixture
from rmt_hessian.model.mixtures import mixture_inputs, mixture_means
from tests.tolerances import EXACT

GROUPS = {"none": None, "one": (1, 0.6), "two": (2, 0.3), "coinciding": (3, 1.0), "all": (6, 0.7)}
every_grouping = pytest.mark.parametrize("groups", GROUPS.values(), ids=GROUPS.keys())
K, D = 6, 9


def gram_in_words(n_classes, n_groups, correlation):
    """The slow twin of `Mixture.means_gram`."""
    gram = np.zeros((n_classes, n_classes))
    for k in range(n_classes):
        for l in range(n_classes):
            same = k * n_groups // n_classes == l * n_groups // n_classes
            gram[k, l] = 1.0 if k == l else correlation * same
    return gram


# --- the means -----------------------------------------------------------------------------------


@given(
    n_groups=st.integers(1, 5),
    size=st.integers(1, 5),
    correlation=st.floats(0, 1),
    surplus=st.integers(0, 3),
    seed=st.integers(0, 99),
)
def test_the_means_have_the_gram_matrix(n_groups, size, correlation, surplus, seed):
    n_classes = n_groups * size
    mixture = Mixture(1.0, (n_groups, correlation))
    expected = gram_in_words(n_classes, n_groups, correlation)
    np.testing.assert_array_equal(mixture.means_gram(n_classes), expected)
    rng = np.random.default_rng(seed)
    m = mixture_means(mixture, n_classes, n_classes + surplus, rng)
    assert m.shape == (n_classes, n_classes + surplus)
    np.testing.assert_allclose(m @ m.T, expected, atol=EXACT)


def test_without_groups_the_means_are_orthonormal(rng):
    m = mixture_means(Mixture(2.0), K, D, rng)
    np.testing.assert_allclose(m @ m.T, np.eye(K), atol=EXACT)
    np.testing.assert_array_equal(Mixture(2.0).means_gram(K), np.eye(K))


def test_correlation_0_is_no_groups_and_1_is_one_mean_a_group():
    alone, grouped, one = (
        mixture_means(Mixture(1.0, groups), K, D, np.random.default_rng(0))
        for groups in (None, (2, 0.0), (2, 1.0))
    )
    np.testing.assert_array_equal(grouped, alone)
    np.testing.assert_array_equal(one[:3], np.tile(one[0], (3, 1)))
    np.testing.assert_allclose(one[0], alone[:3].sum(axis=0) / np.sqrt(3), atol=EXACT)


@pytest.mark.parametrize("groups", [None, (1, 0.5)], ids=["none", "one"])
def test_the_frame_is_haar(groups):
    """Each mean is uniform on the sphere, E m = 0, and E m_k m_lᵀ = m_kᵀm_l I/d by invariance.

    Variances: of a coordinate 1/d; of a product of two at most that of a square,
    E m_a⁴ = 3/(d(d+2)).
    """
    n, d, rng = 4000, 3, np.random.default_rng(0)
    m = np.array([mixture_means(Mixture(1.0, groups), 2, d, rng) for _ in range(n)])
    assert np.abs(m.mean(axis=0)).max() < 5 * np.sqrt(1 / (d * n))
    products = np.einsum("nka,nlb->kalb", m, m) / n
    expected = np.einsum("kl,ab->kalb", Mixture(1.0, groups).means_gram(2), np.eye(d) / d)
    assert np.abs(products - expected).max() < 5 * np.sqrt(3 / (d * (d + 2) * n))


# --- the inputs ----------------------------------------------------------------------------------


@every_grouping
def test_about_the_means_inputs_are_standard_normal(groups):
    """``n_k ‖x̄_k - ρ m_k‖²`` and ``Σ‖x - ρ m_y‖²`` are χ² with d and N d degrees of freedom."""
    n, rho = 3000, 4.0
    X, y = mixture_inputs(n, D, K, 5, separation=rho, groups=groups)
    assert X.shape == (n, D)
    assert X.dtype == np.float64
    m = mixture_means(Mixture(rho, groups), K, D, np.random.default_rng(5))  # those drawn first
    G = X - rho * m[y]
    for k in range(K):
        chi2 = np.sum(y == k) * np.sum(G[y == k].mean(axis=0) ** 2)
        assert abs(chi2 - D) < 5 * np.sqrt(2 * D)
    S = G.T @ G / n  # variances 1 ± √(2/N), covariances 0 ± 1/√N
    assert np.abs(S - np.eye(D)).max() < 5 * np.sqrt(2 / n)
    assert abs(np.trace(S) / D - 1) < 5 * np.sqrt(2 / (D * n))


@every_grouping
def test_distances_between_classes(groups):
    """``‖x̄_k - x̄_l‖²`` has mean ``2ρ²(1 - m_kᵀm_l) + d v``, ``v = 1/n_k + 1/n_l``, and variance
    ``4 v`` times the first term ``+ 2 d v²``: seen from the inputs alone."""
    n, rho = 6000, 3.0
    X, y = mixture_inputs(n, D, K, 6, separation=rho, groups=groups)
    centres, counts = np.array([X[y == k].mean(axis=0) for k in range(K)]), np.bincount(y)
    gram = gram_in_words(K, *(groups or (K, 0.0)))
    for k in range(K):
        for l in range(k):
            v, apart = 1 / counts[k] + 1 / counts[l], 2 * rho**2 * (1 - gram[k, l])
            error = np.sum((centres[k] - centres[l]) ** 2) - apart - D * v
            assert abs(error) < 5 * np.sqrt(4 * v * apart + 2 * D * v**2), (k, l)


@pytest.mark.parametrize(("rho", "share"), [(0.0, 0.1), (2.0, 0.67), (3.0, 0.90), (4.0, 0.98)])
def test_the_nearest_mean_is_right_with_the_stated_probability(rho, share):
    """Scores ``m_kᵀx = ρ δ_{k y} + z_k`` are independent, so it is ``E Φ(z + ρ)^{K-1}``."""
    z, w = np.polynomial.hermite_e.hermegauss(80)
    expected = w @ norm.cdf(z + rho) ** 9 / w.sum()
    assert expected == pytest.approx(share, abs=0.005)
    n = 20000
    X, y = mixture_inputs(n, 12, 10, 7, separation=rho)
    m = mixture_means(Mixture(rho), 10, 12, np.random.default_rng(7))
    right = np.mean(np.argmax(X @ m.T, axis=1) == y)
    assert abs(right - expected) < 5 * np.sqrt(expected * (1 - expected) / n)


def test_the_separation_only_moves_the_inputs():
    """From one seed: the same labels and noise. At 0 there is nothing but the noise."""
    draws = {
        rho: mixture_inputs(50, D, K, 3, separation=rho, groups=(2, 0.5)) for rho in (0.0, 1.0, 2.5)
    }
    m = mixture_means(Mixture(1.0, (2, 0.5)), K, D, np.random.default_rng(3))
    for rho, (X, y) in draws.items():
        np.testing.assert_array_equal(y, draws[0.0][1])
        np.testing.assert_allclose(X - draws[0.0][0], rho * m[y], atol=EXACT)


# --- the labels ----------------------------------------------------------------------------------


@pytest.mark.parametrize("n", [1, 5, 6, 100, 102])
def test_labels_are_balanced(n, rng):
    _, y = mixture_inputs(n, D, K, rng, separation=1.0)
    counts = np.bincount(y, minlength=K)
    assert set(counts) <= {n // K, -(-n // K)}
    assert counts.sum() == n


def test_balanced_labels_are_in_random_order():
    """Each place has each class with probability 1/K, whichever classes come once more."""
    n, rng = 3000, np.random.default_rng(0)
    y = np.array([mixture_inputs(4, 3, 3, rng, separation=0.0)[1] for _ in range(n)])
    for k in range(3):
        assert np.abs(np.mean(y == k, axis=0) - 1 / 3).max() < 5 * np.sqrt(2 / 9 / n)


def test_labels_have_the_frequencies():
    frequencies, n = np.array([1.0, 2.0, 3.0, 10.0]), 20000
    _, y = mixture_inputs(n, 5, 4, 0, separation=1.0, frequencies=frequencies)
    w = frequencies / 16
    np.testing.assert_array_equal(Mixture(1.0, frequencies=frequencies).probabilities(4), w)
    assert (np.abs(np.bincount(y) / n - w) < 5 * np.sqrt(w * (1 - w) / n)).all()
    # drawn independently: neighbours are alike with probability Σw²
    alike = np.sum(w**2)
    assert abs(np.mean(y[1:] == y[:-1]) - alike) < 5 * np.sqrt(alike / n)


# --- the description -----------------------------------------------------------------------------


def test_a_description_is_a_value():
    first = Mixture(3, groups=[2, 1], frequencies=np.array([3, 1]))
    assert first == Mixture(3.0, (2, 1.0), (0.75, 0.25))
    assert hash(first) == hash(Mixture(3.0, (2, 1.0), (6e300, 2e300)))
    assert first == pickle.loads(pickle.dumps(first)) == replace(first)
    assert first == eval(repr(first), {"Mixture": Mixture})
    assert Mixture(3.0) != Mixture(3.0, frequencies=[1, 1])  # balanced, and drawn
    with pytest.raises(AttributeError):
        first.separation = 1.0


@given(st.lists(st.floats(1e-200, 1e200), min_size=1, max_size=20))
def test_frequencies_are_kept_to_the_last_bit(frequencies):
    try:
        mixture = Mixture(1.0, frequencies=frequencies)
    except ValueError:  # a share that is no number in float64
        assert min(frequencies) < 1e-300 * max(frequencies)
        return
    assert replace(mixture) == mixture
    assert sum(mixture.frequencies) == pytest.approx(1, rel=EXACT)


@pytest.mark.parametrize("largest", [1.0, 1.5, 2.0, 3.0, 1e10, 2.0**1023])
@pytest.mark.parametrize("units", [1, 2, 3, 5])
def test_the_least_share_is_the_least_number(largest, units):
    """A class of ``5e-324`` of the sum is one, and of whole multiples; one of far less is none."""
    least = Fraction(5e-324)  # frequencies are multiples of it
    mixture = Mixture(3, frequencies=[float(ceil(units * Fraction(largest)) * least), largest])
    assert mixture.frequencies == pytest.approx((units * 5e-324, 1.0), abs=5e-324)
    assert min(mixture.frequencies) > 0
    told = r"least 5e-324 of their sum, the least number above 0, got 5e-324 beside 10000000000\.0"
    with pytest.raises(ValueError, match=told):
        Mixture(3, frequencies=[5e-324, 1e10])


def test_probabilities_without_frequencies():
    np.testing.assert_array_equal(Mixture(1.0).probabilities(4), np.full(4, 0.25))


BAD = {
    "samples": ((0, 3, 2, 0, 1.0), "n_samples must be at least 1, got 0"),
    "inputs": ((4, 0, 2, 0, 1.0), "n_inputs must be at least 1, got 0"),
    "classes": ((4, 3, 0, 0, 1.0), "n_classes must be at least 1, got 0"),
    "too few inputs": ((4, 3, 4, 0, 1.0), "n_inputs must be at least n_classes, 4, got 3"),
    "separation": ((4, 3, 2, 0, -0.5), "separation must not be negative, got -0.5"),
    "NaN": ((4, 3, 2, 0, np.nan), "separation must be finite, got nan"),
    "text": ((4, 3, 2, 0, "x"), "separation must be a number, got 'x'"),
    "a number": ((4, 3, 2, 0, 1.0, 2), "groups must be a sequence of a number of groups and"),
    "three": ((4, 3, 2, 0, 1.0, (2, 1, 1)), "groups must be a number of groups and a corr.* got"),
    "no groups": ((4, 3, 2, 0, 1.0, (0, 1)), r"groups\[0\] must be at least 1, got 0"),
    "correlation": ((4, 3, 2, 0, 1.0, (2, 1.1)), r"groups\[1\] must lie in \[0, 1\], got 1.1"),
    "negative": ((4, 3, 2, 0, 1.0, (2, -0.1)), r"groups\[1\] must lie in \[0, 1\], got -0.1"),
    "no multiple": ((4, 5, 3, 0, 1.0, (2, 0.5)), "n_classes must be a multiple of the 2 groups"),
    "frequencies": ((4, 3, 2, 0, 1.0, None, [1, 0]), "frequencies must be positive, got 0"),
    "no share": (
        (4, 3, 2, 0, 1.0, None, [1e300, 1e-300]),
        r"must be at least 5e-324 of their sum, .*, got 1e-300 beside 1e\+300",
    ),
    "infinite": ((4, 3, 2, 0, 1.0, None, [1, np.inf]), "frequencies must be finite"),
    "matrix": ((4, 3, 2, 0, 1.0, None, np.eye(2)), "frequencies must have 1 axis"),
    "others": ((4, 3, 2, 0, 1.0, None, [1, 2, 3]), "n_classes must be that of the 3 freq.*, got 2"),
}


@pytest.mark.parametrize(("arguments", "message"), BAD.values(), ids=BAD.keys())
def test_bad_input(arguments, message):
    def call(n, d, K, rng, separation, groups=None, frequencies=None):
        mixture_inputs(n, d, K, rng, separation=separation, groups=groups, frequencies=frequencies)

    with pytest.raises(ValueError, match=message):
        call(*arguments)
