"""The shipped sweep of PAC-Bayes bounds in small: its figures, its printed tables."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import same_color

from paper_figs import fig_bounds_search, fig_bounds_variances, style
from paper_figs.bound_cases import bound_rows, depth_of
from rmt_hessian.plotting import COLOURS
from rmt_hessian.report.bounds import (
    BOUNDS,
    GAIN,
    SEARCH,
    TERMS,
    VARIANCES,
    as_cases,
    bounds_sections,
)
from rmt_hessian.sweep.store import Store
from tests.sections import require_legible

WIDTHS = "[[64, 2], [64, 16, 2], [64, 16, 16, 2], [64, 10], [64, 16, 10], [64, 16, 16, 10]]"
SMALLER = {
    WIDTHS: "[[64, 2], [64, 4, 2], [64, 4, 10]]",
    "[[64, 2], [64, 16, 2], [64, 16, 10]]": "[[64, 2]]",
    "[[784, 2], [784, 30, 2], [784, 30, 10]]": "[[784, 2], [784, 3, 2]]",
    "[[64, 16, 2], [64, 16, 16, 2]]": "[[64, 4, 2]]",
    "n_samples = 1400, training_steps = 300": "n_samples = 100, training_steps = 20, steps = 10",
    "n_samples = 1400\ntraining_steps = 300": "n_samples = 100\ntraining_steps = 20\nsteps = 10",
    "n_samples = 4000\ntraining_steps = 300": "n_samples = 300\ntraining_steps = 20\nsteps = 10",
    "steps = 10, steps = 500, n_doublings = 3": "steps = 5, n_doublings = 2",
    "seeds = 3": "seeds = 2",
    "largest_exact = 1000": "largest_exact = 100",
    "n_draws = 300": "n_draws = 5",
}
FIGURES = ["bounds", "bounds_variances", "bounds_search"]


@pytest.fixture(scope="module")
def store(shipped):
    return shipped("bounds", SMALLER)


@pytest.mark.parametrize("name", FIGURES)
def test_panels_are_labelled_and_a_rerun_gives_the_same_bytes(store, name, draw_twice):
    figure = draw_twice(name, store)
    axes = [ax for ax in figure.axes if ax.axison]
    assert all(ax.get_title() for ax in axes if ax.get_subplotspec().is_first_row())
    assert figure.get_suptitle() == ""
    said = figure.get_label()
    assert "PAC-Bayes" in said or "posterior" in said
    assert "$" not in said
    assert any(ax.get_ylabel() for ax in axes)
    assert figure.legends


def bars(ax, colour):
    """Height and bottom of each, left to right."""
    found = [b for b in ax.patches if same_color(b.get_facecolor(), COLOURS[colour])]
    found = [b for b in found if b.get_height() > 0]
    return sorted((b.get_x(), b.get_y(), b.get_height()) for b in found)


def test_bars_end_at_the_bound(store, draw):
    figure = draw("bounds", store)
    rows = bound_rows(store)
    rows = rows[(rows["images"] == "digits") & (rows["n_classes"] == 2) & ~rows["random_labels"]]
    ends = [y + height for _, y, height in bars(figure.axes[0], "blue")]
    expected = [
        points[f"{name}_bound"].mean()
        for _, points in rows.groupby("widths", sort=False)
        for name in ("isotropic", "standard", "kronecker", "recomputed", "exact", "gradient")
    ]
    np.testing.assert_allclose(ends, expected)
    risks = [height for _, y, height in bars(figure.axes[0], "vermilion")]
    expected = [
        points[f"{name}_risk"].mean()
        for _, points in rows.groupby("widths", sort=False)
        for name in ("isotropic", "standard", "kronecker", "recomputed", "exact", "gradient")
    ]
    np.testing.assert_allclose(risks, expected)
    chance = [line for line in figure.axes[0].lines if line.get_linestyle() == ":"]
    assert chance[0].get_ydata()[0] == 0.5


def test_the_caption_of_the_bounds_tells_sizes_and_what_is_lacking(store, draw):
    figure = draw("bounds", store)
    said = figure.get_label()
    assert "digits: N = 100, 2 networks a choice of widths" in said
    assert "MNIST: N = 300, 2 networks a choice of widths" in said
    assert "E of 784–2, 784–3–2" in said


def test_variances_are_drawn_beside_those_of_a_quadratic_loss(store, draw):
    figure = draw("bounds_variances", store)
    rows = bound_rows(store)
    rows = rows[
        (rows["widths"] == "64-4-2") & (rows["images"] == "digits") & ~rows["random_labels"]
    ]
    arrays = store.arrays(rows["key"].iloc[0])
    line = [ax for ax in figure.axes if ax.get_subplotspec().is_first_row()]
    for ax, name in zip(line, fig_bounds_variances.SHOWN, strict=True):
        dots, predicted, *_ = ax.lines
        h = arrays[f"{name}_curvatures"]
        kept = h > 1e-7 * h.max()
        np.testing.assert_array_equal(dots.get_xdata(), h[kept])
        np.testing.assert_array_equal(dots.get_ydata(), arrays[f"{name}_variances"][kept])
        order = np.argsort(h[kept])
        expected = arrays[f"{name}_quadratic_variances"][kept][order]
        np.testing.assert_array_equal(predicted.get_ydata(), expected)


def test_searches_are_drawn_with_all_their_steps(store, draw):
    figure = draw("bounds_search", store)
    table = style.rows_of(store, "pac_bayes_search")
    arrays = store.arrays(table["key"].iloc[0])
    drawn = [line for line in figure.axes[0].lines if len(line.get_xdata())]
    names = [
        f"{n}_{start}" for n in fig_bounds_search.SEARCHED for start in fig_bounds_search.STARTS
    ]
    for line, name in zip(drawn, names, strict=True):
        np.testing.assert_array_equal(line.get_xdata(), arrays["all_steps"])
        np.testing.assert_array_equal(line.get_ydata(), arrays[f"{name}_bounds"])


def test_usual_prior_variances_are_drawn(store):
    """Points of a larger range are in the table, not in the figure."""
    rows, table = bound_rows(store), store.table()
    assert set(table["largest_prior_variance"].dropna()) == {1.0}
    assert len(rows) == (table["measurement"] == "pac_bayes").sum() - 2
    assert rows["largest_prior_variance"].isna().all()


def test_points_that_differ_by_more_than_seeds_are_not_averaged(store, monkeypatch, draw):
    table = store.table()
    other = table.assign(steps=table["steps"].where(table["seed"] == 0, 999))
    monkeypatch.setattr(Store, "table", lambda self: other)
    with pytest.raises(style.DifferentPoints, match="by their seeds alone, got steps = "):
        draw("bounds", store)


def test_the_report_has_every_case(store):
    table = store.table()
    sections = require_legible(table)
    assert list(sections) == [BOUNDS, TERMS, GAIN, VARIANCES, SEARCH]
    rows = as_cases(table[table["measurement"] == "pac_bayes"])
    first = sections[BOUNDS].iloc[0]
    same = rows[(rows["widths"] == first["widths"]) & ~rows["random_labels"]]
    mean, sd = same["kronecker_bound"].mean(), same["kronecker_bound"].std()
    assert first["kronecker"] == f"{mean:.3f} ({sd:.3f})"
    assert len(sections[BOUNDS]) == 3 + 1 + 2 + 1
    gain = sections[GAIN].iloc[0]
    differences = same["kronecker_kl"] / same["standard_kl"]
    assert gain["KL ratio"] == pytest.approx(differences.mean())
    terms = sections[TERMS]
    # mnist has no exact basis
    assert len(terms) == 7 * 6 - 2
    own = terms[(terms["widths"] == first["widths"]) & (terms["basis"] == "gradient")]
    assert same["gradient_kl"].mean() in own["kl"].to_numpy()
    assert sections[BOUNDS]["exact"].tolist().count("–") == 2
    searches = sections[SEARCH]
    row = table[table["measurement"] == "pac_bayes_search"].iloc[0]
    assert searches["exact_weights"].tolist() == [row["exact_weights_bound"]]
    assert len(searches.columns) == 4 + 4 * 2
    assert not list(bounds_sections(table[table["measurement"] == "nothing"]))


@pytest.mark.parametrize("name", FIGURES)
def test_a_figure_without_its_points_says_so(store, name, monkeypatch, draw):
    empty = store.table().iloc[:0]
    monkeypatch.setattr(Store, "table", lambda self: pd.DataFrame(empty))
    with pytest.raises(style.CannotDraw, match="no points of"):
        draw(name, store)


def test_variances_need_a_hidden_layer(store, monkeypatch, draw):
    table = store.table()
    linear = table[table["widths"].isin(["64-2"])]
    monkeypatch.setattr(Store, "table", lambda self: linear)
    with pytest.raises(style.CannotDraw, match="no network with a hidden layer and true labels"):
        draw("bounds_variances", store)


def test_depths():
    assert depth_of("64-2") == "linear"
    assert depth_of("64-16-2") == "1 hidden layer"
    assert depth_of("64-1-1-1-2") == "3 hidden layers"


def test_files_go_by_the_name_of_their_folder():
    rows = pd.DataFrame({"images": ["digits", "files"], "folder": [None, "data/fashion"]})
    cases = as_cases(rows)
    assert cases["images"].tolist() == ["digits", "fashion"]
    assert "folder" not in cases
    assert cases["random_labels"].tolist() == [False, False]
