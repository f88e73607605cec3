"""The shipped sweep of outliers in small: its figure and its printed table."""

import numpy as np
import pytest
from matplotlib.colors import same_color

from paper_figs import fig_outliers
from rmt_hessian.plotting import COLOURS
from tests.paper_figs.shown import rows
from tests.sections import require_legible

SMALLER = {
    "d = 200": "d = 20",
    "start = 1000, stop = 32000, num = 11": "start = 100, stop = 2500, num = 2",
    "seeds = 5": "seeds = 2",
}


@pytest.fixture(scope="module")
def store(shipped):
    store = shipped("outliers", SMALLER)
    assert len(store.table()) == 3 * 2 * 2
    return store


@pytest.fixture
def figure(draw, store):
    return draw("outliers", store)


def test_every_panel_is_labelled_and_a_rerun_gives_the_same_bytes(store, draw_twice):
    figure = draw_twice("outliers", store)
    above, below = np.reshape(figure.axes, (2, -1))
    assert all(ax.get_title() for ax in above)
    assert all(ax.get_xlabel() for ax in below)
    assert above[0].get_ylabel()
    assert below[0].get_ylabel()
    labels = [text.get_text() for text in figure.legends[0].get_texts()]
    assert sorted(labels) == ["bulk", "farthest from 0", "nearest to 0", "predicted"]
    assert "d = 20, C = 3 and m = 3" in figure.get_label()
    assert "2 networks" in figure.get_label()


def drawn(ax, colour):
    """``(γ, heights)`` of the lines of one colour, in the order in which they were drawn."""
    return [line.get_data() for line in ax.lines if same_color(line.get_color(), COLOURS[colour])]


@pytest.mark.parametrize("column", range(5))
def test_dots_are_the_extreme_eigenvalues_and_their_overlaps(column, figure, store):
    """By the sizes of eigenvalues: the smallest in green, the largest in blue."""
    case, part = list(fig_outliers.PANELS)[column]
    above, below = np.reshape(figure.axes, (2, -1))[:, column]
    points = rows(store, "outliers", case=case)
    for colour, which in (("green", 0), ("blue", -1)):
        (gamma, places), (_, overlaps) = drawn(above, colour)[0], drawn(below, colour)[0]
        np.testing.assert_allclose(gamma, 20 / points["n_samples"])
        for key, place, overlap in zip(points["key"], places, overlaps, strict=True):
            arrays = {
                name.removeprefix(f"{part}_"): values
                for name, values in store.arrays(key).items()
                if name.startswith(f"{part}_")
            }
            values, (lo, hi) = arrays["eigenvalues"], arrays["edges"]
            sign = np.sign(lo + hi)
            at = np.argsort(sign * values)[which]
            # -1 and 1 are the edges of the bulk nearest to and farthest from 0
            near, far = (lo, hi) if sign > 0 else (hi, lo)
            assert place == pytest.approx(2 * (values[at] - near) / (far - near) - 1)
            assert overlap == pytest.approx(arrays["overlaps"][at])


def test_dashes_are_predictions_and_the_edge_where_there_is_none(figure, store):
    """Off-diagonal block of hidden MSE: none at γ = 0.2, one on each side at γ = 0.008."""
    above, below = np.reshape(figure.axes, (2, -1))[:, 3]
    points = rows(store, "outliers", case="hidden-mse")
    places, overlaps = drawn(above, "vermilion"), drawn(below, "vermilion")
    assert len(places) == len(overlaps) == 2  # below the bulk, above it
    for k, N in enumerate(points["n_samples"]):
        t, q = ([line[1][k] for line in lines] for lines in (places, overlaps))
        if N == 100:
            assert (t, q) == ([-1, 1], [0, 0])
        else:
            arrays = store.arrays(points["key"].iloc[k])
            lo, hi = arrays["off_diagonal_edges"]
            expected = (2 * arrays["off_diagonal_predicted_places"] - lo - hi) / (hi - lo)
            order = slice(None, None, int(np.sign(lo + hi)))
            np.testing.assert_allclose(t, (np.sign(lo + hi) * expected)[order])
            np.testing.assert_allclose(q, arrays["off_diagonal_predicted_overlaps"][order])
            assert t[0] < -1 < 1 < t[1]


def test_the_outermost_of_each_side():
    """Two of large overlap below: they have a line each; padded where fewer are predicted."""
    seen = np.array([[-3.0, -2.0, 0.5, 0.9], [0.9, 0.7, 0.1, 0.0]])
    many = (seen, np.array([[-2.5, -2.1, 1.1], [0.8, 0.6, 0.2]]))
    none = (seen, np.empty((2, 0)))
    measured, predicted = fig_outliers.followed([many, none], -1)
    np.testing.assert_array_equal(measured[0], [[-3, -2], [-3, -2]])
    np.testing.assert_array_equal(measured[1], [[0.9, 0.7], [0.9, 0.7]])
    np.testing.assert_array_equal(predicted[0], [[-2.5, -2.1], [-1, -1]])
    np.testing.assert_array_equal(predicted[1], [[0.8, 0.6], [0, 0]])
    measured, predicted = fig_outliers.followed([many, none], 1)  # none of large overlap
    np.testing.assert_array_equal(measured[:, 0, 0], [0.9, 0.0])
    np.testing.assert_array_equal(predicted[:, :, 0], [[1.1, 1], [0.2, 0]])


def test_the_printed_table(store):
    ((_, table),) = require_legible(store.table()).items()
    assert set(table["part"]) == {"diagonal", "off_diagonal", "layer"}
    assert not table.duplicated(["case", "part", "n_samples"]).any()
    assert set(table["aspect_ratio"]) <= {20 / 100, 20 / 2500}
