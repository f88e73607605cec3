"""Means over seeds are of points that are equal in all else, whatever parameter an axis varies."""

import sys

import matplotlib
import numpy as np
import pandas as pd
import pytest

matplotlib.use("Agg")

import matplotlib.pyplot as plt

from paper_figs import (
    fig_decoupled,
    fig_dynamic_force,
    fig_layer_pairs,
    fig_output_scree,
    fig_rank_scree,
    fig_stripes,
    fig_training_maps,
)
from paper_figs.style import alike, combinations, run
from rmt_hessian.report.block_structure import (
    block_sections,
    summarise,
    summarise_rank,
)
from rmt_hessian.report.decoupled import decoupled_sections
from rmt_hessian.report.groups import told_apart
from rmt_hessian.report.layer_pairs import layer_pair_sections
from rmt_hessian.report.layout import format_section
from rmt_hessian.report.outliers import outlier_sections
from rmt_hessian.report.structure import RATES as RANK_RATES
from rmt_hessian.report.structure import means, structure_sections
from rmt_hessian.report.trained_spectra import trained_spectra_sections
from rmt_hessian.report.training import training_sections
from rmt_hessian.sweep.run import run_sweep
from rmt_hessian.sweep.store import Store
from rmt_hessian.sweep.table import table_of
from tests.sections import tables

RATES = 0.1, 0.01  # of the learning rate
TRAININGS = """
root_seed = 1
[[grid]]
measurement = "MEASUREMENT"
seeds = 2
fixed = { loss = "ce", inputs = "mixture", n_samples = 12, steps = 4, n_checkpoints = 2 }
[grid.axes]
widths = [WIDTHS]
learning_rate = [0.1, 0.01]
"""


@pytest.fixture(scope="module")
def trainings(tmp_path_factory):
    """A measurement: its `Store` of two learning rates and two seeds each."""
    folder = tmp_path_factory.mktemp("trainings")
    stores = {}

    def store(measurement, widths="[5, 6, 3]"):
        if (key := (measurement, widths)) not in stores:
            name = f"{measurement}-{len(stores)}"
            text = TRAININGS.replace("MEASUREMENT", measurement).replace("WIDTHS", widths)
            (folder / f"{name}.toml").write_text(text, encoding="utf-8")
            assert run_sweep(folder / f"{name}.toml", folder / name).failed == []
            stores[key] = Store(folder / name)
        return stores[key]

    return store


def test_a_parameter_is_told_where_it_has_several_values_at_equal_keys():
    point = {"d": 1, "rate": 0.1, "momentum": None}
    points = [point, point | {"rate": 0.2}, point | {"d": 2, "momentum": 0.9}]
    table = table_of([row | {"seed": 0, "gap": gap} for gap, row in enumerate(points)])
    assert told_apart(table, ["d"]) == ["rate"]
    assert told_apart(table, ["d", "rate"]) == []
    assert told_apart(table, ["rate"]) == ["d", "momentum"]  # one that is not set counts as a value
    assert told_apart(table, []) == ["d", "rate", "momentum"]
    assert told_apart(table[:1], ["d"]) == []
    assert told_apart(table[:0], ["d"]) == []
    assert told_apart(table.drop(columns="seed"), ["d"]) == []  # no table of a sweep


def test_parameters_that_later_points_have_stand_before_results():
    first, second = {"d": 1, "seed": 0, "gap": 1.0}, {"d": 1, "init": "he", "seed": 0, "gap": 2.0}
    assert list(table_of([first, second])) == ["d", "init", "seed", "gap"]
    third = {"d": 1, "gap": 3.0, "seed": 0}  # what is a result of others is not set
    assert list(table_of([third, second])) == ["d", "init", "seed", "gap"]


def test_means_keep_points_that_leave_a_parameter_to_its_default():
    rows = [
        {"d": 1, "rate": rate, "seed": 0, "gap": gap} for rate, gap in ((0.1, 1.0), (None, 2.0))
    ]
    found = means(table_of(rows), ["d"], ["gap"])
    assert found["gap"].tolist() == [1.0, 2.0]
    assert means(table_of(rows), ["rate"], ["gap"])["gap"].tolist() == [1.0, 2.0]
    words = [said for said, _ in combinations(table_of(rows), "d")]
    assert words == ["\nrate 0.1", ""]  # the default is not told


SECTIONS = {
    "dynamic_force": training_sections,
    "trained_spectra": trained_spectra_sections,
    "training_images": layer_pair_sections,
    "trained_layer_pairs": layer_pair_sections,
}


@pytest.mark.parametrize("measurement", SECTIONS)
def test_each_learning_rate_has_rows_of_its_own(trainings, measurement):
    """Those that each rate alone has."""
    table = trainings(measurement).table()
    both = tables(SECTIONS[measurement](table))
    assert both
    alone = [tables(SECTIONS[measurement](table[table["learning_rate"] == rate])) for rate in RATES]
    for title, section in both.items():
        assert set(section["learning_rate"]) <= set(RATES)
        for rate, of_rate in zip(RATES, alone, strict=True):
            found = section[section["learning_rate"] == rate].drop(columns="learning_rate")
            expected = of_rate.get(title, section[:0].drop(columns="learning_rate"))
            assert "learning_rate" not in of_rate.get(title, ())
            pd.testing.assert_frame_equal(
                found.reset_index(drop=True), expected.reset_index(drop=True), check_dtype=False
            )


@pytest.mark.parametrize("script", [fig_dynamic_force, fig_stripes])
def test_figures_of_trainings_have_a_column_a_learning_rate(trainings, script):
    store = trainings("dynamic_force")
    figure = script.draw(store)
    top = figure.axes[: len(figure.axes) // (3 if script is fig_dynamic_force else 2)]
    titles = [ax.get_title() for ax in top]
    assert [title.splitlines()[0] for title in titles] == ["mixture, CE"] * 2
    for title, ax, rate in zip(titles, top, RATES, strict=True):
        assert f"learning rate {rate:g}" in title
        if script is fig_stripes:
            assert len(ax.lines) == 3 * 2  # parts × seeds
    assert "2 seeds" in figure.get_label()
    plt.close(figure)


def test_a_seed_without_a_value_leaves_the_others(trainings):
    """The share of different pairs may have none, as its square may be negative."""
    store = trainings("dynamic_force")
    first, second = (store.arrays(key) for key in store.table()["key"][:2])

    class Gaps:
        table = staticmethod(store.table)

        @staticmethod
        def arrays(key):
            found = dict(store.arrays(key))
            name = "population_share_by_layer"
            if key in set(store.table()["key"][::2]):
                found[name] = np.full_like(found[name], np.nan)
            found["fresh_population_share_by_layer"] = np.full_like(found[name], np.nan)
            return found

    figure = fig_dynamic_force.draw(Gaps())
    lines = figure.axes[4].lines  # between layers, the first rate
    expected = second["population_share_by_layer"]
    np.testing.assert_array_equal(lines[1].get_ydata(), expected[np.isfinite(expected)])
    assert lines[3].get_ydata().size == 0
    assert np.isfinite(lines[0].get_ydata()).all()
    assert first.keys() == second.keys()
    plt.close(figure)


def test_pairs_of_layers_have_rows_a_learning_rate(trainings):
    figure = fig_layer_pairs.draw(trainings("trained_layer_pairs", "[5, 4, 4, 3]"))
    labels = "".join(ax.get_ylabel() for ax in figure.axes)
    assert [labels.count(f"\nlearning rate {rate}") for rate in RATES] == [1, 1]
    assert "5–4–4–3" in figure.get_label()
    plt.close(figure)


def test_two_widths_have_a_column_each(trainings):
    store = trainings("dynamic_force")
    table = store.table()
    wide = table["learning_rate"] == RATES[1]
    table = table.assign(learning_rate=0.1, widths=table["widths"].where(~wide, "5-9-3"))

    class Renamed:
        arrays = store.arrays

    Renamed.table = staticmethod(lambda: table)
    figure = fig_stripes.draw(Renamed())
    titles = [ax.get_title().splitlines()[1] for ax in figure.axes[:2]]
    assert titles == ["5–6–3", "5–9–3"]
    width, height = figure.get_size_inches()
    assert height < 1.5 * width  # of one case or two as of five
    plt.close(figure)


def test_maps_say_which_training_they_show(trainings):
    figure = fig_training_maps.draw(trainings("training_images"))
    titles = [part.get_suptitle() for part in figure.subfigs]
    assert [title.rpartition("; ")[2] for title in titles] == [f"learning rate {r}" for r in RATES]
    plt.close(figure)


ROW = {"widths": "6-5-3", "layer": 0, "loss": "ce", "n_samples": 50, "n_inputs": 6}
ROW |= {"n_classes": 3, "n_hidden": 5}


def points(measurement, results, name="draws", values=(1, 2)):
    """Two points that differ in a parameter and in all results."""
    return table_of(
        [
            {"measurement": measurement, **ROW, name: value, "seed": 0}
            | {key: (1 + place) * result for key, result in results.items()}
            for place, value in enumerate(values)
        ]
    )


NORMS = dict.fromkeys(["diagonal_norm2", "off_diagonal_norm2"], 1.0)
NORMS |= {"predicted_ratio": 1.0, "predicted_ratio_error": 0.0}
SPECTRA = {
    f"{block}_ks_{kind}": 0.25
    for block in ("diagonal", "off_diagonal")
    for kind in ("conditional", "population", "population_band")
}


@pytest.mark.parametrize(
    ("measurement", "results", "summary", "column"),
    [
        ("block_norms", NORMS, summarise, "error"),
        ("block_spectra", SPECTRA, summarise, "ks_population"),
        ("output_rank", {"gap": 0.5}, summarise_rank, "gap"),
    ],
)
def test_summaries_have_a_row_a_point(measurement, results, summary, column):
    found = summary(points(measurement, results))
    assert found["draws"].tolist() == [1, 2]
    if measurement != "block_norms":
        assert found[column].tolist() == [results[next(iter(results))] * n for n in (1, 2)]

    def told(name, values):
        table = points(measurement, results, name, values)
        (section,) = block_sections(table)
        lines = format_section(section).splitlines()
        heading = next(at for at, line in enumerate(lines) if f"  {name}" in line)
        return [line.split()[0] for line in lines[heading + 1 : heading + 3]]

    assert told("draws", (1, 2)) == ["1", "2"]
    assert told("kind", ("a", "b")) == ["a", "b"]
    assert told("rate", (0.1234567, 0.1234568)) == ["0.1234567", "0.1234568"]
    assert told("biased", (True, False)) == ["True", "False"]
    assert told("kind", ("a", None)) == ["a", "–"]


def test_norms_and_spectra_of_one_point_share_a_row():
    tables = [points("block_norms", NORMS), points("block_spectra", SPECTRA)]
    found = summarise(pd.concat(tables))
    assert found["draws"].tolist() == [1, 2]
    assert found["ks_population"].tolist() == [0.25, 0.5]
    assert found["ratio"].tolist() == [1.0, 1.0]


@pytest.mark.parametrize(
    ("measurement", "sections", "results"),
    [
        ("kronecker_form", structure_sections, {"error": 0.5}),
        ("population_rank", structure_sections, {"gap": 0.5}),
        ("network_kronecker", structure_sections, {"input_mean": 0.0}),
        ("eigenspaces", structure_sections, {"inputs": 0, "input_mean": 0, "standardised": 0}),
        ("outliers", outlier_sections, {"layer_number": 1, "layer_predicted_number": 1}),
    ],
)
def test_tables_of_means_have_a_row_a_point(measurement, sections, results):
    table = points(measurement, results)
    for name in ("input_mean", "inputs", "standardised"):  # parameters, and the same in both
        if name in table:
            table[name] = 0
    for name in ("number", "predicted_number", "distance", "predicted_distance", "overlap"):
        table = table.assign(**{f"layer_{name}": table.get(f"layer_{name}", np.nan)})
    section = next(iter(sections(table.assign(layer_predicted_overlap=np.nan)))).table
    assert section["draws"].tolist() == [1, 2]


def decoupled_points():
    """Two sizes of equal d, two of equal d/N, and two seeds, of two kinds."""
    names = ["error", "predicted_error", "plateau", "operator_error", "operator_plateau"]
    names += [f"diagonal_{q}" for q in ("stieltjes", "predicted_stieltjes", "rest", "ks")]
    names += ["diagonal_wasserstein"]
    return table_of(
        [
            {"measurement": "decoupled_hessian", **ROW, "n_inputs": d, "n_samples": N, "kind": kind}
            | {"seed": seed, "key": "", **dict.fromkeys(names, (1 + seed / 10) * N**-power)}
            for kind, power in (("a", 1.0), ("b", 2.0))
            for d, N in ((6, 10), (6, 20), (12, 20))
            for seed in (0, 1)
        ]
    )


def test_rates_of_ranks_are_of_one_kind_of_point():
    """Exponents -1 and -2 of two kinds, and not one of all."""
    names = ["gap", "centred_defect", "predicted_gap", "predicted_centred_defect"]
    table = table_of(
        [
            {"measurement": "population_rank", **ROW, "widths": f"{m}-{m}-3", "n_inputs": m}
            | {"n_hidden": m, "relative_error": error, "seed": seed}
            | dict.fromkeys(names, (1 + seed / 10) * m**-power)
            for error, power in ((0.3, 1.0), (0.2, 2.0))
            for m in (10, 20, 40)
            for seed in (0, 1)
        ]
    )
    rates = tables(structure_sections(table))[RANK_RATES]
    assert rates["relative_error"].tolist() == [0.2, 0.3]
    assert [text.split()[0] for text in rates["gap"]] == ["-2.00", "-1.00"]
    assert "relative_error" not in tables(structure_sections(table[:6]))[RANK_RATES]


def test_rates_are_of_one_number_of_units():
    points = decoupled_points()
    wide = points["kind"] == "b"
    table = points.assign(kind="a", widths=points["widths"].where(~wide, "6-9-3"))
    *_, rates = tables(decoupled_sections(table)).values()
    assert rates["units"].tolist() == ["5-3", "9-3"] * 2
    assert [text.split()[0] for text in rates["error"]] == ["-1.00", "-2.00"] * 2


def test_rates_are_of_one_kind_of_point():
    *_, rates = tables(decoupled_sections(decoupled_points())).values()
    assert rates["fixed"].tolist() == ["d = 6"] * 2 + ["d/N = 0.6"] * 2
    assert "units" not in rates
    assert rates["kind"].tolist() == ["a", "b"] * 2
    assert [text.split()[0] for text in rates["error"]] == ["-1.00", "-2.00"] * 2


def test_figures_that_cannot_show_a_parameter_refuse_to_pool_it():
    class Results:
        table = staticmethod(decoupled_points)

    with pytest.raises(ValueError, match="seeds alone, got kind = a and b: run a sweep for each"):
        fig_decoupled.draw(Results())
    plt.close("all")
    table = decoupled_points()
    assert alike(table, "n_samples", "kind") is table
    words, rows = zip(*combinations(table, "n_samples"), strict=True)
    assert words == ("\nkind a", "\nkind b")
    assert [set(part["kind"]) for part in rows] == [{"a"}, {"b"}]
    ((none, same),) = combinations(table[table["kind"] == "a"], "n_samples")
    assert (none, len(same)) == ("", 6)


def test_the_activation_is_told_where_one_is_named(trainings):
    for measurement in ("dynamic_force", "trained_layer_pairs"):
        table = trainings(measurement).table()
        for section in tables(SECTIONS[measurement](table.assign(activation="tanh"))).values():
            assert set(section["activation"]) == {"tanh"}
        for section in tables(SECTIONS[measurement](table.assign(activation=None))).values():
            assert "activation" not in section


def test_titles_tell_the_activation(trainings):
    store = trainings("dynamic_force")

    class Named:
        arrays = store.arrays
        table = staticmethod(lambda: store.table().assign(activation="tanh"))

    figure = fig_stripes.draw(Named())
    assert "\ntanh\nlearning rate 0.1" in figure.axes[0].get_title()
    plt.close(figure)


def test_a_figure_that_refuses_says_so_in_one_line(monkeypatch, tmp_path):
    def draw(store):
        alike(decoupled_points(), "n_samples")

    monkeypatch.setattr(sys, "argv", ["fig_decoupled.py", str(tmp_path), str(tmp_path)])
    with pytest.raises(SystemExit, match=r"^error: figure decoupled: points must .* for each$"):
        run(draw)


@pytest.mark.parametrize(
    ("script", "measurement"),
    [(fig_output_scree, "output_rank"), (fig_rank_scree, "population_rank")],
)
def test_figures_of_single_points_refuse_several(script, measurement):
    class Results:
        @staticmethod
        def table():
            return points(measurement, {"gap": 0.5}).assign(n_hidden=6)

    with pytest.raises(ValueError, match="got draws = 1 and 2: run a sweep for each"):
        script.draw(Results())
    plt.close("all")
