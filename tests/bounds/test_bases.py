"""Bases of the weights of a network: orthonormal, and what they diagonalise."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import rmt_hessian as rh
from rmt_hessian.bounds.bases import BASES, basis_of
from rmt_hessian.bounds.curvature import curvatures
from tests.tolerances import EXACT


@st.composite
def problems(draw):
    """A network of any activation, with biases or without, its inputs and labels."""
    widths = [*draw(st.lists(st.integers(1, 5), min_size=1, max_size=3)), draw(st.integers(2, 4))]
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    sigma = draw(st.sampled_from(["relu", "tanh", "gelu"]))
    scale = draw(st.sampled_from([None, 0.5]))
    net = rh.Network.random(widths, rng, activation=sigma, bias_scale=scale)
    N = draw(st.integers(1, 9))
    return net, rng.standard_normal((N, widths[0])), rng.integers(widths[-1], size=N)


def dense(basis):
    """U, column by column."""
    P = basis.places[-1].stop
    return np.column_stack([basis.vector(e) for e in np.eye(P)])


@given(problems(), st.sampled_from(BASES))
def test_orthonormal(problem, name):
    U = dense(basis := basis_of(*problem, name))
    np.testing.assert_allclose(U.T @ U, np.eye(len(U)), atol=EXACT)
    v = np.random.default_rng(0).standard_normal(len(U))
    np.testing.assert_allclose(basis.coordinates(v), U.T @ v, atol=EXACT * 10)


def layers_of(net, X, y, kind):
    """Dense blocks of the layers, biases included, by public functions."""
    for layer in range(net.n_layers):
        bias = net.biases[layer] is not None
        if kind == "gradient":
            yield rh.layer_gradient_covariance(net, X, layer, "ce", y=y, bias=bias)
        else:
            yield rh.layer_hessian(net, X, layer, "ce", part="gauss-newton", bias=bias)


@given(problems(), st.sampled_from(["kronecker", "exact", "gradient"]))
def test_what_is_diagonal(problem, name):
    basis = basis_of(*problem, name)
    U = dense(basis)
    for H, place in zip(layers_of(*problem, name), basis.places, strict=True):
        matrix = (H if name == "exact" else rh.kronecker_approximation(H)).to_dense()
        inside = U[place, place].T @ matrix @ U[place, place]
        np.testing.assert_allclose(
            inside - np.diag(inside.diagonal()), 0, atol=1e-12 * (1 + np.abs(matrix).max())
        )
        outside = np.delete(U[place], range(place.start, place.stop), axis=1)
        assert not outside.any()


@given(problems(), st.sampled_from(BASES), st.booleans())
def test_curvatures_are_those_of_the_network(problem, name, elsewhere):
    """The diagonal of Uᵀ G U, G the whole Gauss–Newton matrix; also at another network than U's."""
    net, X, y = problem
    basis = basis_of(net, X, y, name)
    if elsewhere:
        net = rh.Network([2 * W for W in net.weights], net.biases, net.activation)
    U = dense(basis)
    bias = any(b is not None for b in net.biases)
    G = rh.network_hessian(net, X, None, "ce", bias=bias, part="gauss-newton").to_dense()
    expected = np.einsum("pi,pq,qi->i", U, G, U)
    found = curvatures(net, X, basis)
    np.testing.assert_allclose(found, expected, atol=1e-12 * (1 + np.abs(G).max()))
    assert found.min() >= 0


def test_exact_curvatures_are_the_eigenvalues(rng):
    net = rh.Network.random([4, 3, 3], rng)
    X, y = rng.standard_normal((20, 4)), rng.integers(3, size=20)
    found = curvatures(net, X, basis_of(net, X, y, "exact"))
    expected = [np.linalg.eigvalsh(rh.layer_hessian(net, X, l, "ce").to_dense()) for l in (0, 1)]
    np.testing.assert_allclose(found, np.concatenate(expected), atol=1e-14)


@given(problems(), st.sampled_from([("standard", "kronecker"), ("kronecker", "standard")]))
def test_variances_along_another_basis(problem, names):
    """The diagonal of ``newᵀ Σ new`` with ``Σ = old diag(s) oldᵀ``."""
    old, new = (basis_of(*problem, name) for name in names)
    check_variances(old, new)


@given(problems(), st.sampled_from(["kronecker", "exact", "gradient"]))
def test_variances_along_the_basis_of_another_network(problem, name):
    net, X, y = problem
    other = rh.Network([W[::-1] for W in net.weights], net.biases, net.activation)
    check_variances(*(basis_of(each, X, y, name) for each in (net, other)))


def check_variances(old, new):
    U, V = dense(old), dense(new)
    s = np.random.default_rng(1).uniform(0.1, 2.0, len(U))
    expected = np.einsum("pi,pq,qi->i", V, U * s @ U.T, V)
    np.testing.assert_allclose(new.variances(old, s), expected, rtol=1e-11)


@pytest.mark.parametrize("bias", [None, 0.3])
def test_many_samples_go_through_in_chunks(bias, monkeypatch, rng):
    net = rh.Network.random([5, 4, 3], rng, bias_scale=bias)
    X, y = rng.standard_normal((50, 5)), rng.integers(3, size=50)
    basis = basis_of(net, X, y, "kronecker")
    at_once = curvatures(net, X, basis)
    monkeypatch.setattr("rmt_hessian.bounds.curvature.CHUNK_SIZE", 15)
    np.testing.assert_allclose(curvatures(net, X, basis), at_once, rtol=1e-12)
