import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import rmt_hessian as rh
from tests import oracles
from tests import oracles_of_networks as networks
from tests.problems import Problem, network, random_parameters
from tests.strategies import cases
from tests.tolerances import EXACT


def whole(net, X, loss, **options):
    """Its factors do not depend on labels."""
    return rh.network_hessian(net, X, np.zeros(len(X), int), loss, **options)


def factors_of(net, X, loss, **options):
    return rh.kronecker_approximation(whole(net, X, loss, **options))


def samples(net, X, loss):
    """Yield B (C, K), A (C, C) and z (F,) of each sample, all layers side by side."""
    L = net.n_layers
    for x in X:
        z, masks = [x], []
        for W in net.weights[:-1]:
            masks.append(np.diag((W @ z[-1] > 0).astype(float)))
            z.append(masks[-1] @ W @ z[-1])
        f = net.weights[-1] @ z[-1]
        B = []
        for l in range(L):
            chain = np.eye(len(net.weights[l]))
            for above in range(l + 1, L):
                chain = net.weights[above] @ masks[above - 1] @ chain
            B.append(chain)
        A = oracles.softmax_curvature(f[None])[0] if loss == "ce" else np.eye(f.size)
        yield np.hstack(B), A, np.concatenate(z)


def sizes(net, X):
    """What rounding errors scale with: ``|B|ᵀ |B|`` and ``|z| |z|ᵀ`` without any cancellation."""
    positive = rh.Network([np.abs(W) for W in net.weights])
    z = max(Z.max() for Z in positive.forward(np.abs(X)).features)
    B, largest = np.eye(net.widths[-1]), 1.0
    for W in reversed(positive.weights[1:]):
        B = B @ W
        largest = max(largest, (B.T @ B).max())
    return largest, z**2


@given(cases(), st.sampled_from([1, 7, 40, 41, 10**7]))
def test_factors_are_means_over_samples(case, chunk_size):
    factors = factors_of(case.net, case.X, case.loss, chunk_size=chunk_size)
    widths, explicit = case.net.widths, list(samples(case.net, case.X, case.loss))
    assert factors.units == tuple(widths[1:])
    assert factors.features == tuple(widths[:-1])
    M = np.mean([B.T @ A @ B for B, A, _ in explicit], axis=0)
    S = np.mean([np.outer(z, z) for _, _, z in explicit], axis=0)
    of_M, of_S = sizes(case.net, case.X)
    np.testing.assert_allclose(factors.factors.left, M, rtol=0, atol=EXACT * of_M)
    np.testing.assert_allclose(factors.factors.right, S, rtol=0, atol=EXACT * of_S)
    for matrix in (factors.factors.left, factors.factors.right):
        np.testing.assert_array_equal(matrix, matrix.T)
        # rounding moves eigenvalues by at most some eps of the largest, which the trace bounds
        assert np.linalg.eigvalsh(matrix)[0] >= -EXACT * max(np.trace(matrix), 1e-300)


@given(cases(), st.sampled_from([1, 40, 10**7]))
def test_diagonal_blocks_are_those_of_the_layer(case, chunk_size):
    factors = factors_of(case.net, case.X, case.loss, chunk_size=chunk_size)
    H = rh.layer_hessian(case.net, case.X, case.layer, case.loss)
    M, S = factors.block_factors(case.layer, case.layer)
    of_M, of_S = sizes(case.net, case.X)
    np.testing.assert_allclose(M, H.output_hessian(), rtol=0, atol=EXACT * of_M)
    np.testing.assert_allclose(S, H.input_autocorrelation(), rtol=0, atol=EXACT * of_S)


def test_blocks_between_layers(rng):
    """Three layers of different widths: block (0, 2), its mirror, and layers counted backwards."""
    net, X = rh.Network.random([6, 5, 4, 3], rng), rng.standard_normal((30, 6))
    factors = factors_of(net, X, "ce")
    features = net.forward(X).features
    M, S = factors.block_factors(0, 2)
    assert (M.shape, S.shape) == ((5, 3), (6, 4))
    np.testing.assert_allclose(S, features[0].T @ features[2] / 30, atol=EXACT)
    np.testing.assert_array_equal(factors.block_factors(-1, 0)[0], M.T)
    np.testing.assert_array_equal(factors.block_factors(-1, 0)[1], S.T)
    # a mean of products is not the product of the means, nor is the curvature the identity
    B, A, _ = zip(*samples(net, X, "ce"), strict=True)
    means = (np.mean(B, axis=0).T @ np.mean(A, axis=0) @ np.mean(B, axis=0))[:5, 9:]
    assert np.linalg.norm(M - means) > 0.01 * np.linalg.norm(M)
    unit = factors_of(net, X, "mse").block_factors(0, 2)[0]
    assert np.linalg.norm(M - unit) > 0.1 * np.linalg.norm(M)


def test_a_confident_sample_keeps_its_digits():
    """All entries are of order e^-60: ``VᵀAV = Σ_{c>0} p_c (v_c - v_0)²`` up to e^-120."""
    V = np.array([[60.0], [0.0], [-3.0]])
    M = factors_of(rh.Network([[[1.0]], V]), [[1.0]], "ce").factors.left
    A = oracles.softmax_curvature(V.T)[0]
    p = oracles.softmax(V.T)[0, 1:]
    difference = V[1:, 0] - V[0, 0]
    np.testing.assert_allclose(M[1:, 1:], A, rtol=EXACT)
    np.testing.assert_allclose(M[0, 0], p @ difference**2, rtol=EXACT)
    np.testing.assert_allclose(M[0, 1:], [-p @ difference, *(p * difference)], rtol=EXACT)


@pytest.mark.parametrize("n_samples", [1, 2])
@pytest.mark.parametrize("activation", ["tanh", "gelu"])
def test_bends_of_one_sample(activation, n_samples):
    """The mean of one is that one: second derivatives with respect to biases, by differences."""
    rng = np.random.default_rng(4)
    W, b = random_parameters([3, 4, 3, 2], rng, biases=True)
    X, y = rng.standard_normal((n_samples, 3)), rng.integers(0, 2, n_samples)
    problem = Problem(W, b, activation, X, y, "ce")
    M, error = networks.output_hessians(problem)
    found = rh.network_hessian(network(problem), X, y, "ce").output_hessian()
    atol = error + EXACT * np.abs(M).max()
    np.testing.assert_allclose(found, M.mean(axis=0), rtol=0, atol=atol)


NET, X = rh.Network.random([3, 4, 2], np.random.default_rng(0)), np.ones((5, 3))
BAD = {
    "loss": (lambda: factors_of(NET, X, "hinge"), ValueError, "loss must be one of"),
    "inputs": (lambda: factors_of(NET, X[:, :2], "ce"), ValueError, r"shape \(N, 3\)"),
    "chunk": (lambda: factors_of(NET, X, "ce", chunk_size=0), ValueError, "at least 1, got 0"),
    "layer": (
        lambda: factors_of(NET, X, "ce").block_factors(0, 2),
        IndexError,
        "lie in 0 … 1, got 2",
    ),
}


@pytest.mark.parametrize(("call", "error", "message"), BAD.values(), ids=BAD.keys())
def test_bad_input(call, error, message):
    with pytest.raises(error, match=message):
        call()
