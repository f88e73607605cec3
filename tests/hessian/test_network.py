"""The whole network as one object: entries, blocks, norms and scalars beside the slow oracle."""

import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import rmt_hessian as rh
from tests import oracles
from tests.hessian.test_network_product import as_rows, draw_targets, size
from tests.strategies import cases
from tests.tolerances import EXACT

drawn_cases = st.tuples(
    cases(), st.sampled_from(["labels", "targets"]), st.sampled_from([1, 7, 40, 10**7])
)


def drawn_hessian(drawn, dtype="float64"):
    case, kind, chunk_size = drawn
    y = draw_targets(case, kind)
    rows = as_rows(y, case.net.widths[-1])
    H = rh.network_hessian(case.net, case.X, y, case.loss, dtype=dtype, chunk_size=chunk_size)
    return H, oracles.full_hessian(case.net, case.X, rows, case.loss), size(case.net, case.X, rows)


@given(drawn_cases)
def test_every_part_is_that_of_the_matrix(drawn):
    H, dense, scale = drawn_hessian(drawn)
    atol, P, net = EXACT * scale, len(dense), drawn[0].net
    assert H.shape == (P, P)
    assert (H.dtype, H.n_layers, H.n_samples) == (np.float64, net.n_layers, len(drawn[0].X))
    np.testing.assert_allclose(H.to_dense(), dense, rtol=0, atol=atol)
    np.testing.assert_allclose(H.diagonal(), dense.diagonal(), rtol=0, atol=atol)
    assert H.trace() == pytest.approx(np.trace(dense), abs=P * atol)
    assert H.frobenius_norm() == pytest.approx(np.linalg.norm(dense), abs=P * atol)
    norms = H.block_norms()
    np.testing.assert_array_equal(norms, norms.T)
    for l, m in np.ndindex(norms.shape):
        block = dense[H.places[l], H.places[m]]
        np.testing.assert_allclose(H.block(l, m), block, rtol=0, atol=atol)
        assert norms[l, m] == pytest.approx(np.linalg.norm(block), abs=P * atol)


@given(drawn_cases)
def test_blocks_are_those_of_the_formed_matrix(drawn):
    """The same sums in the same order; layers count from both ends."""
    H, *_ = drawn_hessian(drawn)
    dense = H.to_dense()
    np.testing.assert_array_equal(dense, dense.T)
    for l, m in np.ndindex(H.n_layers, H.n_layers):
        block = H.block(l - H.n_layers, m)
        np.testing.assert_array_equal(block, dense[H.places[l], H.places[m]])
    for l, layer in enumerate(H.layers):
        np.testing.assert_array_equal(layer.to_dense(), dense[H.places[l], H.places[l]])


@given(drawn_cases)
def test_single_precision(drawn):
    """Rounding in units of 2⁻²⁴, and of the logits besides."""
    H, dense, scale = drawn_hessian(drawn, "float32")
    net, X = drawn[0].net, drawn[0].X
    last = np.abs(net.forward(X).features[-1])
    logits = (last @ np.abs(net.weights[-1]).T).max() if drawn[0].loss == "ce" else 0.0
    atol = 60 * 2.0**-24 * (1 + logits) * scale
    for part in (H.to_dense(), H.block(0, -1), H.diagonal()):
        assert part.dtype == H.dtype == np.float32
    np.testing.assert_allclose(H.to_dense(), dense, rtol=0, atol=atol)
    np.testing.assert_allclose(H.diagonal(), dense.diagonal(), rtol=0, atol=atol)
    assert H.frobenius_norm() == pytest.approx(np.linalg.norm(dense), abs=len(dense) * atol)


def test_targets_equal_to_predictions_leave_the_gauss_newton_part(rng):
    """``(1/N) Σ_n B_lᵀ A B_m ⊗ z_l z_mᵀ``; for one sample the product of its factors."""
    net, x = rh.Network.random([5, 8, 8, 3], rng, init="he"), rng.standard_normal((1, 5))
    H = rh.network_hessian(net, x, oracles.softmax(net(x)), "ce")
    factors = rh.kronecker_approximation(H)
    np.testing.assert_allclose(H.to_dense(), factors.to_dense(), atol=10 * EXACT)
    labelled = rh.network_hessian(net, x, [1], "ce")
    assert np.abs(labelled.to_dense() - H.to_dense()).max() > 0.01
    np.testing.assert_array_equal(labelled.diagonal(), H.diagonal())


def test_huge_inputs_have_norms():
    """Entries of 1e200, whose squares do not fit."""
    H = rh.network_hessian(rh.Network([[[1.0]], [[1.0]]]), [[1e100]], [[0.0]], "mse")
    np.testing.assert_allclose(H.block_norms() / 1e200, [[1, 2], [2, 1]], rtol=EXACT)
    assert H.frobenius_norm() / 1e200 == pytest.approx(np.sqrt(10), rel=EXACT)
    # a saturated softmax of even larger ones: λ = e^-345, whose product with 1e400 fits
    net = rh.Network([[[3.45e-198, 0.0], [0.0, 0.0]]])
    H = rh.network_hessian(net, [[1e200, 0.0]], [0], "ce")
    np.testing.assert_allclose(H.diagonal(), H.to_dense().diagonal(), rtol=EXACT)
    assert H.diagonal()[0] == pytest.approx(np.exp(400 * np.log(10) - 345), rel=1e-10)


def test_it_shows_what_it_is_and_pickles(rng):
    net = rh.Network.random([4, 3, 2], rng)
    H = rh.network_hessian(net, rng.standard_normal((5, 4)), [0, 1, 0, 1, 0], "ce")
    assert repr(H) == "NetworkHessian(2 layers, 18 weights, 5 samples)"
    v = rng.standard_normal((18, 2))
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(H)) @ v, H @ v)
    top = rh.top_eigenpairs(H, 2)[0]
    np.testing.assert_allclose(top, np.linalg.eigvalsh(H.to_dense())[-2:], atol=100 * EXACT)


@pytest.mark.parametrize("loss", ["ce", "mse"])
def test_logits_that_overflow_are_told_at_once(loss):
    net = rh.Network([[[1e200]], [[1e200], [1.0]]])
    with pytest.raises(ValueError, match="X must not make the logits overflow"):
        rh.network_hessian(net, [[1.0]], [0], loss)
    with pytest.raises(ValueError, match="X must not make the logits overflow"):
        rh.network_hessian(net, [[0.0], [1.0]], [0, 0], loss, chunk_size=1)


def test_no_such_layer(rng):
    H = rh.network_hessian(rh.Network.random([4, 3, 2], rng), np.ones((2, 4)), [0, 1], "ce")
    with pytest.raises(IndexError, match="layer must lie in 0 … 1, got 2"):
        H.block(0, 2)
