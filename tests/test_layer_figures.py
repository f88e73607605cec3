"""The shipped sweep of whole layers in small: its two figures."""

import importlib
import io
from pathlib import Path

import matplotlib
import numpy as np
import pytest

matplotlib.use("Agg")

import matplotlib.pyplot as plt

from paper_figs import style
from rmt_hessian.sweep.config import load_config
from rmt_hessian.sweep.run import run_sweep
from rmt_hessian.sweep.store import Store

SWEEP = Path(__file__).parents[1] / "sweeps" / "layers.toml"
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
FIGURES = "layer_spectra", "cross_layer"


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    folder = tmp_path_factory.mktemp("layers")
    text = SWEEP.read_text()
    for old, new in SMALLER.items():
        assert old in text, old
        text = text.replace(old, new)
    (folder / "layers.toml").write_text(text)
    result = run_sweep(folder / "layers.toml", folder / "results")
    assert result.failed == []
    assert len(result.table) == len(load_config(folder / "layers.toml").points())
    return Store(folder / "results")


@pytest.fixture
def draw(store):
    """``name -> figure``; figures are closed afterwards."""
    yield lambda name: importlib.import_module(f"paper_figs.fig_{name}").draw(store)
    plt.close("all")


@pytest.mark.parametrize("name", FIGURES)
def test_every_panel_is_labelled_and_a_rerun_gives_the_same_bytes(name, draw):
    written = []
    for _ in range(2):
        figure = draw(name)
        assert all(ax.get_title() for ax in figure.axes if ax.get_xlabel() == "eigenvalue")
        assert all(ax.get_xlabel() for ax in figure.axes)
        assert all(ax.lines for ax in figure.axes)
        assert "nan" not in figure.get_label().lower()
        assert "seeds" in figure.get_label()
        file = io.BytesIO()
        figure.savefig(file, format="pdf", metadata={"CreationDate": None})
        written.append(file.getvalue())
    assert written[0] == written[1]


def test_distances_are_means_over_seeds(draw, store):
    figure = draw("layer_spectra")
    below = np.reshape(figure.axes, (2, 4))[1]
    table = style.rows_of(store, "layer_spectra")
    hidden = table[table["case"] == "hidden-ce"].groupby("n_inputs")["ks_blocks"].mean()
    np.testing.assert_allclose(below[1].lines[0].get_ydata(), hidden)
    linear = table[(table["case"] == "linear-ce") & (table["n_inputs"] == 8)]
    means = linear.groupby("n_classes")["ks_layer"].mean()
    np.testing.assert_allclose(below[3].lines[1].get_ydata(), means)
    np.testing.assert_allclose(below[3].lines[3].get_ydata(), [1 / 2, 1 / 4])


def test_ratios_between_layers_are_those_of_means(draw, store):
    figure = draw("cross_layer")
    left, right = figure.axes
    rows = style.rows_of(store, "cross_layer_norms")
    names = "cross_norm2", "hidden_norm2", "output_norm2", "share_by_layer"
    rows = rows[rows["loss"] == "ce"].groupby("n_classes")[[*names]].mean().astype(float)
    expected = rows["cross_norm2"] / np.sqrt(rows["hidden_norm2"] * rows["output_norm2"])
    dots = left.containers[0].lines[0]
    np.testing.assert_allclose(np.array(dots.get_ydata(), float), expected)
    np.testing.assert_allclose(right.lines[0].get_ydata().astype(float), rows["share_by_layer"])
