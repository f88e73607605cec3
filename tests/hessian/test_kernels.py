import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rmt_hessian.hessian import kernels
from tests import oracles
from tests.tolerances import EXACT


@given(n=st.integers(1, 6), c=st.integers(1, 5), seed=st.integers(0, 10**6))
def test_kernels_equal_their_twins(n, c, seed):
    rng = np.random.default_rng(seed)
    F, S, b = rng.standard_normal((3, n, c))
    a = b**2 + rng.random((n, c))
    p = oracles.softmax(F)
    none, top = np.full(n, -1), p.argmax(axis=1)
    mask = rng.random((n, c)) < 0.5
    w = rng.standard_normal(3)
    lam = rng.standard_normal(n) * (rng.random(n) < 0.5)
    for name, *arguments in (
        ("apply_curvature", F, a, b, none),
        ("apply_curvature", F, p, p, top),
        ("pair_weights", S, F, a, b, none),
        ("pair_weights", S, F, p, p, top),
        ("curvature_diagonal", a, b, none),
        ("curvature_diagonal", p, p, top),
        ("apply_mask", F, mask),
        ("masked_outer", mask[:, 0], w),
        ("pack_pair", F, lam),
    ):
        fast, slow = getattr(kernels, name)(*arguments), getattr(oracles, name)(*arguments)
        for x, y in zip(np.atleast_1d(fast), np.atleast_1d(slow), strict=True):
            np.testing.assert_allclose(x, y, rtol=EXACT, atol=EXACT * 100)


@pytest.mark.parametrize(("i", "j"), [(0, 0), (0, 2), (2, 1)])
def test_scatter_pair_equals_its_twin(i, j, rng):
    block = rng.standard_normal((2, 2))
    block += block.T if i == j else 0
    fast, slow = np.zeros((6, 6)), np.zeros((6, 6))
    kernels.scatter_pair(fast, block, i, j)
    oracles.scatter_pair(slow, block, i, j)
    np.testing.assert_array_equal(fast, slow)
