"""Dense Hessians, whichever way round they are assembled."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import rmt_hessian as rh
from rmt_hessian.hessian import assembly
from tests import oracles
from tests.strategies import cases
from tests.tolerances import EXACT

# widths on both sides of k = p in the first, a middle and the last layer
WIDTHS = [
    [2, 5],
    [5, 2],
    [4, 4],
    [1, 3],
    [5, 2, 6],
    [2, 6, 3],
    [3, 1, 4],
    [6, 2, 5, 2],
    [2, 5, 2, 6],
    [2, 3, 5, 3, 4],
]


def draw(widths, rng, n=9):
    net, X = rh.Network.random(widths, rng, init="he"), rng.standard_normal((n, widths[0]))
    return net, X, rng.integers(0, widths[-1], n)


def routes(monkeypatch):
    """Which way each layer went."""
    taken = []

    def spy_on(name):
        original = getattr(assembly, name)

        def spy(out, H):
            taken.append(name)
            original(out, H)

        monkeypatch.setattr(assembly, name, spy)

    spy_on("_by_pairs_of_units")
    spy_on("_by_pairs_of_features")
    return taken


@pytest.mark.parametrize("loss", ["ce", "mse"])
@pytest.mark.parametrize("widths", WIDTHS, ids=str)
def test_both_ways_to_a_layer(widths, loss, rng, monkeypatch):
    net, X, _ = draw(widths, rng)
    taken = routes(monkeypatch)
    for layer, W in enumerate(net.weights):
        dense = rh.layer_hessian(net, X, layer, loss).to_dense()
        expected = oracles.layer_hessian(net, X, layer, loss)
        np.testing.assert_allclose(dense, expected, atol=EXACT * np.abs(expected).max())
        np.testing.assert_array_equal(dense, dense.T)
        units, features = W.shape
        assert taken.pop() == ("_by_pairs_of_" + ("units" if units <= features else "features"))


@pytest.mark.parametrize("loss", ["ce", "mse"])
@pytest.mark.parametrize("widths", [[4, 70], [3, 66, 2], [2, 130, 3]], ids=str)
def test_more_units_than_a_tile(widths, loss, rng):
    net, X, y = draw(widths, rng)
    expected = oracles.layer_hessian(net, X, 0, loss)
    dense = rh.layer_hessian(net, X, 0, loss).to_dense()
    np.testing.assert_allclose(dense, expected, atol=EXACT * np.abs(expected).max())
    whole, targets = rh.network_hessian(net, X, y, loss).to_dense(), np.eye(widths[-1])[y]
    expected = oracles.full_hessian(net, X, targets, loss)
    np.testing.assert_allclose(whole, expected, atol=EXACT * np.abs(expected).max())


@given(cases(), st.booleans())
def test_both_ways_agree(case, part_of_more):
    """Each way, whatever the widths; into an array of its own or into a slice of a larger one."""
    H = rh.layer_hessian(case.net, case.X, case.layer, case.loss)
    expected = oracles.layer_hessian(case.net, case.X, case.layer, case.loss)
    n = len(expected)
    B = np.abs(oracles.output_hessians(case.net, case.X, case.layer, "mse")).max()
    tolerance = EXACT * max(B * np.square(H.features).max(), 1e-300)
    for fill in (assembly._by_pairs_of_units, assembly._by_pairs_of_features):
        large = np.full((n + 3, n + 5), np.nan)
        out = large[2 : n + 2, 4 : n + 4] if part_of_more else np.full((n, n), np.nan)
        fill(out, H)
        np.testing.assert_allclose(out, expected, atol=tolerance)
        if part_of_more:
            assert np.isnan(large).sum() == large.size - n * n  # nothing else is written


@pytest.mark.parametrize("loss", ["ce", "mse"])
@pytest.mark.parametrize("widths", WIDTHS, ids=str)
def test_whole_networks(widths, loss, rng):
    """Blocks between layers go through the fewer of the units and the features of the upper one."""
    net, X, y = draw(widths, rng)
    whole = rh.network_hessian(net, X, y, loss).to_dense()
    expected = oracles.full_hessian(net, X, np.eye(widths[-1])[y], loss)
    np.testing.assert_allclose(whole, expected, atol=EXACT * np.abs(expected).max())
    np.testing.assert_array_equal(whole, whole.T)
    start = 0
    for layer, W in enumerate(net.weights):
        place = slice(start, start + W.size)
        dense = rh.layer_hessian(net, X, layer, loss).to_dense()
        np.testing.assert_array_equal(whole[place, place], dense)
        start += W.size


@pytest.mark.parametrize("loss", ["ce", "mse"])
def test_units_that_never_fire(loss, rng):
    """Products of no rows: a dead unit has blocks of zeros, and all dead leaves the last layer."""
    W, V = rng.standard_normal((3, 4)), rng.standard_normal((3, 3))
    X = 0.1 + rng.random((6, 4))
    for dead in ([1], [0, 1, 2]):
        W_dead = W.copy()
        W_dead[dead] = -1.0
        net, y = rh.Network([W_dead, V]), rng.integers(0, 3, 6)
        whole = rh.network_hessian(net, X, y, loss).to_dense()
        expected = oracles.full_hessian(net, X, np.eye(3)[y], loss)
        np.testing.assert_allclose(whole, expected, atol=EXACT * max(1, np.abs(expected).max()))
        for i in dead:
            assert not whole[4 * i : 4 * i + 4].any()
