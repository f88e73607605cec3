"""The sweep of spectra along a training in small: its figures and its printed tables."""

import numpy as np
import pytest
from matplotlib.colors import same_color

from paper_figs import fig_trained_spectra
from paper_figs.trained_spectra_cases import over_steps
from rmt_hessian.plotting import COLOURS
from rmt_hessian.report.trained_spectra import LAWS, OUTLIERS, RANK, trained_spectra_sections
from tests.paper_figs.shown import rows
from tests.sections import require_legible

SMALLER = {
    "[200, 5]": "[12, 3]",
    "[200, 16, 4]": "[12, 5, 3]",
    "[100, 8, 4]": "[10, 4, 3]",
    "d = 100": "d = 10",
    "C = [3, 6, 10]": "C = [3]",
    "n_samples = [500, 2000, 2000]": "n_samples = [40, 80, 80]",
    "n_samples = 2000": "n_samples = 80",
    "steps = 200": "steps = 10",
    "steps = 500": "steps = 10",
    "n_checkpoints = 8": "n_checkpoints = 3",
    "seeds = 5": "seeds = 2",
    "seeds = 4": "seeds = 1",
}


@pytest.fixture(scope="module")
def store(shipped):
    return shipped("trained_spectra", SMALLER)


def line(ax, colour, dashes=None):
    """The line of one colour, and of one kind where there are several."""
    (found,) = [
        line
        for line in ax.lines
        if same_color(line.get_color(), COLOURS[colour]) and dashes in (None, line.get_linestyle())
    ]
    return found


def runs(store, **parameters):
    """The points with these parameters, and their arrays."""
    table = rows(store, "trained_spectra", **parameters)
    return table, [store.arrays(key) for key in table["key"]]


def test_distributions_and_distances_of_the_first_seed(store, draw_twice):
    """Rows: first the diagonal block of the linear model, few samples; columns: 0, half, all."""
    figure = draw_twice("trained_spectra", store)
    axes = np.reshape(figure.axes, (-1, 3))
    _, (arrays, *_) = runs(store, widths="12-3", n_samples=40, seed=0)
    steps = arrays["checkpoint_steps"]
    assert steps.tolist() == [0, 1, 3, 10]
    assert "linear, CE" in axes[0, 0].get_ylabel()
    assert "Gaussian, random labels" in axes[0, 0].get_ylabel()
    assert figure.get_suptitle() == ""
    said = figure.get_label()
    assert "Kolmogorov distances" in said
    cases = rows(store, "trained_spectra", n_inputs=12)
    cases = cases.drop_duplicates(["widths", "loss", "inputs", "n_samples"])
    assert f"Drawn are 6 of {2 * len(cases)} pairs" in said
    assert "$H_{00}$" in axes[0, 0].get_ylabel()
    assert "$|H_{01}|$" in axes[1, 0].get_ylabel()
    for row, block in zip(axes, ("diagonal", "off_diagonal"), strict=False):
        for ax, k in zip(row, (0, 2, 3), strict=True):  # 3 is nearest to 5, half of 10
            assert ax.get_title().startswith(f"{steps[k]} steps")
            sizes = np.sort(np.abs(arrays[f"{block}_eigenvalues"][k]))
            seen = line(ax, "grey")
            np.testing.assert_array_equal(seen.get_xdata(), sizes)
            np.testing.assert_allclose(seen.get_ydata(), (np.arange(12) + 0.5) / 12)
            for text, (law, (colour, *_)) in zip(
                ax.texts, fig_trained_spectra.LAWS.items(), strict=True
            ):
                assert text.get_text() == f"{arrays[f'{block}_ks_{law}'][k]:.3f}"
                assert same_color(text.get_color(), COLOURS[colour])
                assert text.get_position()[1] > 1  # above the axes, where no curve is
                quantiles = np.sort(np.abs(arrays[f"{block}_{law}_quantiles"][k]))
                np.testing.assert_array_equal(line(ax, colour).get_xdata(), quantiles)


def test_medians_along_the_path(store, draw_twice):
    """Last column but the legends: hidden layer, MSE, mixture; its two runs have the same steps."""
    figure = draw_twice("trained_outliers", store)
    distances, outliers, overlaps, output = np.reshape(figure.axes, (4, -1))[:, -2]
    _, arrays = runs(store, widths="12-5-3", loss="mse", inputs="mixture")
    seen = line(distances, "blue")
    np.testing.assert_array_equal(seen.get_xdata(), arrays[0]["checkpoint_steps"])
    given = [a["diagonal_ks_given"] for a in arrays]
    np.testing.assert_allclose(seen.get_ydata(), np.median(given, axis=0))
    (band,) = [
        band
        for band in distances.collections
        if same_color(band.get_facecolor()[0][:3], COLOURS["blue"])
    ]
    heights = band.get_paths()[0].vertices[:, 1]
    assert heights.min() == pytest.approx(np.min(given))
    assert heights.max() == pytest.approx(np.max(given))
    assert len(outliers.lines) == 3
    assert not output.lines  # the rank C-1 is one of CE
    for ax in np.reshape(figure.axes, (4, -1))[:, :-1].ravel():  # what is empty says why
        assert bool(ax.lines) != bool(ax.texts)
    layers, of_layer = runs(store, widths="12-5-3", loss="mse", inputs="mixture")
    assert layers["initial_layer_outliers"].notna().all()
    counts = np.median([a["layer_outliers"] for a in of_layer], axis=0)
    np.testing.assert_allclose(line(outliers, "vermilion").get_ydata(), counts)
    assert overlaps.get_ylim()[0] == 0
    assert figure.get_suptitle() == ""
    assert "medians over up to 2 seeds" in figure.get_label()
    legends = [ax.get_legend() for ax in np.reshape(figure.axes, (4, -1))[:, -1]]
    assert [len(legend.get_texts()) for legend in legends] == [4, 3, 2, 3]


def test_a_run_that_ended_earlier_stays_where_it_ended():
    """Steps of both, up to the median of the last ones; a run without the column is left out."""
    long = {"checkpoint_steps": np.array([0, 1, 5]), "gap": np.array([1.0, 0.8, 0.0])}
    short = {"checkpoint_steps": np.array([0, 2, 3]), "gap": np.array([0.4, 0.2, 0.1])}
    steps, values = over_steps([long, short, {"checkpoint_steps": np.array([0])}], "gap")
    assert steps.tolist() == [0, 1, 2, 3]
    np.testing.assert_allclose(values, [[1.0, 0.8, 0.6, 0.4], [0.4, 0.3, 0.2, 0.1]])
    later = {"checkpoint_steps": np.array([0, 9]), "gap": np.array([0.9, 0.9])}
    steps, values = over_steps([short, later, later], "gap")
    assert steps.tolist() == [0, 2, 3, 9]
    np.testing.assert_allclose(values[0], [0.4, 0.2, 0.1, 0.1])
    assert over_steps([short], "overlap")[1].size == 0


def test_printed_tables(store):
    table = store.table()
    found = require_legible(table)
    assert list(found) == [LAWS, OUTLIERS, RANK]
    laws, outliers, rank = found.values()
    points, _ = runs(store, widths="12-3", n_samples=40)
    row = laws[(laws["widths"] == "12-3") & (laws["n_samples"] == 40)]
    assert row["part"].tolist() == ["diagonal", "off_diagonal"]
    for part, value in zip(row["part"], row["final_ks_given"], strict=True):
        assert value == pytest.approx(points[f"final_{part}_ks_given"].mean())
    assert set(laws["case"]) == {"linear-ce", "hidden-ce", "hidden-mse"}
    assert set(outliers["part"]) <= {"diagonal", "off_diagonal", "layer"}
    assert (outliers[["initial_outliers", "final_outliers"]] != "0").any(axis=1).all()
    assert set(rank["case"]) == {"hidden-ce"}
    hidden, _ = runs(store, widths="12-5-3", loss="ce", inputs="mixture")
    row = rank[(rank["widths"] == "12-5-3") & (rank["inputs"] == "mixture")]
    assert row["final_output_gap"].item() == pytest.approx(hidden["final_output_gap"].mean())
    assert not list(trained_spectra_sections(table.assign(measurement="block_norms")))
