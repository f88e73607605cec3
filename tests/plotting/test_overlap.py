import numpy as np
import pytest

import rmt_hessian as rh
from rmt_hessian.plotting import plot_overlap


def drawn(ax):
    return {line.get_label(): line.get_ydata() for line in ax.lines}


def test_overlaps_of_one_pair_have_no_band(ax):
    plot_overlap([0.5, 1.0], ax=ax)
    assert not ax.collections
    assert list(drawn(ax)) == ["measured"]
    np.testing.assert_array_equal(drawn(ax)["measured"], [0.5, 1.0])


def test_the_band_of_overlaps_holds_ninety_per_cent_of_pairs(ax):
    pairs = np.linspace(0, 1, 101)[:, None] * [1.0, 0.5]
    plot_overlap(pairs, pairs, ax=ax, mark=2, baseline=0.2)
    (band,) = ax.collections
    heights = band.get_paths()[0].vertices
    at_two = heights[heights[:, 0] == 2, 1]
    assert [at_two.min(), at_two.max()] == pytest.approx([0.025, 0.475])
    np.testing.assert_allclose(drawn(ax)["predicted"], [0.5, 0.25])
    np.testing.assert_allclose(drawn(ax)["random"], [0.1, 0.2])
    assert ax.lines[2].get_xdata() == [2, 2]


def test_all_overlaps_have_a_place_on_the_axis(ax):
    plot_overlap([0.5, 0.6], ax=ax)
    lowest, highest = ax.get_ylim()
    assert lowest <= 0
    assert highest >= 1


def test_predictions_end_where_one_is_not_defined(ax):
    plot_overlap(np.ones((2, 3)), [[1.0, np.nan, 1.0], [1.0, 1.0, 0.5]], ax=ax)
    np.testing.assert_array_equal(drawn(ax)["predicted"], [1.0, np.nan, 0.75])


def test_two_networks_as_the_library_compares_them():
    X = rh.gaussian_inputs(200, 12, 0)
    spaces = [
        rh.top_eigenpairs(rh.layer_hessian(rh.Network.random([12, 5, 4], s), X, 0, "ce"), 8)[1]
        for s in (0, 1)
    ]
    overlaps = rh.overlap_by_dimension(*spaces)
    ax = plot_overlap(overlaps, mark=5)
    np.testing.assert_array_equal(drawn(ax)["measured"], overlaps)
    assert ax.get_legend() is not None


@pytest.mark.parametrize("n", [1, 2, 3, 60])
def test_dimensions_are_integers(n):
    ax = plot_overlap(np.full(n, 1 + 1e-7))  # within rounding
    ax.figure.canvas.draw()
    assert all(tick == round(tick) for tick in ax.get_xticks())


@pytest.mark.parametrize(
    ("arguments", "keywords", "message"),
    [
        ((3.0,), {}, r"overlaps must have the shape \(K,\) or \(pairs, K\)"),
        (([0.1, 0.2], [0.1, 0.2, 0.3]), {}, "predicted must have 2 overlaps"),
        (([0.1, 0.2], [0.1]), {}, "predicted must have 2 overlaps"),
        (([0.1, 1.2],), {}, r"overlaps must lie in \[0, 1\], got 1.2"),
        (([0.1], [-0.1]), {}, r"predicted must lie in \[0, 1\], got -0.1"),
        (([0.1],), {"mark": 0}, "mark must be positive"),
        (([0.1],), {"baseline": -1}, "baseline must be positive"),
    ],
)
def test_wrong_arguments_are_refused(arguments, keywords, message):
    with pytest.raises(ValueError, match=message):
        plot_overlap(*arguments, **keywords)
