"""A picture has one colour for the root mean square of what lies in a pixel, and lines between."""

import itertools

import numpy as np
import pytest

import rmt_hessian as rh
from rmt_hessian.plotting import plot_block_norms, plot_hessian
from rmt_hessian.plotting.pictures import boundaries

RNG = np.random.default_rng(0)
NET = rh.Network.random([30, 4, 3], RNG)
X, Y = RNG.standard_normal((50, 30)), RNG.integers(0, 3, 50)
LAYER = rh.layer_hessian(NET, X, 0, "ce", y=Y)
NETWORK = rh.network_hessian(NET, X, Y, "ce")


def shown(ax):
    (mesh,) = ax.collections
    return np.asarray(mesh.get_array())


def lines(ax):
    """Vertical lines: place -> width."""
    return {line.get_xdata()[0]: line.get_linewidth() for line in ax.lines[1::2]}


def test_a_scale_that_is_given(ax):
    plot_hessian([[1.0, -1e-9], [0.0, 0.1]], ax=ax, decades=3, vmax=10.0)
    norm = ax.collections[0].norm
    assert (norm.vmin, norm.vmax) == pytest.approx((0.01, 10))
    np.testing.assert_allclose(shown(ax), [[1, 0.01], [0.01, 0.1]])


def test_negative_entries_have_the_colour_of_their_size(ax):
    plot_hessian([[1.0, -0.5], [-2.0, 0.1]], ax=ax)
    np.testing.assert_array_equal(shown(ax), [[1, 0.5], [2, 0.1]])


def test_pixels_of_several_entries_and_thin_lines_of_units(ax):
    A, edges = np.arange(1.0, 10).reshape(3, 3), [0, 4, 6, 7]
    plot_hessian(A, ax=ax, lines=[6], thin_lines=np.array([2, 4]), edges=edges)
    corners = ax.collections[0].get_coordinates()
    np.testing.assert_array_equal(corners[0, :, 0], np.array(edges) - 0.5)
    np.testing.assert_array_equal(corners[:, 0, 1], np.array(edges) - 0.5)
    np.testing.assert_array_equal(shown(ax), A)
    width = lines(ax)
    assert list(width) == [1.5, 3.5, 5.5]
    assert width[1.5] == width[3.5] < width[5.5]
    across = {line.get_ydata()[0]: line.get_linewidth() for line in ax.lines[::2]}
    assert across == width


def test_a_block_of_two_layers_is_no_square(ax):
    plot_hessian(NETWORK.block(0, 1), ax=ax)
    assert shown(ax).shape == (120, 12)
    assert ax.get_xlim() == (-0.5, 11.5)
    assert ax.get_ylim() == (119.5, -0.5)  # the first row on top


@pytest.mark.parametrize("H", [LAYER, NETWORK], ids=["layer", "network"])
def test_few_parameters_are_entries(H, ax):
    plot_hessian(H, ax=ax)
    top = np.abs(H.to_dense()).max()
    np.testing.assert_allclose(shown(ax), np.maximum(np.abs(H.to_dense()), 1e-4 * top))
    ends = {29.5, 59.5, 89.5}
    assert set(lines(ax)) == ends if H is LAYER else set(lines(ax)) > ends | {119.5}


def test_many_parameters_are_root_mean_squares(ax):
    plot_hessian(NETWORK, ax=ax, pixels=20, decades=9)
    picture, (sizes, *_) = shown(ax), np.diff(ax.collections[0].get_coordinates()[:, :, 0])
    assert len(picture) <= 20
    weight = np.outer(sizes, sizes)
    assert (weight * picture**2).sum() == pytest.approx(NETWORK.frobenius_norm() ** 2)


def test_norms_of_blocks_of_a_layer_and_of_a_network(ax):
    plot_block_norms(LAYER, ax=ax, decades=12)
    np.testing.assert_allclose(shown(ax), LAYER.block_norms())
    ax = plot_block_norms(NETWORK, decades=12)
    units = [*np.arange(0, 120, 30), *np.arange(120, 132, 4), 132]
    H = NETWORK.to_dense()
    expected = [
        [np.linalg.norm(H[a:b, c:d]) for c, d in itertools.pairwise(units)]
        for a, b in itertools.pairwise(units)
    ]
    np.testing.assert_allclose(shown(ax), expected)
    assert list(lines(ax)) == [3.5]
    assert len(ax.figure.axes) == 2  # with a colour bar
    np.testing.assert_array_equal(shown(plot_block_norms(expected, decades=12)), expected)


def test_only_wide_units_have_lines():
    assert boundaries([(2, 30), (100, 1)]) == ([60], [30])
    assert boundaries([(3, 2)]) == ([], [2, 4])
    assert boundaries([(49, 2), (49, 2)]) == ([98], [])  # a fiftieth of one layer, not of both


def test_a_Hessian_of_zeros_is_dark(ax):
    plot_hessian(np.zeros((3, 3)), ax=ax)
    assert (shown(ax) == ax.collections[0].norm.vmin).all()


@pytest.mark.parametrize("draw", [plot_hessian, plot_block_norms])
@pytest.mark.parametrize(
    ("H", "keywords", "message"),
    [
        ([1.0], {}, "H must be a LayerHessian or a NetworkHessian, .* an array of two axes"),
        (NET, {}, "of layer_hessian or network_hessian, or an array .*, got Network"),
        (np.eye(3), {"lines": [7]}, "lines must lie in 0 … 3, got 7"),
        (np.eye(3), {"thin_lines": [-1]}, "thin_lines must lie in 0 … 3, got -1"),
        (LAYER, {"lines": [121]}, "lines must lie in 0 … "),
        ([[np.nan]], {}, "H must be finite, got 1 entries that are not"),
        ([[1.0]], {"edges": [0, 2, 3]}, "edges must be 2 ascending places"),
        ([[1.0]], {"edges": [2, 0]}, "edges must be 2 ascending places"),
        ([[1.0]], {"decades": 0}, "decades must be positive"),
        ([[1.0]], {"vmax": -1}, "vmax must be positive"),
        ([[1.0]], {"ax": "axes"}, "ax must be axes of matplotlib"),
        (NETWORK, {"pixels": 1}, "pixels must be at least 2, one a layer"),
    ],
)
def test_what_is_no_matrix_is_refused(draw, H, keywords, message):
    with pytest.raises(ValueError, match=message):
        draw(H, **keywords)


def test_block_norms_are_no_means_and_not_negative():
    with pytest.raises(ValueError, match=r"such as H.block_norms\(\), got BlockNorms"):
        plot_block_norms(LAYER.mean_squared_block_norms())
    with pytest.raises(ValueError, match="H must have no negative norms, got -2"):
        plot_block_norms([[1.0, -2.0]])
