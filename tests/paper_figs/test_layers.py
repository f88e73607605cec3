"""The shipped sweep of whole layers in small: its two figures."""

import numpy as np
import pytest

from tests.paper_figs.shown import rows

SMALLER = {
    "d = [25, 50, 100, 200, 400]": "d = [12, 24]",
    "n_samples = [100, 200, 400, 800, 1600]": "n_samples = [48, 96]",
    "d = 32, layer = 0": "d = 8, layer = 0",
    "stop = 64, num = 6": "stop = 4, num = 2",
    "d = 40, m = 8": "d = 10, m = 4",
    "stop = 512, num = 9": "stop = 8, num = 3",
    "seeds = 5": "seeds = 2",
    "seeds = 20": "seeds = 2",
}


@pytest.fixture(scope="module")
def store(shipped):
    return shipped("layers", SMALLER)


@pytest.mark.parametrize("name", ["layer_spectra", "cross_layer"])
def test_every_panel_is_labelled_and_a_rerun_gives_the_same_bytes(name, store, draw_twice):
    figure = draw_twice(name, store)
    assert all(ax.get_title() for ax in figure.axes if ax.get_xlabel() == "eigenvalue")
    assert all(ax.get_xlabel() and ax.lines for ax in figure.axes)
    assert "seeds" in figure.get_label()


def test_distances_are_means_over_seeds(draw, store):
    figure = draw("layer_spectra", store)
    below = np.reshape(figure.axes, (2, 4))[1]
    table = rows(store, "layer_spectra")
    hidden = table[table["case"] == "hidden-ce"].groupby("n_inputs")["ks_blocks"].mean()
    np.testing.assert_allclose(below[1].lines[0].get_ydata(), hidden)
    linear = table[(table["case"] == "linear-ce") & (table["n_inputs"] == 8)]
    means = linear.groupby("n_classes")["ks_layer"].mean()
    np.testing.assert_allclose(below[3].lines[1].get_ydata(), means)
    np.testing.assert_allclose(below[3].lines[3].get_ydata(), [1 / 2, 1 / 4])


def test_ratios_between_layers_are_those_of_means(draw, store):
    figure = draw("cross_layer", store)
    left, right = figure.axes
    table = rows(store, "cross_layer_norms")
    names = "cross_norm2", "hidden_norm2", "output_norm2", "share_by_layer"
    means = table[table["loss"] == "ce"].groupby("n_classes")[[*names]].mean().astype(float)
    expected = means["cross_norm2"] / np.sqrt(means["hidden_norm2"] * means["output_norm2"])
    dots = left.containers[0].lines[0]
    np.testing.assert_allclose(np.array(dots.get_ydata(), float), expected)
    np.testing.assert_allclose(right.lines[0].get_ydata().astype(float), means["share_by_layer"])
