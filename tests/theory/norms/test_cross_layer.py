"""Cross-layer norms: the formulas against slow simulation, and their limits."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rmt_hessian.theory import ExpectedBlockNorms, block_norm_limit
from rmt_hessian.theory.norms import cross_layer
from rmt_hessian.theory.norms.cross_layer import (
    cross_layer_limit,
    cross_layer_norm,
    cross_layer_ratio,
    cross_layer_ratio_limit,
)
from rmt_hessian.theory.norms.norm_limits import block_norm_limits
from tests.tolerances import EXACT

SIZES = {"n_inputs": 40, "n_samples": 90, "n_hidden": 32}


def simulated_norms(loss, C, d, N, m, gain, n_draws, rng):
    """``Σ_{i,c} ‖H_{w_i, v_c}‖²/(mC)`` of blocks formed by loops over samples."""
    result = np.empty(n_draws)
    for t in range(n_draws):
        W = rng.standard_normal((m, d)) * np.sqrt(gain / d)
        V = rng.standard_normal((C, m)) * np.sqrt(gain / m)
        H = np.zeros((m, d, C, m))
        for _ in range(N):
            x, label = rng.standard_normal(d), rng.integers(C)
            D = W @ x > 0
            h = (W @ x) * D
            f = V @ h
            p = np.exp(f - f.max()) / np.sum(np.exp(f - f.max()))
            A, r = (np.diag(p) - np.outer(p, p), p) if loss == "ce" else (np.eye(C), f)
            r = r - np.eye(C)[label]
            H += np.einsum("ci,a,b->iacb", A @ V * D, x, h) / N
            H += np.einsum("c,i,a,ib->iacb", r, D, x, np.eye(m)) / N
        result[t] = np.sum(H**2) / (m * C)
    return result


@pytest.mark.parametrize(("init", "gain"), [("lecun", 1.0), ("he", 2.0)])
@pytest.mark.parametrize("sizes", [(2, 2, 3, 2), (5, 4, 2, 3), (3, 1, 4, 2)])
@pytest.mark.parametrize("loss", ["ce", "mse"])
def test_exact_at_any_size(loss, sizes, init, gain, rng):
    """C, d, N, m of a few, where every term counts; four standard errors of both sides."""
    C, d, N, m = sizes
    expected = cross_layer_norm(
        loss=loss, n_classes=C, n_inputs=d, n_samples=N, n_hidden=m, init=init, n_draws=20_000
    )
    draws = simulated_norms(loss, C, d, N, m, gain, 1500, rng)
    error = np.hypot(draws.std() / np.sqrt(draws.size), expected.error)
    assert abs(expected.squared_norm - draws.mean()) < 4 * error


def test_labels_of_mse(rng):
    """What labels add at N = ∞: the mean target ``1/C`` and ``‖E[D_i x]‖² = E[x; x > 0]² = 1/2π``,
    by 10⁶ draws of the component along w."""
    sizes = {"loss": "mse", "n_inputs": 9, "n_samples": 10**12, "n_hidden": 4}
    few, many = (cross_layer_norm(**sizes, n_classes=C).squared_norm for C in (2, 10**6))
    mean = np.maximum(rng.standard_normal(10**6), 0.0).mean()
    assert few - many == pytest.approx(mean**2 / 4, rel=0.01)


@pytest.mark.parametrize("loss", ["ce", "mse"])
@pytest.mark.parametrize("init", ["lecun", "he"])
def test_limit(loss, init):
    """What is left out is O(1/C) of it; from C = 256 to 1024 it falls by far more than half."""
    constant, exponent = cross_layer_limit(loss=loss, init=init, **SIZES)
    gaps, errors = [], []
    for C in (256, 1024):
        norm = cross_layer_norm(loss=loss, n_classes=C, init=init, n_draws=300, **SIZES)
        gaps.append(C**exponent * norm.squared_norm - constant)
        errors.append(4 * C**exponent * norm.error)
    assert 0.0 < gaps[0] < 0.2 * constant
    assert abs(gaps[1]) < gaps[0] / 2 + errors[0] + errors[1]


def test_ce_limit_is_that_of_the_labels():
    assert cross_layer_limit(loss="ce", init="he", **SIZES) == (40 / 180, 1)


def test_ratio_limits():
    """CE does not vanish with C, MSE like 1/C; their constants from the limits of each layer."""
    for loss, exponent in (("ce", 0), ("mse", 1)):
        constant, found = cross_layer_ratio_limit(loss=loss, **SIZES)
        assert found == exponent
        cross, _ = cross_layer_limit(loss=loss, **SIZES)
        hidden, output = (
            block_norm_limits(model=model, loss=loss, **SIZES) for model in ("hidden", "output")
        )
        expected = cross / np.sqrt(hidden.diagonal * output.diagonal)
        assert constant == pytest.approx(expected, rel=EXACT)
    ratio, error = cross_layer_ratio(loss="ce", n_classes=500, n_draws=600, **SIZES)
    constant, _ = cross_layer_ratio_limit(loss="ce", **SIZES)
    # 3 %: the O(1/C) of the three norms, below 1 % each
    assert abs(ratio - constant) < 4 * error + 0.03 * constant


def test_ratio_falls_as_inputs_and_samples_grow_together():
    """Like ``1/√d`` at fixed γ: halved, within its O(1/d), from d = 400 to 1600."""
    for loss in ("ce", "mse"):
        few, many = (
            cross_layer_ratio_limit(loss=loss, n_inputs=d, n_samples=2 * d, n_hidden=16)[0]
            for d in (400, 1600)
        )
        assert few / many == pytest.approx(2.0, rel=0.05)


def test_the_output_diagonal_must_have_a_constant():
    """The one off the diagonal need not: m = 4 is enough here, not there."""
    sizes = {"n_inputs": 300, "n_samples": 90, "n_hidden": 4}
    assert cross_layer_ratio_limit(loss="ce", **sizes)[0] > 0
    with pytest.raises(ValueError, match="off the diagonal, exists for n_hidden > 4, got 4"):
        block_norm_limit(model="output", loss="ce", **sizes)
    with pytest.raises(ValueError, match="on the diagonal, exists for n_hidden > 8, got 4"):
        cross_layer_ratio_limit(loss="ce", init="he", **sizes)


def test_a_prediction_is_reproducible():
    case = {"loss": "ce", "n_classes": 3, "n_draws": 100, **SIZES}
    assert cross_layer_norm(**case) == cross_layer_norm(**case)
    assert cross_layer_ratio(**case) == cross_layer_ratio(**case)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"loss": "hinge"}, "'ce', 'mse', got 'hinge'"),
        ({"n_classes": 1}, "n_classes must be at least 2, got 1"),
        ({"n_hidden": None}, "n_hidden of model 'hidden' must be an integer, got None"),
        ({"init": "x"}, "'lecun', 'he', got 'x'"),
        ({"n_draws": 1}, "n_draws must be at least 2, got 1"),
    ],
)
def test_refusals(change, message):
    with pytest.raises(ValueError, match=message):
        cross_layer_norm(**{"loss": "ce", "n_classes": 3, **SIZES, **change})


# --- the parts of CE, each by itself ------------------------------------------------------------


def pair_products(W, V, x, other):
    """Four inner products of the blocks ``[(A v^i)_c D_i x hᵀ] + [r_c D_i x e_iᵀ]`` of two samples.

    Curvature with curvature, curvature with residual, residual with curvature, residual with
    residual: means over i and c, and over uniform labels of both samples, by loops.
    """
    C, m = V.shape
    parts = []
    for z in (x, other):
        h, D = np.maximum(W @ z, 0.0), W @ z > 0
        p = np.exp(V @ h) / np.sum(np.exp(V @ h))
        A = np.diag(p) - np.outer(p, p)
        curvature, residual = np.zeros((2, m, C, z.size, m))
        for i, c in np.ndindex(m, C):
            curvature[i, c] = (A @ V[:, i])[c] * D[i] * np.outer(z, h)
            for label in range(C):
                r = p[c] - (label == c)
                residual[i, c] += r * D[i] * np.outer(z, np.eye(m)[i]) / C
        parts.append((curvature, residual))
    return np.array([np.sum(a * b) / (m * C) for a in parts[0] for b in parts[1]])


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
    expected = pair_products(W, V, *X)
    scale = np.abs(expected).max()
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


def simulated_ce(C, d, N, m, gain, n, rng):
    """``‖H_{w_i, v_c}‖²``, mean over i and c, and the same over pairs of samples: (2, n)."""
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
    ("sizes", "init", "n"),
    [((2, 1, 1, 2), "lecun", 24), ((3, 2, 1, 2), "he", 20), ((3, 2, 2, 2), "lecun", 10)],
)
def test_ce_to_a_per_cent(sizes, init, n, rng):
    """1 or 2 samples, where one sample decides: four standard errors of both sides are 1 %."""
    C, d, N, m = sizes
    expected = cross_layer_norm(
        loss="ce", n_classes=C, n_inputs=d, n_samples=N, n_hidden=m, init=init, n_draws=400_000
    )
    gain = {"lecun": 1.0, "he": 2.0}[init]
    draws = np.concatenate([simulated_ce(*sizes, gain, 100_000, rng)[0] for _ in range(n)])
    error = np.hypot(draws.std() / np.sqrt(draws.size), expected.error)
    assert 4 * error < 0.01 * expected.squared_norm
    assert abs(expected.squared_norm - draws.mean()) < 4 * error


@pytest.mark.parametrize("sizes", [(3, 2, 2), (2, 3, 2)])
def test_ce_of_pairs_to_two_per_cent(sizes, rng):
    """``N = ∞`` leaves pairs of different samples, here those among eight: 4 errors are 2.5 %."""
    C, d, m = sizes
    expected = cross_layer_norm(
        loss="ce", n_classes=C, n_inputs=d, n_samples=10**12, n_hidden=m, n_draws=400_000
    )
    draws = np.concatenate([simulated_ce(C, d, 8, m, 1.0, 25_000, rng)[1] for _ in range(14)])
    error = np.hypot(draws.std() / np.sqrt(draws.size), expected.error)
    assert 4 * error < 0.025 * expected.squared_norm
    assert abs(expected.squared_norm - draws.mean()) < 4 * error


# --- the stated errors --------------------------------------------------------------------------


def test_each_error_of_a_ratio(monkeypatch):
    """``ratio = c/√(h o)``: with an error of one factor alone, its own difference quotient."""
    values = {"cross": 0.7, "hidden": 1.9, "output": 0.4}
    errors = {"cross": 1e-6, "hidden": 2e-6, "output": 3e-6}

    def ratio_of(values, errors):
        monkeypatch.setattr(
            cross_layer,
            "cross_layer_norm",
            lambda **case: cross_layer.CrossLayerNorm(values["cross"], errors["cross"]),
        )
        monkeypatch.setattr(
            cross_layer,
            "expected_block_norms",
            lambda model, **case: ExpectedBlockNorms(values[model], 9.0, errors[model], 9.0, 9.0),
        )
        return cross_layer_ratio(loss="ce", n_classes=3, **SIZES)

    none = dict.fromkeys(values, 0.0)
    ratio, _ = ratio_of(values, none)
    moves = []
    for name, error in errors.items():
        moved, _ = ratio_of({**values, name: values[name] + error}, none)
        _, stated = ratio_of(values, {**none, name: error})
        assert stated == pytest.approx(abs(moved - ratio), rel=1e-5)  # error/value: second order
        moves.append(moved - ratio)
    _, stated = ratio_of(values, errors)
    assert stated == pytest.approx(np.linalg.norm(moves), rel=1e-5)  # independent draws


def test_stated_errors_are_the_spread_over_seeds():
    """200 seeds: a sample variance over 199 degrees of freedom strays by ``√(2/199)`` = 10 %
    (``χ²``; m = 16 and C = 3 have light tails), 40 % are four of that."""
    case = {"loss": "ce", "n_classes": 3, "n_inputs": 8, "n_samples": 12, "n_hidden": 16}
    norms = [cross_layer_norm(**case, n_draws=200, rng=seed) for seed in range(200)]
    ratios = [cross_layer_ratio(**case, n_draws=200, rng=seed) for seed in range(200)]
    for found in ([(t.squared_norm, t.error) for t in norms], ratios):
        values, errors = np.transpose(found)
        assert values.var(ddof=1) / np.mean(errors**2) == pytest.approx(1.0, abs=0.4)
