"""Output Hessians, weights of samples and probabilities whose squares or numbers do not fit."""

from itertools import permutations

import numpy as np
import pytest

import rmt_hessian as rh
from rmt_hessian.hessian.estimates import population_sums
from tests.tolerances import EXACT


def compare_norms(H, other, factor, population=True):
    """Norms of ``H = factor · other``, shares of both; squared norms may not fit."""
    np.testing.assert_allclose(H.frobenius_norm(), factor * other.frobenius_norm(), rtol=1e-12)
    np.testing.assert_allclose(H.block_norms(), factor * other.block_norms(), rtol=1e-12)
    np.testing.assert_allclose(H.off_diagonal_share(), other.off_diagonal_share(), rtol=1e-12)
    ours, theirs = (A.off_diagonal_share(population=True) for A in (H, other))
    np.testing.assert_allclose(ours, theirs, rtol=1e-9)


@pytest.mark.parametrize("temperature", [1e-145, 1e-100, 1e80, 1e100, 1e145])
@pytest.mark.parametrize("form", ["logits", "probabilities", "weights"])
def test_heads_of_any_temperature(form, temperature, rng):
    Z, W, C = rng.standard_normal((6, 3)), rng.standard_normal((4, 3)), 4
    p = rng.dirichlet(np.ones(C), size=6)
    given = {"weights": W * temperature, "logits": np.log(p) * temperature, "probabilities": p}
    at_one = {"weights": W, "logits": np.log(p), "probabilities": p}
    H = rh.head_hessian(Z, **{form: given[form]}, temperature=temperature)
    other = rh.head_hessian(Z, **{form: at_one[form]})
    compare_norms(H, other, temperature**-2)


@pytest.mark.parametrize("scale", [2.0**-400, 2.0**400])
@pytest.mark.parametrize("widths", [[3, 4, 2], [3, 4, 5, 2]])
@pytest.mark.parametrize("activation", ["relu", "tanh"])
def test_networks_with_huge_or_tiny_last_weights(activation, widths, scale, rng):
    """MSE: outputs, targets and residuals scale with them, so that the Hessian does with their
    square."""
    net, X = rh.Network.random(widths, rng, activation=activation), rng.standard_normal((6, 3))
    y = rng.standard_normal((6, 2))
    scaled = rh.Network([*net.weights[:-1], scale * net.weights[-1]], activation=activation)
    H = rh.layer_hessian(scaled, X, 0, "mse", y=scale * y)
    compare_norms(H, rh.layer_hessian(net, X, 0, "mse", y=y), scale**2)


@pytest.mark.parametrize("scale", [1e-25, 1e12])
def test_single_precision(scale, rng):
    net, X = rh.Network.random([3, 4, 2], rng), rng.standard_normal((6, 3))
    scaled = rh.Network([net.weights[0], np.sqrt(scale) * net.weights[1]])
    H = rh.layer_hessian(scaled, X, 0, "mse", dtype="float32")
    other = rh.layer_hessian(net, X, 0, "mse")
    np.testing.assert_allclose(H.frobenius_norm(), scale * other.frobenius_norm(), rtol=1e-5)
    np.testing.assert_allclose(H.block_norms(), scale * other.block_norms(), rtol=1e-4)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_a_class_of_probability_0_has_no_weight(dtype):
    p = [[1.0, 0.0, 0.0], [0.5, 0.5, 0.0]]
    H = rh.head_hessian([[1e18], [2.0]], probabilities=p, dtype=dtype).to_dense()
    expected = [[0.5, -0.5, 0.0], [-0.5, 0.5, 0.0], [0.0, 0.0, 0.0]]
    np.testing.assert_allclose(H, expected, rtol=EXACT if dtype == "float64" else 1e-6)
    cold = rh.head_hessian([[1.0]], probabilities=p[:1], dtype=dtype, temperature=1e-18)
    np.testing.assert_array_equal(cold.to_dense(), np.zeros((3, 3)))


def test_logits_are_divided_before_they_are_rounded():
    """1e40 is no number of float32, 1e40 over 1e15 is."""
    H = rh.head_hessian([[1.0]], logits=[[1e40, 1e40]], temperature=1e15, dtype="float32")
    np.testing.assert_allclose(1e30 * H.to_dense(), [[0.25, -0.25], [-0.25, 0.25]], rtol=1e-6)


@pytest.mark.parametrize(
    ("make", "name"),
    [
        (lambda: rh.head_hessian([[1e39]], logits=[[0, 1]], dtype="float32"), "features"),
        (lambda: rh.head_hessian([[1.0]], [[1e39], [0]], dtype="float32"), "weights"),
        (
            lambda: rh.layer_hessian(
                rh.Network([[[1e39], [1.0]]]), [[0.0]], 0, "ce", dtype="float32"
            ),
            "weights",
        ),
        (
            lambda: rh.layer_hessian(
                rh.Network([[[1.0], [1.0]]]), [[1e39]], 0, "ce", dtype="float32"
            ),
            "features",
        ),
        (
            lambda: rh.network_hessian(
                rh.Network([[[1.0], [1.0]]], [[1e39, 0]]), [[1.0]], [0], "ce", dtype="float32"
            ),
            "biases",
        ),
    ],
)
def test_numbers_that_single_precision_does_not_have(make, name):
    with pytest.raises(ValueError, match=rf"^{name} must be within the range of float32, got 1e"):
        make()


@pytest.mark.parametrize("small", [1.0, 1e-3, 1e-10, 1e-17, 1e-100])
def test_estimates_with_one_sample_of_almost_all_the_weight(small, rng):
    """From all pairs, one by one, with each sample left out; nothing but sums of positive numbers
    if h is positive."""
    N = 6
    w = np.append(np.full(N - 1, small), 1.0)
    w *= N / w.sum()
    h = rng.uniform(1, 2, (N, N))
    h = (h + h.T) * np.outer(w, w) / N**2
    rows = np.array([sum(h[n, m] for m in range(N) if m != n) for n in range(N)])
    value, without = population_sums(rows, w)

    def estimate(kept):
        pairs = list(permutations(kept, 2))
        total, weights = (sum(A[n, m] for n, m in pairs) for A in (h, np.outer(w, w)))
        return N**2 * total / weights

    assert value == pytest.approx(estimate(range(N)), rel=1e-12)
    expected = [estimate([m for m in range(N) if m != n]) for n in range(N)]
    np.testing.assert_allclose(without[:-1], expected[:-1], rtol=1e-9)
    if small > 1e-6:  # below, the pairs of the last are all of the sum: digits are lost
        np.testing.assert_allclose(without, expected, rtol=1e-9)


def test_weights_that_single_precision_does_not_have(rng):
    """A weight of 1e-50 counts: nothing is divided by zero, and the sample stays."""
    net, X = rh.Network.random([3, 4], rng), rng.standard_normal((5, 3))
    w = [1.0, 2.0, 1.0, 3.0, 1e-50]
    narrow, wide = (
        rh.layer_hessian(net, X, 0, "ce", sample_weight=w, dtype=dtype)
        for dtype in ("float32", "float64")
    )
    for H in (narrow, wide):
        assert H.n_samples == 5
    np.testing.assert_allclose(narrow.to_dense(), wide.to_dense(), atol=1e-6)
    ours, theirs = (H.off_diagonal_share(population=True) for H in (narrow, wide))
    assert ours.value == pytest.approx(theirs.value, rel=1e-4)


def test_one_hot_rows_are_labels(rng):
    """To the last bit, whatever the margin; beside rows that are distributions."""
    net = rh.Network([50 * rng.standard_normal((4, 3)), rng.standard_normal((3, 4))], None, "tanh")
    X, labels = rng.standard_normal((8, 3)), np.argmax(net(rng.standard_normal((8, 3))), axis=1)
    net = rh.Network([net.weights[0], 20 * net.weights[1]], None, "tanh")
    labels[:5] = np.argmax(net(X[:5]), axis=1)  # confident and correct
    rows = np.eye(3)[labels]
    for make in (rh.layer_hessian, rh.layer_gradient_covariance):
        of_labels, of_rows = (make(net, X, 0, "ce", y=y).to_dense() for y in (labels, rows))
        np.testing.assert_array_equal(of_labels, of_rows)
    whole = [rh.network_hessian(net, X, y, "ce").to_dense() for y in (labels, rows)]
    np.testing.assert_array_equal(*whole)
    rows[0] = [0.5, 0.25, 0.25]
    g = [
        rh.layer_gradient_covariance(net, X[n : n + 1], 1, "ce", y=rows[n : n + 1]) for n in (0, 1)
    ]
    p = np.exp(net(X) - net(X).max(axis=1, keepdims=True))
    p /= p.sum(axis=1, keepdims=True)
    r = p[0] - rows[0]
    np.testing.assert_allclose(g[0].output_hessian(), np.outer(r, r), rtol=1e-9, atol=EXACT)
    assert np.all(g[1].output_hessian().diagonal() > 0)
