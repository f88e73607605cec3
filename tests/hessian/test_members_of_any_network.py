"""Every member of Hessians of any activation, in both precisions and any size of chunk."""

import numpy as np
import pytest

import rmt_hessian as rh
from tests.expected import expected_layer, expected_network
from tests.hessian.test_any_network import of_each, of_layer, whole, with_and_without_biases
from tests.members import compare_layer, compare_network
from tests.problems import (
    ACTIVATIONS,
    Problem,
    draw,
    network,
    random_parameters,
    random_targets,
)
from tests.tolerances import EXACT

SINGLE = 60 * 2.0**-24  # rounding, by some more than the number of terms of a sum
PARTS = ("full", "gauss-newton")


@of_each
def test_layers(activation, index):
    problem = draw(activation, index)
    part = PARTS[index % 2]
    for bias in with_and_without_biases(problem):
        for layer in range(problem.n_layers):
            H = of_layer(problem, layer, bias=bias, part=part)
            compare_layer(H, expected_layer(problem, layer, bias, part))


@of_each
def test_networks(activation, index):
    problem = draw(activation, index)
    for bias in with_and_without_biases(problem):
        for part in PARTS:
            compare_network(whole(problem, bias, part=part), expected_network(problem, bias, part))


@pytest.mark.parametrize("chunk_size", [1, 7, 40])
@pytest.mark.parametrize("index", [3, 4, 7, 8, 9])
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_small_chunks(activation, index, chunk_size):
    problem = draw(activation, index)
    bias = problem.has_biases
    for part in PARTS:
        options = {"part": part, "chunk_size": chunk_size}
        compare_network(whole(problem, bias, **options), expected_network(problem, bias, part))
        for layer in range(problem.n_layers):
            H = of_layer(problem, layer, bias=bias, **options)
            compare_layer(H, expected_layer(problem, layer, bias, part))


@pytest.mark.parametrize("index", range(10))
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_single_precision(activation, index):
    problem = draw(activation, index)
    bias = problem.has_biases
    for part in PARTS:
        H = whole(problem, bias, part=part, dtype="float32")
        assert H.dtype == H.to_dense().dtype == (H @ np.ones(len(H.to_dense()))).dtype == np.float32
        compare_network(H, expected_network(problem, bias, part), SINGLE)
        for layer in range(problem.n_layers):
            H = of_layer(problem, layer, bias=bias, part=part, dtype="float32")
            assert H.dtype == H.to_dense().dtype == H.diagonal().dtype == np.float32
            compare_layer(H, expected_layer(problem, layer, bias, part), SINGLE)


@pytest.mark.parametrize("kind", ["labels", "targets"])
@pytest.mark.parametrize("loss", ["ce", "mse"])
@pytest.mark.parametrize("activation", ["relu", "tanh"])
def test_targets_in_double_precision_leave_single_precision(activation, loss, kind):
    """Arrays of a float32 Hessian, and of a gradient covariance of any layer, are float32."""
    rng = np.random.default_rng(7)
    W, b = random_parameters([3, 4, 3, 2], rng, biases=True)
    X, y = rng.standard_normal((5, 3)), random_targets(5, 2, loss, kind, rng)
    problem = Problem(W, b, activation, X, y, loss)
    net, H = network(problem), whole(problem, True, dtype="float32")
    layers = [
        rh.layer_gradient_covariance(net, X, layer, loss, y=y, bias=True, dtype="float32")
        for layer in range(problem.n_layers)
    ]
    assert H.residual().dtype == np.float32
    for A in (H, *H.layers, *layers):
        arrays = [A.to_dense(), A.diagonal(), A.output_hessian(), A.input_autocorrelation()]
        arrays.append(A @ np.ones(A.shape[0]))
        if A is not H:
            arrays += [A.block(0, 1), A.block_weights(0, 1), A.restrict([1]).output_hessian()]
        assert {array.dtype for array in arrays} == {np.dtype("float32")}


@pytest.mark.parametrize("index", [2, 3, 4])
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_a_layers_kronecker_approximation(activation, index):
    problem = draw(activation, index)
    bias = problem.has_biases
    for layer in range(problem.n_layers):
        expected = expected_layer(problem, layer, bias)
        product = rh.kronecker_approximation(of_layer(problem, layer, bias=bias))
        S = (expected.shares * expected.Z.T) @ expected.Z
        M = expected.M.mean(axis=0)
        scale = np.abs(M).max() * np.abs(S).max() + expected.size
        atol = EXACT * scale + expected.error * np.abs(S).max()
        np.testing.assert_allclose(product.to_dense(), np.kron(M, S), rtol=0, atol=atol)


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_layers_of_the_network_are_the_layers(activation):
    problem = draw(activation, 8)
    for bias in with_and_without_biases(problem):
        for layer, H in enumerate(whole(problem, bias).layers):
            np.testing.assert_array_equal(
                H.to_dense(), of_layer(problem, layer, bias=bias).to_dense()
            )


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_eigenvalues_by_products_are_those_of_the_matrix(activation):
    """Of an indefinite matrix, at both ends."""
    problem = draw(activation, 9)
    H, expected = whole(problem), expected_network(problem)
    eigenvalues = np.linalg.eigvalsh(expected.dense)
    atol = 100 * EXACT * expected.size + len(eigenvalues) * expected.error
    top = rh.top_eigenpairs(H, 2)[0]
    np.testing.assert_allclose(np.sort(top), eigenvalues[-2:], rtol=0, atol=atol)
    bottom = rh.top_eigenpairs(H, 1, which="smallest")[0]
    np.testing.assert_allclose(bottom, eigenvalues[:1], rtol=0, atol=atol)
