"""Pictures of Hessians along a path: every pixel from the dense matrix, entry by entry."""

import itertools
from dataclasses import fields, replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rmt_hessian import Network, network_hessian
from rmt_hessian.measurements.layer_pairs import layer_pairs
from rmt_hessian.measurements.trained import TrainingRun
from rmt_hessian.measurements.trained_layer_pairs import trained_layer_pairs
from rmt_hessian.measurements.training_images import TIMES, training_images
from rmt_hessian.spectra.maps import hessian_maps, pixel_edges, unit_edges
from rmt_hessian.sweep.parameters import arguments
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


def test_pixels_are_the_smallest_that_there_is_room_for():
    """A division without a remainder is not rounded up."""
    assert pixel_edges([(1, 8)], 4).tolist() == [0, 2, 4, 6, 8]
    assert pixel_edges([(4, 2)], 4).tolist() == [0, 2, 4, 6, 8]


def test_as_many_units_as_pixels_are_told_apart(rng):
    """12 units in 12 pixels of the block norms; entries have fewer pixels, of several units."""
    net, X = Network.random([30, 2, 10], rng), rng.standard_normal((15, 30))
    H = network_hessian(net, X, rng.integers(0, 10, 15), "ce")
    maps = hessian_maps(H, 12)
    np.testing.assert_array_equal(maps.block_edges, [0, 30, *range(60, 81, 2)])
    assert maps.block_norms.shape == (12, 12)
    assert not np.isin(maps.block_edges, maps.entry_edges).all()


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


# --- along a training ---------------------------------------------------------------------------

RUN = TrainingRun(
    widths=[6, 4, 3],
    loss="ce",
    n_samples=30,
    inputs="gaussian",
    steps=11,
    learning_rate=0.05,
    optimiser="gd",
)


def test_pictures_are_those_of_the_networks_at_half_and_all_of_the_steps():
    found = training_images(np.random.default_rng(3), run=RUN, pixels=100)
    trained = RUN.train(np.random.default_rng(3), checkpoints=range(12))
    assert found["checkpoint_steps"].tolist() == [0, 5, 11]
    np.testing.assert_array_equal(found["losses"], trained.path.losses[[0, 5, 11]])
    for place, (time, step) in enumerate(zip(TIMES, (0, 5, 11), strict=True)):
        net = trained.path.networks[step]
        H = network_hessian(net, trained.X, trained.y, "ce")
        A = H.to_dense()
        np.testing.assert_allclose(found["entries"][place], np.abs(A), rtol=1e-6)  # float32
        G = network_hessian(net, trained.X, trained.y, "ce", part="gauss-newton").to_dense()
        stripes, rest = np.sum((A - G)[:24, 24:] ** 2), np.sum(G[:24, 24:] ** 2)
        assert found[f"{time}_residual_share"] == pytest.approx(stripes / (stripes + rest))
        assert found[f"{time}_norm"] == pytest.approx(np.linalg.norm(A), rel=EXACT)
        between = 2 * np.sum(A[:24, 24:] ** 2) / np.sum(A**2)
        assert found[f"{time}_share_by_layer"] == pytest.approx(between, rel=EXACT)
        units = unit_edges([(4, 6), (3, 4)])
        diagonal = sum(np.sum(A[i:j, i:j] ** 2) for i, j in itertools.pairwise(units))
        assert found[f"{time}_share_by_unit"] == pytest.approx(1 - diagonal / np.sum(A**2))
        for by in ("unit", "layer"):
            estimate = H.off_diagonal_share(by, population=True)
            assert found[f"{time}_population_share_by_{by}"] == estimate.value
            assert found[f"{time}_population_share_by_{by}_error"] == estimate.standard_error
    np.testing.assert_array_equal(found["entries_edges"], np.arange(37))
    np.testing.assert_array_equal(found["block_norms_edges"], units)


def test_a_linear_model_has_no_pairs_of_layers():
    run = replace(RUN, widths=[6, 3], loss="mse")
    found = training_images(np.random.default_rng(3), run=run, pixels=5)
    assert found["final_residual_share"] == found["final_share_by_layer"] == 0
    assert found["entries"].shape == (3, 3, 3)  # 18 weights: a unit of 6 a pixel
    known = set(trained_layer_pairs(np.random.default_rng(3), run=run))
    assert not [name for name in known if "adjacent" in name or "distant" in name]


def test_pairs_of_layers_along_a_training():
    run = replace(RUN, widths=[5, 4, 3, 3])
    found = trained_layer_pairs(np.random.default_rng(4), run=run)
    trained = run.train(np.random.default_rng(4), checkpoints=[5])
    for place, (time, net) in enumerate(zip(TIMES, trained.path.networks, strict=True)):
        pairs = layer_pairs(network_hessian(net, trained.X, trained.y, "ce"))
        shares = [pair.residual_share for pair in pairs]
        np.testing.assert_array_equal(found["pair_residual_share"][place], shares)
        np.testing.assert_array_equal(found["features_1_2"][place], pairs[2].feature_norms)
        assert found[f"{time}_distant_residual_share"] == pytest.approx(shares[1], rel=EXACT)
        (first, _, second) = pairs
        mean = (first.stripe_share + second.stripe_share) / 2
        assert found[f"{time}_adjacent_stripe_share"] == pytest.approx(mean, rel=EXACT)
        R = first.residual_norm**2 + second.residual_norm**2
        G = first.curvature_norm**2 + second.curvature_norm**2
        assert found[f"{time}_adjacent_residual_share"] == pytest.approx(R / (R + G), rel=EXACT)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"optimiser": "lbfgs", "learning_rate": None}, "optimiser must be 'gd' or 'adam'"),
        ({"steps": 1}, "steps must be at least 2, got 1"),
        ({"n_samples": 2}, "n_samples must be at least 3, got 2"),
    ],
)
def test_runs_that_are_refused_before_they_begin(change, told):
    values = {f.name: getattr(RUN, f.name) for f in fields(RUN)} | change
    for function in (training_images, trained_layer_pairs):
        with pytest.raises(ValueError, match=told):
            arguments(function, values)
