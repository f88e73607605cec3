"""The last layer of any model: from weights, logits or probabilities the same matrix."""

import tracemalloc
from dataclasses import replace
from itertools import combinations, product

import numpy as np
import pytest

import rmt_hessian as rh
from tests import oracles
from tests.expected import expected_layer
from tests.hessian.test_saturation import RELATIVE
from tests.members import compare_layer
from tests.problems import Problem, random_targets, weighting
from tests.tolerances import EXACT

TEMPERATURES = [1.0, 0.3, 4.0]


def head(seed, loss="ce", temperature=1.0, biased=True):
    """A head as a network of one layer, with features of another scale than its weights."""
    rng = np.random.default_rng(seed)
    N, p, C = rng.integers(2, 8), rng.integers(1, 5), rng.integers(2, 6)
    W, Z = rng.standard_normal((C, p)), 2 * rng.standard_normal((N, p))
    biases = (rng.standard_normal(C),) if biased else None
    y = random_targets(N, C, loss, "labels", rng)
    return Problem((W,), biases, "identity", Z, y, loss, temperature=temperature)


def logits(problem):
    f = problem.X @ problem.weights[0].T
    return f if problem.biases is None else f + problem.biases[0]


def weighted(problem, seed):
    """With weights of samples and classes, and a label to ignore."""
    rng = np.random.default_rng(seed)
    y = problem.y.copy()
    y[0] = -1
    C = problem.weights[0].shape[0]
    w, v = rng.exponential(size=len(y)), rng.exponential(size=C)
    return replace(problem, y=y, sample_weight=w, class_weight=v, ignore_index=-1)


def all_forms(problem, **options):
    """The Hessian from weights, from logits, and for CE from probabilities."""
    bias = None if problem.biases is None else problem.biases[0]
    options = {"loss": problem.loss, "temperature": problem.temperature} | options
    if weighting(problem):
        options |= {"y": problem.y} | weighting(problem)
    f = logits(problem)
    forms = [
        rh.head_hessian(problem.X, problem.weights[0], bias, **options),
        rh.head_hessian(problem.X, logits=f, **options),
    ]
    if problem.loss == "ce":
        p = oracles.softmax(f / problem.temperature)
        forms.append(rh.head_hessian(problem.X, probabilities=p, **options))
    return forms


@pytest.mark.parametrize("temperature", TEMPERATURES)
@pytest.mark.parametrize("loss", ["ce", "mse"])
@pytest.mark.parametrize("seed", range(6))
def test_all_forms_have_the_members_of_differences_of_the_loss(seed, loss, temperature):
    problem = head(seed, loss, temperature, biased=seed % 2 == 0)
    for case in (problem, weighted(problem, seed)):
        expected = expected_layer(case, 0)
        for H in all_forms(case):
            compare_layer(H, expected)
        for H in all_forms(case, chunk_size=7):
            compare_layer(H, expected)


@pytest.mark.parametrize("temperature", TEMPERATURES)
@pytest.mark.parametrize("loss", ["ce", "mse"])
def test_single_precision(loss, temperature):
    for seed in range(4):
        problem = head(seed, loss, temperature)
        expected = expected_layer(problem, 0)
        for H in all_forms(problem, dtype="float32"):
            assert H.dtype == H.to_dense().dtype == np.float32
            largest = 1 + np.abs(logits(problem) / temperature).max()
            compare_layer(H, expected, 60 * 2.0**-24 * largest)


@pytest.mark.parametrize("loss", ["ce", "mse"])
@pytest.mark.parametrize("seed", range(4))
def test_the_last_layer_of_a_network(seed, loss):
    """On the network's own features, the same numbers; with a constant feature, its bias too."""
    rng = np.random.default_rng(seed)
    weights = [rng.standard_normal((4, 3)), rng.standard_normal((5, 4))]
    biases = [rng.standard_normal(4), rng.standard_normal(5)]
    net, X = rh.Network(weights, biases, "gelu"), rng.standard_normal((6, 3))
    w = rng.exponential(size=6)
    Z = net.forward(X).features[-1]
    expected = rh.layer_hessian(net, X, -1, loss, sample_weight=w)
    found = rh.head_hessian(Z, weights[1], biases[1], loss=loss, sample_weight=w)
    np.testing.assert_array_equal(found.to_dense(), expected.to_dense())
    expected = rh.layer_hessian(net, X, -1, loss, bias=True, sample_weight=w).to_dense()
    with_ones, both = np.column_stack([Z, np.ones(6)]), np.column_stack([weights[1], biases[1]])
    found = rh.head_hessian(with_ones, both, loss=loss, sample_weight=w).to_dense()
    np.testing.assert_allclose(found, expected, rtol=0, atol=EXACT * np.abs(expected).max())
    found = rh.head_hessian(with_ones, logits=net(X), loss=loss, sample_weight=w).to_dense()
    np.testing.assert_allclose(found, expected, rtol=0, atol=EXACT * np.abs(expected).max())


@pytest.mark.parametrize("loss", ["ce", "mse"])
@pytest.mark.parametrize("temperature", [1e-3, 1e3])
def test_extreme_temperatures(temperature, loss):
    """``A(f/T)/T²``: saturated at 1e-3, where the softmax keeps its digits; flat at 1e3."""
    for seed in range(5):
        problem = head(seed, loss, temperature)
        f = logits(problem) / temperature
        A = np.repeat(np.eye(f.shape[1])[None], len(f), axis=0)
        if loss == "ce":
            A = oracles.softmax_curvature(f)
        A = A / temperature**2
        pairs = np.ndindex(f.shape[1], f.shape[1])
        dense = np.mean([np.kron(a, np.outer(z, z)) for a, z in zip(A, problem.X, strict=True)], 0)
        # a logit over T is off by some eps of itself, and so, relatively, is a probability
        rtol = 1e-12 * (1 + np.abs(f).max())
        forms = all_forms(problem)
        for H in forms:
            np.testing.assert_allclose(H.to_dense(), dense, rtol=0, atol=rtol * np.abs(dense).max())
        for (a, b), H in product(pairs, forms[:2]):
            found = H.block_weights(a, b)
            np.testing.assert_allclose(found, A[:, a, b], rtol=rtol, atol=1e-300)


# --- saturated probabilities --------------------------------------------------------------------


@pytest.mark.parametrize("margin", [1.0, 20.0, 60.0, 300.0])
def test_probabilities_that_round_to_one_keep_the_digits_of_the_others(margin):
    """``A_00 = p_0 Σ_c>0 p_c``, from logits and from probabilities alike."""
    f = np.array([[0.0, -margin, -margin - 1.0], [-margin, 0.0, -2 * margin]])
    p = oracles.softmax(f)
    Z = np.array([[1.0, 2.0], [3.0, -1.0]])
    stable, given = rh.head_hessian(Z, logits=f), rh.head_hessian(Z, probabilities=p)
    A = oracles.softmax_curvature(f)
    for i, j in np.ndindex(3, 3):
        for H in (stable, given):
            np.testing.assert_allclose(H.block_weights(i, j), A[:, i, j], rtol=RELATIVE)
    for name in (
        "to_dense",
        "diagonal",
        "trace",
        "frobenius_norm",
        "block_norms",
        "output_hessian",
    ):
        a, b = getattr(stable, name)(), getattr(given, name)()
        np.testing.assert_allclose(b, a, rtol=RELATIVE, err_msg=name)
    a, b = (H.mean_squared_block_norms() for H in (stable, given))
    np.testing.assert_allclose(b, a, rtol=RELATIVE)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_exact_zeros_and_ones(dtype):
    """A sample with one possible class has no curvature; classes that are impossible neither."""
    p = np.array([[1.0, 0.0, 0.0, 0.0], [0.0, 0.25, 0.75, 0.0], [0.0, 0.0, 0.0, 1.0]])
    Z = np.array([[1.0, 2.0], [3.0, -1.0], [-2.0, 5.0]])
    H = rh.head_hessian(Z, probabilities=p, dtype=dtype)
    A = np.zeros((4, 4))
    A[1:3, 1:3] = 0.1875 * np.array([[1, -1], [-1, 1]])
    expected = np.kron(A, np.outer(Z[1], Z[1])) / 3
    atol = 1e-30 if dtype == "float64" else 1e-36
    rtol = 1e-14 if dtype == "float64" else 1e-6
    np.testing.assert_allclose(H.to_dense(), expected, rtol=rtol, atol=atol)
    np.testing.assert_allclose(H @ np.ones(8), expected.sum(axis=1), rtol=0, atol=1e-6)
    np.testing.assert_allclose(H.frobenius_norm(), np.linalg.norm(expected), rtol=10 * rtol)
    only = rh.head_hessian(Z[:1], probabilities=p[:1], dtype=dtype)
    np.testing.assert_allclose(only.to_dense(), 0.0, rtol=0, atol=atol)
    assert dtype == "float32" or np.abs(only.to_dense()).max() < 1e-300
    np.testing.assert_allclose(only.block_norms(), 0.0, rtol=0, atol=atol)


def test_probabilities_in_single_precision_are_those(rng):
    """float32 from a model: rows sum to 1 up to its own rounding, and are computed in float64."""
    f = rng.standard_normal((20, 500)).astype(np.float32)
    p = oracles.softmax(f)
    assert p.dtype == np.float32
    Z = rng.standard_normal((20, 3)).astype(np.float32)
    H = rh.head_hessian(Z, probabilities=p)
    assert H.dtype == np.float64
    expected = rh.head_hessian(Z, logits=f)
    np.testing.assert_allclose(H.trace(), expected.trace(), rtol=1e-5)
    np.testing.assert_allclose(H.block_norms(), expected.block_norms(), rtol=1e-5)


def test_temperature_does_not_touch_probabilities_given(rng):
    """They are the softmax of f/T; T enters as ``1/T²``."""
    p, Z = rng.dirichlet(np.ones(4), 6), rng.standard_normal((6, 3))
    one, warm = (rh.head_hessian(Z, probabilities=p, temperature=T).to_dense() for T in (1.0, 2.0))
    np.testing.assert_allclose(warm, one / 4, rtol=1e-14)


def test_adding_a_number_to_the_logits_of_a_sample_changes_nothing(rng):
    f, Z = rng.standard_normal((6, 4)), rng.standard_normal((6, 3))
    shifted = rh.head_hessian(Z, logits=f + 100 * rng.standard_normal((6, 1))).to_dense()
    expected = rh.head_hessian(Z, logits=f).to_dense()
    np.testing.assert_allclose(shifted, expected, rtol=0, atol=1e-12)


def test_what_is_given_is_not_changed(rng):
    Z, f = rng.standard_normal((6, 3)), rng.standard_normal((6, 4))
    p, W = oracles.softmax(f), rng.standard_normal((4, 3))
    b, w = rng.standard_normal(4), rng.random(6)
    arrays = [a.copy() for a in (Z, f, p, W, b, w)]
    for given in ({"weights": W, "bias": b}, {"logits": f}, {"probabilities": p}):
        H = rh.head_hessian(Z, **given, temperature=2.0, sample_weight=w)
        H.to_dense(), H.block_norms(), H @ np.ones(12), H.mean_squared_block_norms()
    for array, before in zip((Z, f, p, W, b, w), arrays, strict=True):
        np.testing.assert_array_equal(array, before)


def test_cold_and_warm_in_closed_form():
    """Two classes: ``p (1 - p)/T²``, ``p = 1/(1 + e^(-Δ/T))``, small at 1e-3 and flat at 1e3."""
    small = np.exp(-30.0)
    H = rh.head_hessian([[1.0]], logits=[[0.03, 0.0]], temperature=1e-3)
    expected = small / (1 + small) ** 2 * 1e6
    np.testing.assert_allclose(H.block_weights(0, 0), expected, rtol=RELATIVE)
    flat = rh.head_hessian([[1.0]], logits=[[3.0, -5.0]], temperature=1e3).to_dense() * 1e6
    np.testing.assert_allclose(flat, [[0.25, -0.25], [-0.25, 0.25]], rtol=1e-4)


# --- many classes -------------------------------------------------------------------------------


def test_fifty_thousand_classes():
    """With bias and temperature: entries beside plain NumPy, in less than the logits' memory.

    The logits are 200 × 50,000 numbers, 80 MB; a chunk here is 8 MB.
    """
    rng = np.random.default_rng(0)
    N, p, C, T = 200, 8, 50_000, 0.7
    W, b, Z = rng.standard_normal((C, p)), rng.standard_normal(C), rng.standard_normal((N, p))
    v = rng.standard_normal((C, p))
    w = rng.exponential(size=N)
    i, j = [0, 7, 49_999], [0, 31_000, 12]
    tracemalloc.start()
    H = rh.head_hessian(Z, W, b, temperature=T, sample_weight=w, chunk_size=2**20)
    blocks = list(H.blocks(i, j))
    found = H.mean_squared_block_norms()
    applied = (H @ v.ravel()).reshape(C, p)
    trace, norm, diagonal = H.trace(), H.frobenius_norm(), H.diagonal().reshape(C, p)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 70e6

    P = oracles.softmax((Z @ W.T + b) / T)
    omega = N * w / w.sum() / T**2
    for block, a, c in zip(blocks, i, j, strict=True):
        weights = omega * P[:, a] * ((a == c) - P[:, c])
        expected = (weights * Z.T) @ Z / N
        np.testing.assert_allclose(block, expected, rtol=0, atol=EXACT * np.abs(expected).max())
    K = np.square(Z @ Z.T) * omega * omega[:, None] / N**2
    variances = P * (1 - P)
    diagonals = np.sum(K * (variances @ variances.T)) / C
    off_diagonals = np.sum(K * ((P @ P.T) ** 2 - (P**2) @ (P**2).T)) / (C * (C - 1))
    np.testing.assert_allclose(found, [diagonals, off_diagonals], rtol=1e-10)
    whole = C * diagonals + C * (C - 1) * off_diagonals
    np.testing.assert_allclose(norm, np.sqrt(whole), rtol=1e-10)
    Y = Z @ v.T
    Y = omega[:, None] * P * (Y - np.sum(P * Y, axis=1, keepdims=True))
    expected = Y.T @ Z / N
    np.testing.assert_allclose(applied, expected, rtol=0, atol=EXACT * np.abs(expected).max())
    of_samples = np.sum(variances, axis=1) * omega
    np.testing.assert_allclose(trace, of_samples @ np.sum(Z**2, axis=1) / N, rtol=1e-11)
    expected = (omega[:, None] * variances).T @ Z**2 / N
    np.testing.assert_allclose(diagonal, expected, rtol=1e-11)


# --- bad input ----------------------------------------------------------------------------------

Z, W, F, P = np.ones((4, 3)), np.ones((2, 3)), np.zeros((4, 2)), np.full((4, 2), 0.5)
GIVEN = {"weights": W, "logits": F, "probabilities": P}
BAD = {
    "nothing": ({}, "one of weights, logits, probabilities must be given, got none"),
    "a bias alone": ({"bias": [0, 0]}, "must be given"),
    "a bias of logits": ({"logits": F, "bias": [0, 0]}, "bias means nothing for logits"),
    "a bias of probabilities": ({"probabilities": P, "bias": [0, 0]}, "bias means nothing for"),
    "weights of other features": (
        {"weights": np.ones((2, 4))},
        r"weights must have shape \(C, 3\)",
    ),
    "a vector of weights": ({"weights": np.ones(3)}, "weights must have 2 axes"),
    "weights that are not finite": ({"weights": W * np.nan}, "weights must be finite"),
    "a bias too long": ({"weights": W, "bias": [0, 0, 0]}, r"bias must have shape \(2,\)"),
    "a bias that is not finite": ({"weights": W, "bias": [0, np.inf]}, "bias must be finite"),
    "logits of other samples": ({"logits": F[:3]}, "logits must have 4 rows"),
    "logits that are not finite": ({"logits": F - np.inf}, "logits must be finite"),
    "probabilities of others": ({"probabilities": P[:3]}, "probabilities must have 4 rows"),
    "below 0": ({"probabilities": P + np.array([1, -1])}, "probabilities must not be negative"),
    "not 1 in sum": ({"probabilities": 0.9 * P}, "probabilities must sum to 1"),
    "probabilities of mse": ({"probabilities": P, "loss": "mse"}, "probabilities must .*'ce'"),
    "one class": ({"logits": F[:, :1]}, "at least 2 classes, got 1"),
    "a cold temperature": ({"logits": F, "temperature": 0.0}, "temperature must be positive"),
    "a negative one": ({"logits": F, "temperature": -1.0}, "temperature must be positive"),
    "one that is none": ({"logits": F, "temperature": np.nan}, "temperature must be positive"),
    "one that is text": ({"logits": F, "temperature": "hot"}, "temperature must be a number"),
    "a loss of its own": ({"logits": F, "loss": "hinge"}, "loss must be one of 'ce', 'mse'"),
    "too few weights": ({"logits": F, "sample_weight": [1]}, r"sample_weight must .*\(4,\)"),
    "negative": ({"logits": F, "sample_weight": [1, 1, -1, 1]}, "sample_weight must not be"),
    "no weight": ({"logits": F, "sample_weight": [0] * 4}, "sample_weight must not be zero"),
    "classes without labels": ({"logits": F, "class_weight": [1, 2]}, r"\by must .*class_weight"),
    "labels to ignore": ({"logits": F, "ignore_index": 0}, r"\by must .*ignore_index"),
    "too few labels": ({"logits": F, "y": [0, 1]}, r"\by must have shape \(4,\)"),
    "another dtype": ({"logits": F, "dtype": "float16"}, "dtype must be one of"),
    "no chunk": ({"logits": F, "chunk_size": 0}, "chunk_size must be at least 1"),
    "overflow": ({"logits": F + np.array([0, 1e300]), "temperature": 1e-100}, "overflow"),
    "weights beyond the range": ({"weights": np.full((2, 3), 1e308)}, "overflow"),
    "overflow of features": ({"weights": W, "temperature": 1e-150, "bias": [1e200, 0]}, "overflow"),
    "overflow of weights": ({"weights": W * 1e300, "temperature": 1e-100}, "overflow"),
    "no square": ({"logits": F, "temperature": 1e-170}, "temperature must"),
    "none in float32": ({"logits": F, "temperature": 1e-30, "dtype": "float32"}, "temperature"),
    "no square of all samples": ({"logits": F, "temperature": 0.75e-154}, "temperature must"),
    "none of all in float32": (
        {"logits": F, "temperature": 0.6e-19, "dtype": "float32"},
        "temperature must have 1/T²",
    ),
    "too large a square": ({"logits": F, "temperature": 1e170}, "temperature must"),
}


@pytest.mark.parametrize(("given", "message"), BAD.values(), ids=BAD.keys())
def test_bad_input(given, message):
    with pytest.raises(ValueError, match=message):
        rh.head_hessian(Z, **given)


@pytest.mark.parametrize(("dtype", "temperature"), [("float64", 2e-154), ("float32", 1.5e-19)])
def test_one_sample_of_all_the_weight_at_the_coldest_temperature(dtype, temperature):
    """``ω_n/T²`` is N times as large as ``1/T²``, and fits: all of H is one sample's."""
    options = {"temperature": temperature, "dtype": dtype}
    H = rh.head_hessian(Z, logits=F, sample_weight=[1, 1e-30, 1e-30, 1e-30], **options)
    only = rh.head_hessian(Z[:1], logits=F[:1], **options).to_dense()
    np.testing.assert_allclose(H.to_dense(), only, rtol=1e-6)
    np.testing.assert_allclose(only[:3, :3], 0.25 / temperature**2, rtol=1e-6)


@pytest.mark.parametrize("number", [2, 3])
def test_more_than_one_is_refused(number):
    for names in combinations(GIVEN, number):
        with pytest.raises(ValueError, match=f"must be given, got {' and '.join(names)}"):
            rh.head_hessian(Z, **{name: GIVEN[name] for name in names})


@pytest.mark.parametrize(
    ("features", "message"),
    [
        (Z * np.nan, "features must be finite"),
        (Z[0], "features must have 2 axes"),
        (Z[:0], "features must not be empty"),
        ([["a"]], "features must be an array of real numbers"),
    ],
)
def test_bad_features(features, message):
    with pytest.raises(ValueError, match=message):
        rh.head_hessian(features, W)
