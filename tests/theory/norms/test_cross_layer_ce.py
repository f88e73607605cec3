"""Cross-layer norms with cross-entropy: each part by itself, and the whole to a per cent."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rmt_hessian import Ensemble
from rmt_hessian.theory.norms import cross_layer
from rmt_hessian.theory.norms.cross_layer import cross_layer_norm
from tests.tolerances import EXACT

GAINS = {"lecun": 1.0, "he": 2.0}


def pair_products(W, V, x, other):
    """Four inner products of the blocks ``[(A v^i)_c D_i x hᵀ] + [r_c D_i x e_iᵀ]`` of two samples.

    Curvature with curvature, curvature with residual, residual with curvature, residual with
    residual: means over i and c, and over uniform labels of both samples, by loops. Then the same
    of the sizes of all terms, which rounding follows where they cancel.
    """
    C, m = V.shape
    parts, sizes = [], []
    for z in (x, other):
        h, D = np.maximum(W @ z, 0.0), W @ z > 0
        p = np.exp(V @ h) / np.sum(np.exp(V @ h))
        A = np.diag(p) - np.outer(p, p)
        curvature, residual, size, residual_size = np.zeros((4, m, C, z.size, m))
        for i, c in np.ndindex(m, C):
            curvature[i, c] = (A @ V[:, i])[c] * D[i] * np.outer(z, h)
            size[i, c] = (np.abs(A) @ np.abs(V[:, i]))[c] * D[i] * np.abs(np.outer(z, h))
            residual_size[i, c] = (p[c] + 1 / C) * D[i] * np.abs(np.outer(z, np.eye(m)[i]))
            for label in range(C):
                r = p[c] - (label == c)
                residual[i, c] += r * D[i] * np.outer(z, np.eye(m)[i]) / C
        parts.append((curvature, residual))
        sizes.append((size, residual_size))
    products = ([np.sum(a * b) / (m * C) for a in s[0] for b in s[1]] for s in (parts, sizes))
    return map(np.array, products)


def sample_square(W, V, x):
    """Mean over i, c and labels of the squared block of one sample, by loops."""
    C, m = V.shape
    h, D = np.maximum(W @ x, 0.0), W @ x > 0
    p = np.exp(V @ h) / np.sum(np.exp(V @ h))
    A = np.diag(p) - np.outer(p, p)
    total = 0.0
    for i, c, label in np.ndindex(m, C, C):
        block = (A @ V[:, i])[c] * D[i] * np.outer(x, h)
        block += (p[c] - (label == c)) * D[i] * np.outer(x, np.eye(m)[i])
        total += np.sum(block**2)
    return total / (m * C * C)


@given(st.integers(2, 5), st.integers(1, 4), st.integers(2, 5), st.integers(0, 10**6))
def test_each_term_of_a_pair(C, d, m, seed):
    """``(x·x') T`` against formed blocks; a term alone by taking what the others need away."""
    rng = np.random.default_rng(seed)
    W, V, X = (rng.standard_normal(shape) for shape in ((m, d), (C, m), (2, d)))
    first, other = (cross_layer._tangents(V[None], (W @ x)[None]) for x in X)
    flat, nowhere = np.full((1, C), 1 / C), np.zeros((1, m), dtype=bool)

    def part(sample, p=None, mask=None, U=1.0):
        return (
            sample[0] if p is None else p,
            sample[1],
            sample[2] if mask is None else mask,
            (U * sample[3]),
        )

    pairs = [
        (part(first, mask=nowhere), part(other, mask=nowhere)),
        (part(first, p=flat), part(other, U=0.0)),
        (part(first, U=0.0), part(other, p=flat)),
        (part(first, U=0.0), part(other, U=0.0)),
        (first, other),
    ]
    found = X[0] @ X[1] * np.array([cross_layer._ce_product(*pair)[0] for pair in pairs])
    expected, sizes = pair_products(W, V, *X)
    scale = sizes.max()
    np.testing.assert_allclose(found, [*expected, expected.sum()], rtol=0, atol=EXACT * scale)
    labels = X[0] @ X[0] * (1 / C - 1 / C**2) * first[2].mean()  # the variance of its label
    own = X[0] @ X[0] * cross_layer._ce_product(first, first)[0] + labels
    assert own == pytest.approx(sample_square(W, V, X[0]), rel=EXACT, abs=1e-300)


@pytest.mark.parametrize("gain", [1.0, 2.0])
@pytest.mark.parametrize("d", [1, 2, 6])
def test_law_of_a_pair(d, gain, rng, monkeypatch):
    """``E[(x·x') φ(w·x) χ(w·x')] = E_w[E[x φ(w·x)]·E[x χ(w·x)]]``: the tilt, closed for each φ.

    Along w, of squared length ``s χ²_d``, ``s = gain/d``, ``E[x φ(w·x)]`` is ``√(2/π)`` for the
    sign, ``|w|`` for the identity, ``3|w|³`` for the cube; products over units factor given x.
    """
    s = gain / d
    cases = [
        (lambda V, g, k: np.sign(g[:, 0]) * np.sign(k[:, 0]), 2 / np.pi),
        (lambda V, g, k: g[:, 0] * k[:, 0], s * d),
        (lambda V, g, k: g[:, 0] ** 3 * k[:, 0], 3 * s**2 * d * (d + 2)),
        (lambda V, g, k: g[:, 0] * k[:, 0] ** 3, 3 * s**2 * d * (d + 2)),
        # a second unit: E over it is s‖x‖²
        (lambda V, g, k: g[:, 0] * k[:, 0] * g[:, 1] ** 2, s**2 * d * (d + 2)),
        (lambda V, g, k: g[:, 0] * k[:, 0] * V[:, 1, 1] ** 2, s * d * gain / 2),
    ]
    monkeypatch.setattr(cross_layer, "_tangents", lambda V, g: (V, g))
    for function, expected in cases:
        monkeypatch.setattr(
            cross_layer, "_ce_product", lambda one, two, f=function: f(*one, two[1])
        )
        draws = cross_layer._ce_pair(200_000, 2, d, 2, gain, rng)
        error = draws.std() / np.sqrt(draws.size)
        assert error < 0.04 * expected
        assert abs(draws.mean() - expected) < 4 * error


@pytest.mark.parametrize("gain", [1.0, 2.0])
@pytest.mark.parametrize("d", [1, 2, 6])
def test_law_of_one_sample(d, gain, rng, monkeypatch):
    """``E[‖x‖² φ(w·x)]``: moments of ``χ²_d``, and of V."""
    s = gain / d
    cases = [
        (lambda V, g: np.ones(len(g)), d),
        (lambda V, g: g[:, 0] ** 2, s * d * (d + 2)),
        (lambda V, g: g[:, 0] ** 2 * g[:, 1] ** 2, s**2 * d * (d + 2) * (d + 4)),
        (lambda V, g: V[:, 1, 0] ** 2, d * gain / 2),
    ]
    monkeypatch.setattr(cross_layer, "_tangents", lambda V, g: (V, g))
    for function, expected in cases:
        monkeypatch.setattr(cross_layer, "_ce_product", lambda one, two, f=function: f(*one))
        draws = cross_layer._ce_same(200_000, 2, d, 2, gain, rng)
        error = draws.std() / np.sqrt(draws.size)
        assert error < 0.02 * expected
        assert abs(draws.mean() - expected) <= 4 * error + EXACT * expected


# --- CE at small sizes, to a per cent -----------------------------------------------------------


def simulated_ce(ens, n, rng, N=None):
    """``‖H_{w_i, v_c}‖²``, mean over i and c, and the same over pairs of N samples: (2, n)."""
    (d, m, C), N, gain = ens.widths, N or ens.n_samples, GAINS[ens.init]
    W = rng.standard_normal((n, m, d)) * np.sqrt(gain / d)
    V = rng.standard_normal((n, C, m)) * np.sqrt(gain / m)
    X, labels = rng.standard_normal((n, N, d)), rng.integers(C, size=(n, N, 1))
    g = X @ W.swapaxes(1, 2)
    h, D = np.maximum(g, 0.0), (g > 0).astype(float)
    p = np.exp(h @ V.swapaxes(1, 2))
    p /= p.sum(axis=2, keepdims=True)
    Av = p[..., None] * (V[:, None] - (p @ V)[:, :, None])
    J = Av[..., None] * h[:, :, None, None]  # sample, class, unit, feature
    for i in range(m):
        J[..., i, i] += p - (np.arange(C) == labels)
    J *= D[:, :, None, :, None]
    J = J.reshape(n, N, -1)
    total = np.sum((X.swapaxes(1, 2) @ J) ** 2, axis=(1, 2))
    own = np.sum(np.sum(X**2, axis=2) * np.sum(J**2, axis=2), axis=1)
    pairs = (total - own) / (N * (N - 1)) if N > 1 else total
    return np.stack([total / N**2, pairs]) / (m * C)


@pytest.mark.parametrize(
    ("widths", "N", "init", "n"),
    [([1, 2, 2], 1, "lecun", 24), ([2, 2, 3], 1, "he", 20), ([2, 2, 3], 2, "lecun", 10)],
)
def test_ce_to_a_per_cent(widths, N, init, n, rng):
    """1 or 2 samples, where one sample decides: four standard errors of both sides are 1 %."""
    ens = Ensemble(widths, 0, "ce", N, init=init)
    expected = cross_layer_norm(ens, n_draws=400_000)
    draws = np.concatenate([simulated_ce(ens, 100_000, rng)[0] for _ in range(n)])
    error = np.hypot(draws.std() / np.sqrt(draws.size), expected.error)
    assert 4 * error < 0.01 * expected.squared_norm
    assert abs(expected.squared_norm - draws.mean()) < 4 * error


@pytest.mark.parametrize("widths", [[2, 2, 3], [3, 2, 2]])
def test_ce_of_pairs_to_two_per_cent(widths, rng):
    """``N = ∞`` leaves pairs of different samples, here those among eight: 4 errors are 2.5 %."""
    ens = Ensemble(widths, 0, "ce", 10**12)
    expected = cross_layer_norm(ens, n_draws=400_000)
    draws = np.concatenate([simulated_ce(ens, 25_000, rng, N=8)[1] for _ in range(14)])
    error = np.hypot(draws.std() / np.sqrt(draws.size), expected.error)
    assert 4 * error < 0.025 * expected.squared_norm
    assert abs(expected.squared_norm - draws.mean()) < 4 * error
