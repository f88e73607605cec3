"""Means over seeds are of points that are equal in all else, whatever parameter an axis varies."""

import matplotlib
import numpy as np
import pandas as pd
import pytest

matplotlib.use("Agg")

import matplotlib.pyplot as plt

from paper_figs import fig_decoupled, fig_dynamic_force, fig_stripes, fig_training_maps
from paper_figs.style import alike, combinations
from rmt_hessian.report.block_structure import (
    format_rank,
    format_summary,
    summarise,
    summarise_rank,
)
from rmt_hessian.report.decoupled import decoupled_sections
from rmt_hessian.report.groups import told_apart
from rmt_hessian.report.layer_pairs import layer_pair_sections
from rmt_hessian.report.outliers import outlier_sections
from rmt_hessian.report.structure import structure_sections
from rmt_hessian.report.trained_spectra import trained_spectra_sections
from rmt_hessian.report.training import training_sections
from rmt_hessian.sweep.run import run_sweep
from rmt_hessian.sweep.store import Store
from rmt_hessian.sweep.table import table_of

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
        if measurement not in stores:
            text = TRAININGS.replace("MEASUREMENT", measurement).replace("WIDTHS", widths)
            (folder / f"{measurement}.toml").write_text(text, encoding="utf-8")
            result = run_sweep(folder / f"{measurement}.toml", folder / measurement)
            assert result.failed == []
            stores[measurement] = Store(folder / measurement)
        return stores[measurement]

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
    both = dict(SECTIONS[measurement](table))
    assert both
    alone = [dict(SECTIONS[measurement](table[table["learning_rate"] == rate])) for rate in RATES]
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
    assert "2 seeds" in figure.get_suptitle()
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
    ("measurement", "results", "summary", "column", "text"),
    [
        ("block_norms", NORMS, summarise, "error", format_summary),
        ("block_spectra", SPECTRA, summarise, "ks_population", format_summary),
        ("output_rank", {"gap": 0.5}, summarise_rank, "gap", format_rank),
    ],
)
def test_summaries_have_a_row_a_point(measurement, results, summary, column, text):
    found = summary(points(measurement, results))
    assert found["draws"].tolist() == [1, 2]
    if measurement != "block_norms":
        assert found[column].tolist() == [results[next(iter(results))] * n for n in (1, 2)]
    assert [line.split("draws=")[1][0] for line in text(found).splitlines()[1:]] == ["1", "2"]
    words = summary(points(measurement, results, "kind", ("a", "b")))
    assert ["kind=a" in text(words), "kind=b" in text(words)] == [True, True]


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
    _, section = next(iter(sections(table.assign(layer_predicted_overlap=np.nan))))
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


def test_rates_are_of_one_kind_of_point():
    *_, (_, rates) = decoupled_sections(decoupled_points())
    assert rates["fixed"].tolist() == ["d = 6"] * 2 + ["d/N = 0.6"] * 2
    assert rates["kind"].tolist() == ["a", "b"] * 2
    assert [text.split()[0] for text in rates["error"]] == ["-1.00", "-2.00"] * 2


def test_figures_that_cannot_show_a_parameter_refuse_to_pool_it():
    class Results:
        table = staticmethod(decoupled_points)

    with pytest.raises(ValueError, match="equal in all else, got kind = a and b: run a sweep for"):
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
        for _, section in SECTIONS[measurement](table.assign(activation="tanh")):
            assert set(section["activation"]) == {"tanh"}
        for _, section in SECTIONS[measurement](table.assign(activation=None)):
            assert "activation" not in section


def test_titles_tell_the_activation(trainings):
    store = trainings("dynamic_force")

    class Named:
        arrays = store.arrays
        table = staticmethod(lambda: store.table().assign(activation="tanh"))

    figure = fig_stripes.draw(Named())
    assert "\ntanh\nlearning rate 0.1" in figure.axes[0].get_title()
    plt.close(figure)
