"""Overlaps up to the order of units, against all orders, copies and an obvious loop."""

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rmt_hessian import Network, layer_hessian, subspace_overlap
from rmt_hessian.spectra.eigenvalues import top_eigenspace
from rmt_hessian.spectra.matching import (
    overlap_up_to_permutation,
    random_overlaps_up_to_permutation,
)
from rmt_hessian.spectra.unit_assignment import UnitRows, _exchange
from tests.tolerances import EXACT


def frame(n, q, rng):
    return np.linalg.qr(rng.standard_normal((n, q)))[0]


def moved(U, order, p=1):
    """Unit ``order[j]`` of U at the place of unit j."""
    return U.reshape(len(order), p, -1)[order].reshape(U.shape)


def best_of_all_orders(U, V, k, p):
    """All k! of them, with M built unit by unit."""
    products = np.einsum("iaq,jar->ijqr", U.reshape(k, p, -1), V.reshape(k, p, -1))
    orders = np.array(list(permutations(range(k))))
    M = sum(products[orders[:, j], j] for j in range(k))
    return np.sum(M**2, axis=(1, 2)).max() / U.shape[1]


# --- the maximum ----------------------------------------------------------------------------------


@pytest.mark.parametrize("p", [1, 2, 3])
def test_it_is_the_maximum_over_all_orders_of_few_units(p, rng):
    """Of two random frames in 40 of 42 cases at least, and never above it."""
    missed = 0
    for k in (1, 2, 3, 4, 5, 6, 7):
        for _ in range(6):
            q = int(rng.integers(1, k * p + 1))
            U, V = frame(k * p, q, rng), frame(k * p, q, rng)
            found = overlap_up_to_permutation(U, V, shape=(k, p))
            best = best_of_all_orders(U, V, k, p)
            assert found.overlap <= best + EXACT
            assert found.overlap >= 0.97 * best
            missed += found.overlap < best - EXACT
    assert missed <= 2


def test_by_hand():
    """Unit 0 of U is unit 2 of V; the other direction of U has no counterpart."""
    U, V = np.eye(4)[:, :2], np.zeros((4, 2))
    V[2, 0], V[:2, 1] = 1, 0.5**0.5
    found = overlap_up_to_permutation(U, V)
    assert found.plain_overlap == pytest.approx(0.5)  # ½ of unit 0, ½ of unit 1, over 2
    assert found.overlap == pytest.approx(0.75)
    assert 2 in found.permutation[[0, 1, 2]]
    assert found.dead_units[0].tolist() == [2, 3]
    assert found.dead_units[1].tolist() == [3]


@given(st.integers(1, 9), st.integers(1, 3), st.integers(0, 10**6), st.data())
def test_what_is_returned_belongs_together(k, p, seed, data):
    rng, q = np.random.default_rng(seed), data.draw(st.integers(1, k * p))
    U, V = frame(k * p, q, rng), frame(k * p, q, rng)
    found = overlap_up_to_permutation(U, V, shape=(k, p), n_starts=3)
    assert sorted(found.permutation) == list(range(k))
    assert found.overlap == pytest.approx(
        subspace_overlap(moved(U, found.permutation, p), V), abs=EXACT
    )
    assert found.plain_overlap == subspace_overlap(U, V) <= found.overlap <= 1
    for r in range(k):  # no exchange of two units is better
        for s in range(r):
            order = found.permutation.copy()
            order[[r, s]] = order[[s, r]]
            assert subspace_overlap(moved(U, order, p), V) <= found.overlap + 1e-7


@given(st.integers(2, 8), st.integers(1, 3), st.integers(0, 10**6))
def test_an_exchange_gains_what_a_loop_says(k, p, seed):
    """From any order the search goes up, to where the obvious loop finds nothing better."""
    rng = np.random.default_rng(seed)
    q = int(rng.integers(1, k * p + 1))
    rows = UnitRows(*(frame(k * p, q, rng).reshape(k, p, q) for _ in range(2)))
    start = rng.permutation(k)
    end = _exchange(rows, start)
    assert rows.squared(end) >= rows.squared(start) - EXACT
    for r in range(k):
        for s in range(r):
            order = end.copy()
            order[[r, s]] = order[[s, r]]
            M = sum(rows.U[order[j]].T @ rows.V[j] for j in range(k))
            assert np.sum(M**2) <= rows.squared(end) + 1e-7


@given(st.integers(2, 6), st.integers(0, 10**6), st.data())
def test_it_depends_on_the_spaces_alone(k, seed, data):
    """Any basis, any order of the units, either first: the maximum is the same, and found nearly"""
    rng, q = np.random.default_rng(seed), data.draw(st.integers(1, k))
    U, V = frame(k, q, rng), frame(k, q, rng)
    best = best_of_all_orders(U, V, k, 1)
    turned = U[rng.permutation(k)] @ frame(q, q, rng)
    for pair in ((U, V), (turned, V), (V, turned)):
        assert best_of_all_orders(*pair, k, 1) == pytest.approx(best)
        assert 0.9 * best <= overlap_up_to_permutation(*pair).overlap <= best + EXACT


def test_it_is_never_below_the_order_given():
    """Where the search cannot tell: columns orthonormal to 1e-9 only, two units that are alike.

    Its gains are those of the complements, which are smaller spaces; these the columns miss.
    """
    for seed in range(130):
        rng = np.random.default_rng(seed)
        U = rng.standard_normal((4, 3))
        U[1] = U[0]
        U = np.linalg.qr(U)[0]
        V = np.linalg.qr(U + 0.3 * rng.standard_normal((4, 3)))[0]
        found = overlap_up_to_permutation(U + 1e-9 * rng.standard_normal((4, 3)), V, n_starts=0)
        assert found.plain_overlap <= found.overlap


# --- copies ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("k", "p", "q"),
    [
        *((2, 1, 1), (10, 1, 1), (10, 1, 9), (10, 1, 10), (50, 1, 1), (50, 1, 49), (300, 1, 1)),
        *((300, 1, 9), (300, 1, 150), (300, 1, 299), (8, 5, 3), (40, 20, 10), (30, 3, 80)),
    ],
)
def test_a_copy_in_another_order_is_recognised(k, p, q, rng):
    U, order = frame(k * p, q, rng), rng.permutation(k)
    copy = moved(U, order, p) @ frame(q, q, rng)
    found = overlap_up_to_permutation(U, copy, shape=(k, p), n_starts=0)
    assert found.overlap == pytest.approx(1, abs=EXACT)
    if q < k * p:
        np.testing.assert_array_equal(found.permutation, order)
    assert [len(units) for units in found.dead_units] == [0, 0]


@pytest.mark.parametrize(("k", "q"), [(60, 5), (60, 30), (200, 10)])
def test_a_copy_with_noise_is_recognised(k, q, rng):
    """With a tenth of noise: to first order ``1 - 0.01 (k-q)/k`` is left of the overlap."""
    U, order = frame(k, q, rng), rng.permutation(k)
    noisy = np.linalg.qr(U[order] + 0.1 * rng.standard_normal((k, q)) / k**0.5)[0]
    found = overlap_up_to_permutation(U, noisy, n_starts=0)
    assert found.overlap >= subspace_overlap(U[order], noisy) - EXACT
    assert found.overlap > 0.98


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_networks_that_differ_in_the_order_of_their_units(dtype, rng):
    """Units and the columns above them permuted: the same function, the same eigenspaces."""
    net, X = Network.random([6, 12, 4], rng), rng.standard_normal((80, 6))
    order = rng.permutation(12)
    (W, V), q = net.weights, 3
    first, second = (
        layer_hessian(other, X, 0, "ce", dtype=dtype)
        for other in (net, Network([W[order], V[:, order]]))
    )
    tolerance = 1e-10 if dtype == "float64" else 1e-5
    units = overlap_up_to_permutation(
        *(top_eigenspace(H.output_hessian(), q) for H in (first, second))
    )
    weights = overlap_up_to_permutation(
        *(top_eigenspace(H, q) for H in (first, second)), shape=(12, 6)
    )
    for found in (units, weights):
        assert found.overlap == pytest.approx(1, abs=tolerance)
        assert found.plain_overlap < 0.9
        np.testing.assert_array_equal(found.permutation, order)


def test_the_last_layer_of_networks_whose_hidden_units_are_in_another_order(rng):
    """Its classes stay, its features are the units that move: frames with features as units."""
    net, X = Network.random([6, 9, 4], rng), rng.standard_normal((80, 6))
    order, q = rng.permutation(9), 3
    (W, V) = net.weights
    frames = [
        top_eigenspace(layer_hessian(other, X, 1, "ce"), q)
        for other in (net, Network([W[order], V[:, order]]))
    ]
    turned = [U.reshape(4, 9, q).swapaxes(0, 1).reshape(36, q) for U in frames]
    found = overlap_up_to_permutation(*turned, shape=(9, 4))
    assert found.overlap == pytest.approx(1, abs=1e-10)
    np.testing.assert_array_equal(found.permutation, order)
    assert overlap_up_to_permutation(*frames, shape=(4, 9)).overlap < 0.9


def test_signs_are_not_searched():
    """A space and its image under a change of the sign of one unit stay apart."""
    U = np.array([[0.6], [0.48], [0.64]])
    V = U * [[1], [1], [-1]]
    # the best that an order does is to put the smallest entry in the place of the negative one
    best = best_of_all_orders(U, V, 3, 1)
    assert overlap_up_to_permutation(U, V).overlap == pytest.approx(best)
    assert best < 0.5


# --- dead units, the null level -------------------------------------------------------------------


def test_dead_units_of_frames(rng):
    U, V = np.zeros((9, 3)), np.zeros((9, 3))
    U[[0, 2, 3, 5, 8]], V[1:] = frame(5, 3, rng), frame(8, 3, rng)
    V[0] = 1e-16
    for values in ((U, V), (U.astype("float32"), V.astype("float32"))):
        found = overlap_up_to_permutation(*values)
        assert [units.tolist() for units in found.dead_units] == [[1, 4, 6, 7], [0]]
    whole = overlap_up_to_permutation(*(np.kron(F, np.eye(2)[:, :1]) for F in (U, V)), shape=(9, 2))
    assert [units.tolist() for units in whole.dead_units] == [[1, 4, 6, 7], [0]]
    assert whole.overlap == pytest.approx(found.overlap, abs=1e-6)


def test_a_dead_unit_of_a_network_is_reported(rng):
    net, X = Network.random([6, 8, 3], rng), np.abs(rng.standard_normal((40, 6)))
    W, V = net.weights
    W = W.copy()
    W[4] = -np.abs(W[4])
    H = layer_hessian(Network([W, V]), X, 0, "ce")
    U = top_eigenspace(H.output_hessian(), 2)
    found = overlap_up_to_permutation(U, U)
    assert [units.tolist() for units in found.dead_units] == [[4], [4]]
    assert found.overlap == pytest.approx(1)


def test_independent_spaces_score_at_the_null_level(rng):
    """Which is far above q/k, and close to its mean in every draw."""
    U, V = frame(20, 3, rng), frame(20, 3, rng)
    null = random_overlaps_up_to_permutation(U, V, n_draws=8, rng=1)
    assert null.shape == (8,)
    assert 0.7 < null.min() <= null.max() < 0.85
    assert abs(overlap_up_to_permutation(U, V).overlap - null.mean()) < 5 * null.std(ddof=1)
    assert overlap_up_to_permutation(U, U[::-1]).overlap > null.max() + 0.1


def test_fewer_live_units_leave_fewer_orders_apart(rng):
    """Of 3 live units and q = 3 the space is all of them: overlap 1 for any two."""
    U, V = np.zeros((10, 3)), np.zeros((10, 3))
    U[:3], V[7:] = np.eye(3), np.eye(3)
    null = random_overlaps_up_to_permutation(U, V, n_draws=3)
    np.testing.assert_allclose(null, 1, atol=10 * EXACT)
    features = random_overlaps_up_to_permutation(
        np.kron(U, np.eye(2)), np.kron(V, np.eye(2)), n_draws=2, shape=(10, 2)
    )
    np.testing.assert_allclose(features, 1, atol=10 * EXACT)


def test_the_same_seed_gives_the_same(rng):
    U, V = frame(12, 4, rng), frame(12, 4, rng)
    first, second = (overlap_up_to_permutation(U, V, n_starts=2, rng=3) for _ in range(2))
    assert first.overlap == second.overlap
    np.testing.assert_array_equal(first.permutation, second.permutation)
    null, again, other = (
        random_overlaps_up_to_permutation(U, V, n_draws=3, n_starts=2, rng=seed)
        for seed in (3, 3, 4)
    )
    np.testing.assert_array_equal(null, again)
    assert (null != other).all()


# --- bad input ------------------------------------------------------------------------------------


@pytest.mark.parametrize("function", [overlap_up_to_permutation, random_overlaps_up_to_permutation])
@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"V": np.eye(4)[:, :2]}, "U and V must have the same shape"),
        ({"U": np.ones((6, 2))}, "U must have orthonormal columns"),
        ({"U": np.full((6, 2), np.nan)}, "U must be finite"),
        ({"shape": (2, 2)}, r"U must have 2 × 2 = 4 rows, got shape \(6, 2\)"),
        ({"shape": 6}, "shape must be a pair of integers, got 6"),
        ({"shape": (0, 6)}, r"shape\[0\] must be at least 1"),
        ({"n_starts": -1}, "n_starts must be at least 0, got -1"),
        ({"n_starts": 1.5}, "n_starts must be an integer"),
        ({"rng": "seed"}, "rng must be None, an int"),
    ],
)
def test_bad_input(function, change, message):
    arguments = {"U": np.eye(6)[:, :2], "V": np.eye(6)[:, :2], **change}
    with pytest.raises(ValueError, match=message):
        function(**arguments)


def test_draws_are_at_least_one():
    with pytest.raises(ValueError, match="n_draws must be at least 1, got 0"):
        random_overlaps_up_to_permutation(np.eye(2), np.eye(2), n_draws=0)
