"""The shipped sweep of decoupled Hessians in small: its figure and its printed tables."""

import io
from pathlib import Path

import matplotlib
import numpy as np
import pytest

matplotlib.use("Agg")

import matplotlib.pyplot as plt

from paper_figs import fig_decoupled, style
from rmt_hessian.report.decoupled import DISTANCES, RATES, SPECTRA
from rmt_hessian.sweep.config import load_config
from rmt_hessian.sweep.run import run_sweep
from rmt_hessian.sweep.store import Store
from tests.sections import require_legible

SWEEP = Path(__file__).parents[1] / "sweeps" / "decoupled.toml"
SMALLER = {
    "d = 40": "d = 9",
    "m = 8,": "m = 3,",
    '["d", 20]': '["d", 4]',
    "start = 50, stop = 51200, num = 11": "start = 10, stop = 160, num = 3",
    "start = 50, stop = 6400, num = 8": "start = 10, stop = 40, num = 2",
    "[16, 32, 64, 128, 256]": "[5, 10]",
    "[32, 64, 128, 256, 512]": "[10, 20]",
    "[16, 32, 64, 128]": "[5, 10]",
    "[32, 64, 128, 256]": "[10, 20]",
    "seeds = 16": "seeds = 2",
    "seeds = 8": "seeds = 2",
    "seeds = 5": "seeds = 2",
}
CASES = {
    "linear, CE, $C=3$": ("linear-ce", 3),
    "hidden, CE, $C=5$": ("hidden-ce", 5),
    "hidden, MSE, $C=5$": ("hidden-mse", 5),
    "linear, CE, $C=4$": ("linear-ce", 4),
}


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    folder = tmp_path_factory.mktemp("decoupled")
    text = SWEEP.read_text()
    for old, new in SMALLER.items():
        assert old in text, old
        text = text.replace(old, new)
    (folder / "decoupled.toml").write_text(text)
    result = run_sweep(folder / "decoupled.toml", folder / "results")
    assert result.failed == []
    points = load_config(folder / "decoupled.toml").points()
    assert len(result.table) == len(points) == 2 * (3 * 3 + 2 + 4 * 2)
    return Store(folder / "results")


def test_every_panel_is_labelled_and_a_rerun_gives_the_same_bytes(store):
    written = []
    for _ in range(2):
        figure = fig_decoupled.draw(store)
        titles = [ax.get_title() for ax in figure.axes]
        assert titles == [
            "layers, $d=9$",
            "layers, $d/N=0.5$",
            "spectra of block $H_{00}$, $d=9$",
            "spectra of block $H_{00}$, $d/N=0.5$",
        ]
        assert all(ax.get_xlabel() for ax in figure.axes[2:])
        assert all(ax.get_ylabel() for ax in figure.axes[::2])
        of_marks = ["predicted", "plateau", "rest"]
        (legend,) = figure.legends
        assert [text.get_text() for text in legend.get_texts()] == [*CASES, *of_marks]
        assert len(figure.get_label()) > 100  # the caption
        assert not figure.get_suptitle()
        file = io.BytesIO()
        figure.savefig(file, format="pdf", metadata={"CreationDate": None})
        plt.close(figure)
        written.append(file.getvalue())
    assert written[0] == written[1]


@pytest.mark.parametrize("column", [0, 1], ids=["d", "d/N"])
def test_points_and_lines_are_root_mean_squares_of_the_table(column, store):
    figure = fig_decoupled.draw(store)
    above, below = np.reshape(figure.axes, (2, 2))[:, column]
    table = style.rows_of(store, "decoupled_hessian")
    of_column = table["n_inputs"] == 9
    table = table[~of_column if column else of_column]
    drawn = {
        above: ("error", "predicted_error", "plateau"),
        below: ("diagonal_stieltjes", "diagonal_rest", "diagonal_predicted_stieltjes"),
    }
    for ax, names in drawn.items():
        shown = [line for line in ax.lines if len(line.get_xdata())]  # not those of the legend
        assert len(shown) == len(names) * len(CASES)
        assert len({line.get_color() for line in shown}) == len(CASES)
        lines = iter(shown)
        for case, C in CASES.values():
            part = table[(table["case"] == case) & (table["n_classes"] == C)]
            squares = (part.set_index("n_samples")[list(names)] ** 2).groupby("n_samples").mean()
            for name, line in zip(names, lines, strict=False):
                np.testing.assert_allclose(line.get_xdata(), squares.index)
                np.testing.assert_allclose(line.get_ydata(), np.sqrt(squares[name]))
        bars = [bar.get_segments() for bar in ax.collections if hasattr(bar, "get_segments")]
        dots = [line for line in shown if line.get_marker() != "None"]
        for line, segments in zip(dots, bars, strict=True):
            np.testing.assert_allclose(np.mean(segments, axis=1)[:, 1], line.get_ydata())
    plt.close(figure)


def test_the_report_has_a_row_for_every_size_and_every_rate(store):
    sections = require_legible(store.table())
    assert list(sections) == [DISTANCES, SPECTRA, RATES]
    assert len(sections[DISTANCES]) == len(sections[SPECTRA]) == 3 * 3 + 2 + 4 * 2
    assert sections[RATES]["fixed"].tolist() == ["d = 9"] * 4 + ["d/N = 0.5"] * 4
    assert not sections[DISTANCES].isna().any(axis=None)
