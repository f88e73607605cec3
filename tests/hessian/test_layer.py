"""Properties of every layer Hessian, at any width, depth, scale and loss."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rmt_hessian import Network, layer_hessian
from tests import oracles
from tests.strategies import cases
from tests.tolerances import EXACT


def build(case, X=None, net=None):
    X, net = case.X if X is None else X, case.net if net is None else net
    return layer_hessian(net, X, case.layer, case.loss)


def size(case):
    """What rounding errors of H scale with: ``|B_nᵀ B_n| |z_n z_nᵀ|``, since ``A_n`` is O(1).

    With saturated probabilities H itself can be far smaller than this.
    """
    BB = np.abs(oracles.output_hessians(case.net, case.X, case.layer, "mse")).max()
    return max(BB * np.square(build(case).features).max(), BB, 1e-300)


def close(a, b, scale):
    np.testing.assert_allclose(a, b, rtol=0, atol=EXACT * scale)


@given(cases())
def test_dense_equals_the_sum_of_kronecker_products(case):
    H = build(case)
    expected = oracles.layer_hessian(case.net, case.X, case.layer, case.loss)
    close(H.to_dense(), expected, size(case))
    assert H.to_dense().shape == H.shape
    assert H.dtype == np.float64


@given(cases())
def test_symmetric_and_positive_semidefinite(case):
    dense = build(case).to_dense()
    close(dense, dense.T, size(case))
    assert np.linalg.eigvalsh(dense).min() >= -EXACT * 10 * size(case)


@given(cases())
def test_blocks_and_weights(case):
    H = build(case)
    dense, M = H.to_dense(), oracles.output_hessians(case.net, case.X, case.layer, case.loss)
    p, scale = H.block_size, size(case)
    pairs = np.indices((H.n_blocks, H.n_blocks)).reshape(2, -1)
    close(H.output_hessians.pair_weights(*pairs), M.reshape(len(M), -1), scale)
    for i in range(H.n_blocks):
        for j in range(H.n_blocks):
            close(H.block_weights(i, j), M[:, i, j], scale)
            place = np.ix_(range(i * p, (i + 1) * p), range(j * p, (j + 1) * p))
            close(H.block(i, j), dense[place], scale)
    np.testing.assert_array_equal(H.block(-1, 0), H.block(H.n_blocks - 1, 0))


@given(cases())
def test_norms_without_forming_blocks(case):
    H = build(case)
    k, p = H.n_blocks, H.block_size
    blocks = H.to_dense().reshape(k, p, k, p)
    norms = np.sqrt(np.einsum("iajb,iajb->ij", blocks, blocks))
    rounding = EXACT * size(case) ** 2
    np.testing.assert_allclose(H.block_norms() ** 2, norms**2, rtol=1e-10, atol=rounding)
    diagonal, off_diagonal = H.mean_squared_block_norms()
    total = np.sum(norms**2)
    expected = np.mean(norms.diagonal() ** 2)
    np.testing.assert_allclose(diagonal, expected, rtol=1e-10, atol=rounding)
    if k > 1:
        expected = (total - np.sum(norms.diagonal() ** 2)) / (k * (k - 1))
        np.testing.assert_allclose(off_diagonal, expected, rtol=1e-10, atol=rounding)
    else:
        assert np.isnan(off_diagonal)
    np.testing.assert_allclose(
        H.frobenius_norm() ** 2, total, rtol=1e-10, atol=rounding * H.n_blocks**2
    )


@given(cases(), st.integers(1, 3))
def test_operator_equals_dense(case, q):
    H = build(case)
    dense, operator = H.to_dense(), H.to_operator()
    v = case.rng.standard_normal((H.shape[0], q))
    scale = size(case) * H.shape[0]
    close(operator @ v, dense @ v, scale)
    close(operator.matvec(v[:, 0]), dense @ v[:, 0], scale)
    close(operator.rmatvec(v[:, 0]), dense.T @ v[:, 0], scale)
    close(H @ v[:, 0], dense @ v[:, 0], scale)


@given(cases())
def test_trace_output_hessian_and_autocorrelation(case):
    H = build(case)
    M = oracles.output_hessians(case.net, case.X, case.layer, case.loss)
    np.testing.assert_allclose(H.trace(), np.trace(H.to_dense()), atol=EXACT * size(case) * 25)
    close(H.output_hessian(), M.mean(axis=0), size(case))
    expected = np.mean([np.outer(z, z) for z in H.features], axis=0)
    close(H.input_autocorrelation(), expected, max(np.abs(expected).max(), 1e-300))


@given(cases(last_layer=True, losses=("ce",)))
def test_ce_blocks_of_the_last_layer_sum_to_zero(case):
    """``A 1 = 0``."""
    H = build(case)
    k, p = H.n_blocks, H.block_size
    dense = H.to_dense()
    close(dense.reshape(k, p, k, p).sum(axis=2), np.zeros((k, p, p)), size(case))


@given(cases(last_layer=True, losses=("mse",)))
def test_mse_off_diagonal_blocks_of_the_last_layer_are_exactly_zero(case):
    H = build(case)
    assert H.mean_squared_block_norms()[1] == 0.0
    assert not np.any(H.block_norms() - np.diag(H.block_norms().diagonal()))
    for i in range(1, H.n_blocks):
        assert not H.block(0, i).any()


@given(cases())
def test_order_of_the_samples_does_not_matter(case):
    order = case.rng.permutation(len(case.X))
    close(build(case, X=case.X[order]).to_dense(), build(case).to_dense(), size(case))


@given(cases())
def test_permuting_classes_permutes_the_last_layer_and_nothing_else(case):
    *lower, last = case.net.weights
    order = case.rng.permutation(last.shape[0])
    permuted = build(case, net=Network([*lower, last[order]])).to_dense()
    H = build(case)
    expected = H.to_dense()
    if case.layer == len(lower):
        k, p = H.n_blocks, H.block_size
        expected = expected.reshape(k, p, k, p)[order][:, :, order].reshape(H.shape)
    close(permuted, expected, size(case))


@given(cases(losses=("ce",)), st.floats(-5, 5))
def test_adding_one_row_to_all_logits_changes_nothing(case, amount):
    """CE sees differences of logits: ``W_L + 1 uᵀ`` shifts all logits of a sample alike."""
    *lower, last = case.net.weights
    shifted = Network([*lower, last + amount * case.rng.standard_normal(last.shape[1])])
    moved = replace(case, net=shifted)
    close(build(moved).to_dense(), build(case).to_dense(), size(case) + size(moved))


def test_extreme_logits_stay_finite():
    net = Network([np.array([[700.0], [-700.0], [0.0]])])
    H = layer_hessian(net, [[1.0], [-1.0]], 0, "ce")
    assert np.isfinite(H.to_dense()).all()
    assert np.isfinite(H.mean_squared_block_norms()).all()


def test_negative_layers_count_from_the_end(rng):
    net = Network.random([2, 3, 4], rng)
    X = rng.standard_normal((5, 2))
    a, b = layer_hessian(net, X, -1, "ce"), layer_hessian(net, X, 1, "ce")
    np.testing.assert_array_equal(a.to_dense(), b.to_dense())


@pytest.mark.parametrize(
    ("dtype", "scale"), [("float64", 1e-70), ("float64", 1e70), ("float32", 1e9)]
)
def test_norms_of_features_of_any_scale(dtype, scale, rng):
    """Norms scale with the square of the features where fourth powers leave the range."""
    V, X = rng.standard_normal((4, 3)), rng.standard_normal((6, 3))
    one = layer_hessian(Network([V]), X, 0, "ce", dtype=dtype)
    scaled = layer_hessian(Network([V / scale]), scale * X, 0, "ce", dtype=dtype)
    tolerance = 1e-10 if dtype == "float64" else 1e-5
    for name in ("frobenius_norm", "block_norms"):
        a, b = (getattr(H, name)() for H in (one, scaled))
        np.testing.assert_allclose(b / scale**2, a, rtol=tolerance)


def test_logits_that_overflow_are_refused():
    net = Network([[[1e200], [-1e200]]])
    with pytest.raises(ValueError, match="logits overflow"):
        layer_hessian(net, [[1e200]], 0, "ce")


def test_squared_norms_beyond_the_range_are_infinite():
    H = layer_hessian(Network([[[0.0], [0.0]]]), [[1e100]], 0, "ce")
    assert list(H.mean_squared_block_norms()) == [np.inf, np.inf]
    assert H.frobenius_norm() == pytest.approx(0.5 * 1e200)
