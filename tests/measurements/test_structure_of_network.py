"""Shares, norms and condition numbers of one network's Hessian, from the formed matrix."""

import numpy as np
import pytest

import rmt_hessian as rh
from rmt_hessian.measurements.layer_pairs import layer_pairs, pairs_of_layers
from rmt_hessian.measurements.structure_of_network import conditioning, structure_of_network
from tests import oracles
from tests.measurements.columns import assert_columns
from tests.tolerances import ITERATIVE

WIDTHS = [[3, 4], [3, 4, 2], [4, 3, 5, 3], [3, 1, 4, 2]]


def problem(widths, seed=0, n_samples=7):
    """Network, inputs, labels, and targets that leave no residual."""
    rng = np.random.default_rng(seed)
    net = rh.Network.random(widths, rng)
    X = rng.standard_normal((n_samples, widths[0]))
    return net, X, rng.integers(0, widths[-1], n_samples)


def own_outputs(net, X, loss):
    f = net(X)
    return oracles.softmax(f) if loss == "ce" else f


def blocks_of(net, by):
    """The layer, or unit, of each parameter."""
    sizes = [[W.size] if by == "layer" else [W.shape[1]] * len(W) for W in net.weights]
    sizes = np.concatenate(sizes)
    return np.repeat(np.arange(len(sizes)), sizes)


def parts_of(net, X, rows, loss):
    """Hessians of single samples."""
    pairs = zip(X, rows, strict=True)
    return np.array([oracles.full_hessian(net, x[None], t[None], loss) for x, t in pairs])


def off(A, block):
    """Squares of the entries on the diagonal blocks, and off them."""
    same = block[:, None] == block[None, :]
    return np.array([np.sum(A[same] ** 2), np.sum(A[~same] ** 2)])


def share(squares):
    return squares[1] / squares.sum() if squares.sum() > 0 else np.nan


def expected_of_layer(parts, block):
    k = block.max() + 1
    units = np.array([k, k * (k - 1)])

    def ratio(squares):
        on, away = squares / units if k > 1 else (1.0, np.nan)
        return away / on

    squares = off(parts.mean(axis=0), block)
    h = oracles.pair_products(parts, block)
    of_share, of_ratio = (oracles.of_different_pairs(h, f) for f in (share, ratio))
    root = np.sqrt(max(of_share[0], 0.0))
    error = of_share[1] / max(2 * root, np.sqrt(of_share[1])) if of_share[1] else 0.0
    slope = units[0] / units[1] / (1 - of_share[0]) ** 2 if k > 1 else np.nan
    return {
        "layer_norm": np.sqrt(squares.sum()),
        "ratio": ratio(squares),
        "share": share(squares),
        "norm_ratio": np.sqrt(share(squares)),
        "population_ratio": of_ratio[0],
        "population_ratio_error": slope * of_share[1],
        "population_share": of_share[0],
        "population_share_error": of_share[1],
        "population_norm_ratio": root,
        "population_norm_ratio_error": error,
    }


def expected(net, X, y, loss):
    rows = np.eye(net.widths[-1])[y]
    parts = parts_of(net, X, rows, loss)
    H = parts.mean(axis=0)
    G = parts_of(net, X, own_outputs(net, X, loss), loss).mean(axis=0)
    of_layers, of_units = blocks_of(net, "layer"), blocks_of(net, "unit")
    layers = []
    for l in range(net.n_layers):
        kept = of_layers == l
        units = of_units[kept] - of_units[kept].min()
        layers.append(expected_of_layer(parts[:, kept][:, :, kept], units))
    found = {name: [row[name] for row in layers] for name in layers[0]}
    norms = found["layer_norm"]
    cross = []
    for l in range(net.n_layers):
        for m in range(l + 1, net.n_layers):
            place = np.ix_(of_layers == l, of_layers == m)
            both, stripes, others = (np.linalg.norm(A[place]) for A in (H, H - G, G))
            mean = np.sqrt(norms[l] * norms[m])
            cross.append(
                {
                    "cross_norm": both,
                    "cross_relative": both / mean,
                    "residual_norm": stripes,
                    "residual_relative": stripes / mean,
                    "curvature_norm": others,
                    "curvature_relative": others / mean,
                    "residual_share": stripes**2 / (stripes**2 + others**2),
                }
            )
    names = ("cross", "residual", "curvature")
    keys = [f"{name}_{kind}" for name in names for kind in ("norm", "relative")]
    found |= {name: [row[name] for row in cross] for name in [*keys, "residual_share"]}
    for by, block in (("unit", of_units), ("layer", of_layers)):
        found[f"share_by_{by}"] = share(off(H, block))
        h = oracles.pair_products(parts, block)
        value, error = oracles.of_different_pairs(h, share)
        found |= {f"population_share_by_{by}": value, f"population_share_by_{by}_error": error}
    return found


@pytest.mark.parametrize("loss", ["ce", "mse"])
@pytest.mark.parametrize("widths", WIDTHS)
def test_every_column(widths, loss):
    net, X, y = problem(widths)
    assert_columns(structure_of_network(net, X, y, loss), expected(net, X, y, loss), ITERATIVE)


def test_parts_between_smooth_layers_are_those_of_the_pairs():
    """Curvature holds what the residual adds within M there: not the Gauss–Newton part alone."""
    net, X, y = problem([4, 3, 5, 3])
    net = rh.Network(net.weights, activation="tanh")
    found = structure_of_network(net, X, y, "ce")
    H = rh.network_hessian(net, X, y, "ce")
    G = rh.network_hessian(net, X, y, "ce", part="gauss-newton")
    for name in ("residual", "curvature"):
        expected = [getattr(pair, f"{name}_norm") for pair in layer_pairs(H)]
        np.testing.assert_array_equal(found[f"{name}_norm"], expected)
    others = np.array([np.linalg.norm(G.block(l, m)) for l, m in pairs_of_layers(3)])
    assert found["curvature_norm"][0] > 1.5 * others[0]
    np.testing.assert_allclose(found["curvature_norm"][1:], others[1:])  # the last M is the loss's


def test_the_order_of_pairs():
    """(0, 1), (0, 2), (1, 2): norms of blocks of a network of three layers."""
    net, X, y = problem([4, 3, 5, 3])
    norms = rh.network_hessian(net, X, y, "ce").block_norms()
    found = structure_of_network(net, X, y, "ce")["cross_norm"]
    np.testing.assert_allclose(found, [norms[l, m] for l, m in pairs_of_layers(3)])


@pytest.mark.parametrize("widths", [[3, 4], [3, 4, 2]])
def test_condition_numbers(widths):
    """On the range: eigenvalues up to 500 eps of the largest are zero."""
    net, X, y = problem(widths, n_samples=40)
    A = oracles.full_hessian(net, X, np.eye(widths[-1])[y], "ce")

    def sizes(A):
        return np.sort(np.abs(np.linalg.eigvalsh(A)))[::-1]

    rank = np.count_nonzero(sizes(A) > 500 * np.finfo(float).eps * sizes(A)[0])
    found = {"condition": sizes(A)[0] / sizes(A)[rank - 1], "rank": rank}
    for by in ("unit", "layer"):
        block = blocks_of(net, by)
        tops = [np.abs(np.linalg.eigvalsh(A[block == b][:, block == b])).max() for b in set(block)]
        roots = np.array(tops)[block] ** -0.5
        after = sizes(roots[:, None] * A * roots)
        found[f"condition_by_{by}"] = after[0] / after[rank - 1]
    relative = {
        name: value / found[name]
        for name, value in conditioning(rh.network_hessian(net, X, y, "ce")).items()
    }
    assert relative.keys() == found.keys()
    np.testing.assert_allclose([*relative.values()], 1, rtol=ITERATIVE)


@pytest.mark.parametrize("loss", ["ce", "mse"])
@pytest.mark.parametrize("widths", [[3, 4, 2], [3, 4, 2, 3]])
def test_layers_of_zeros_leave_the_shares_of_the_network(widths, loss):
    """Last weights of zero: layers below have no Hessian, but blocks with the last one."""
    net, X, y = problem(widths)
    net = rh.Network([*net.weights[:-1], 0 * net.weights[-1]])
    found = structure_of_network(net, X, y, loss)
    assert np.isnan(found["share"]).any()
    assert (found["layer_norm"][:-1] == 0).all()
    assert found["layer_norm"][-1] > 0
    A = oracles.full_hessian(net, X, np.eye(widths[-1])[y], loss)
    for by in ("unit", "layer"):
        expected = share(off(A, blocks_of(net, by)))
        assert found[f"share_by_{by}"] == pytest.approx(expected, rel=ITERATIVE)


def test_a_network_whose_units_are_dead_has_no_relative_norms():
    """No unit is on at any sample: nothing but stripes' zeros, and no warning."""
    net = rh.Network([-np.ones((4, 3)), np.ones((2, 4))])
    X = np.random.default_rng(0).uniform(0.5, 1, (7, 3))
    found = structure_of_network(net, X, [0, 1, 0, 1, 0, 1, 0], "mse")
    for name in ("layer_norm", "cross_norm", "residual_norm"):
        assert (found[name] == 0).all()
    for name in ("cross_relative", "residual_share", "share_by_layer"):
        assert np.isnan(found[name]).all()
