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
from rmt_hessian import cli
from rmt_hessian.report import report_of
from rmt_hessian.report.structure import LAYER, NETWORK, RANK, RATES, SPACES
from rmt_hessian.sweep.config import load_config
from rmt_hessian.sweep.run import run_sweep
from rmt_hessian.sweep.store import Store
from tests.sections import require_legible

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
        assert figure.get_label()  # its caption
        assert not figure.get_suptitle()
        told = " ".join([figure.get_label(), *(ax.get_title() for ax in panels)])
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
    table = stores[name].table()
    found = require_legible(table)
    assert {title: len(rows) for title, rows in found.items()} == TITLES[name]
    assert printed.out == report_of(table) + "\n"


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
        by_size = rows(store, "kronecker_form", case=case).groupby("n_samples")
        means, ranges = by_size.mean(True), by_size["error"].agg(np.ptp)
        ax = panel(figure, style.CASE_TITLES[case])
        (measured,) = ax.containers
        dots, _, (bars,) = measured.lines
        shown = lines(ax) | {"dots": np.asarray(dots.get_ydata(), float)}
        np.testing.assert_allclose(np.asarray(dots.get_xdata(), float), means["aspect_ratio"])
        for label, name in (
            ("dots", "error"),
            ("predicted", "predicted_error"),
            ("nearest Kronecker product", "nearest_error"),
            ("predicted plateau", "plateau"),  # of the networks of each point
        ):
            np.testing.assert_allclose(shown[label], means[name])
        # two seeds: the standard error is half their difference
        halves = [float(np.ptp(segment[:, 1])) / 2 for segment in bars.get_segments()]
        np.testing.assert_allclose(halves, ranges / 2)
        assert (shown["nearest Kronecker product"] <= shown["dots"]).all()
    assert len({ax.get_ylim() for ax in figure.axes}) == 1
    told = figure.get_label()
    assert "8–3 (linear CE), 8–8–3 (hidden CE), 8–8–3 (hidden MSE), 8–7–3 (output CE)" in told
    assert "means over 2 networks" in told
    assert "N = 20 … 80" in told


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
        *dots, edge = top.lines
        for line, values in zip(dots, (spectrum, product), strict=True):
            np.testing.assert_array_equal(line.get_ydata(), values[:6])
            assert line.get_xdata()[0] == 1
        assert edge.get_ydata() == [arrays["law_curve"][0, -1]] * 2
        there = [values[values > 1e-10 * values[0]] for values in (spectrum, product)]
        lo, hi = arrays["law_curve"][0, [0, -1]]
        outside = (there[0] < lo).sum(), (there[0] > hi).sum()
        assert "{} below the law, {} above".format(*outside) in ax.get_title()
        # the layer is shown whole; the histogram of the product has the mass of what it shows
        histograms = [patch.get_data() for patch in ax.patches]
        inside = [values.size for values in there]
        edges = histograms[1][1]
        inside[1] = ((there[1] >= edges[0]) & (there[1] <= edges[-1])).sum()
        for (heights, edges, _), count in zip(histograms, inside, strict=True):
            assert heights @ np.diff(edges) == pytest.approx(count / spectrum.size)
        assert ax.get_ylim()[1] > max(heights.max() for heights, *_ in histograms)
        assert f"error {points['error'].iloc[0]:.3f}" in top.get_title()
    means = rows(store, "kronecker_form", case="linear-ce").groupby("n_samples").mean(True)
    told = [", ".join(f"{x:.3f}" for x in means[f"ks_{name}"]) for name in ("kronecker", "law")]
    assert "{} for K and {} for the law".format(*told) in figure.get_label()
    assert "3 of 3 sample sizes, the first of 2 seeds" in figure.get_label()


def test_whole_network_first_seed_and_mean_overlaps(drawn):
    figure, store = drawn("network_kronecker")
    names = {
        "Hessian": "hessian",
        "Gauss–Newton part": "gauss_newton",
        "factors across layers": "cross_layer",
        "factors of each layer": "layer_wise",
    }
    columns = np.reshape(figure.axes, (3, 2)).T
    for (above, *below), mean, title in zip(columns, (0, 1), ("centred", "mean 1"), strict=True):
        assert title in above.get_title()
        points = rows(store, "network_kronecker", input_mean=mean)
        shown = lines(above)
        for label, name in names.items():
            first = arrays_of(store, points, f"{name}_eigenvalues")[0]
            np.testing.assert_array_equal(shown[label], first)
        for ax, reference in zip(below, ("gauss_newton", "hessian"), strict=True):
            *overlaps, mark = ax.lines
            assert mark.get_xdata() == [3] * 2  # C - 1
            others = [name for name in names.values() if name not in ("hessian", reference)]
            for line, name in zip(overlaps, others, strict=True):
                stored = arrays_of(store, points, f"{name}_in_{reference}_overlaps")
                np.testing.assert_allclose(line.get_ydata(), np.nanmean(stored, axis=0))
    assert "networks 6–5–5–4 at" in figure.get_label()
    assert "the first of 2 seeds" in figure.get_label()


# --- eigenspaces --------------------------------------------------------------------------------

HIDDEN = {"case": "hidden-ce", "inputs": "gaussian"}
OUTPUT = {"case": "output-ce", "inputs": "gaussian", "n_classes": 4}
CASES = {  # title of a panel -> the points that it shows
    f"hidden, $C={C}$\n{given}": HIDDEN | {"n_classes": C, "input_mean": mean}
    for C in (3, 6)
    for mean, given in ((0, "centred inputs"), (1, "inputs of mean 1"))
} | {
    "output, $C=4$\ncentred inputs": OUTPUT | {"input_mean": 0},
    "output, $C=4$\ninputs of mean 1": OUTPUT | {"input_mean": 1},
    "hidden, $C=4$\ndigits": {"case": "hidden-ce", "inputs": "digits"},
    "output, $C=4$\ndigits": {"case": "output-ce", "inputs": "digits"},
}  # fmt: skip


def eigenspace_panels(figure, store):
    """Every case of the table: its axes and its points."""
    panels = {ax.get_title(): ax for ax in figure.axes if ax.get_title()}
    assert len(panels) == 2 * len(CASES)
    assert "2 pairs of networks" in figure.get_label()
    assert "output layers of 10–9–4, 64–5–4" in figure.get_label()
    seen = []
    for title, parameters in CASES.items():
        for standardised, words in ((False, ""), (True, ", standardised")):
            points = rows(store, "eigenspaces", standardised=standardised, **parameters)
            seen.extend(points["key"])
            yield panels[title + words], points
    assert sorted(seen) == sorted(rows(store, "eigenspaces")["key"])


def test_overlaps_of_pairs_beside_prediction_and_random_spaces(drawn):
    figure, store = drawn("overlaps")
    for ax, points in eigenspace_panels(figure, store):
        shown = lines(ax)
        for label, name in (
            ("measured", "overlaps"),
            ("of gradients", "gradient_overlaps"),
            ("of the sample's factors", "kronecker_overlaps"),
            ("predicted", "predicted_overlaps"),
        ):
            stored = arrays_of(store, points, name).mean(axis=0)  # NaN where a seed has none
            assert (label in shown) == (label != "predicted" or np.isfinite(stored).any())
            if label in shown:
                np.testing.assert_allclose(shown[label], stored)
        share = points["random_overlap"].iloc[0]
        np.testing.assert_allclose(shown["random"], share * np.arange(1, 10) / 9)
        peaked = points["predicted_peak"].mean() >= 2 and not points["standardised"].any()
        assert ("predicted peak" in shown) == peaked
        assert ax.texts[0].get_text().endswith(f"{points['leading_share'].mean():.2f}")
        assert list(ax.get_xticks()) == [1, 5]


def test_shares_of_reshaped_eigenvectors_are_means_over_seeds(drawn):
    figure, store = drawn("reshaped")
    for ax, points in eigenspace_panels(figure, store):
        values = arrays_of(store, points, "singular_values")[:, :, 0] ** 2
        aligned = arrays_of(store, points, "feature_alignment")
        for line, stored in zip(ax.lines, (values, aligned), strict=False):
            known = np.isfinite(stored).any(axis=0)
            np.testing.assert_array_equal(line.get_xdata(), np.flatnonzero(known) + 1)
            np.testing.assert_allclose(line.get_ydata(), np.nanmean(stored[:, known], axis=0))
        first = points.iloc[0]
        hidden = first["case"] == "hidden-ce"
        k = first["n_hidden" if hidden else "n_classes"]
        p = first["n_inputs" if hidden else "n_hidden"]
        random = (np.sqrt(k) + np.sqrt(p)) ** 2 / (k * p)
        assert ax.lines[2].get_ydata() == pytest.approx([random] * 2)


def test_heat_maps_of_alignment_are_means_on_one_scale(drawn):
    figure, store = drawn("alignment")
    for ax, points in eigenspace_panels(figure, store):
        (image,) = ax.images
        stored = arrays_of(store, points, "alignment")
        known = np.isfinite(stored).any(axis=0)
        expected = np.nanmean(stored[:, known], axis=0)
        np.testing.assert_allclose(np.asarray(image.get_array())[known], expected)
        assert image.get_clim() == (0, 1)
        n, k = stored.shape[1:]
        assert list(image.get_extent()) == [0.5, k + 0.5, n + 0.5, 0.5]  # the largest on top
