"""The shipped sweeps of spectra over sizes and of very many classes, in small: their figures."""

import importlib
import io
from pathlib import Path

import matplotlib
import numpy as np
import pytest

matplotlib.use("Agg")

import matplotlib.pyplot as plt
from matplotlib.colors import to_hex

from paper_figs import style
from rmt_hessian.sweep.config import load_config
from rmt_hessian.sweep.run import run_sweep
from rmt_hessian.sweep.store import Store
from tests.small import quick_predictions

SWEEPS = Path(__file__).parents[1] / "sweeps"
SMALLER = {  # what to replace in the shipped file; its grids stay as they are
    "spectra": {
        "d = 400, m = 16": "d = 8, m = 5",
        "[2, 16, 128, 1024]": "[2, 5]",
        "[100, 200, 400, 800, 1600, 4000]": "[4, 8, 32]",
        "seeds = 4": "seeds = 2",
    },
    "large_classes": {
        "d = 128, m = 32": "d = 16, m = 12",
        "n_samples = 512": "n_samples = 24",
        "stop = 131072, num = 9": "stop = 8, num = 3",
        "seeds = 5": "seeds = 2",
        "seeds = 8": "seeds = 3",
    },
}
FIGURES = {"law_distances": "spectra", "large_classes": "large_classes"}


@pytest.fixture(scope="module")
def stores(tmp_path_factory):
    """The results of both sweeps, by name; predictions of norms cost few draws."""
    folder = tmp_path_factory.mktemp("sweeps")
    for name, changes in SMALLER.items():
        text = (SWEEPS / f"{name}.toml").read_text()
        for old, new in changes.items():
            assert old in text, f"{name}: {old}"
            text = text.replace(old, new)
        (folder / f"{name}.toml").write_text(text)
        with quick_predictions():
            result = run_sweep(folder / f"{name}.toml", folder / name)
        assert result.failed == []
        assert len(result.table) == len(load_config(folder / f"{name}.toml").points())
    return {name: Store(folder / name) for name in SMALLER}


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
    table = style.rows_of(store, measurement)
    for name, value in parameters.items():
        table = table[table[name] == value]
    assert len(table)
    return table


@pytest.mark.parametrize("name", FIGURES)
def test_every_axis_is_labelled_and_a_rerun_gives_the_same_bytes(name, drawn):
    written = []
    for _ in range(2):
        figure, _ = drawn(name)
        assert all(ax.get_title() for ax in figure.axes)
        assert all(ax.lines for ax in figure.axes)
        told = " ".join([figure.get_label(), *(ax.get_title() for ax in figure.axes)])
        assert len(figure.get_label()) > 100  # the caption
        assert not figure.get_suptitle()
        assert len(figure.legends) == 1
        assert "nan" not in told.lower()
        assert "<NA>" not in told
        file = io.BytesIO()
        figure.savefig(file, format="pdf", metadata={"CreationDate": None})
        written.append(file.getvalue())
    assert written[0] == written[1]


def of_table(ax):
    """Lines but those of the legend alone."""
    return [line for line in ax.lines if line.get_color() != "0.4"]


def test_mean_distances_and_bands_against_the_aspect_ratio(drawn):
    figure, store = drawn("law_distances")
    cases = ("linear-ce", "linear-mse", "hidden-ce", "hidden-mse")
    conditional, population, _ = np.reshape(figure.axes, (3, 4))
    for case, above, middle in zip(cases, conditional, population, strict=True):
        assert above.get_title() == middle.get_title() == style.CASE_TITLES[case]
        # a block that is 0, as those of linear MSE off the diagonal, is left out
        shown = {
            "conditional": above.lines,
            "population": of_table(middle)[::2],
            "population_band": of_table(middle)[1::2],
        }
        for kind, lines in shown.items():
            for C, line in zip((2, 5), lines, strict=True):
                if (case, kind) == ("linear-mse", "population_band"):  # λ = 1: no fluctuation
                    assert line.get_xydata().size == 0
                    continue
                means = []
                for N in (32, 8, 4):
                    points = rows(store, "block_spectra", case=case, n_classes=C, n_samples=N)
                    values = points[
                        [f"{block}_ks_{kind}" for block in ("diagonal", "off_diagonal")]
                    ].to_numpy()
                    means.append(values[values > 1e-9].mean())
                np.testing.assert_allclose(line.get_xydata().T, [[0.25, 1.0, 2.0], means])
        for ax, kind in ((above, "conditional"), (middle, "population")):
            for C, bars in zip((2, 5), ax.collections, strict=True):
                points = rows(store, "block_spectra", case=case, n_classes=C)
                names = [f"{block}_ks_{kind}" for block in ("diagonal", "off_diagonal")]
                distances = points[names].to_numpy()
                ends = np.array(bars.get_segments())[:, :, 1]
                assert ends.max() == pytest.approx(np.nanmax(distances))
                assert ends.min() == pytest.approx(distances[distances > 1e-9].min())
    assert above.get_ylim()[0] == middle.get_ylim()[0] == 0
    assert "d = 8, m = 5" in figure.get_label()
    assert "2 seeds" in figure.get_label()
    # a colour is a number of classes, or a law, in all panels
    of_classes = {line.get_color() for ax in (*conditional, *population) for line in of_table(ax)}
    of_laws = {line.get_color() for ax in figure.axes[8:] for line in ax.lines}
    assert len(of_classes) == len(of_laws) == 2
    assert not {to_hex(colour) for colour in of_classes} & {to_hex(c) for c in of_laws}


def test_spectra_at_the_corners(drawn):
    figure, store = drawn("law_distances")
    corners = [(32, 2), (32, 5), (4, 2), (4, 5)]
    for (N, C), ax in zip(corners, figure.axes[8:], strict=True):
        assert rf"$\gamma={8 / N:g}$, $C={C}$" in ax.get_title()
        at = {"n_samples": N, "n_classes": C, "seed": 0}
        point = rows(store, "block_spectra", case="linear-ce", **at)
        arrays = store.arrays(point["key"].iloc[0])
        drawn_lines = {line.get_label(): line.get_xydata().T for line in ax.lines}
        for kind in ("conditional", "population"):
            expected = arrays[f"diagonal_{kind}_curve"]
            np.testing.assert_array_equal(drawn_lines[f"{kind} law"], expected)
        # d = 8 eigenvalues, N of them or fewer not 0
        (note,) = ax.texts
        assert note.get_text() == ("50.0 % at 0" if N < 8 else "")
        heights, edges, _ = ax.patches[0].get_data()
        assert heights @ np.diff(edges) == pytest.approx(0.5 if N < 8 else 1.0)


def test_ratios_times_the_power_of_the_limit(drawn):
    figure, store = drawn("large_classes")
    C = np.array([2.0, 4.0, 8.0])
    panels = np.reshape(figure.axes, (2, 4))
    exponents = {"linear-ce": 2, "output-ce": 2, "hidden-ce": 1, "hidden-mse": 1}
    for (above, below), (case, exponent) in zip(panels.T, exponents.items(), strict=True):
        points = rows(store, "block_norms", case=case).groupby("n_classes")
        norms = points[["off_diagonal_norm2", "diagonal_norm2"]].mean()
        measured = norms["off_diagonal_norm2"] / norms["diagonal_norm2"]
        predicted, limit = (points[name].first() for name in ("predicted_ratio", "limit_ratio"))
        for ax, scale in ((above, 1.0), (below, C**exponent)):
            dots, solid, dashed = ax.containers[0].lines[0], *ax.lines[-2:]
            for line, values in ((dots, measured), (solid, predicted), (dashed, limit)):
                np.testing.assert_allclose(line.get_xydata().T, [C, scale * values])
        constant = dashed.get_ydata()
        np.testing.assert_allclose(constant, constant[0])  # the exponent is that of the limit
        assert above.get_xscale() == above.get_yscale() == below.get_xscale() == "log"
        seeds = rows(store, "block_norms", case=case)["seed"].nunique()
        assert f"{seeds} seeds ({style.CASE_TITLES[case]})" in figure.get_label()
    assert "d = 16, N = 24, m = 12" in figure.get_label()
