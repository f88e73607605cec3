"""The shipped sweeps of ranks, Kronecker products and eigenspaces in small: tables and figures."""

import importlib
import io
import sys
from pathlib import Path

import matplotlib
import numpy as np
import pytest

matplotlib.use("Agg")

import matplotlib.pyplot as plt

from paper_figs import style
from rmt_hessian import cli, plotting
from rmt_hessian.report.structure import LAYER, NETWORK, RANK, RATES, SPACES
from rmt_hessian.sweep.config import load_config
from rmt_hessian.sweep.run import run_sweep
from rmt_hessian.sweep.store import Store

SWEEPS = Path(__file__).parents[1] / "sweeps"
SMALLER = {  # what to replace in the shipped file; its grids stay as they are
    "output_rank": {
        "[50, 100, 200, 400]": "[6, 8, 10, 12]",
        "[2, 4, 10, 20]": "[2, 3]",
        "0.02": "0.1",
        "d = 200, m = 200, C = 10": "d = 8, m = 8, C = 3",
        "seeds = 6": "seeds = 2",
        "seeds = 3": "seeds = 1",
    },
    "kronecker": {
        "d = 100": "d = 8",
        "m = 60": "m = 7",
        "C = 5": "C = 3",
        "start = 50, stop = 12800, num = 9": "start = 20, stop = 80, num = 3",
        "d = 40, m = 30, C = 10, n_samples = 2000": "d = 6, m = 5, C = 4, n_samples = 40",
        "n_top = 20": "n_top = 6",
        "seeds = 5": "seeds = 2",
        "seeds = 3": "seeds = 2",
    },
    "eigenspaces": {
        "d = 60": "d = 10",
        "m = [8, 60]": "m = [4, 5]",
        "m = 60": "m = 9",
        "m = 8": "m = 5",
        "C = 10": "C = 4",
        '[64, "m", 10]': '[64, "m", 4]',
        "C = [4, 20]": "C = [3, 6]",
        "n_samples = 1500": "n_samples = 60",
        "n_top = 24": "n_top = 9",
        "seeds = 10": "seeds = 2",
    },
}
FIGURES = {
    "rank_rates": "output_rank",
    "rank_scree": "output_rank",
    "kronecker_error": "kronecker",
    "kronecker_spectra": "kronecker",
    "network_kronecker": "kronecker",
    "overlaps": "eigenspaces",
    "reshaped": "eigenspaces",
    "alignment": "eigenspaces",
}


@pytest.fixture(scope="module")
def stores(tmp_path_factory):
    """The results of the three sweeps, by name."""
    folder = tmp_path_factory.mktemp("structure")
    found = {}
    for name, changes in SMALLER.items():
        text = (SWEEPS / f"{name}.toml").read_text()
        for old, new in changes.items():
            assert old in text, f"{name}: {old}"
            text = text.replace(old, new)
        (folder / f"{name}.toml").write_text(text)
        result = run_sweep(folder / f"{name}.toml", folder / name)
        assert result.failed == []
        assert len(result.table) == len(load_config(folder / f"{name}.toml").points())
        found[name] = Store(folder / name)
    return found


@pytest.fixture
def drawn(stores):
    """``name -> (figure, store)``; figures are closed afterwards."""
    figures = []

    def draw(name):
        store = stores[FIGURES[name]]
        figures.append(importlib.import_module(f"paper_figs.fig_{name}").draw(store))
        return figures[-1], store

    yield draw
    for figure in figures:
        plt.close(figure)


def rows(store, measurement, **parameters):
    """The points of a measurement with these parameters."""
    chosen = style.rows_of(store, measurement)
    for name, value in parameters.items():
        chosen = chosen[chosen[name] == value]
    assert len(chosen)
    return chosen


def arrays_of(store, points, name):
    """One array of several points, stacked."""
    return np.stack([store.arrays(key)[name] for key in points["key"]])


def lines(ax):
    """Heights of the lines of an axis by label, those without one by their number."""
    return {line.get_label(): np.asarray(line.get_ydata(), float) for line in ax.lines}


def panel(figure, *words):
    """The axes whose title holds all the words."""
    (ax, *_) = (ax for ax in figure.axes if all(word in ax.get_title() for word in words))
    return ax


@pytest.mark.parametrize("name", FIGURES)
def test_every_axis_is_labelled_and_a_rerun_gives_the_same_bytes(name, drawn):
    """The PDF holds all that is drawn; how a PNG is written is tested with the other figures."""
    written = []
    for _ in range(2):
        figure, _ = drawn(name)
        panels = [ax for ax in figure.axes if ax.get_label() != "<colorbar>"]
        assert all(ax.get_title() for ax in panels)
        assert all(ax.lines or ax.images or ax.containers for ax in panels)
        assert any(ax.get_xlabel() for ax in panels)
        assert any(ax.get_ylabel() for ax in panels)
        told = " ".join(
            [figure.get_label(), figure.get_suptitle(), *(ax.get_title() for ax in panels)]
        )
        assert "nan" not in told.lower()
        assert "<NA>" not in told
        file = io.BytesIO()
        figure.savefig(file, format="pdf", metadata={"CreationDate": None})
        written.append(file.getvalue())
    assert written[0] == written[1]
    assert len(written[0]) > 5000


TITLES = {
    "output_rank": {RANK: 8 + 8 + 4 + 2, RATES: 4},
    "kronecker": {LAYER: 12, NETWORK: 2},
    "eigenspaces": {SPACES: 8 + 4 + 4},
}


@pytest.mark.parametrize("name", TITLES)
def test_the_report_prints_the_tables(name, stores, capsys, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["rmt-hessian", "report", str(stores[name].folder)])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert ended.value.code in (0, None)
    printed = capsys.readouterr()
    assert not printed.err
    found = {}
    for section in printed.out.strip().split("\n\n"):
        title, header, *body = section.splitlines()
        assert len({len(line) for line in (header, *body)}) == 1  # aligned
        found[title] = len(body)
    assert found == TITLES[name]
    assert "nan" not in printed.out.lower()
    assert "<NA>" not in printed.out


# --- output_rank --------------------------------------------------------------------------------


def test_rates_show_means_over_seeds_beside_predictions(drawn):
    figure, store = drawn("rank_rates")
    titles = [ax.get_title() for ax in figure.axes]
    assert titles == ["$m=d$", "$m=d$", "$d=5$", "$d=5$"]
    assert "means over 2 networks" in figure.get_label()
    for ax, quantity in zip(figure.axes, ("gap", "centred_defect") * 2, strict=True):
        for C, measured in zip((2, 3), ax.containers, strict=True):
            points = rows(store, "population_rank", layer=0, n_classes=C)
            points = points[points["widths"].str.count("-") == 2]
            tied = points["n_inputs"] == points["n_hidden"]
            points = points[tied if "m" in ax.get_title() else ~tied]
            by_width = points.groupby("n_hidden")
            dots, _, (bars,) = measured.lines
            mean = by_width[quantity].mean()
            np.testing.assert_allclose(dots.get_xydata(), np.column_stack([mean.index, mean]))
            # two seeds: the standard error is half their difference
            half = by_width[quantity].agg(np.ptp) / 2
            ends = np.array([segment[:, 1] for segment in bars.get_segments()])
            np.testing.assert_allclose(ends, np.column_stack([mean - half, mean + half]))
            predicted = by_width[f"predicted_{quantity}"].mean().to_numpy()
            assert any(
                len(line.get_ydata()) == 4
                and np.allclose(line.get_ydata(), predicted, equal_nan=True)
                for line in ax.lines
            )


def test_scree_of_the_widest_networks(drawn):
    figure, store = drawn("rank_scree")
    C = 3  # the nearest to 10 of 2 and 3
    assert "C = 3, over the population" in figure.get_label()
    for m in (6, 8, 10, 12):
        points = rows(store, "population_rank", widths=f"{m}-{m}-{C}", layer=0, seed=0)
        ax = panel(figure, f"$m=d={m}$", f"gap {points['gap'].iloc[0]:.3f}")
        assert ax.get_xticks()[0] == 1
        shown = lines(ax)
        (measured,) = arrays_of(store, points, "eigenvalues")
        (predicted,) = arrays_of(store, points, "predicted_eigenvalues")
        np.testing.assert_array_equal(shown["measured"], measured)
        np.testing.assert_array_equal(shown["predicted"], predicted)
        assert ax.lines[-1].get_xdata() == [C - 0.5] * 2  # between C-1 and C


# --- kronecker ----------------------------------------------------------------------------------


def test_errors_beside_prediction_plateau_and_nearest_product(drawn):
    figure, store = drawn("kronecker_error")
    for case in ("linear-ce", "hidden-ce", "hidden-mse", "output-ce"):
        means = rows(store, "kronecker_form", case=case).groupby("n_samples").mean(True)
        ax = panel(figure, style.CASE_TITLES[case], "3 classes")
        measured, predicted, nearest, plateau = ax.lines
        for line, name in ((measured, "error"), (predicted, "predicted_error")):
            np.testing.assert_allclose(line.get_xdata(), means["aspect_ratio"])
            np.testing.assert_allclose(line.get_ydata(), means[name])
        np.testing.assert_allclose(nearest.get_ydata(), means["nearest_error"])
        assert (nearest.get_ydata() <= measured.get_ydata()).all()
        root = np.sqrt(np.mean(means["plateau"] ** 2))
        np.testing.assert_allclose(plateau.get_ydata(), [root] * 2)
    assert "$d=8$, means over 2 networks" in figure.get_suptitle()
    assert "8 (hidden-ce), 8 (hidden-mse), 7 (output-ce)" in figure.get_suptitle()


def test_spectra_of_layer_product_and_law(drawn):
    figure, store = drawn("kronecker_spectra")
    above, below = figure.axes[:3], figure.axes[3:]
    for N, ax, top in zip((20, 40, 80), above, below, strict=True):
        assert f"$N={N}$" in ax.get_title()
        points = rows(store, "kronecker_form", case="linear-ce", n_samples=N, seed=0)
        arrays = store.arrays(points["key"].iloc[0])
        (law,) = ax.lines
        np.testing.assert_array_equal(law.get_xydata().T, arrays["law_curve"])
        spectrum, product = arrays["eigenvalues"], arrays["kronecker_eigenvalues"]
        for line, values in zip(top.lines, (spectrum, product), strict=True):
            np.testing.assert_array_equal(line.get_ydata(), values[:6])
        # both histograms hold the share of eigenvalues that they show
        lo, hi = ax.get_xlim()
        histograms = [patch.get_data() for patch in ax.patches]
        for (heights, edges, _), values in zip(histograms, (spectrum, product), strict=True):
            inside = (values >= edges[0]) & (values <= edges[-1]) & (values > 1e-10 * values[0])
            assert heights @ np.diff(edges) == pytest.approx(inside.sum() / values.size)
            assert lo <= edges[0] < edges[-1] <= hi
        assert ax.get_ylim()[1] > max(heights.max() for heights, *_ in histograms)
        error = points["error"].iloc[0]
        assert f"error {error:.3f}" in top.get_title()


def test_whole_network_first_seed_and_mean_overlaps(drawn):
    figure, store = drawn("network_kronecker")
    names = {
        "Hessian": "hessian",
        "Gauss–Newton part": "gauss_newton",
        "factors across layers": "cross_layer",
        "factors of each layer": "layer_wise",
    }
    for above, below, mean in zip(figure.axes[:2], figure.axes[2:], (0.0, 1.0), strict=True):
        assert f"mean {mean:g}" in above.get_title()
        points = rows(store, "network_kronecker", input_mean=mean)
        shown = lines(above)
        for label, name in names.items():
            first = arrays_of(store, points, f"{name}_eigenvalues")[0]
            np.testing.assert_array_equal(shown[label], first)
        *overlaps, mark = below.lines
        assert mark.get_xdata() == [3] * 2  # C - 1
        for line, name in zip(overlaps, ("cross_layer", "layer_wise"), strict=True):
            stored = arrays_of(store, points, f"{name}_in_gauss_newton_overlaps")
            np.testing.assert_allclose(line.get_ydata(), stored.mean(axis=0))
    assert "a network 6, 5, 5, 4," in figure.get_suptitle()


# --- eigenspaces --------------------------------------------------------------------------------

HIDDEN = {"case": "hidden-ce", "inputs": "gaussian", "n_classes": 6}
OUTPUT = {"case": "output-ce", "inputs": "gaussian"}
PANELS = {  # row of the figure -> the points that it shows
    "inputs of mean 1": HIDDEN | {"input_mean": 1},
    "$C=6$, centred inputs": HIDDEN | {"input_mean": 0},
    "output, centred inputs": OUTPUT | {"input_mean": 0},
    "output, inputs of mean 1": OUTPUT | {"input_mean": 1},
    "hidden, digits": {"case": "hidden-ce", "inputs": "digits"},
    "output, digits": {"case": "output-ce", "inputs": "digits"},
}


def test_overlaps_of_pairs_beside_prediction_and_random_spaces(drawn):
    figure, store = drawn("overlaps")
    for row, (title, parameters) in zip(
        np.reshape(figure.axes, (6, 2)), PANELS.items(), strict=True
    ):
        assert title in row[0].get_title()
        for ax, standardised in zip(row, (False, True), strict=True):
            points = rows(store, "eigenspaces", standardised=standardised, **parameters)
            shown = lines(ax)
            stored = arrays_of(store, points, "overlaps")
            np.testing.assert_allclose(shown["measured"], stored.mean(axis=0))
            of_gradients = arrays_of(store, points, "gradient_overlaps").mean(axis=0)
            np.testing.assert_allclose(shown["of gradients"], of_gradients)
            share = points["random_overlap"].iloc[0]
            np.testing.assert_allclose(shown["random"], share * np.arange(1, 10) / 9)
            predicted = arrays_of(store, points, "predicted_overlaps")
            line = predicted.mean(axis=0)  # NaN where a seed has none
            assert ("predicted" in shown) == np.isfinite(line).any()
            if "predicted" in shown:
                np.testing.assert_allclose(shown["predicted"], line)
            peak = points["predicted_peak"].mean()
            assert ("predicted peak" in shown) == (peak >= 2 and not standardised)
            text = ax.texts[0].get_text()
            assert text.endswith(f"{points['leading_share'].mean():.2f}")


def test_singular_values_and_alignment_are_means_over_seeds(drawn):
    figure, store = drawn("reshaped")
    most = {"case": "hidden-ce", "standardised": False}
    parts = [PANELS[name] for name in ("inputs of mean 1", "$C=6$, centred inputs")]
    parts.append(PANELS["hidden, digits"])
    for (left, right), part in zip(np.reshape(figure.axes, (3, 2)), parts, strict=True):
        points = rows(store, "eigenspaces", **(part | most))
        values = arrays_of(store, points, "singular_values").mean(axis=0)
        assert len(left.lines) == 8
        for q, line in enumerate(left.lines):
            assert line.get_label() == f"eigenvector {q + 1}"
            np.testing.assert_allclose(line.get_ydata(), values[q])
        aligned = arrays_of(store, points, "feature_alignment").mean(axis=0)
        heights = [bar.get_height() for bar in right.patches]
        np.testing.assert_allclose(heights, aligned)


def test_heat_maps_of_the_first_seed(drawn):
    figure, store = drawn("alignment")
    parts = {
        "inputs of mean 1": PANELS["inputs of mean 1"],
        "centred inputs": PANELS["$C=6$, centred inputs"],
        "digits": PANELS["hidden, digits"],
    }
    for title, part in parts.items():
        ax = panel(figure, title)
        points = rows(store, "eigenspaces", standardised=False, seed=0, **part)
        (image,) = ax.images
        (stored,) = arrays_of(store, points, "alignment")
        np.testing.assert_array_equal(image.get_array(), stored)
        assert image.get_clim() == (0, 1)
        n, k = stored.shape
        assert list(image.get_extent()) == [0.5, k + 0.5, n + 0.5, 0.5]  # the largest on top
        assert f"$C={points['n_classes'].iloc[0]:.0f}$" in ax.get_title()


# --- the functions for users --------------------------------------------------------------------


@pytest.fixture
def ax():
    figure, ax = plt.subplots()
    yield ax
    plt.close(figure)


def test_overlaps_of_one_pair_have_no_band(ax):
    plotting.plot_overlaps(ax, [0.5, 1.0])
    assert not ax.collections
    np.testing.assert_array_equal(lines(ax)["measured"], [0.5, 1.0])
    assert list(lines(ax)) == ["measured"]


def test_the_band_of_overlaps_holds_ninety_per_cent_of_pairs(ax):
    pairs = np.linspace(0, 1, 101)[:, None] * [1.0, 0.5]
    plotting.plot_overlaps(ax, pairs, predicted=pairs, mark=2, baseline=0.2)
    (band,) = ax.collections
    heights = band.get_paths()[0].vertices
    at_two = heights[heights[:, 0] == 2, 1]
    assert [at_two.min(), at_two.max()] == pytest.approx([0.025, 0.475])
    shown = lines(ax)
    np.testing.assert_allclose(shown["predicted"], [0.5, 0.25])
    np.testing.assert_allclose(shown["random"], [0.1, 0.2])
    assert ax.lines[2].get_xdata() == [2, 2]


def test_one_seed_has_no_error_bar(ax):
    plotting.plot_against_size(ax, [1, 2], [[3.0], [4.0]], [[3.5], [4.5]], "blue", "C")
    (measured,) = ax.containers
    assert not measured.has_yerr
    np.testing.assert_array_equal(ax.lines[-1].get_ydata(), [3.5, 4.5])
    assert ax.get_xscale() == ax.get_yscale() == "log"
