"""Confident softmax: H is tiny, and must still be right to the last digits, relatively.

``vᵀ A w = ½ Σ_{c,c'} p_c p_c' (v_c - v_c')(w_c - w_c')`` shows that every entry has a form
without cancellation; it is the oracle here.
"""

import numpy as np
import pytest

from rmt_hessian import Network, layer_hessian, network_hessian
from tests import oracles

RELATIVE = 1e-11


@pytest.mark.parametrize("scale", [1.0, 10.0, 20.0, 40.0, 200.0])
def test_last_layer(scale, rng):
    net = Network([scale * np.eye(4)])
    X = np.eye(4)[rng.integers(0, 4, 40)] + 0.1 * rng.random((40, 4))
    H = layer_hessian(net, X, 0, "ce")
    A = oracles.softmax_curvature(net(X))
    for i, j in np.ndindex(4, 4):
        np.testing.assert_allclose(H.block_weights(i, j), A[:, i, j], rtol=RELATIVE)
    i, j = np.indices((4, 4)).reshape(2, -1)
    weights = H.output_hessians.pair_weights(i, j).reshape(40, 4, 4)
    np.testing.assert_allclose(weights, A, rtol=RELATIVE)
    np.testing.assert_allclose(H.output_hessian(), A.mean(axis=0), rtol=RELATIVE)
    blocks = np.einsum("nij,na,nb->ijab", A, X, X) / 40
    squares = np.sum(blocks**2, axis=(2, 3))
    expected = squares.trace() / 4, (squares.sum() - squares.trace()) / 12
    np.testing.assert_allclose(H.mean_squared_block_norms(), expected, rtol=RELATIVE)
    np.testing.assert_allclose(H.frobenius_norm() ** 2, squares.sum(), rtol=RELATIVE)
    np.testing.assert_allclose(H.block_norms() ** 2, squares, rtol=RELATIVE)


@pytest.mark.parametrize("margin", [1.0, 40.0, 300.0])
def test_residual_of_a_confident_and_correct_sample(margin):
    """One hidden unit at 1, logits (margin, 0), label 0: the entries between the layers are
    ``±p_1 (p_0 margin - 1)``.
    """
    net = Network([[[1.0]], [[margin], [0.0]]])
    H = network_hessian(net, [[1.0]], [0], "ce").to_dense()
    p1 = np.exp(-margin) / (1 + np.exp(-margin))
    expected = p1 * (margin / (1 + np.exp(-margin)) - 1)
    np.testing.assert_allclose(H[0, 1:], [expected, -expected], rtol=RELATIVE)
    product = network_hessian(net, [[1.0]], [0], "ce") @ np.array([1.0, 0.0, 0.0])
    np.testing.assert_allclose(product[1:], [expected, -expected], rtol=RELATIVE)


@pytest.mark.parametrize("margin", [1.0, 5.0, 20.0, 60.0])
def test_classes_that_are_never_the_most_probable(margin):
    """The blocks of the two improbable classes of three, one of them far less probable."""
    H = layer_hessian(Network([[[0.0], [-10.0], [-10.0 - margin]]]), [[1.0]], 0, "ce")
    some = H.restrict([1, 2])
    expected = some.block_norms() ** 2
    diagonal, off_diagonal = some.mean_squared_block_norms()
    np.testing.assert_allclose(diagonal, expected.diagonal().mean(), rtol=RELATIVE)
    np.testing.assert_allclose(off_diagonal, expected[0, 1], rtol=RELATIVE)


@pytest.mark.parametrize("margin", [1.0, 20.0, 300.0])
def test_two_classes_have_ratio_one(margin, rng):
    """C = 2: ``λ^{11} = -λ^{12}`` for every sample."""
    H = layer_hessian(Network([[[margin], [0.0]]]), 1 + rng.random((9, 1)), 0, "ce")
    diagonal, off_diagonal = H.mean_squared_block_norms()
    assert diagonal > 0
    assert off_diagonal == pytest.approx(diagonal, rel=RELATIVE)


@pytest.mark.parametrize("scale", [1.0, 30.0, 200.0])
def test_hidden_layer(scale, rng):
    """Diagonal weights ``v^iᵀ A v^i`` as a sum of squares."""
    W, V = rng.standard_normal((3, 4)), scale * rng.standard_normal((5, 3))
    net, X = Network([W, V]), rng.standard_normal((30, 4))
    H = layer_hessian(net, X, 0, "ce")
    p, active = oracles.softmax(net(X)), X @ W.T > 0
    difference = V[:, None, :] - V[None, :, :]
    expected = 0.5 * np.einsum("nc,nd,cdi->ni", p, p, difference**2) * active
    for i in range(3):
        np.testing.assert_allclose(H.block_weights(i, i), expected[:, i], rtol=1e-9)
    units = np.arange(3)
    weights = H.output_hessians.pair_weights(units, units)
    np.testing.assert_allclose(weights, expected, rtol=1e-9)
