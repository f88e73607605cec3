"""Condition numbers under one rate per block, against matrices whose numbers are known."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.linalg import block_diag

from rmt_hessian import Network, layer_hessian, network_hessian
from rmt_hessian.spectra.conditioning import block_preconditioning


def orthogonal(n, rng):
    return np.linalg.qr(rng.standard_normal((n, n)))[0]


def with_spectrum(values, rng):
    Q = orthogonal(len(values), rng)
    return (Q * values) @ Q.T


def kappa_of_range(A, rank):
    """By singular values of a matrix, not by eigenvalues."""
    s = np.linalg.svd(A, compute_uv=False)
    return s[0] / s[rank - 1]


def test_by_hand():
    """Two scalars: after scaling [[1, ½], [½, 1]], of eigenvalues ½ and 3/2."""
    found = block_preconditioning([[100.0, 5.0], [5.0, 1.0]], [1, 1])
    np.testing.assert_allclose(found.rates, [0.01, 1.0])
    assert found.after == pytest.approx(3)
    assert found.before == pytest.approx(np.linalg.cond([[100.0, 5.0], [5.0, 1.0]]))
    assert found.rank == 2


@given(
    st.lists(st.integers(1, 4), min_size=1, max_size=4),
    st.integers(0, 10**6),
    st.booleans(),
)
def test_block_diagonal_matrices_keep_the_worst_block(sizes, seed, signed):
    """Spectra chosen; whatever the rates, no κ is below; indefinite and singular blocks too."""
    rng = np.random.default_rng(seed)
    spectra = [
        10.0 ** rng.uniform(-1, 1, size) * (rng.choice([-1, 1], size) if signed else 1)
        for size in sizes
    ]
    scales = 10.0 ** rng.uniform(-3, 3, len(sizes))
    blocks = [scale * with_spectrum(x, rng) for scale, x in zip(scales, spectra, strict=True)]
    worst = max(np.abs(x).max() / np.abs(x).min() for x in spectra)
    H = block_diag(*blocks)
    found = block_preconditioning(H, sizes)
    assert found.rank == len(H)
    assert found.after == pytest.approx(worst, rel=1e-6)
    assert found.before >= worst * (1 - 1e-6)
    np.testing.assert_allclose(
        found.rates, [1 / np.linalg.norm(block, 2) for block in blocks], rtol=1e-9
    )
    for _ in range(5):  # other rates
        root = np.repeat(10.0 ** rng.uniform(-2, 2, len(sizes)), sizes)
        assert np.linalg.cond(root[:, None] * H * root) >= worst * (1 - 1e-6)


@given(st.integers(1, 4), st.integers(1, 3), st.integers(0, 3), st.integers(0, 10**6))
def test_semidefinite_matrices_lose_at_most_the_number_of_blocks(n_blocks, size, lost, seed):
    """Of any rank: ``after <= B before``; the rank is that of the matrix that was made."""
    rng = np.random.default_rng(seed)
    P = n_blocks * size
    rank = max(1, P - lost)
    F = 10.0 ** rng.uniform(-1, 1, (P, 1)) * rng.standard_normal((P, rank))
    found = block_preconditioning(F @ F.T, [size] * n_blocks)
    assert found.rank == rank
    assert found.after <= n_blocks * found.before * (1 + 1e-6)
    root = np.repeat(np.sqrt(found.rates), size)
    # independent of the matrix P × P: singular values of the factor, squared
    for factor, kappa in ((F, found.before), (root[:, None] * F, found.after)):
        s = np.linalg.svd(factor, compute_uv=False)
        assert kappa == pytest.approx((s[0] / s[rank - 1]) ** 2, rel=1e-5)


def test_it_can_do_harm():
    """A matrix of small integers, positive definite: 68.3 before, 106.1 after."""
    H = np.array([[2.0, 4.0, 1.0], [4.0, 9.0, 2.0], [1.0, 2.0, 1.0]])
    found = block_preconditioning(H, [2, 1])
    assert found.before == pytest.approx(np.linalg.cond(H)) == pytest.approx(68.262043)
    assert found.after == pytest.approx(106.130311)


@given(st.integers(0, 10**6), st.floats(-100, 100))
def test_the_scale_of_the_matrix_and_of_its_blocks_is_lost(seed, exponent):
    rng, scale = np.random.default_rng(seed), 10.0**exponent
    F = rng.standard_normal((6, 9))
    H = F @ F.T
    one, scaled = (block_preconditioning(A, [3, 1, 2]) for A in (H, scale * H))
    assert scaled.before == pytest.approx(one.before, rel=1e-8)
    assert scaled.after == pytest.approx(one.after, rel=1e-8)
    np.testing.assert_allclose(scaled.rates * scale, one.rates, rtol=1e-10)
    root = np.repeat([0.1, 1.0, 3.0], [3, 1, 2])
    moved = block_preconditioning(root[:, None] * H * root, [3, 1, 2])
    assert moved.after == pytest.approx(one.after, rel=1e-8)


def test_one_block_and_multiples_of_the_identity():
    H = np.diag([3.0, 1.0, 0.5])
    found = block_preconditioning(H, [3])
    assert found.before == pytest.approx(6) == pytest.approx(found.after)
    assert block_preconditioning(np.eye(4), [1] * 4).after == pytest.approx(1)


def test_blocks_of_zeros_are_left_out(rng):
    """A zero row between others: rate 0, the numbers those of the rest."""
    F = rng.standard_normal((5, 8))
    H = F @ F.T
    padded = np.zeros((8, 8))
    live = [0, 1, 4, 5, 7]
    padded[np.ix_(live, live)] = H
    padded[2:4, 2:4] = 1e-17  # rounding
    rest, found = (
        block_preconditioning(A, sizes) for A, sizes in ((H, [2, 2, 1]), (padded, [2, 2, 2, 1, 1]))
    )
    np.testing.assert_allclose(found.rates, [rest.rates[0], 0, rest.rates[1], 0, rest.rates[2]])
    assert found.rank == rest.rank == 5
    assert found.before == pytest.approx(rest.before, rel=1e-10)
    assert found.after == pytest.approx(rest.after, rel=1e-10)


# --- Hessians -------------------------------------------------------------------------------------


@pytest.mark.parametrize("loss", ["ce", "mse"])
def test_layers_by_unit(loss, rng):
    """Softmax: the sum over classes is in the null space, so a rank of (C-1) p at most."""
    net, X = Network.random([4, 5, 3], rng), rng.standard_normal((60, 4))
    for layer, k, p in ((0, 5, 4), (1, 3, 5)):
        H = layer_hessian(net, X, layer, loss)
        found, dense = block_preconditioning(H), H.to_dense()
        np.testing.assert_allclose(
            found.rates, [1 / np.linalg.norm(H.block(i, i), 2) for i in range(k)], rtol=1e-10
        )
        assert found.rank == np.linalg.matrix_rank(dense, rtol=1e-12, hermitian=True)
        assert found.before == pytest.approx(kappa_of_range(dense, found.rank), rel=1e-6)
        root = np.repeat(np.sqrt(found.rates), p)
        scaled = root[:, None] * dense * root
        assert found.after == pytest.approx(kappa_of_range(scaled, found.rank), rel=1e-6)
        same = block_preconditioning(dense, [p] * k)
        assert same.after == pytest.approx(found.after, rel=1e-9)
        whole = block_preconditioning(H, by="layer")
        assert whole.after == pytest.approx(whole.before, rel=1e-9)
    if loss == "ce":
        assert found.rank == 10


def test_the_last_layer_with_the_squared_error_is_block_diagonal(rng):
    """``I ⊗ E[zzᵀ]``: all blocks alike, and nothing to gain."""
    H = layer_hessian(Network.random([4, 3], rng), rng.standard_normal((30, 4)), 0, "mse")
    found = block_preconditioning(H)
    expected = np.linalg.cond(H.input_autocorrelation())
    assert found.before == pytest.approx(expected) == pytest.approx(found.after)


@pytest.mark.parametrize("by", [None, "unit", "layer"])
def test_networks_by_unit_and_by_layer(by, rng):
    net, X = Network.random([3, 4, 2, 3], rng), rng.standard_normal((50, 3))
    H = network_hessian(net, X, rng.integers(0, 3, 50), "ce")
    found, dense = block_preconditioning(H, by=by), H.to_dense()
    sizes = [12, 8, 6] if by == "layer" else [3] * 4 + [4] * 2 + [2] * 3
    ends = np.cumsum(sizes)
    norms = [
        np.linalg.norm(dense[end - size : end, end - size : end], 2)
        for end, size in zip(ends, sizes, strict=True)
    ]
    np.testing.assert_allclose(found.rates, 1 / np.array(norms), rtol=1e-9)
    root = np.repeat(np.sqrt(found.rates), sizes)
    scaled = root[:, None] * dense * root
    # Sylvester: as many eigenvalues of each sign
    for sign in (1, -1):
        before, after = (np.sum(sign * np.linalg.eigvalsh(A) > 1e-11) for A in (dense, scaled))
        assert before == after
    assert found.before == pytest.approx(kappa_of_range(dense, found.rank), rel=1e-5)
    assert found.after == pytest.approx(kappa_of_range(scaled, found.rank), rel=1e-5)


def test_dead_units_have_no_rate(rng):
    net, X = Network.random([4, 6, 3], rng), np.abs(rng.standard_normal((40, 4)))
    W, V = (np.array(weights) for weights in net.weights)
    W[2] = -np.abs(W[2])
    found = block_preconditioning(layer_hessian(Network([W, V]), X, 0, "ce"))
    assert np.flatnonzero(found.rates == 0).tolist() == [2]
    live = np.delete(np.arange(6), 2)
    rest = block_preconditioning(layer_hessian(Network([W[live], V[:, live]]), X, 0, "ce"))
    assert found.rank == rest.rank
    assert found.after == pytest.approx(rest.after, rel=1e-6)


def test_single_precision(rng):
    """As a Hessian and as an array: the rank and κ of double precision."""
    net, X = Network.random([4, 3], rng), rng.standard_normal((200, 4))
    double, single = (layer_hessian(net, X, 0, "ce", dtype=t) for t in ("float64", "float32"))
    expected = block_preconditioning(double)
    assert expected.rank == 8
    for H, blocks in ((single, None), (single.to_dense(), [4] * 3)):
        found = block_preconditioning(H, blocks)
        assert found.rank == 8
        assert found.before == pytest.approx(expected.before, rel=1e-3)
        assert found.after == pytest.approx(expected.after, rel=1e-3)
        assert found.rates.dtype == np.float64


def test_the_tolerance_decides_the_rank():
    H = np.diag([1.0, 1e-5, 1e-9])
    assert block_preconditioning(H, [1, 1, 1]).rank == 3
    found = block_preconditioning(H, [1, 1, 1], tolerance=1e-7)
    assert (found.rank, found.rates[2]) == (2, 0)
    assert found.before == pytest.approx(1e5)
    assert found.after == pytest.approx(1)


def test_zero_up_to_rounding_is_500_eps_at_least():
    """2 eps would count the rounding of sums over samples; of 700 rows it is 700 eps."""
    for H, rank in (
        (np.diag([1.0, 1e-14]), 1),
        (np.diag([1.0, 5e-13]), 2),
        (np.diag([1.0, *[0.5] * 698, 1.3e-13]), 699),
    ):
        found = block_preconditioning(H, [1] * len(H))
        assert (found.rank, found.rates[-1] == 0) == (rank, rank < len(H))
    with_rounding = np.array([[1.0, 1.0], [1.0, 1.0 + 1e-14]])
    assert block_preconditioning(with_rounding, [1, 1]).rank == 1


# --- bad input ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"H": np.eye(3)}, "blocks must be given for a matrix of its own"),
        ({"H": np.eye(3), "by": "unit"}, "by means nothing for a matrix without units"),
        ({"H": np.eye(3), "blocks": [3], "by": "unit"}, "by means nothing for blocks of given"),
        ({"H": np.eye(3), "blocks": [2]}, "blocks must have the sum 3, got 2"),
        ({"H": np.eye(3), "blocks": []}, "blocks must not be empty"),
        ({"H": np.eye(3), "blocks": 3}, "blocks must be a sequence of sizes, got 3"),
        ({"H": np.eye(3), "blocks": [3, 0]}, "blocks must be at least 1, got 0"),
        ({"H": np.eye(3), "blocks": [1.5, 1.5]}, "blocks must be an integer"),
        ({"H": np.zeros((2, 2)), "blocks": [1, 1]}, "H must not be zero"),
        ({"H": np.ones((2, 3)), "blocks": [1, 1]}, "H must be square"),
        ({"H": [[1.0, 2.0], [0.0, 1.0]], "blocks": [1, 1]}, "H must be symmetric"),
        ({"H": [[1.0, 1.0], [1.0, 0.0]], "blocks": [1, 1]}, "block 1 of H must not be zero where"),
        ({"H": np.eye(2), "blocks": [2], "tolerance": 0}, "tolerance must be positive"),
    ],
)
def test_bad_input(arguments, message):
    with pytest.raises(ValueError, match=message):
        block_preconditioning(**arguments)


def test_a_hessian_has_units_and_layers(rng):
    H = layer_hessian(Network.random([2, 2], rng), rng.standard_normal((5, 2)), 0, "mse")
    with pytest.raises(ValueError, match="by must be one of 'unit', 'layer', got 'row'"):
        block_preconditioning(H, by="row")
    assert block_preconditioning(H, [1, 1, 2]).rates.shape == (3,)


def test_a_rate_that_is_no_number():
    with pytest.raises(ValueError, match=r"no rate fits, got the norm 4e-310"):
        block_preconditioning(1e-310 * np.diag([4.0, 2.0]), [1, 1])


def test_a_unit_without_weights_above_it(rng):
    """Its block is zero, those beside it are not but in the Gauss–Newton part."""
    net = Network.random([3, 4, 2], rng)
    V = net.weights[1] * [0, 1, 1, 1]
    net, X, y = Network([net.weights[0], V]), rng.standard_normal((20, 3)), [0, 1] * 10
    with pytest.raises(ValueError, match=r"block 0 of H .* no rate fits, got the norm 0"):
        block_preconditioning(network_hessian(net, X, y, "ce"))
    found = block_preconditioning(network_hessian(net, X, y, "ce", part="gauss-newton"))
    np.testing.assert_array_equal(found.rates > 0, [False, *[True] * 5])
