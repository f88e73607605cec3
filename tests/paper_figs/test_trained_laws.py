"""The shipped sweep of trained laws in small: its figures, its printed tables."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import same_color

from paper_figs import (
    fig_trained_heads,
    fig_trained_laws_classes,
    fig_trained_laws_spectra,
    fig_trained_paths,
    style,
)
from paper_figs.trained_law_cases import along
from rmt_hessian.plotting import COLOURS
from rmt_hessian.report.trained_laws import (
    HEADS,
    NUMBERS,
    OUTLIERS,
    PATHS,
    SPECTRA,
    trained_law_sections,
)
from rmt_hessian.sweep.store import Store
from tests.sections import require_legible

LARGE, SMALL = "n_inputs = {}, n_classes = {}, n_samples = {}", "n_inputs = 30, n_classes = {}"
SMALLER = {
    LARGE.format(400, 5, 1600): "n_inputs = 40, n_classes = 3, n_samples = 160",
    "ridge = [0.001, 0.003, 0.01, 0.03, 0.1, 0.3]": "ridge = [0.03, 0.1, 0.3]",
    "separation = [0.0, 1.5, 3.0]": "separation = [0.0, 3.0]",
    LARGE.format(300, 4, 3000): "n_inputs = 30, n_classes = 3, n_samples = 300",
    "[0.0, 0.5, 1.0, 1.5, 2.0, 2.5, 3.0, 3.5, 4.0]": "[0.0, 2.0, 4.0]",
    LARGE.format(300, 3, 1500): SMALL.format(3) + ", n_samples = 150",
    LARGE.format(300, 6, 1500): SMALL.format(4) + ", n_samples = 150",
    "n_inputs = 200, n_samples = 1000": "n_inputs = 20, n_samples = 100",
    "[2, 4, 8, 16, 32, 64], separation = [0.0, 3.0]": "[2, 3, 4], separation = [0.0]",
    "n_inputs = 300\nn_classes = 6": "n_inputs = 30\nn_classes = 3",
    "n_ridges = 9": "n_ridges = 3",
    "smallest_ridge = 0.0003": "smallest_ridge = 0.01",
    "gradient_steps = 2000": "gradient_steps = 20",
    "n_units = 300, " + LARGE.format(300, 5, 1500): "n_units = 20, " + LARGE.format(20, 3, 100),
    "n_units = 200": "n_units = 10",
    "ridge = [0.001, 0.01, 0.1]": "ridge = [0.1]",
    '["digits", "mnist"]': '["digits"]',
    "[1000, 2500], n_units = [32, 64]": "[200], n_units = [10]",
    "[1000, 2500]": "[200]",
    "training_steps = 300": "training_steps = 10",
    "seeds = 3": "seeds = 1",
}
FIGURES = [
    "trained_laws",
    "trained_laws_spectra",
    "trained_laws_outliers",
    "trained_laws_classes",
    "trained_paths",
    "trained_heads",
]


@pytest.fixture(scope="module")
def store(shipped):
    return shipped("trained_laws", SMALLER)


@pytest.mark.parametrize("name", FIGURES)
def test_panels_are_labelled_and_a_rerun_gives_the_same_bytes(store, name, draw_twice):
    figure = draw_twice(name, store)
    axes = figure.axes
    assert all(ax.get_title() or ax.get_ylabel() or ax.get_xlabel() for ax in axes)
    assert any(ax.get_xlabel() for ax in axes)
    assert figure.get_suptitle() == ""
    said = figure.get_label()
    assert "$" not in said
    assert "1 seed" in said or "one optimum a row" in said
    assert figure.legends


def lines(ax, colour, marker=None):
    return [
        line
        for line in ax.lines
        if same_color(line.get_color(), COLOURS[colour])
        and (marker is None or line.get_marker() == marker)
    ]


def test_lines_are_predicted_and_dots_are_seen(store, draw):
    figure = draw("trained_laws", store)
    table = style.rows_of(store, "trained_laws")
    rows = table[(table["n_inputs"] == 40) & (table["separation"] == 0)].sort_values("ridge")
    dots = [line for line in lines(figure.axes[0], "blue", "o") if line.get_linestyle() == "None"]
    np.testing.assert_array_equal(dots[0].get_ydata(), rows["train_loss"])
    known = rows.groupby("ridge")["predicted_train_loss"].mean()
    drawn = next(line for line in lines(figure.axes[0], "blue") if line.get_linestyle() == "-")
    np.testing.assert_array_equal(drawn.get_ydata(), known)


def test_histograms_and_laws_have_the_mass_of_what_is_not_0(store, draw):
    figure = draw("trained_laws_spectra", store)
    table = style.rows_of(store, "trained_laws")
    for k, ax in enumerate(figure.axes):
        (stairs,) = ax.patches
        heights, edges, _ = stairs.get_data()
        mass = heights @ np.diff(edges)
        (law,), (fresh,) = lines(ax, "vermilion"), lines(ax, "blue")
        assert (law.get_linestyle(), fresh.get_linestyle()) == ("-", "--")
        assert np.trapezoid(law.get_ydata(), law.get_xdata()) == pytest.approx(mass, abs=0.12)
        (text,) = ax.texts
        said = text.get_text()
        at_zero = [line for line in said.splitlines() if line.endswith(" at 0")]
        share = float(at_zero[0].split()[0]) / 100 if at_zero else 0.0
        assert mass == pytest.approx(1 - share, abs=1e-3)  # all but the atom is drawn
        part = ("diagonal", "off_diagonal", "layer")[k % 3]
        assert said.splitlines()[0][3:] in {f"{ks:.3f}" for ks in table[f"ks_{part}"]}


def test_every_head_is_drawn_seen_against_predicted(store, draw):
    figure = draw("trained_heads", store)
    table = style.rows_of(store, "trained_heads")
    for ax, name in zip(figure.axes, fig_trained_heads.PANELS, strict=True):
        marks = [line for line in ax.lines if line.get_linestyle() == "None"]
        seen = np.concatenate([line.get_ydata() for line in marks])
        known = np.concatenate([line.get_xdata() for line in marks])
        assert np.isin(table[name], seen).all()
        assert np.isin(table[f"predicted_{name}"], known).all()


def test_every_number_of_classes_is_drawn(store, draw):
    figure = draw("trained_laws_classes", store)
    (rows,) = along(style.rows_of(store, "trained_laws"), "n_classes")
    for ax, name in zip(figure.axes, fig_trained_laws_classes.PANELS, strict=True):
        (dots,) = lines(ax, "blue", "o")
        np.testing.assert_array_equal(dots.get_xdata(), rows["n_classes"])
        np.testing.assert_allclose(dots.get_ydata(), rows[name] / rows[f"predicted_{name}"] - 1)


def test_paths_are_drawn_up_to_the_last_optimum(store, draw):
    figure = draw("trained_paths", store)
    rows = style.rows_of(store, "trained_paths").sort_values("separation")
    panels = np.reshape(figure.axes, (len(rows), -1))
    for line, key in zip(panels, rows["key"], strict=True):
        arrays = store.arrays(key)
        for ax, name in zip(line, fig_trained_paths.PANELS, strict=True):
            (known,) = lines(ax, "vermilion")
            np.testing.assert_array_equal(known.get_ydata(), arrays[f"predicted_{name}"])
            (seen,) = lines(ax, "blue")
            assert np.isin(seen.get_ydata(), arrays[f"ridge_{name}"]).all()
        assert line[0].get_ylabel().startswith("$\\rho=")


def test_outliers_are_drawn_where_they_were_seen(store, draw):
    figure = draw("trained_laws_outliers", store)
    table = style.rows_of(store, "trained_laws")
    rows = table[(table["n_inputs"] == 30) & (table["n_samples"] == 300)].sort_values("separation")
    above, below = np.reshape(figure.axes, (2, 3))
    for ax, name in ((above[2], "layer_place"), (below[2], "layer_means_overlap")):
        (seen,), (known,) = lines(ax, "blue", "o"), lines(ax, "vermilion", "_")
        np.testing.assert_array_equal(seen.get_ydata(), rows[name])
        predicted = name.replace("layer_", "layer_predicted_")
        np.testing.assert_array_equal(known.get_ydata(), rows[predicted])


def test_curves_of_quantiles_are_densities():
    x, density = fig_trained_laws_spectra.curve(np.sqrt((np.arange(400) + 0.5) / 400))
    np.testing.assert_allclose(density, 2 * x, rtol=1e-6)  # F = x²
    x, density = fig_trained_laws_spectra.curve(
        np.append(np.zeros(100), (np.arange(300) + 0.5) / 300)
    )
    np.testing.assert_allclose(density, 0.75, rtol=1e-6)  # an atom of ¼ at 0


def test_a_law_ends_at_its_edges_and_what_lies_beyond_is_counted():
    x, density = fig_trained_laws_spectra.to_edges(np.ones(1), np.ones(1), (0.5, 2.0))
    assert x.tolist() == [0.5, 1.0, 2.0]
    assert density.tolist() == [0.0, 1.0, 0.0]
    values = np.array([0.0, 0.4, 0.49, 1.0, 2.02, 3.0])
    assert fig_trained_laws_spectra.are_beyond(values, np.array([0.5, 2.0])).sum() == 2


def test_the_report_has_what_was_seen_beside_what_was_predicted(store):
    table = store.table()
    sections = require_legible(table)
    assert list(sections) == [NUMBERS, SPECTRA, OUTLIERS, HEADS, PATHS]
    rows = table[table["measurement"] == "trained_laws"]
    numbers = sections[NUMBERS]
    assert len(numbers) == rows.drop(columns="seed").drop_duplicates("predicted_q").shape[0]
    first = numbers.iloc[0]
    same = rows[
        (rows["ridge"] == first["ridge"])
        & (rows["n_inputs"] == first["n_inputs"])
        & (rows["separation"] == first["separation"])
    ]
    pair = f"{same['predicted_train_loss'].mean():.3g} → {same['train_loss'].mean():.3g}"
    assert first["train_loss"] == pair
    assert set(sections[OUTLIERS]["part"]) <= {"diagonal", "off_diagonal", "layer"}
    assert (sections[OUTLIERS]["number"] > 0).all()
    assert not list(trained_law_sections(table[table["measurement"] == "nothing"]))


@pytest.mark.parametrize("name", FIGURES)
def test_a_figure_without_its_points_says_so(store, name, monkeypatch, draw):
    empty = store.table().iloc[:0]
    monkeypatch.setattr(Store, "table", lambda self: pd.DataFrame(empty))
    with pytest.raises(style.CannotDraw, match="no points of"):
        draw(name, store)


def test_cases_of_a_figure_have_one_size_and_a_colour_each(store):
    table = style.rows_of(store, "trained_laws")
    cases = along(table, "ridge")
    other = table.assign(n_inputs=7)
    both = along(pd.concat([table, other]), "ridge")
    assert len(both) == len(cases) == 2
    assert {rows["n_inputs"].iloc[0] for rows in both} in ({40}, {7})
    many = [table.assign(separation=float(k)) for k in range(7)]
    with pytest.raises(style.CannotDraw, match="7 cases, for 6 colours: run a sweep for each"):
        along(pd.concat(many), "ridge")
