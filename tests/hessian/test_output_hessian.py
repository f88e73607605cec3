"""Weighted sums of the output Hessians of hidden layers: as Gram matrices, and pair by pair."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rmt_hessian import Network, layer_hessian
from rmt_hessian.hessian import output_hessians
from rmt_hessian.hessian.logits import LinearLogits
from rmt_hessian.hessian.output_hessians import HiddenLayerOutputHessians
from rmt_hessian.hessian.softmax_curvature import SoftmaxCurvature
from rmt_hessian.hessian.unit_curvature import UnitCurvature
from tests import oracles
from tests.strategies import cases
from tests.tolerances import EXACT

GRAM, PAIRS = 10**9, 0  # values of ``A_WEIGHT`` that settle the way for k units: C q <= k, never


@pytest.fixture
def calls(monkeypatch):
    """Shapes made by the root of the curvature, and how often all pairs were gone through."""
    made = {"roots": [], "pairs": 0}
    apply_root, all_pairs = SoftmaxCurvature.apply_root, HiddenLayerOutputHessians._all_pair_weights

    def spy_roots(self, S, samples):
        out = apply_root(self, S, samples)
        made["roots"].append(out.shape)
        return out

    def spy_pairs(self):
        made["pairs"] += 1
        return all_pairs(self)

    monkeypatch.setattr(SoftmaxCurvature, "apply_root", spy_roots)
    monkeypatch.setattr(HiddenLayerOutputHessians, "_all_pair_weights", spy_pairs)
    return made


def size(case):
    """``|B|ᵀ |B|`` without cancellation, which rounding errors of ``M_n`` scale with."""
    B = np.eye(case.net.widths[case.layer + 1])
    for W in case.net.weights[case.layer + 1 :]:
        B = np.abs(W) @ B
    return np.abs(B.T @ B).max()


@given(cases(), st.integers(1, 4), st.sampled_from([1, 2, 7, 60, 10**7]))
def test_signed_weights_of_any_pattern(case, q, chunk_size):
    """Few samples of a column or all of them, of many classes or few: both ways are taken."""
    H = layer_hessian(case.net, case.X, case.layer, case.loss, chunk_size=chunk_size)
    w = case.rng.standard_normal((len(case.X), q))
    w *= case.rng.random(w.shape) < case.rng.choice([0.0, 0.2, 1.0])
    M = oracles.output_hessians(case.net, case.X, case.layer, case.loss)
    sums = H.output_hessians.weighted_sums(w)
    atol = EXACT * size(case) * max(1.0, np.abs(w).sum())
    np.testing.assert_allclose(sums, np.einsum("nq,nij->qij", w, M), rtol=0, atol=atol)
    np.testing.assert_array_equal(sums, sums.transpose(0, 2, 1))
    assert sums.dtype == H.dtype


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("loss", ["ce", "mse"])
@pytest.mark.parametrize("widths", [[5, 30, 3], [5, 30, 20, 3], [5, 30, 8, 20, 3]])
def test_both_ways_agree(widths, loss, dtype, rng, monkeypatch):
    """``C q = 9 <= k = 30``, so that either way can be taken; some units in another order as well.

    Both round every sum to u: of 40 samples, 3 classes and at most 30 units in each of at most 2
    layers, in products of at most 8 factors.
    """
    net, X = Network.random(widths, rng), rng.standard_normal((40, 5))
    H = layer_hessian(net, X, 0, loss, dtype=dtype, chunk_size=1000)
    w = rng.standard_normal((40, 3)).astype(H.dtype)
    for part in (H, H.restrict(rng.permutation(30)[:12])):
        results = []
        for way in (GRAM, PAIRS):
            monkeypatch.setattr(output_hessians, "A_WEIGHT", way)
            results.append(part.output_hessians.weighted_sums(w))
            assert results[-1].dtype == dtype
            np.testing.assert_array_equal(results[-1], results[-1].transpose(0, 2, 1))
        roundings = (40 + 3 + 2 * 30 + 8) * np.finfo(dtype).eps
        atol = roundings * np.abs(w).sum() * np.abs(results[1]).max()
        np.testing.assert_allclose(*results, rtol=0, atol=atol)


# --- the root of the curvature ------------------------------------------------------------------


@pytest.mark.parametrize("samples", [slice(None), slice(1, 4), np.array([3, 0])])
@pytest.mark.parametrize("chunk_size", [1, 10**6])
def test_softmax_root(samples, chunk_size, rng):
    """``R = diag(√p)(I - 1 pᵀ)``, ``Rᵀ R = A``, ``R 1 = 0``."""
    Z, V, S = rng.standard_normal((6, 3)), rng.standard_normal((5, 3)), rng.standard_normal((5, 4))
    curvature = SoftmaxCurvature.from_logits(LinearLogits(Z, V), chunk_size)
    p = oracles.softmax(Z @ V.T)[samples]
    R = np.sqrt(p)[:, :, None] * (np.eye(5) - p[:, None, :])
    root = curvature.apply_root(S, samples)
    np.testing.assert_allclose(root, R @ S, atol=EXACT)
    A = oracles.softmax_curvature(Z @ V.T)[samples]
    np.testing.assert_allclose(root.transpose(0, 2, 1) @ root, S.T @ A @ S, atol=10 * EXACT)
    assert not curvature.apply_root(np.ones((5, 1)), samples).any()


@pytest.mark.parametrize("samples", [slice(None), slice(1, 4), np.array([3, 0])])
def test_unit_root(samples, rng):
    S = rng.standard_normal((5, 4))
    curvature = UnitCurvature.from_logits(LinearLogits(np.ones((6, 3)), np.ones((5, 3))), 10)
    root = curvature.apply_root(S, samples)
    np.testing.assert_array_equal(root, np.broadcast_to(S, (len(np.arange(6)[samples]), 5, 4)))
    root[0] = 0.0  # memory of its own for every sample
    np.testing.assert_array_equal(root[1], S)


# --- a confident softmax ------------------------------------------------------------------------

RELATIVE = 1e-9  # logits up to 10³ have errors of eps |f| = 2e-13 times a few


def differences(net, X, size=np.asarray):
    """``M_n = ½ Σ_cd p_c p_d (b_c - b_d)(b_c - b_d)ᵀ`` of layer 0, b_c the rows of ``B_n``; with
    ``size=np.abs`` the sum of the sizes of its terms. Nothing cancels in either.
    """
    result = []
    for p, *masks in zip(oracles.softmax(net(X)), *net.forward(X).slopes, strict=True):
        B = np.eye(net.widths[-1])
        for W, mask in zip(net.weights[:0:-1], masks[::-1], strict=True):
            B = B @ W * mask
        b = size(B[:, None] - B[None])
        result.append(0.5 * np.einsum("c,d,cdi,cdj->ij", p, p, b, b))
    return np.array(result)


@pytest.mark.parametrize("widths", [[4, 6, 5], [4, 6, 6, 5]])
@pytest.mark.parametrize("scale", [1.0, 30.0, 200.0])
def test_a_confident_softmax(widths, scale, rng, calls):
    """Every sample by itself, its ``M_n`` from O(1) to e^-1000, and their mean."""
    *lower, last = Network.random(widths, rng).weights
    net, X = Network([*lower, scale * last]), rng.standard_normal((30, 4))
    H = layer_hessian(net, X, 0, "ce")
    M, terms = differences(net, X), differences(net, X, np.abs)
    single = np.concatenate([H.output_hessians.weighted_sums(w[:, None]) for w in np.eye(30)])
    assert (np.abs(single - M) <= RELATIVE * terms).all()
    assert (np.abs(H.output_hessian() - M.mean(axis=0)) <= RELATIVE * terms.mean(axis=0)).all()
    assert calls["roots"]
    assert not calls["pairs"]


def test_second_moments_less_products_of_means_lose_all_digits(rng):
    """Null test: the usual form of a covariance fails the test above."""
    V = 30 * rng.standard_normal((5, 6))
    net, X = Network([rng.standard_normal((6, 4)), V]), rng.standard_normal((30, 4))
    p, active = oracles.softmax(net(X)), net.forward(X).slopes[0]
    mean = p @ V
    usual = np.einsum("nc,ci,cj->nij", p, V, V) - mean[:, :, None] * mean[:, None, :]
    usual *= active[:, :, None] * active[:, None, :]
    wrong = np.abs(usual - differences(net, X)) > RELATIVE * differences(net, X, np.abs)
    assert wrong.any(axis=(1, 2)).sum() > 15


# --- cost ---------------------------------------------------------------------------------------


def test_groups_cost_as_much_as_one_mean(calls, rng):
    """Rows of each sample are made once, and none of the samples without a weight."""
    H = layer_hessian(Network.random([5, 40, 5], rng), rng.standard_normal((60, 5)), 0, "ce")
    groups = np.repeat(np.eye(12), 5, axis=0)
    H.output_hessians.weighted_sums(groups)
    assert calls["roots"] == [(60, 5, 40)]
    H.output_hessians.weighted_sums(groups[:, :3])
    assert calls["roots"][1:] == [(15, 5, 40)]
    assert not H.output_hessians.weighted_sums(np.zeros((60, 2))).any()
    assert len(calls["roots"]) == 2
    assert not calls["pairs"]


@pytest.mark.parametrize("chunk_size", [200, 450, 10**4])
def test_rows_fit_into_a_chunk(chunk_size, calls, rng):
    net = Network.random([5, 30, 40, 5], rng)
    H = layer_hessian(net, rng.standard_normal((60, 5)), 0, "ce", chunk_size=chunk_size)
    H.output_hessian()
    assert max(np.prod(shape) for shape in calls["roots"]) <= chunk_size
    assert sum(n for n, _, _ in calls["roots"]) == 60


@pytest.mark.parametrize(("k", "n_classes", "q"), [(4, 200, 1), (40, 5, 30), (300, 120, 1)])
def test_many_classes_or_many_sums_go_pair_by_pair(k, n_classes, q, calls, rng):
    """Where making each ``λ_n^{ij}`` once is less work."""
    H = layer_hessian(Network.random([5, k, n_classes], rng), np.ones((2, 5)), 0, "ce")
    H.output_hessians.weighted_sums(rng.standard_normal((2, q)))
    assert calls["pairs"] == 1
    assert not calls["roots"]
