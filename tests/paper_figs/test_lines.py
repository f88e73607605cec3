"""Lines over seeds: which number is drawn where seeds have no value, and which band."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.colors import same_color

from paper_figs.lines import geometric_mean, plot_seeds
from rmt_hessian.plotting import COLOURS

X = [1, 2, 4]
VALUES = np.array([[1.0, 2.0, np.nan], [4.0, np.inf, np.nan], [16.0, 8.0, np.nan]])


@pytest.fixture
def ax():
    return plt.figure().add_subplot()


def band(ax):
    """Lower and upper end, by x."""
    (area,) = ax.collections
    vertices = area.get_paths()[0].vertices
    return {x: [y.min(), y.max()] for x in np.unique(vertices[:, 0])
            for y in [vertices[vertices[:, 0] == x, 1]]}  # fmt: skip


@pytest.mark.parametrize(
    ("centre", "middle"),
    [(np.nanmean, [7, 5]), (np.nanmedian, [4, 5]), (geometric_mean, [4, 4])],
)
def test_centre_and_range_of_the_seeds_that_have_a_value(ax, centre, middle):
    assert plot_seeds(ax, X, VALUES, "green", "o", centre=centre, label="seen") == 16
    (line,) = ax.lines
    np.testing.assert_allclose(line.get_data(), [[1, 2], middle])
    assert (line.get_label(), line.get_marker()) == ("seen", "o")
    assert same_color(line.get_color(), COLOURS["green"])
    assert band(ax) == {1: [1, 16], 2: [2, 8]}


def test_points_of_which_every_seed_has_a_value(ax):
    plot_seeds(ax, X, VALUES, "green", where=np.all)
    np.testing.assert_allclose(ax.lines[0].get_data(), [[1], [7]])


def test_a_band_is_between_quantiles(ax):
    plot_seeds(ax, X, VALUES, "black", band=(0.25, 0.75))
    assert band(ax) == {1: [2.5, 10], 2: [3.5, 6.5]}


@pytest.mark.parametrize(("values", "kind"), [(VALUES[:1], (0, 1)), (VALUES, None)])
def test_a_single_seed_has_no_band_and_none_is_drawn_if_not_asked(ax, values, kind):
    plot_seeds(ax, X, values, "blue", band=kind)
    assert len(ax.lines) == 1
    assert not ax.collections


def test_of_nothing_the_largest_number_is_0(ax):
    assert plot_seeds(ax, X, np.full((2, 3), np.nan), "blue") == 0
