"""The recurrence: its decomposition identity and its orthogonality."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from rmt_hessian.spectra.lanczos import lanczos
from tests.spectra.matrices import entries, orthogonal, probe, with_spectrum
from tests.tolerances import EXACT


@given(
    st.lists(entries(10), min_size=1, max_size=30),
    st.integers(1, 35),
    st.integers(0, 10**6),
    st.sampled_from([1e-150, 1.0, 1e150]),
)
def test_decomposition(values, n_steps, seed, unit):
    """``Qᵀ Q = I`` and ``A Q - Q T = β q eᵀ``, degenerate spectra and invariant spaces included."""
    rng, n = np.random.default_rng(seed), len(values)
    A = unit * with_spectrum(values, rng)[0]
    basis = np.empty((min(n_steps, n), n))
    alpha, beta = lanczos(lambda v: A @ v, probe(n, seed), basis)
    k = alpha.size
    Q = basis[:k].T
    assert_allclose(Q.T @ Q, np.eye(k), atol=EXACT)
    T = np.diag(alpha) + np.diag(beta[:-1], 1) + np.diag(beta[:-1], -1)
    remainder = A @ Q - Q @ T
    scale = np.linalg.norm(A / unit, 2) * unit
    assert_allclose(remainder[:, :-1], 0, atol=EXACT * scale)
    assert_allclose(np.linalg.norm(remainder[:, -1] / unit), beta[-1] / unit, atol=EXACT * 10)
    assert_allclose(Q.T @ remainder[:, -1], 0, atol=EXACT * scale)
    assert k == basis.shape[0] or beta[-1] == 0


def test_orthogonality_survives_rounding_above_the_coupling():
    """Products that are symmetric to 5e-5 only, and an almost invariant space: what is removed is
    5e7 times what is left, and once is not enough (5e-9 instead of rounding)."""
    n = 5
    A = np.diag(np.arange(1.0, n + 1)) + np.diag(np.ones(n - 1), 1) + np.diag(np.ones(n - 1), -1)
    A[2, 3] = A[3, 2] = 1e-12
    A[0, 2] = 5e-5
    R = orthogonal(n, np.random.default_rng(0))
    basis = np.empty((4, n))
    alpha, _ = lanczos(lambda v: R @ (A @ (R.T @ v)), R[:, 0].copy(), basis)
    assert alpha.size == 4
    assert_allclose(basis @ basis.T, np.eye(4), atol=EXACT)
