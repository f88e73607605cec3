import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rmt_hessian.hessian import kernels
from tests import oracles
from tests.tolerances import EXACT

sizes = st.integers(1, 6)
seeds = st.integers(0, 10**6)


def same(name, *arguments):
    """Both twins on copies of the arguments: what they return and what they write to."""
    results = []
    for twin in (getattr(kernels, name), getattr(oracles, name)):
        copies = [a.copy() if isinstance(a, np.ndarray) else a for a in arguments]
        returned = twin(*copies)
        returned = returned if isinstance(returned, tuple) else (returned,)
        results.append([*(r for r in returned if r is not None), *copies])
    for fast, slow in zip(*results, strict=True):
        np.testing.assert_allclose(fast, slow, rtol=EXACT, atol=EXACT * 100)
        assert np.shape(fast) == np.shape(slow)


@given(sizes, st.lists(st.integers(1, 4), min_size=1, max_size=5), seeds, st.booleans())
def test_normaliser_in_any_split_of_the_classes(n, chunks, seed, ties):
    """The same state after each chunk, and at the end that of all logits at once."""
    rng = np.random.default_rng(seed)
    f = 10 ** rng.uniform(-1, 2.5) * rng.standard_normal((n, sum(chunks)))
    f = np.round(f) if ties else f
    fast, slow = ((np.full(n, -np.inf), np.zeros(n), np.full(n, -1)) for _ in range(2))
    for first, size in zip(np.cumsum([0, *chunks]), chunks, strict=False):
        kernels.update_normaliser(f[:, first : first + size], first, *fast)
        oracles.update_normaliser(f[:, first : first + size], first, *slow)
        for a, b in zip(fast, slow, strict=True):
            np.testing.assert_allclose(a, b, rtol=EXACT)
    top, others, reference = fast
    np.testing.assert_array_equal(top, f.max(axis=1))
    np.testing.assert_array_equal(reference, f.argmax(axis=1))
    e = np.exp(f - top[:, None])
    e[np.arange(n), reference] = 0.0
    np.testing.assert_allclose(others, e.sum(axis=1), rtol=EXACT)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("place", [0, 1, 2, 5])
@pytest.mark.parametrize("size", [1, 2, 6])
def test_normaliser_shows_a_logit_that_is_not_finite(bad, place, size):
    f = np.array([[0.0, 1.0, -1.0, 2.0, 0.5, 1.5], [1.0, 0.0, 0.0, 0.0, 0.0, 0.0]])
    f[0, place] = bad
    top, others, reference = np.full(2, -np.inf), np.zeros(2), np.full(2, -1)
    for first in range(0, 6, size):
        kernels.update_normaliser(f[:, first : first + size], first, top, others, reference)
    assert not (np.isfinite(top[0]) and np.isfinite(others[0]))
    assert np.isfinite(top[1])
    assert np.isfinite(others[1])


@given(n=sizes, q=sizes, c=sizes, seed=seeds)
def test_softmax_and_its_curvature(n, q, c, seed):
    rng = np.random.default_rng(seed)
    f = 5 * rng.standard_normal((n, c))
    p, F = oracles.softmax(f), rng.standard_normal((n, q, c))
    top, reference = f.max(axis=1), f.argmax(axis=1)
    same("softmax_in_place", f, top, np.exp(f - top[:, None]).sum(axis=1) - 1)
    same("apply_softmax_curvature", F, p, reference)
    S = rng.standard_normal((c, q))
    same("apply_softmax_root", S, p, reference, np.empty((n, c, q)))
    S = rng.standard_normal((c, q))
    i, j = rng.integers(0, q, (2, 4))
    rest = p.copy()
    rest[np.arange(n), reference] = 0.0
    same(
        "covariances_from_moments",
        np.stack([rest @ (S[:, a] * S[:, b]) for a, b in zip(i, j, strict=True)], axis=1),
        rest @ S,
        S[reference],
        rest.sum(axis=1),
        i,
        j,
    )
    Kq, k = rng.random((n, c)).astype(np.float32), rng.random(n)
    for dtype in (np.float32, np.float64):
        same("correction_sums", p.astype(dtype), Kq, 2.5, 0.3, k)


@given(n=sizes, classes=sizes, seed=seeds)
def test_sums_over_pairs_of_samples(n, classes, seed):
    """Sums are the same for symmetric S, whatever stands above the diagonal of the array."""
    rng = np.random.default_rng(seed)
    K, S, Q = rng.random((3, n, n))
    K, S, Q = K + K.T, np.tril(S), np.tril(Q)
    same("lower_sums", K, S)
    reference = rng.integers(0, classes, n)
    p = rng.random((n, classes))[:, reference]  # the same class has the same probability
    same("off_diagonal_sum", K, S, Q, p, reference)


@given(n=sizes, q=sizes, k=sizes, seed=seeds)
def test_masks(n, q, k, seed):
    rng = np.random.default_rng(seed)
    mask = rng.random((n, k)) < 0.5
    i, j = rng.integers(0, k, (2, q))
    same("apply_slopes", rng.standard_normal((n, q, k)), mask)
    same("scaled_rows", mask, rng.standard_normal((k, q)), np.empty((n, k, q)))
    same("scale_pairs", rng.standard_normal((n, q)), mask, i, j, np.empty((n, q)))


@given(n=sizes, p=sizes, w=sizes, seed=seeds)
def test_packing(n, p, w, seed):
    rng = np.random.default_rng(seed)
    left, S, T = (rng.standard_normal((n, size)) for size in (p, w, w))
    s, t = rng.standard_normal((2, n)) * (rng.random((2, n)) < 0.5)
    same("pack_symmetric", left, s, np.zeros((n, p)))
    space = np.zeros((n, p)), np.zeros((n, w))
    same("pack_cross", rng.random(n) < 0.5, left, s, S, t, T, *space)


@given(k=sizes, p=sizes, seed=seeds)
def test_scatter_units(k, p, seed):
    rng = np.random.default_rng(seed)
    block = rng.standard_normal((p, p))
    i, j = (int(unit) for unit in rng.integers(0, k, 2))
    same("scatter_units", np.zeros((k * p, k * p)), block + block.T, i, j)


@given(k=st.integers(1, 80), p=st.integers(1, 4), seed=seeds)
def test_scatter_features(k, p, seed):
    """Widths below, at and above one and two tiles."""
    rng = np.random.default_rng(seed)
    sums = rng.standard_normal((p * (p + 1) // 2, k, k))
    start, stop = sorted(rng.integers(0, k + 1, 2))
    same("scatter_features", np.zeros((k * p, k * p)), sums, start, stop)


@given(rows=st.integers(1, 80), columns=st.integers(1, 80), seed=seeds)
def test_transpose_into(rows, columns, seed):
    rng = np.random.default_rng(seed)
    start, stop = sorted(rng.integers(0, rows + 1, 2))
    same("transpose_into", np.zeros((columns, rows)), rng.random((rows, columns)), start, stop)
