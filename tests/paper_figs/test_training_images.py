"""Figures of networks along a training: heat maps on one scale, shares between layers."""

import numpy as np
import pandas as pd
import pytest

from paper_figs import fig_training_maps, style
from tests.paper_figs.shown import panels

SWEEP = """
root_seed = 1
[[grid]]
measurement = "training_images"
seeds = 2
fixed = { widths = [6, 4, 3], n_samples = 30, inputs = "clusters", steps = 11, pixels = 12 }
axes = { loss = ["ce", "mse"], learning_rate = [0.01] }
[[grid]]
measurement = "trained_layer_pairs"
seeds = 2
fixed = { widths = [5, 4, 4, 3], n_samples = 30, steps = 10, learning_rate = 0.01 }
axes = { loss = ["ce", "mse"], inputs = ["gaussian", "clusters"] }
[[grid]]
measurement = "trained_layer_pairs"
seeds = 1
fixed = { widths = [5, 4, 3], n_samples = 30, steps = 10, learning_rate = 0.01 }
axes = { loss = ["mse"], inputs = ["clusters"] }
"""


@pytest.fixture(scope="module")
def store(results_of):
    return results_of(SWEEP)


@pytest.mark.parametrize("name", ["training_maps", "layer_pairs"])
def test_a_rerun_gives_the_same_bytes(name, draw, store, tmp_path):
    for folder in "ab":
        style.save(draw(name, store), name, tmp_path / folder)
    for kind in ("pdf", "png"):
        first, second = ((tmp_path / f / f"{name}.{kind}").read_bytes() for f in "ab")
        assert first == second
        assert len(first) > 5000


def test_maps_of_the_three_times_share_one_scale(draw, store):
    figure = draw("training_maps", store)
    axes = np.reshape(panels(figure), (2, 2, 3))  # case, picture, time
    table = style.rows_of(store, "training_images")
    for case, loss in zip(axes, ("ce", "mse"), strict=True):
        (point,) = table[(table["loss"] == loss) & (table["seed"] == 0)]["key"]
        arrays = store.arrays(point)
        for row, name in zip(case, ("entries", "block_norms"), strict=True):
            for ax, picture in zip(row, arrays[name], strict=True):
                (mesh,) = [c for c in ax.collections if c.get_array() is not None]
                assert mesh.norm.vmax == pytest.approx(arrays[name].max())
                assert mesh.norm.vmax / mesh.norm.vmin == pytest.approx(1e5)
                shown = np.maximum(picture, mesh.norm.vmin)
                np.testing.assert_allclose(mesh.get_array().reshape(shown.shape), shown)
                corners = mesh.get_coordinates()[0, :, 0]
                np.testing.assert_array_equal(corners, arrays[f"{name}_edges"] - 0.5)
                assert ax.get_ylim() == (35.5, -0.5)  # the first parameter on top
                # four units of 6, then the layers' border, then three units of 4
                places = {float(line.get_xdata()[0]) for line in ax.lines} - {0.0}
                assert places == {5.5, 11.5, 17.5, 23.5, 27.5, 31.5}
                assert ax.get_xticks().size == 0
            assert row[0].get_ylabel() == row[0].get_xlabel() != ""
        for ax, step, value in zip(case[0], (0, 5, 11), arrays["losses"], strict=True):
            assert ax.get_title() == f"step {step}: loss {value:.3g}"
    titles = [part.get_suptitle() for part in figure.subfigs]
    assert titles == [f"{loss}; clusters; 6–4–3, $N=30$" for loss in ("CE", "MSE")]
    assert "units where they are wide" in figure.get_label()  # here of both layers
    assert "seed 0 of 2" in figure.get_label()
    assert figure.get_suptitle() == ""


def test_units_that_are_too_narrow_have_no_lines():
    layers, units = fig_training_maps._boundaries("500-8-500")
    assert layers == [4000]
    assert units == [500 * i for i in range(1, 8)]
    table = pd.DataFrame({"widths": ["500-8-500", "50-16-16-16-10"]})
    assert fig_training_maps._lines_of(table) == "units of the first layer"


def test_shares_between_layers_and_maps_of_features(draw, store):
    figure = draw("layer_pairs", store)
    axes = np.reshape(panels(figure), (6, 3))
    table = style.rows_of(store, "trained_layer_pairs")
    table = table[table["widths"] == "5-4-4-3"]  # one hidden layer has no distant ones
    first = table[(table["loss"] == "ce") & (table["inputs"] == "gaussian")]
    arrays = store.arrays(first[first["seed"] == 0]["key"].iloc[0])
    for row, name in zip(axes[:2], ("features_0_1", "features_0_2"), strict=True):
        for ax, norms in zip(row, arrays[name], strict=True):
            (image,) = ax.collections
            assert image.norm.vmax == max(arrays[f"features_0_{m}"].max() for m in (1, 2))
            shown = np.maximum(norms, image.norm.vmin)
            np.testing.assert_allclose(image.get_array(), shown)
            assert ax.get_xlabel().startswith("feature")
        assert row[0].get_ylabel().startswith("unit")
    (bar,) = [ax for ax in figure.axes if ax.get_label() == "<colorbar>"]
    assert bar.get_ylabel()
    named = {"Gaussian, random labels": "gaussian", "clusters": "clusters"}
    for row in axes[2:]:
        loss, words = row[0].get_ylabel().split("\n")
        loss, inputs = loss.lower(), named[words]
        points = table[(table["loss"] == loss) & (table["inputs"] == inputs)]
        for ax, names in zip(
            row,
            (
                ("adjacent_residual_share", "distant_residual_share"),
                ("adjacent_stripe_share", "adjacent_curvature_stripe_share"),
                (
                    "adjacent_largest_share",
                    "distant_largest_share",
                    "adjacent_even_share",
                    "distant_even_share",
                ),
            ),
            strict=True,
        ):
            for line, name in zip(ax.lines, names, strict=False):
                means = [points[f"{t}_{name}"].mean() for t in ("initial", "middle", "final")]
                np.testing.assert_allclose(line.get_ydata(), means)
        assert row[1].lines[-1].get_ydata()[0] == 0.25
    assert "5–4–4–3" in figure.get_label()
    assert "2 seeds" in figure.get_label()
    (legend,) = figure.legends
    assert len(legend.get_texts()) == 6


@pytest.mark.parametrize(("seeds", "words"), [([0], "1 seed"), ([0, 1, 0], "2 seeds")])
def test_words_for_a_number_of_seeds(seeds, words):
    table = pd.DataFrame({"seed": seeds})
    assert style.seeds_of(table) == words
    assert style.seeds_of(table, "network") == words.replace("seed", "network")
