"""Blocks and confusions of trained heads beside slow loops and closed special cases."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import rmt_hessian as rh
from rmt_hessian.measurements.real_head_blocks import beside_laws, chosen_blocks, real_head_blocks
from rmt_hessian.measurements.real_head_confusions import (
    quasi_independent,
    real_head_confusions,
    share_of,
)
from rmt_hessian.measurements.real_head_structure import probabilities
from rmt_hessian.measurements.real_heads import HeadOfNetwork
from rmt_hessian.model import head_data
from rmt_hessian.model.head_data import TrainedHead, packaged_head


@pytest.fixture
def of_few(monkeypatch, rng):
    """A head of 12 classes, the last one never the most probable."""
    bias = np.append(rng.standard_normal(11), -50.0)
    names = tuple("abcdefghijkl")
    Z, W = rng.standard_normal((300, 8)), 2 * rng.standard_normal((12, 8))
    few = TrainedHead(Z, W, bias, names, names)
    monkeypatch.setattr(head_data, "HEADS", {**head_data.HEADS, "magika": lambda: few})
    packaged_head.cache_clear()
    yield few
    packaged_head.cache_clear()


def parts(head):
    Z = np.hstack([head.features, np.ones((len(head.features), 1))])
    W = np.hstack([head.weights, head.bias[:, None]])
    return Z, W


def test_the_blocks_are_those_of_largest_and_median_norm(of_few):
    Z, W = parts(of_few)
    norms = rh.head_hessian(Z, W).block_norms()
    P = probabilities(Z @ W.T)
    np.testing.assert_allclose(P, np.exp(Z @ W.T) / np.exp(Z @ W.T).sum(axis=1, keepdims=True))
    found, diagonal = chosen_blocks(Z, P), np.diagonal(norms)
    assert found["largest"] == (np.argmax(diagonal),) * 2
    seen = np.unique(P.argmax(axis=1))
    assert 11 not in seen
    assert found["median"][0] == seen[np.argsort(diagonal[seen])[len(seen) // 2]]
    off = norms - np.diag(diagonal)
    assert off[found["pair"]] == off.max()


def test_a_block_is_measured_beside_its_laws(of_few):
    Z, W = parts(of_few)
    H = rh.head_hessian(Z, W, temperature=2.0)
    found = real_head_blocks(
        np.random.default_rng(0), run=HeadOfNetwork(head="magika", n_samples=300, temperature=2.0)
    )
    for name in ("largest", "median", "pair"):
        i, j = found[f"{name}_classes"]
        values = np.linalg.eigvalsh(H.block(i, j))
        np.testing.assert_allclose(found[f"{name}_eigenvalues"], values, atol=1e-14)
        law, lam = rh.law_of_block(H, i, j), np.abs(H.block_weights(i, j))
        assert found[f"{name}_ks"] == pytest.approx(rh.ks_distance(values, law), abs=1e-9)
        assert found[f"{name}_error"] == pytest.approx(law.error, abs=1e-9)
        assert found[f"{name}_n_effective"] == pytest.approx(np.sum(lam) ** 2 / np.sum(lam**2))
        names = [bytes(x).rstrip(b"\0").decode() for x in found[f"{name}_names"]]
        assert names == ["abcdefghijkl"[k] for k in (i, j)]
    assert found["random_ks"] < found["pair_ks"]


def test_a_random_head_has_the_spectrum_of_its_law(rng):
    """White features, weights in no relation to them beyond C directions: some 2/p."""
    Z = rng.standard_normal((600, 150))
    H = rh.head_hessian(Z, rng.standard_normal((5, 150)) / np.sqrt(150))
    found = beside_laws(H, 0, 1)
    assert found["white"]
    assert found["ks"] < 0.04
    assert found["ks"] == pytest.approx(found["white_ks"], abs=0.01)
    assert found["top_ratio"] == pytest.approx(1, abs=0.2)
    law, p = rh.law_of_block(H, 0, 1), len(found["quantiles"])
    np.testing.assert_allclose(law.cdf(found["quantiles"]), (np.arange(p) + 0.5) / p, atol=1e-9)
    top = np.abs(found["eigenvalues"]).max() / np.abs(found["quantiles"]).max()
    assert found["top_ratio"] == pytest.approx(top)


@given(st.integers(3, 40), st.integers(0, 2**32 - 1), st.floats(0, 2), st.floats(0, 3))
def test_quasi_independence_is_found_again(C, seed, spread, power):
    """Of any sizes, also where one class is confused with all and others hardly at all."""
    a = np.exp(spread * np.random.default_rng(seed).standard_normal(C))
    a[0] *= 10.0**power
    found = quasi_independent(a * (a.sum() - a))
    np.testing.assert_allclose(found, a, rtol=1e-5)  # the sums of c nearly cancel


def test_a_class_that_all_others_are_confused_with():
    """Sizes 10⁹ and ones: ``Σ_{i≠j} (a_i a_j)²`` is twice 10¹⁸ times their number, nearly."""
    a = np.append(1e9, np.ones(5))
    c = a * (a.sum() - a)
    off = 2 * 5e18 + 20
    assert share_of(a, c) == pytest.approx(off / (off + np.sum(c**2)), rel=1e-12)
    assert not quasi_independent(np.zeros(4)).any()


def test_two_classes_are_always_confused_with_each_other():
    c = np.array([0.3, 0.3])
    assert share_of(quasi_independent(c), c) == pytest.approx(0.5)


@pytest.mark.parametrize("C", [3, 10, 100])
def test_equal_sizes_have_the_share_of_equal_classes(C):
    c = np.full(C, 0.2)
    assert share_of(quasi_independent(c), c) == pytest.approx(1 / C)


def test_shares_with_less_and_less_known(of_few):
    Z, W = parts(of_few)
    found = real_head_confusions(
        np.random.default_rng(0), run=HeadOfNetwork(head="magika", n_samples=300)
    )
    P = probabilities(Z @ W.T)
    M = np.stack([np.diag(p) - np.outer(p, p) for p in P])
    value, _ = rh.head_hessian(Z, W).off_diagonal_share(population=True)
    assert found["population_share"] == pytest.approx(value, rel=1e-10)
    # pairs of different samples: the sum over all less that of one with itself
    squares = M.sum(axis=0) ** 2 - (M**2).sum(axis=0)
    off = squares.sum() - np.trace(squares)
    assert found["confusion_share"] == pytest.approx(off / squares.sum(), rel=1e-9)
    c = np.diagonal(M.mean(axis=0))
    assert found["n_effective"] == pytest.approx(c.sum() ** 2 / np.sum(c**2))
    assert found["equal_share"] == 1 / found["n_effective"]
    assert found["class_share"] == 1 / 12
    assert found["class_share"] < found["size_share"] < found["confusion_share"]
