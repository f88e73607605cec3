"""A measurement of a user, which has no section of its own."""

import numpy as np
import pandas as pd
import pytest

import rmt_hessian.measurements  # noqa: F401 (registers them)
from rmt_hessian.measurements.registry import REGISTERED
from rmt_hessian.report import SECTIONS, sections_of
from rmt_hessian.report.layout import format_section
from rmt_hessian.report.own import ARRAYS, COUNT, MEAN, own_sections
from rmt_hessian.sweep.run import run_sweep
from rmt_hessian.sweep.store import Store
from rmt_hessian.sweep.table import table_of

POINTS = """
import numpy as np

def ratios(rng, *, n_classes, word):
    return {"ratio": n_classes + rng.standard_normal(), "large": bool(n_classes > 2),
            "known": np.nan if n_classes == 2 else 1.5, "values": rng.standard_normal(3)}
"""
SWEEP = """
root_seed = 1
[[grid]]
measurement = "own_ratios:ratios"
seeds = 3
fixed = { word = "a" }
axes = { n_classes = [2, 10] }
"""


def test_means_and_errors_over_seeds_beside_parameters(tmp_path, monkeypatch):
    """Of a sweep, from its file to the text."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "own_ratios.py").write_text(POINTS, encoding="utf-8")
    (tmp_path / "own.toml").write_text(SWEEP, encoding="utf-8")
    assert run_sweep(tmp_path / "own.toml", tmp_path / "out").failed == []
    table = Store(tmp_path / "out").table()
    (section,) = sections_of(table)
    assert section.title == "own_ratios:ratios: its results, over seeds."
    first, second = section.table.to_dict("records")
    assert (first["n_classes"], first["word"], first["seeds"], first["arrays"]) == (2, "a", 3, 1)
    ratios = table.loc[table["n_classes"] == 2, "ratio"]
    mean, error = ratios.mean(), ratios.std() / np.sqrt(3)
    assert first["ratio"] == f"{mean:.4g} ± {error:.2g}"
    assert (first["large"], second["large"]) == ("0/3", "3/3")
    assert [value for value in section.table["known"] if pd.notna(value)] == ["1.5"]
    expected = {"ratio": MEAN, "large": COUNT, "known": MEAN, "arrays": ARRAYS}
    assert expected.items() <= section.columns.items()
    text = format_section(section)
    assert text.startswith("own_ratios:ratios: its results, over seeds. In all rows: word = a.\n")
    assert max(map(len, text.splitlines())) <= 100


def rows(**results):
    """Two points of one setting."""
    point = {"measurement": "mine:f", "seed": 0, "root_seed": 1, "version": "1", "key": "k"}
    point |= {"n_arrays": 0}
    return table_of(
        [point | {"seed": seed} | {n: v[seed] for n, v in results.items()} for seed in (0, 1)]
    )


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ((1.0, 3.0), "2 ± 1"),
        ((2.0, 2.0), "2"),
        ((2.0, np.nan), "2 (1)"),
        ((3, 4), "3.5 ± 0.5"),
        ((3, None), "3 (1)"),
        ((True, False), "1/2"),
        ((True, None), "1/1"),
        ((np.inf, 1.0), "inf"),
    ],
)
def test_a_result_by_hand(values, told):
    (section,) = own_sections(rows(result=values))
    assert section.table["result"].tolist() == [told]
    assert "arrays" not in section.table


def test_points_that_return_arrays_alone():
    (section,) = own_sections(rows().assign(n_arrays=2))
    text = format_section(section)
    assert "Store(folder).arrays(key)" in text
    assert section.table.to_dict("records") == [{"seeds": 2, "arrays": 2}]


def test_sizes_are_parameters_where_no_widths_say_them():
    sizes = pd.DataFrame({"n_classes": [2, 3]})
    (section,) = own_sections(pd.concat([sizes, rows(gap=(1.0, 2.0))], axis=1))
    assert section.table["n_classes"].tolist() == [2, 3]
    described = pd.concat([sizes.assign(widths=["5-2", "5-3"]), rows(gap=(1.0, 2.0))], axis=1)
    (section,) = own_sections(described)
    assert section.parameters == ["widths"]


def test_measurements_of_this_package_have_sections_of_their_own():
    """But for a picture, whose numbers are told as those of any measurement."""
    known = [name for names in SECTIONS.values() for name in names]
    assert len(known) == len(set(known))
    assert set(known) == set(REGISTERED) - {"hessian_image"}
