"""A section as text: 100 columns, every column explained, nothing empty, nothing lost."""

import re

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rmt_hessian.report.layout import WIDTH, format_section
from rmt_hessian.report.parameters import OTHER
from rmt_hessian.report.section import Section
from tests.sections import explained, has_values

GAP = {"gap": "λ_C/λ_{C-1}"}


def lines(title, table, columns):
    return format_section(Section(title, pd.DataFrame(table), columns)).splitlines()


def test_a_small_table_by_hand():
    table = {"loss": ["ce", "mse"], "rate": [0.1, 2.0], "gap": [1 / 3, np.nan], "old": [None, "–"]}
    assert lines("Gaps.", table, GAP | {"old": "nothing"}) == [
        "Gaps.",
        "  loss  rate     gap",
        "  ce     0.1  0.3333",
        "  mse      2       –",
        "  loss  ce: softmax cross-entropy; mse: squared error",
        f"  rate  {OTHER}",
        "  gap   λ_C/λ_{C-1}",
    ]


def test_what_is_the_same_in_all_rows_is_told_in_the_title():
    table = {"loss": ["ce", "ce"], "m": [3, 4], "gap": [1.0, 1.0]}
    first, *rest = lines("Gaps.", table, GAP)
    assert first == "Gaps. In all rows: loss = ce."
    assert [line.split() for line in rest[:3]] == [["m", "gap"], ["3", "1"], ["4", "1"]]
    assert any(line.startswith("  loss  ") for line in rest[3:])


def test_a_heading_is_broken_where_its_column_is_narrow():
    table = {"n": [1, 2], "predicted_output_gap": [0.5, 0.25]}
    assert lines("", table, {"predicted_output_gap": "of theory"})[1:4] == [
        "     predicted_",
        "  n  output_gap",
        "  1         0.5",
    ]


def test_a_wide_table_goes_on_below_with_its_parameters():
    names = [f"measured_quantity_{k}" for k in range(12)]
    table = {"n": [1, 2]} | {name: ["0.123456 → 0.234567"] * 2 for name in names}
    text = lines("Wide.", table, {name: f"quantity {name[-2:]}" for name in names})
    headings = [line for line in text if re.match("  n  ", line)]
    assert len(headings) == 3 + 1  # four columns of 21 fit beside n; and the legend
    found = [line.count("→") for line in text if "→" in line]
    assert found == [4, 4] * 3


def test_rows_are_numbered_where_parameters_are_wide():
    table = {f"parameter_{k}": ["a" * 20, "b" * 20] for k in range(5)}
    table |= {f"result_{k}": [1.0, 2.0] for k in range(3)}
    text = lines("Wide.", table, {f"result_{k}": "of it" for k in range(3)})
    rows = [line.split() for line in text if re.match(r"  [12] ", line)]
    assert ["1", *["a" * 20] * 4] in rows
    assert ["2", "b" * 20] in rows
    assert ["2", "2", "2", "2"] in rows
    assert "row of the table of parameters" in "\n".join(text)


def test_rows_without_a_value_in_a_part_of_the_table_are_left_out():
    wide = {f"first_{k}": ["0.1234567 → 0.23456789"] * 3 for k in range(4)}
    table = {"n": [1, 2, 3]} | wide | {"last": [None, 0.5, None]}
    text = lines("", table, dict.fromkeys([*wide, "last"], "x"))
    start = next(i for i, line in enumerate(text) if line.split() == ["n", "last"])
    assert [line.split() for line in text[start + 1 : start + 2]] == [["2", "0.5"]]
    assert text[start + 2].startswith("  n ")  # the legend


def test_a_long_text_goes_on_below():
    text = lines("", {"word": ["x" * 80, "y"], "gap": [1.0, 2.0]}, GAP)
    assert sum(line.count("x") for line in text[:5]) == 80
    assert max(map(len, text)) <= WIDTH


def test_columns_of_one_meaning_share_a_line():
    text = lines("", {"n": [1, 2], "a": [1, 2], "b": [1, 2]}, {"a": "same", "b": "same"})
    assert text[-1] == "  a, b  same"


def test_numbers_keep_the_digits_that_tell_parameters_apart():
    text = "\n".join(lines("", {"rate": [0.1234567, 0.1234568], "gap": [1e-9, 131072.0]}, GAP))
    assert "0.1234567 " in text
    assert "0.1234568 " in text
    assert "1e-09" in text
    assert "131072" in "\n".join(lines("", {"C": [131072.0, np.nan], "gap": [1, 2]}, GAP))


NAMES = st.text("ab_", min_size=1, max_size=70).filter(lambda name: name.strip("_"))
CELLS = st.one_of(
    st.none(), st.integers(), st.floats(allow_nan=True), st.booleans(), st.text("xy ", max_size=90)
)


@given(
    parameters=st.lists(NAMES, max_size=8, unique=True),
    results=st.lists(NAMES, min_size=1, max_size=12, unique=True),
    data=st.data(),
)
def test_no_table_is_wider_than_a_terminal(parameters, results, data):
    """And whatever has a value is explained."""
    names = list(dict.fromkeys([*parameters, *results]))
    n_rows = data.draw(st.integers(1, 3))
    cells = st.lists(CELLS, min_size=n_rows, max_size=n_rows)
    table = pd.DataFrame({name: pd.Series(data.draw(cells), dtype=object) for name in names})
    section = Section("A title.", table, {name: f"of {name[:9]}" for name in results})
    text = format_section(section)
    assert max(map(len, text.splitlines())) <= WIDTH
    if any(has_values(table[name]) for name in names):
        assert explained(text, section) >= {n for n in names if has_values(table[n])}


@pytest.mark.parametrize("table", [{"gap": [0.5]}, {"n": [1], "gap": [0.5]}])
def test_a_single_row(table):
    text = lines("One.", table, GAP)
    assert ["0.5"] in [line.split() for line in text]
