"""Features with a null space beyond that of N < p: no spectrum of white ones, at any size."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import rmt_hessian as rh
from rmt_hessian.compare import sample_law
from rmt_hessian.compare.sample_law import UNLIKELY, feature_spectrum, is_white
from tests.tolerances import EXACT

SEEDS = st.integers(0, 2**32 - 1)
SIZES = st.tuples(st.integers(12, 60), st.integers(12, 90))  # p, N
DTYPES = st.sampled_from(["float64", "float32"])


def dead(Z, null, rng):
    """Pixels that are never lit."""
    Z[:, rng.permutation(Z.shape[1])[:null]] = 0
    return len(Z), Z.shape[1] - null


def copies(Z, null, rng):
    Z[:, :null] = Z[:, -null:]
    return len(Z), Z.shape[1] - null


def sums(Z, null, rng):
    """Columns that are sums of others, as they round."""
    Z[:, :null] = Z[:, null:] @ rng.standard_normal((Z.shape[1] - null, null)).astype(Z.dtype)
    return len(Z), Z.shape[1] - null


def few_samples(Z, null, rng):
    """Some are there twice."""
    Z[-null:] = Z[:null]
    return len(Z) - null, Z.shape[1]


def heads(Z, rng, dtype="float64"):
    return rh.head_hessian(Z, rng.standard_normal((3, Z.shape[1])) / 8, dtype=dtype)


@settings(deadline=None)
@given(SIZES, st.integers(1, 6), st.sampled_from([dead, copies, sums, few_samples]), DTYPES, SEEDS)
def test_a_null_space_is_measured(sizes, null, kind, dtype, seed):
    """Whatever the Kolmogorov–Smirnov distance, 1/p of one null eigenvalue; and the law has it."""
    p, N = sizes
    rng = np.random.default_rng(seed)
    Z = rng.standard_normal((N, p)).astype(dtype)
    ranks = kind(Z, null, rng)
    assume(abs(ranks[0] - ranks[1]) > 5)  # a square matrix has small eigenvalues: below
    spectrum = feature_spectrum(Z, np.ones(N))
    assert np.count_nonzero(spectrum == 0) == p - min(ranks)
    if min(ranks) < min(p, N):
        assert not is_white(spectrum, Z)
        for given_dtype in (dtype, "float64"):  # numbers of float32 in float64 too
            law = rh.law_of_block(heads(Z, rng, given_dtype), 0, 1)
            assert law.features == "measured"
            assert law.atom_at_zero == pytest.approx(1 - min(ranks) / p, abs=EXACT)


@settings(deadline=None)
@given(SIZES, DTYPES, SEEDS)
def test_no_null_space_decides_nothing(sizes, dtype, seed):
    """White features of full rank, of both precisions and any scale: the test decides alone."""
    p, N = sizes
    Z = 0.01 * np.random.default_rng(seed).standard_normal((N, p)).astype(dtype)
    spectrum = feature_spectrum(Z, np.ones(N))
    assert np.count_nonzero(spectrum == 0) == max(0, p - N)
    law = rh.theory.MarchenkoPastur(p / N, scale=spectrum.mean())
    assert is_white(spectrum, Z) == (rh.ks_test(spectrum, law).pvalue >= UNLIKELY)


def test_small_eigenvalues_of_square_features_are_no_null_space(monkeypatch):
    """At p = N the least of white features is some 1/p²: in float32 it may count as null, as often
    as the law says; half of all eigenvalues may not."""
    monkeypatch.setattr(sample_law, "type_precision", lambda Z: 2.0**-17)  # narrower than float32
    rng, hidden, white = np.random.default_rng(0), 0, 0
    for _ in range(40):
        Z = rng.standard_normal((120, 120))
        spectrum = feature_spectrum(Z, np.ones(120))
        hidden += spectrum[0] == 0
        white += is_white(spectrum, Z)
    assert hidden > 5
    assert white >= 38
    Z[:, :60] = 0
    assert not is_white(feature_spectrum(Z, np.ones(120)), Z)


def test_layers_of_features_with_a_null_space():
    rng = np.random.default_rng(0)
    Z = rng.standard_normal((300, 40))
    assert rh.law_of_layer(heads(Z, rng)).features == "white"
    Z[:, :3] = 0
    law = rh.law_of_layer(heads(Z, rng))
    assert law.features == "measured"
    assert law.atom_at_zero == pytest.approx(1 - 2 / 3 * 37 / 40, abs=EXACT)


def test_rounding_of_features_is_squared_in_their_spectrum():
    """A small eigenvalue of float32 features is none of rounding: 1e-6 of the largest."""
    rng = np.random.default_rng(0)
    Z = (rng.standard_normal((90, 20)) * np.geomspace(1, 1e-3, 20)).astype("float32")
    spectrum = feature_spectrum(Z, np.ones(90))
    exact = np.linalg.svd(Z.astype(float), compute_uv=False)[::-1] ** 2 / 90
    np.testing.assert_allclose(spectrum, exact, rtol=1e-8)
