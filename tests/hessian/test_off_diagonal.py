"""Shares of what is off the diagonal blocks, of the sample and for N → ∞, from formed Hessians."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import rmt_hessian as rh
from rmt_hessian.hessian.cross_layer import CrossLayerBlock
from rmt_hessian.hessian.estimates import Estimate, population_sums, standard_error
from rmt_hessian.hessian.norms import square_sums
from rmt_hessian.hessian.off_diagonal import ratio_of_norms
from tests import oracles
from tests import oracles_of_networks as networks
from tests.hessian.test_layer import size
from tests.problems import Problem, network, random_parameters, weighting
from tests.strategies import cases
from tests.tolerances import EXACT, ITERATIVE

RELATIVE = 1e-10  # of what is not small by cancellation; the same as for norms in `test_layer`
WIDTHS = [[3, 4], [3, 4, 2], [4, 3, 5, 3], [3, 1, 4, 2], [6, 2, 5]]
LOSSES = ["ce", "mse"]


def share(squares):
    """Of squared norms on the diagonal and off it; NaN where their sum is not positive."""
    total = squares[0] + squares[1]
    return squares[1] / total if total > 0 else np.nan


def parts_of_layer(net, X, layer, loss):
    """``M_n ⊗ z_n z_nᵀ``, sample by sample, and the unit of each parameter."""
    parts = np.array([oracles.layer_hessian(net, x[None], layer, loss) for x in X])
    k, p = net.weights[layer].shape
    return parts, np.repeat(np.arange(k), p)


def parts_of_network(net, X, y, loss, by):
    """Hessians of the loss of each sample, and the layer, or unit, of each parameter."""
    rows = np.eye(net.widths[-1])[y]
    parts = np.array(
        [oracles.full_hessian(net, x[None], t[None], loss) for x, t in zip(X, rows, strict=True)]
    )
    sizes = [[W.size] if by == "layer" else [W.shape[1]] * len(W) for W in net.weights]
    sizes = np.concatenate(sizes)
    return parts, np.repeat(np.arange(len(sizes)), sizes)


def draw(widths, n_samples, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n_samples, widths[0]))
    return rh.Network.random(widths, rng), X, rng.integers(0, widths[-1], n_samples)


def with_errors(norms):
    """Of `BlockNorms`: both norms, and their standard errors below."""
    return np.array([[*norms], [norms.diagonal_error, norms.off_diagonal_error]])


# --- against loops over pairs of samples ----------------------------------------------------------


@given(cases(), st.sampled_from([1, 7, 60, 10**7]))
def test_squared_norms_of_different_samples(case, chunk_size):
    net, X, layer, loss = case.net, case.X, case.layer, case.loss
    H = rh.layer_hessian(net, X, layer, loss, chunk_size=chunk_size)
    k = H.n_blocks
    if len(X) < 3:
        with pytest.raises(ValueError, match=f"at least 3 samples for population=True.*{len(X)}"):
            H.mean_squared_block_norms(population=True)
        return
    found = with_errors(H.mean_squared_block_norms(population=True)).T
    h = oracles.pair_products(*parts_of_layer(net, X, layer, loss))
    expected = oracles.of_different_pairs(h, np.array)
    blocks = np.array([k, k * (k - 1)])
    atol = EXACT * size(case) ** 2 * k
    for one, other in zip(found.T, expected, strict=True):
        assert one[0] * k == pytest.approx(other[0], rel=RELATIVE, abs=atol)
        if k > 1:
            assert one[1] * blocks[1] == pytest.approx(other[1], rel=RELATIVE, abs=atol)
        else:
            assert np.isnan(one[1])
    if k > 1 and found[:, 0] @ blocks > 0:
        value = H.off_diagonal_share(population=True).value
        assert value == pytest.approx(share(found[:, 0] * blocks), rel=RELATIVE)


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize(("widths", "layer"), [(w, l) for w in WIDTHS for l in range(len(w) - 1)])
def test_shares_of_a_layer(widths, layer, loss):
    net, X, _ = draw(widths, 7)
    H = rh.layer_hessian(net, X, layer, loss, chunk_size=20)
    h = oracles.pair_products(*parts_of_layer(net, X, layer, loss))
    sample = share(h.sum(axis=(1, 2)))
    assert H.off_diagonal_share() == pytest.approx(sample, rel=RELATIVE, abs=EXACT)
    assert H.off_diagonal_norm_ratio() == pytest.approx(np.sqrt(sample), rel=RELATIVE, abs=EXACT)
    value, error = oracles.of_different_pairs(h, share)
    found = H.off_diagonal_share(population=True)
    np.testing.assert_allclose(found, (value, error), rtol=1e-9, atol=EXACT)
    mean_norms = oracles.of_different_pairs(h, lambda squares: squares[0] / H.n_blocks)
    norms = with_errors(H.mean_squared_block_norms(population=True))
    np.testing.assert_allclose(norms[:, 0], mean_norms, rtol=1e-9)


@pytest.mark.parametrize("by", ["unit", "layer"])
@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("widths", WIDTHS)
def test_shares_of_a_network(widths, loss, by):
    net, X, y = draw(widths, 7)
    H = rh.network_hessian(net, X, y, loss, chunk_size=20)
    h = oracles.pair_products(*parts_of_network(net, X, y, loss, by))
    sample = share(h.sum(axis=(1, 2)))
    assert H.off_diagonal_share(by) == pytest.approx(sample, rel=RELATIVE, abs=EXACT)
    ratio = H.off_diagonal_norm_ratio(by)
    assert ratio == pytest.approx(np.sqrt(sample), rel=RELATIVE, abs=EXACT)
    found = H.off_diagonal_share(by, population=True)
    np.testing.assert_allclose(found, oracles.of_different_pairs(h, share), rtol=1e-9, atol=EXACT)


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("widths", [[3, 4, 2], [4, 3, 5, 3], [3, 1, 4, 2], [2, 2, 6, 3]])
def test_pair_sums_between_layers(widths, loss):
    """Going through units of the upper layer, or its features; and the norm beside them."""
    net, X, y = draw(widths, 6)
    H = rh.network_hessian(net, X, y, loss)
    dense, _ = parts_of_network(net, X, y, loss, "layer")
    for m in range(H.n_layers):
        for l in range(m):
            block = CrossLayerBlock(H, l, m)
            sums, scale = block.pair_sums()
            parts = dense[:, H.places[m], H.places[l]].reshape(len(X), -1) / len(X)
            rows, own = oracles.rows_and_own(parts @ parts.T)
            atol = EXACT * max(own.max(), 1e-300)
            np.testing.assert_allclose(scale**2 * sums.rows, rows, rtol=RELATIVE, atol=atol)
            np.testing.assert_allclose(scale**2 * sums.own, own, rtol=RELATIVE, atol=atol)
            norm = scale * np.sqrt(sums.total)
            assert norm == pytest.approx(block.frobenius_norm(), rel=RELATIVE)


def test_both_ways_through_the_upper_layer():
    found = set()
    for widths in [[3, 4, 2], [4, 3, 5, 3], [3, 1, 4, 2], [2, 2, 6, 3]]:
        net, X, y = draw(widths, 6)
        H = rh.network_hessian(net, X, y, "ce")
        found |= {CrossLayerBlock(H, 0, m)._by_features for m in range(1, H.n_layers)}
    assert found == {True, False}


def without(values, n):
    return np.delete(values, n, axis=0)


@pytest.mark.parametrize("loss", LOSSES)
def test_the_jackknife_leaves_samples_out(loss):
    """Hessians of all samples but one, each made anew, against sums of rows."""
    net, X, y = draw([4, 5, 3], 9, seed=3)
    layer = rh.layer_hessian(net, X, 0, loss).off_diagonal_share(population=True)
    network = rh.network_hessian(net, X, y, loss).off_diagonal_share(population=True)
    left = np.array(
        [
            (
                rh.layer_hessian(net, without(X, n), 0, loss).off_diagonal_share(population=True)[
                    0
                ],
                rh.network_hessian(net, without(X, n), without(y, n), loss).off_diagonal_share(
                    population=True
                )[0],
            )
            for n in range(9)
        ]
    )
    errors = np.sqrt(8 / 9 * np.sum((left - left.mean(axis=0)) ** 2, axis=0))
    found = layer.standard_error, network.standard_error
    np.testing.assert_allclose(found, errors, rtol=1e-9)


def test_weights_of_samples():
    """h has the factors ``ω_n ω_m``; estimates are divided by their sum over n ≠ m."""
    rng = np.random.default_rng(2)
    w = rng.uniform(0.2, 3.0, 8)
    w *= 8 / w.sum()
    features = rng.standard_normal((2, 8, 3))
    h = np.einsum("qna,qma,n,m->qnm", features, features, w, w) / 64
    values, left = population_sums(np.array([oracles.rows_and_own(x)[0] for x in h]), w)
    expected, errors = oracles.of_different_pairs(h, np.array, w)
    np.testing.assert_allclose(values, expected, rtol=RELATIVE)
    np.testing.assert_allclose([standard_error(x) for x in left], errors, rtol=RELATIVE)
    np.testing.assert_allclose(  # of a share they cancel
        oracles.of_different_pairs(h, share, w), oracles.of_different_pairs(h, share), rtol=RELATIVE
    )
    # parts that are all equal have no spread, whatever the weights
    equal = np.outer(w, w) / 64
    values, left = population_sums(oracles.rows_and_own(equal)[0][None], w)
    np.testing.assert_allclose(left, 1.0, rtol=RELATIVE)
    assert values == pytest.approx(1.0, rel=RELATIVE)


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize(("widths", "layer"), [([3, 4, 2], 0), ([3, 4, 2], 1), ([4, 3, 5, 3], 1)])
def test_squared_norms_and_shares_of_a_layer_with_weights_of_samples(widths, layer, loss):
    """Parts are ``ω_n M_n ⊗ z_n z_nᵀ``; a sample of weight 0 is none."""
    net, X, _ = draw(widths, 8)
    w = np.array([0.3, 2.0, 0.0, 1.0, 5.0, 0.7, 1.0, 0.1])
    H = rh.layer_hessian(net, X, layer, loss, sample_weight=w)
    omega = 7 * w[w > 0] / w.sum()
    parts, units = parts_of_layer(net, X[w > 0], layer, loss)
    h = oracles.pair_products(omega[:, None, None] * parts, units)
    k = H.n_blocks
    norms = oracles.of_different_pairs(h, lambda squares: squares / [k, k * (k - 1)], omega)
    found = with_errors(H.mean_squared_block_norms(population=True))
    atol = EXACT * norms[0].max()  # off the diagonal of MSE's last layer is nothing
    np.testing.assert_allclose(found, norms, rtol=1e-9, atol=atol)
    expected = oracles.of_different_pairs(h, share, omega)
    np.testing.assert_allclose(
        H.off_diagonal_share(population=True), expected, rtol=1e-9, atol=EXACT
    )


@pytest.mark.parametrize("by", ["unit", "layer"])
@pytest.mark.parametrize("activation", ["gelu", "silu"])
def test_shares_of_a_network_with_negative_slopes(activation, by):
    """Hessians of the loss of each sample by differences; units that fall count as others do."""
    rng = np.random.default_rng(6)
    W, b = random_parameters([2, 3, 3, 2], rng, biases=True, scale=3.0)
    X, y = rng.standard_normal((6, 2)), rng.integers(0, 2, 6)
    problem = Problem(W, b, activation, X, y, "ce", sample_weight=rng.exponential(size=6))
    parts, _ = networks.second_derivatives(
        lambda t: networks.sample_losses(problem, networks.pre_activations(problem, t)[-1]),
        networks.parameters(problem),
    )
    parts = np.moveaxis(6 * parts / networks.masses(problem).sum(), 2, 0)
    sizes = [[V.size + len(V)] if by == "layer" else [V.shape[1] + 1] * len(V) for V in W]
    blocks = np.repeat(np.arange(sum(map(len, sizes))), np.concatenate(sizes))
    h = oracles.pair_products(parts, blocks)
    net = network(problem)
    assert all(np.mean(slopes < 0) > 0.1 for slopes in net.forward(X).slopes)
    H = rh.network_hessian(net, X, y, "ce", bias=True, **weighting(problem))
    found = H.off_diagonal_share(by), *H.off_diagonal_share(by, population=True)
    expected = share(h.sum(axis=(1, 2))), *oracles.of_different_pairs(h, share)
    np.testing.assert_allclose(found, expected, rtol=ITERATIVE)


# --- identities and limits ------------------------------------------------------------------------


@pytest.mark.parametrize("n_classes", [2, 3, 30, 3000])
def test_share_and_ratio_of_mean_squared_norms(n_classes):
    """share = (C-1)R/(1 + (C-1)R) for ``R = mean ‖H_ij‖²/mean ‖H_ii‖²``; C = 2 has R = 1."""
    net, X, _ = draw([4, n_classes], 20)
    H = rh.layer_hessian(net, X, 0, "ce")
    for population in (False, True):
        norms = H.mean_squared_block_norms(population=population)
        x = (n_classes - 1) * norms.off_diagonal / norms.diagonal
        found = np.ravel(H.off_diagonal_share(population=population))[0]
        assert found == pytest.approx(x / (1 + x), rel=RELATIVE)
        assert norms.share == pytest.approx(found, rel=RELATIVE)
        assert n_classes > 2 or found == pytest.approx(0.5, rel=RELATIVE)


def numbers(H, *by):
    """The sample's share and ratio, and the estimates with their errors."""
    options = {"population": True}
    estimates = H.off_diagonal_share(*by, **options), H.off_diagonal_norm_ratio(*by, **options)
    return np.array(
        [H.off_diagonal_share(*by), H.off_diagonal_norm_ratio(*by), *sum(estimates, ())]
    )


@pytest.mark.parametrize("scale", [1e-120, 1e120])
@pytest.mark.parametrize("loss", LOSSES)
def test_shares_of_a_layer_do_not_depend_on_the_scale_of_inputs(scale, loss):
    """Logits kept: of the last layer, and of a hidden one whose weights take the scale."""
    net, X, _ = draw([4, 3, 5], 9)
    W, V = net.weights
    scaled = rh.Network([W / scale, V])
    for layer in (0, 1):
        one = rh.layer_hessian(net, X, layer, loss)
        other = rh.layer_hessian(scaled, scale * X, layer, loss)
        np.testing.assert_allclose(numbers(other), numbers(one), rtol=RELATIVE)


@pytest.mark.parametrize("by", ["unit", "layer"])
def test_shares_of_a_network_of_huge_and_tiny_inputs(by):
    """MSE with targets 0 and inputs × s: H_00 and the block between scale with s², H_11 too."""
    net, X, _ = draw([4, 3, 5], 9)
    y = np.zeros((9, 5))
    one = numbers(rh.network_hessian(net, X, y, "mse"), by)
    for scale in (1e-120, 1e120):
        other = numbers(rh.network_hessian(net, scale * X, y, "mse"), by)
        np.testing.assert_allclose(other, one, rtol=RELATIVE)


@pytest.mark.parametrize("scale", [1e-120, 1e120])
def test_squared_norms_leave_the_range_without_a_warning(scale):
    """Their squares are 0 or infinite; off the diagonal of MSE they are 0 all the same."""
    net, X, _ = draw([4, 3], 9)
    H = rh.layer_hessian(net, scale * X, 0, "mse")
    limit = 0.0 if scale < 1 else np.inf
    assert list(H.mean_squared_block_norms()) == [limit, 0.0]
    norms = with_errors(H.mean_squared_block_norms(population=True))
    assert norms.tolist() == [[limit, 0.0], [limit, 0.0]]


@pytest.mark.parametrize("loss", LOSSES)
def test_single_precision(loss):
    net, X, y = draw([6, 5, 4], 60)
    for make in (
        lambda t: numbers(rh.layer_hessian(net, X, 0, loss, dtype=t)),
        lambda t: numbers(rh.layer_hessian(net, X, 1, loss, dtype=t)),
        lambda t: numbers(rh.network_hessian(net, X, y, loss, dtype=t)),
        lambda t: numbers(rh.network_hessian(net, X, y, loss, dtype=t), "layer"),
    ):
        np.testing.assert_allclose(make("float32"), make("float64"), rtol=2e-5, atol=1e-12)


@pytest.mark.parametrize("loss", LOSSES)
def test_sums_over_pairs_are_in_double_precision(loss):
    """Those of a float32 Hessian too: within a layer and between layers they are added up."""
    net, X, y = draw([6, 5, 4, 3], 20)
    single, double = (rh.network_hessian(net, X, y, loss, dtype=d) for d in ("float32", "float64"))
    for l, layer in enumerate(single.layers):
        assert layer.dtype == np.float32
        assert square_sums(layer)[0].rows.dtype == square_sums(layer)[0].own.dtype == np.float64
        for m in range(l + 1, 3):
            (found, s), (expected, t) = (
                CrossLayerBlock(H, l, m).pair_sums() for H in (single, double)
            )
            assert found.rows.dtype == found.own.dtype == np.float64
            atol = 1e-5 * t**2 * expected.own.max()
            for name in ("rows", "own"):
                a, b = s**2 * getattr(found, name), t**2 * getattr(expected, name)
                np.testing.assert_allclose(a, b, rtol=0, atol=atol)


@pytest.mark.parametrize("margin", [1.0, 20.0, 100.0, 150.0])
def test_saturated_softmax(margin):
    """All samples equal, p = (1 - ε, ε/2, ε/2): entries of A are of order ε, and their share is
    that of ``A = diag(p) - p pᵀ`` to all digits, its error 0.
    """
    V = np.array([[margin], [0.0], [0.0]])
    A = oracles.softmax_curvature(V.T)[0]
    expected = 1 - np.sum(A.diagonal() ** 2) / np.sum(A**2)
    H = rh.layer_hessian(rh.Network([V]), np.ones((5, 1)), 0, "ce")
    assert H.off_diagonal_share() == pytest.approx(expected, rel=RELATIVE)
    value, error = H.off_diagonal_share(population=True)
    assert value == pytest.approx(expected, rel=RELATIVE)
    assert error < RELATIVE


@pytest.mark.parametrize("loss", LOSSES)
def test_one_unit_has_nothing_off_the_diagonal(loss):
    net, X, _ = draw([3, 1, 4], 8)
    for H in (
        rh.layer_hessian(net, X, 0, loss),
        rh.layer_hessian(net, X, 1, loss).restrict([2]),
    ):
        np.testing.assert_array_equal(numbers(H), np.zeros(6))


def test_a_hessian_that_is_zero_has_no_share():
    net = rh.Network([np.ones((2, 3)), np.zeros((4, 2))])
    H = rh.layer_hessian(net, -np.ones((5, 3)), 0, "mse")
    assert H.frobenius_norm() == 0
    assert np.isnan(numbers(H)).all()
    zero = rh.network_hessian(rh.Network([np.zeros((2, 3))]), np.zeros((5, 3)), [0] * 5, "ce")
    assert np.isnan(numbers(zero)).all()


def test_features_that_no_two_samples_share():
    """Pairs of different samples are all 0: no estimate of a share, and no warning."""
    H = rh.layer_hessian(rh.Network([np.zeros((3, 4))]), np.eye(4), 0, "ce")
    assert H.off_diagonal_share() == pytest.approx(1 / 3, rel=RELATIVE)
    assert np.isnan(H.off_diagonal_share(population=True)).all()
    assert not with_errors(H.mean_squared_block_norms(population=True)).any()


def test_no_estimate_has_no_error():
    """Of gradients that are orthogonal, ``‖H‖²`` is estimated as 0 up to rounding of either sign:
    where it is not positive nothing is claimed of the error, whatever is left without a sample.
    """
    rng, net, found = np.random.default_rng(0), rh.Network([np.zeros((3, 1))]), []
    for _ in range(1000):
        y = np.linalg.qr(rng.standard_normal((3, 3)))[0]
        H = rh.layer_gradient_covariance(net, np.ones((3, 1)), 0, "mse", y=y)
        found.append(H.off_diagonal_share(population=True))
    values, errors = np.transpose(found)
    assert np.isnan(errors[np.isnan(values)]).all()


def test_an_estimate_below_zero_is_a_ratio_of_zero():
    """Errors by the slope of the root; near 0 the ratio of a share of one standard error."""
    assert ratio_of_norms(Estimate(-0.02, 0.04)) == (0.0, pytest.approx(0.2))
    assert ratio_of_norms(Estimate(0.0, 0.0)) == (0.0, 0.0)
    assert ratio_of_norms(Estimate(0.01, 0.04)) == (0.1, pytest.approx(0.2))
    assert ratio_of_norms(Estimate(0.25, 0.04)) == (0.5, pytest.approx(0.04))
    assert ratio_of_norms(Estimate(0.25, 0.0)) == (0.5, 0.0)


def test_estimates_without_bias_are_sometimes_negative():
    """Shares of a network by layer, of 4 samples: residuals of either sign between the layers."""
    found = []
    for seed in range(30):
        net, X, y = draw([3, 2, 4], 4, seed)
        H = rh.network_hessian(net, X, y, "ce")
        found.append(H.off_diagonal_share("layer", population=True).value)
        ratio = H.off_diagonal_norm_ratio("layer", population=True).value
        if np.isfinite(found[-1]):
            assert ratio == (np.sqrt(found[-1]) if found[-1] > 0 else 0.0)
    assert np.nanmin(found) < 0


@pytest.mark.parametrize("loss", LOSSES)
def test_order_of_samples_and_units_does_not_matter(loss):
    net, X, y = draw([4, 5, 3], 12)
    rng = np.random.default_rng(5)
    order, units = rng.permutation(12), rng.permutation(5)
    W, V = net.weights
    moved = rh.Network([W[units], V[:, units]])
    for by in ("unit", "layer"):
        one = numbers(rh.network_hessian(net, X, y, loss), by)
        other = numbers(rh.network_hessian(moved, X[order], y[order], loss), by)
        np.testing.assert_allclose(other, one, rtol=RELATIVE)
    one, other = (
        numbers(H)
        for H in (rh.layer_hessian(net, X, 0, loss), rh.layer_hessian(moved, X[order], 0, loss))
    )
    np.testing.assert_allclose(other, one, rtol=RELATIVE)


def test_samples_that_are_all_twice():
    """Pairs n ≠ m of equal samples count: estimates take samples to be independent."""
    net, X, _ = draw([4, 3], 6)
    one = rh.layer_hessian(net, X, 0, "ce")
    twice = rh.layer_hessian(net, np.tile(X, (2, 1)), 0, "ce")
    assert twice.off_diagonal_share() == pytest.approx(one.off_diagonal_share(), rel=RELATIVE)


# --- bad input ------------------------------------------------------------------------------------


@pytest.mark.parametrize("n_samples", [1, 2])
def test_too_few_samples(n_samples):
    net, X, y = draw([3, 4, 2], n_samples)
    layer, network = rh.layer_hessian(net, X, 0, "ce"), rh.network_hessian(net, X, y, "ce")
    message = f"H must be of at least 3 samples for population=True.*, got {n_samples}"
    for H in (layer, network):
        assert 0 <= H.off_diagonal_share() <= 1
        for name in ("off_diagonal_share", "off_diagonal_norm_ratio"):
            with pytest.raises(ValueError, match=message):
                getattr(H, name)(population=True)
    with pytest.raises(ValueError, match=message):
        layer.mean_squared_block_norms(population=True)


def test_bad_options():
    net, X, y = draw([3, 4, 2], 5)
    layer, network = rh.layer_hessian(net, X, 0, "ce"), rh.network_hessian(net, X, y, "ce")
    for call in (
        layer.off_diagonal_share,
        network.off_diagonal_share,
        layer.mean_squared_block_norms,
    ):
        with pytest.raises(ValueError, match="population must be True or False, got 'yes'"):
            call(population="yes")
    with pytest.raises(ValueError, match="by must be one of 'unit', 'layer', got 'block'"):
        network.off_diagonal_norm_ratio("block")
