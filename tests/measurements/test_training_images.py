"""Pictures of Hessians along a path: every pixel from the dense matrix, entry by entry."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rmt_hessian import Network, network_hessian
from rmt_hessian.measurements.hessian_maps import hessian_maps, pixel_edges, unit_edges
from tests.tolerances import EXACT

layers = st.lists(st.tuples(st.integers(1, 12), st.integers(1, 12)), min_size=1, max_size=4)


@given(layers, st.integers(4, 60))
def test_pixels_are_pieces_of_units_or_whole_units_of_one_layer(layers, at_most):
    edges, units = pixel_edges(layers, at_most), unit_edges(layers)
    ends = np.cumsum([0] + [k * p for k, p in layers])
    assert edges[0] == 0
    assert edges[-1] == ends[-1]
    assert (np.diff(edges) > 0).all()
    assert edges.size - 1 <= at_most
    assert np.isin(ends, edges).all()  # no pixel lies in two layers
    for start, stop in itertools.pairwise(edges):
        inside = units[(units > start) & (units < stop)]
        assert inside.size == 0 or np.isin([start, stop], units).all()
    # as fine as it may be: entries one by one where they all have a pixel
    if ends[-1] <= at_most:
        np.testing.assert_array_equal(edges, np.arange(ends[-1] + 1))


@given(layers, st.integers(4, 60))
def test_pixels_of_a_unit_differ_by_one_entry_at_most(layers, at_most):
    edges, units = pixel_edges(layers, at_most), unit_edges(layers)
    for start, stop in itertools.pairwise(units):
        sizes = np.diff(edges[(edges >= start) & (edges <= stop)])
        if sizes.size > 1:
            assert np.ptp(sizes) <= 1


def test_the_sizes_of_the_paper():
    """d = C = 500, m = 8: 21 pixels a hidden unit, three output units a pixel."""
    edges = pixel_edges([(8, 500), (500, 8)], 400)
    assert (edges < 4000).sum() == 8 * 21
    assert set(np.diff(edges[edges >= 4000])) == {24, 16}


def test_fewer_pixels_than_layers_are_refused():
    with pytest.raises(ValueError, match="pixels must be at least 3, one a layer, got 2"):
        pixel_edges([(1, 1)] * 3, 2)


def dense_maps(A, layers, entry_edges, block_edges):
    """Both pictures by loops over pixels, pairs of units and entries."""
    places = [slice(*pair) for pair in itertools.pairwise(entry_edges)]
    entries = [[np.sqrt(np.mean(A[i, j] ** 2)) for j in places] for i in places]
    starts = unit_edges(layers)
    units = [slice(*pair) for pair in itertools.pairwise(starts)]
    norms = []
    for row in itertools.pairwise(block_edges):
        norms.append([])
        for column in itertools.pairwise(block_edges):
            rows = [u for u in units if row[0] <= u.start < row[1]]
            columns = [u for u in units if column[0] <= u.start < column[1]]
            squares = [np.linalg.norm(A[i, j]) ** 2 for i in rows for j in columns]
            norms[-1].append(np.sqrt(np.mean(squares)))
    return entries, norms


@pytest.mark.parametrize("loss", ["ce", "mse"])
@pytest.mark.parametrize("widths", [[5, 3], [7, 3, 9], [5, 4, 2, 3]])
@pytest.mark.parametrize("at_most", [8, 13, 200])
@pytest.mark.parametrize("bias", [False, True])
def test_every_pixel(widths, loss, at_most, bias, rng):
    net, X = Network.random(widths, rng), rng.standard_normal((20, widths[0]))
    if bias:
        b = [rng.standard_normal(k) for k in widths[1:]]
        net = Network(net.weights, b, activation="tanh")
    y = rng.integers(0, widths[-1], 20)
    H = network_hessian(net, X, y, loss, bias=bias)
    layers = [(k, p + bias) for p, k in itertools.pairwise(widths)]
    maps, A = hessian_maps(H, at_most), H.to_dense()
    np.testing.assert_array_equal(maps.entry_edges, pixel_edges(layers, at_most))
    entries, norms = dense_maps(A, layers, maps.entry_edges, maps.block_edges)
    np.testing.assert_allclose(maps.entries, entries, rtol=EXACT)
    np.testing.assert_allclose(maps.block_norms, norms, rtol=EXACT)
    if sum(widths[1:]) <= at_most:  # every pair of units
        np.testing.assert_array_equal(maps.block_edges, unit_edges(layers))
    sizes = np.diff(maps.entry_edges)
    total = np.sum(maps.entries**2 * np.outer(sizes, sizes))
    assert total == pytest.approx(H.frobenius_norm() ** 2, rel=EXACT)


def test_maps_of_a_vanishing_hessian(rng):
    """Entries whose squares leave the range, and none at all."""
    net, X = Network.random([4, 3, 3], rng), rng.standard_normal((10, 4))
    small = Network([W * 1e-180 for W in net.weights])
    H = network_hessian(small, X, np.zeros((10, 3)), "mse")
    A = H.to_dense()
    maps = hessian_maps(H, 100)
    np.testing.assert_allclose(maps.entries, np.abs(A), rtol=1e-9, atol=1e-320)
    H = network_hessian(net, np.zeros((10, 4)), np.zeros((10, 3)), "mse")
    assert not hessian_maps(H, 100).entries.any()
