"""Matrices with a known spectrum, and probes."""

import numpy as np
from hypothesis import strategies as st


def entries(bound):
    """Eigenvalues, none so small that products become subnormal numbers."""
    return st.floats(-bound, bound).map(lambda x: x * (abs(x) > 1e-99))


def orthogonal(n, rng):
    return np.linalg.qr(rng.standard_normal((n, n)))[0]


def with_spectrum(values, rng):
    """A dense symmetric matrix with these eigenvalues, and its eigenvectors."""
    Q = orthogonal(len(values), rng)
    A = (Q * values) @ Q.T
    return (A + A.T) / 2, Q


def probe(n, seed):
    """The first probe of ``spectral_density(..., rng=seed)``."""
    return (2.0 * np.random.default_rng(seed).integers(0, 2, n) - 1.0) / np.sqrt(n)
