from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.linalg import block_diag

import rmt_hessian as rh
from rmt_hessian.kronecker_product import KroneckerProduct
from rmt_hessian.spectra.eigenvalues import DENSE
from rmt_hessian.spectra.kronecker import kronecker_approximation
from rmt_hessian.spectra.network_kronecker import NetworkKronecker
from tests import oracles
from tests.strategies import cases
from tests.tolerances import EXACT

seeds = st.integers(0, 10**6)
layer_sizes = st.lists(st.tuples(st.integers(1, 4), st.integers(1, 4)), min_size=1, max_size=4)


def of_network(net, X, loss, cross_layer=True):
    """Of any labels: the factors do not depend on them."""
    H = rh.network_hessian(net, X, np.zeros(len(X), int), loss)
    return kronecker_approximation(H, cross_layer=cross_layer)


def random_factors(sizes, seed):
    """PSD factors of any rank for layers of sizes (k_l, p_l), with cross-layer blocks."""
    rng = np.random.default_rng(seed)
    units, features = zip(*sizes, strict=True)
    M, S = (
        root @ root.T
        for root in (rng.standard_normal((sum(n), rng.integers(1, 6))) for n in (units, features))
    )
    return NetworkKronecker(KroneckerProduct(M, S), units, features)


def indices(factors):
    """The unit and the feature, among those of all layers, of every parameter; and its layer."""
    unit, feature, layer = [], [], []
    for l, (k, p) in enumerate(zip(factors.units, factors.features, strict=True)):
        for i, a in np.ndindex(k, p):
            unit.append(sum(factors.units[:l]) + i)
            feature.append(sum(factors.features[:l]) + a)
            layer.append(l)
    return np.array(unit), np.array(feature), np.array(layer)


def by_entries(factors, cross_layer):
    """``M_{(l,i),(m,j)} S_{(l,a),(m,b)}`` at ((l; i, a), (m; j, b))."""
    unit, feature, layer = indices(factors)
    H = factors.factors.left[np.ix_(unit, unit)] * factors.factors.right[np.ix_(feature, feature)]
    return H if cross_layer else H * (layer[:, None] == layer)


def check_against_dense(product, expected, rng):
    scale, P = max(np.abs(expected).max(), 1e-300), len(expected)  # not below normal numbers
    assert product.shape == expected.shape
    np.testing.assert_allclose(product.to_dense(), expected, rtol=0, atol=EXACT * scale)
    operator = product.to_operator()
    v = rng.standard_normal((P, 3))
    for argument in (v, np.asfortranarray(v), v[:, 0], v[:, :0], v[::-1, 1:]):
        np.testing.assert_allclose(
            operator @ argument, expected @ argument, rtol=0, atol=10 * P * EXACT * scale
        )
    np.testing.assert_array_equal(operator.rmatmat(v), operator @ v)


def check_eigenpairs(product, dense, n):
    values, U = product.top_eigenpairs(n)
    tolerance = 100 * EXACT * max(np.abs(np.linalg.eigvalsh(dense)).max(), 1e-300)
    np.testing.assert_allclose(values, np.linalg.eigvalsh(dense)[-n:], rtol=0, atol=tolerance)
    assert (np.diff(values) >= 0).all()
    np.testing.assert_allclose(U.T @ U, np.eye(n), atol=100 * EXACT)
    np.testing.assert_allclose(dense @ U, U * values, rtol=0, atol=tolerance)
    return U


@given(cases(), st.booleans())
def test_blocks_of_a_network(case, cross_layer):
    product = of_network(case.net, case.X, case.loss, cross_layer)
    check_against_dense(product, by_entries(product, cross_layer), case.rng)


@given(layer_sizes, seeds, st.booleans(), st.data())
def test_eigenpairs(sizes, seed, cross_layer, data):
    """Any ranks: many equal eigenvalues, of several layers."""
    factors = random_factors(sizes, seed)
    product = replace(factors, cross_layer=cross_layer)
    dense = by_entries(factors, cross_layer)
    check_against_dense(product, dense, np.random.default_rng(seed))
    U = check_eigenpairs(product, dense, data.draw(st.integers(1, len(dense))))
    if not cross_layer:  # each vector lives in one layer
        *_, layer = indices(factors)
        supports = [np.unique(layer[u != 0]) for u in U.T]
        assert all(support.size == 1 for support in supports)


@given(layer_sizes, seeds)
def test_khatri_rao_product_is_positive_semidefinite(sizes, seed):
    """A principal submatrix of ``M ⊗ S``: rows (unit, feature) of the same layer."""
    factors = random_factors(sizes, seed)
    M, S = factors.factors.left, factors.factors.right
    unit, feature, _ = indices(factors)
    rows = unit * len(S) + feature
    H = factors.to_dense()
    scale = np.abs(H).max()
    np.testing.assert_allclose(H, np.kron(M, S)[np.ix_(rows, rows)], rtol=0, atol=EXACT * scale)
    assert np.linalg.eigvalsh(H)[0] >= -100 * EXACT * scale


def test_other_signs_between_layers_are_not_positive_semidefinite():
    """The bound above sees a wrong sign of one pair of blocks among three layers."""
    factors = random_factors([(2, 3), (3, 2), (2, 2)], 0)
    H = by_entries(factors, cross_layer=True)
    *_, layer = indices(factors)
    turned = np.add.outer(layer, layer) == 1  # blocks (0, 1) and (1, 0)
    assert np.linalg.eigvalsh(np.where(turned, -H, H))[0] < -1e-3 * np.abs(H).max()


def one_sample(net, x, loss):
    """The Hessian of one sample whose residual is zero: targets are the outputs."""
    logits = net(x)
    return rh.network_hessian(
        net, x, oracles.softmax(logits) if loss == "ce" else logits, loss
    ).to_dense()


@given(cases())
def test_exact_for_one_sample_without_residual(case):
    x = case.X[:1]
    product = of_network(case.net, x, case.loss)
    H = one_sample(case.net, x, case.loss)
    positive = rh.Network([np.abs(W) for W in case.net.weights])
    scale = np.abs(one_sample(positive, np.abs(x), "mse")).max()  # no cancellation, A ⪯ I
    # the residual of the oracle's softmax is rounding of the logits, times a Jacobian
    scale *= 1 + np.abs(positive(np.abs(x))).max()
    np.testing.assert_allclose(product.to_dense(), H, rtol=0, atol=EXACT * max(scale, 1.0))


@pytest.mark.parametrize("loss", ["mse", "ce"])
def test_an_approximation_else(loss, rng):
    """Two samples decouple no more; a residual adds to the blocks between layers alone."""
    net, X = rh.Network.random([5, 4, 3], rng), rng.standard_normal((2, 5))
    distance = np.linalg.norm(of_network(net, X, loss).to_dense() - one_sample(net, X, loss))
    assert distance > 0.1 * np.linalg.norm(one_sample(net, X, loss))

    x = X[:1]
    product = of_network(net, x, loss)
    difference = rh.network_hessian(net, x, [0], loss).to_dense() - product.to_dense()
    np.testing.assert_allclose(difference[:20, :20], 0, atol=EXACT)
    np.testing.assert_allclose(difference[20:, 20:], 0, atol=EXACT)
    assert np.linalg.norm(difference[:20, 20:]) > 0.1


@pytest.mark.parametrize("loss", ["mse", "ce"])
@pytest.mark.parametrize("cross_layer", [True, False])
def test_one_layer_is_its_decoupling(loss, cross_layer, rng):
    net, X = rh.Network.random([6, 3], rng), rng.standard_normal((20, 6))
    product = of_network(net, X, loss, cross_layer)
    layer = kronecker_approximation(rh.layer_hessian(net, X, 0, loss))
    np.testing.assert_allclose(product.to_dense(), layer.to_dense(), atol=EXACT)
    np.testing.assert_allclose(
        product.top_eigenpairs(5)[0], layer.top_eigenvalues(5), atol=100 * EXACT
    )


def test_layer_wise_is_the_decoupling_of_each_layer(rng):
    net, X = rh.Network.random([6, 5, 4, 3], rng), rng.standard_normal((20, 6)) + 1
    layers = [kronecker_approximation(rh.layer_hessian(net, X, l, "ce")) for l in range(3)]
    product = of_network(net, X, "ce", cross_layer=False)
    expected = block_diag(*(layer.to_dense() for layer in layers))
    np.testing.assert_allclose(product.to_dense(), expected, atol=10 * EXACT)


@pytest.mark.parametrize("cross_layer", [True, False])
def test_eigenpairs_of_a_large_network(cross_layer, rng):
    """Beyond the dense solver: by products, to residuals of 1000 rounding errors."""
    net, X = rh.Network.random([48, 40, 10], rng), rng.standard_normal((50, 48)) + 1
    product = of_network(net, X, "ce", cross_layer)
    assert product.shape[0] > DENSE
    check_eigenpairs(product, product.to_dense(), 12)


def test_factors_of_blocks_are_those_of_the_matrix(rng):
    net, X = rh.Network.random([4, 3, 2], rng), rng.standard_normal((10, 4))
    for cross_layer in (True, False):
        K = of_network(net, X, "ce", cross_layer)
        dense, ends = K.to_dense(), [0, 12, 18]
        for l, m in np.ndindex(2, 2):
            block = dense[ends[l] : ends[l + 1], ends[m] : ends[m + 1]]
            np.testing.assert_array_equal(np.kron(*K.block_factors(l, m)), block)


def test_equal_eigenvalues_of_two_layers():
    for cross_layer in (True, False):
        check_eigenpairs(replace(EYE, cross_layer=cross_layer), np.eye(5), 4)


EYE = NetworkKronecker(KroneckerProduct(np.eye(3), np.eye(4)), (1, 2), (3, 1))
BAD = {
    "output Hessian": (np.ones((2, 2)), np.eye(4), (1, 2), (3, 1), r"must have shape \(3, 3\)"),
    "autocorrelation": (np.eye(3), np.eye(3), (1, 2), (3, 1), r"right must have shape \(4"),
    "not symmetric": (np.triu(np.ones((3, 3))), np.eye(4), (1, 2), (3, 1), "must be symmetric"),
    "NaN": (np.eye(3), np.full((4, 4), np.nan), (1, 2), (3, 1), "must be finite"),
    "layers": (np.eye(3), np.eye(4), (1, 2), (4,), r"as many layers, got \(1, 2\) and \(4,\)"),
}


@pytest.mark.parametrize("case", BAD.values(), ids=BAD.keys())
def test_bad_factors(case):
    left, right, *sizes, message = case
    with pytest.raises(ValueError, match=message):
        NetworkKronecker(KroneckerProduct(left, right), *sizes)


@pytest.mark.parametrize("cross_layer", [True, False])
@pytest.mark.parametrize(("n", "message"), [(6, "at most 5, got 6"), (0, "at least 1, got 0")])
def test_bad_numbers_of_eigenpairs(cross_layer, n, message):
    with pytest.raises(ValueError, match=message):
        replace(EYE, cross_layer=cross_layer).top_eigenpairs(n)


def test_complex_vectors_are_refused():
    with pytest.raises(ValueError, match="v must be real"):
        EYE.to_operator() @ (1j * np.ones(5))
