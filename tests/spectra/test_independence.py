"""The error of the decoupling were M and z independent: an average over permutations."""

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import rmt_hessian as rh
from rmt_hessian.spectra.independence import independent_kronecker_error
from tests.strategies import cases
from tests.tolerances import EXACT


def of_all_orders(H):
    """Mean over all N! ways to give the features to the output Hessians, in units of M."""
    units = range(H.n_blocks)
    M = np.array([[H.block_weights(i, j) for j in units] for i in units]).transpose(2, 0, 1)
    M, Z = M / np.abs(M).max(), H.features
    K = np.kron(M.mean(axis=0), np.mean([np.outer(z, z) for z in Z], axis=0))
    distances = []
    for order in permutations(range(len(Z))):
        paired = np.mean([np.kron(M[n], np.outer(Z[m], Z[m])) for n, m in enumerate(order)], axis=0)
        distances.append(np.sum((paired - K) ** 2))
    H = np.mean([np.kron(M[n], np.outer(Z[n], Z[n])) for n in range(len(Z))], axis=0)
    return np.sqrt(np.mean(distances) / np.sum(H**2))


@given(cases())
def test_it_is_the_mean_over_all_orders(case):
    net, X, layer, loss = case.net, case.X[:5], case.layer, case.loss
    H = rh.layer_hessian(net, X, layer, loss)
    if H.frobenius_norm() == 0:
        with pytest.raises(ValueError, match="H must not be zero"):
            independent_kronecker_error(H)
        return
    expected = of_all_orders(H)
    found = independent_kronecker_error(H)
    assert found**2 == pytest.approx(expected**2, abs=10 * EXACT)  # the root loses half the digits


@given(st.integers(0, 10**6), st.sampled_from([1e-150, 1e-3, 1e3, 1e150]))
def test_units_of_features_do_not_matter(seed, scale):
    """MSE: M is the same for features of any size, up to the masks."""
    rng = np.random.default_rng(seed)
    X, net = rng.standard_normal((6, 3)), rh.Network.random([3, 4, 2], rng)
    first, second = (
        independent_kronecker_error(rh.layer_hessian(net, Z, 0, "mse")) for Z in (X, scale * X)
    )
    assert second == pytest.approx(first, rel=1e-6, abs=1e-6)


def test_independent_samples_have_it():
    """Gaussian inputs of many units, of which one moves M little: measured and independent."""
    rng = np.random.default_rng(3)
    net, X = rh.Network.random([400, 3], rng), rng.standard_normal((200, 400))
    H = rh.layer_hessian(net, X, 0, "ce")
    error = rh.kronecker_error(H, rh.kronecker_approximation(H))
    assert independent_kronecker_error(H) == pytest.approx(error, rel=0.05)
    dependent = rh.layer_hessian(net, 20 * X, 0, "ce")  # few samples near the decision matter
    assert independent_kronecker_error(dependent) < 1


def test_float32_is_near():
    rng = np.random.default_rng(4)
    net, X = rh.Network.random([5, 4, 3], rng), rng.standard_normal((30, 5))
    exact = independent_kronecker_error(rh.layer_hessian(net, X, 0, "ce"))
    H = rh.layer_hessian(net, X, 0, "ce", dtype=np.float32)
    assert independent_kronecker_error(H) == pytest.approx(exact, rel=1e-4)


@pytest.mark.parametrize("loss", ["ce", "mse"])
def test_one_sample_is_a_product(loss, rng):
    net = rh.Network.random([4, 3, 3], 1)
    H = rh.layer_hessian(net, np.ones((1, 4)), 1, loss)
    assert independent_kronecker_error(H) < 1e-7


def test_what_is_refused(rng):
    net, X = rh.Network.random([4, 3], 1), np.ones((5, 4))
    weighted = rh.layer_hessian(net, X, 0, "ce", sample_weight=np.arange(1.0, 6.0))
    with pytest.raises(ValueError, match="H must have samples of one weight, got sample_weights"):
        independent_kronecker_error(weighted)
    with pytest.raises(ValueError, match="H must be a LayerHessian, got"):
        independent_kronecker_error(np.eye(3))
    large = rh.Network([np.ones((3, 4)), np.full((2, 3), 1e160)])
    with pytest.raises(ValueError, match="H must have a finite norm"):
        independent_kronecker_error(rh.layer_hessian(large, X, 0, "mse"))
    with pytest.raises(ValueError, match="H must not be zero"):
        independent_kronecker_error(rh.layer_hessian(net, np.zeros((5, 4)), 0, "ce"))
