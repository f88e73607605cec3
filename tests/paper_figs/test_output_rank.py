"""The shipped sweep of ranks in small: its figures and its printed tables."""

import numpy as np
import pytest

from rmt_hessian.report.structure import RANK, RATES
from tests.paper_figs.shown import arrays_of, lines, panel, require_labelled, rows

SMALLER = {  # what to replace in the shipped file; its grids stay as they are
    "[50, 100, 200, 400]": "[6, 8, 10, 12]",
    "[2, 4, 10, 20]": "[2, 3]",
    "0.02": "0.1",
    "d = 200, m = 200, C = 10": "d = 8, m = 8, C = 3",
    "seeds = 6": "seeds = 2",
    "seeds = 3": "seeds = 1",
}


@pytest.fixture(scope="module")
def store(shipped):
    return shipped("output_rank", SMALLER)


@pytest.mark.parametrize("name", ["rank_rates", "rank_scree"])
def test_every_panel_is_labelled_and_a_rerun_gives_the_same_bytes(name, store, draw_twice):
    """The PDF holds all that is drawn; how a PNG is written is tested with the block structure."""
    require_labelled(draw_twice(name, store))


def test_the_report_prints_the_tables(store, sections_printed):
    found = sections_printed(store)
    assert {title: len(rows) for title, rows in found.items()} == {RANK: 8 + 8 + 4 + 2, RATES: 4}


def test_one_seed_has_no_error_bar(draw, store, monkeypatch):
    table = store.table()
    monkeypatch.setattr(type(store), "table", lambda _: table[table["seed"] == 0])
    for ax in draw("rank_rates", store).axes:
        for dots in ax.containers:
            (bars,) = dots.lines[2]
            assert not any(len(bar) and np.isfinite(bar).all() for bar in bars.get_segments())
            assert len(dots.lines[0].get_ydata())
        assert ax.get_xscale() == ax.get_yscale() == "log"


def test_rates_show_means_over_seeds_beside_predictions(draw, store):
    figure = draw("rank_rates", store)
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


def test_scree_of_the_widest_networks(draw, store):
    figure = draw("rank_scree", store)
    C = 3  # the nearest to 10 of 2 and 3
    assert "C = 3, over the population" in figure.get_label()
    for m in (6, 8, 10, 12):
        points = rows(store, "population_rank", widths=f"{m}-{m}-{C}", layer=0, seed=0)
        ax = panel(figure, f"$m=d={m}$", f"gap {points['gap'].iloc[0]:.3f}")
        assert ax.get_xticks()[0] == 1
        shown = lines(ax)
        (measured,) = arrays_of(store, points, "eigenvalues")
        (predicted,) = arrays_of(store, points, "predicted_eigenvalues")
        np.testing.assert_array_equal(shown["measured"][1], measured)
        np.testing.assert_array_equal(shown["predicted"][1], predicted)
        assert ax.lines[-1].get_xdata() == [C - 0.5] * 2  # between C-1 and C
