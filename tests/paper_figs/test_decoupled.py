"""The shipped sweep of decoupled Hessians in small: its figure and its printed tables."""

import numpy as np
import pytest

from rmt_hessian.report.decoupled import DISTANCES, RATES, SPECTRA
from tests.paper_figs.shown import rows
from tests.sections import require_legible

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
def store(shipped):
    store = shipped("decoupled", SMALLER)
    assert len(store.table()) == 2 * (3 * 3 + 2 + 4 * 2)
    return store


def test_every_panel_is_labelled_and_a_rerun_gives_the_same_bytes(store, draw_twice):
    figure = draw_twice("decoupled", store)
    assert [ax.get_title() for ax in figure.axes] == [
        "layers, $d=9$",
        "layers, $d/N=0.5$",
        "spectra of block $H_{00}$, $d=9$",
        "spectra of block $H_{00}$, $d/N=0.5$",
    ]
    assert all(ax.get_xlabel() for ax in figure.axes[2:])
    assert all(ax.get_ylabel() for ax in figure.axes[::2])
    (legend,) = figure.legends
    of_marks = ["predicted", "plateau", "rest"]
    assert [text.get_text() for text in legend.get_texts()] == [*CASES, *of_marks]


@pytest.mark.parametrize("column", [0, 1], ids=["d", "d/N"])
def test_points_and_lines_are_root_mean_squares_of_the_table(column, store, draw):
    figure = draw("decoupled", store)
    above, below = np.reshape(figure.axes, (2, 2))[:, column]
    table = rows(store, "decoupled_hessian")
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


def test_the_report_has_a_row_for_every_size_and_every_rate(store):
    sections = require_legible(store.table())
    assert list(sections) == [DISTANCES, SPECTRA, RATES]
    assert len(sections[DISTANCES]) == len(sections[SPECTRA]) == 3 * 3 + 2 + 4 * 2
    assert sections[RATES]["fixed"].tolist() == ["d = 9"] * 4 + ["d/N = 0.5"] * 4
    assert not sections[DISTANCES].isna().any(axis=None)
