"""What a measurement returns is kept to the last digit, or refused by name; nothing in between."""

import subprocess
import sys

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rmt_hessian.sweep.points import Point
from rmt_hessian.sweep.run import run_sweep
from rmt_hessian.sweep.store import Store
from rmt_hessian.sweep.table import table_of
from rmt_hessian.sweep.values import exact_value
from tests.sweep.processes import COMMAND

BIG = 2**53 + 1  # the first whole number that no float is
SCALARS = {
    "true": True,
    "false": np.False_,
    "whole": BIG,
    "largest": 2**63 - 1,
    "smallest": -(2**63),
    "int8": np.int8(-3),
    "uint64": np.uint64(BIG),
    "zero_axes": np.array(BIG),
    "float16": np.float16(0.1),
    "float32": np.float32(0.1),
    "tiny": 5e-324,
    "minus_zero": -0.0,
    "nan": float("nan"),
    "infinite": -np.inf,
}
ARRAYS = {
    "int64s": np.array([BIG, -(2**63)]),
    "uint64s": np.array([2**64 - 1, 0], np.uint64),
    "bools": np.array([[True], [False]]),
    "int8s": np.array([-128, 127], np.int8),
    "float16s": np.array([0.1], np.float16),
    "float32s": np.array([0.1, np.nan], np.float32),
    "other_order": np.array([1, 2], ">i4"),
    "none": np.zeros((0, 3), np.int16),
    "listed": [BIG, 2],
    "numbers": [1, 0.5, True],
    "unmasked": np.ma.array([1, 2], mask=False),
}
MIXED = f"""
COUNTS = [{BIG}, 0.5, True]

def all_kinds(rng):
    from tests.sweep.test_values import ARRAYS, SCALARS
    return SCALARS | ARRAYS

def count(rng, *, place: int):
    return {{"count": COUNTS[place], "flag": place == 1, "size": {BIG} + place}}

def other(rng):
    return {{"size": -{BIG}}}

def text(rng, *, size="x"):
    return {{}}
"""


def equal(a, b):
    return type(a) is type(b) and repr(a) == repr(b)  # tells -0.0 and NaN


@pytest.fixture
def sweep(tmp_path, monkeypatch):
    """A function that runs a sweep of grids, ``measurement: rest``; its folder and result."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "rmt_kinds.py").write_text(MIXED, encoding="utf-8")

    def run(grids, **settings):
        text = "root_seed = 9223372036854775807\n" + "".join(
            f'[[grid]]\nmeasurement = "rmt_kinds:{name}"\nseeds = 1\n{rest}\n'
            for name, rest in grids.items()
        )
        (tmp_path / "kinds.toml").write_text(text, encoding="utf-8")
        return Store(tmp_path / "out"), run_sweep("kinds.toml", tmp_path / "out", **settings)

    yield run
    sys.modules.pop("rmt_kinds", None)


def read(store):
    """The collected table from Parquet, and the texts of the CSV file."""
    texts = pd.read_csv(store.folder / "table.csv", dtype=str, keep_default_na=False)
    return store.table(), texts


def test_every_kind_goes_through_the_files_unchanged(sweep):
    store, result = sweep({"all_kinds": ""})
    assert not result.failed
    (key,) = result.table["key"]
    expected = {name: exact_value(value) for name, value in SCALARS.items()}
    row = store.row(key)
    assert all(equal(row[name], value) for name, value in expected.items())
    table, texts = read(store)
    for name, value in expected.items():
        assert table[name].dtype == {bool: bool, int: np.int64, float: np.float64}[type(value)]
        (cell,) = table[name]
        assert equal(type(value)(cell), value)
        text = texts[name][0]
        assert text == ("" if value != value else str(value))
    assert table["root_seed"][0] == 2**63 - 1
    arrays = store.arrays(key)
    for name, value in ARRAYS.items():
        assert arrays[name].dtype == np.asarray(value).dtype
        assert arrays[name].tobytes() == np.asarray(value).tobytes()


def test_what_other_points_lack_stays_whole(sweep):
    """A table of two measurements: no column turns into floats for the gaps."""
    store, _ = sweep({"count": "axes = { place = [2] }", "other": ""})
    table, texts = read(store)
    assert list(table["size"]) == [BIG + 2, -BIG]
    assert (table["count"][0], table["count"].dtype) == (True, "boolean")
    assert (table["place"].dtype, table["place"][0]) == ("Int64", 2)
    assert list(texts["place"]) == ["2", ""]
    assert list(texts["count"]) == ["True", ""]
    assert pq.read_table(store.folder / "table.parquet")["place"].to_pylist() == [2, None]


def test_kinds_that_differ_between_points_are_numbers_and_rounding_is_said(sweep):
    notices = []
    store, result = sweep({"count": "axes = { place = [0, 1, 2] }"}, on_notice=notices.append)
    assert not result.failed
    table, texts = read(store)
    assert list(table["count"]) == [float(BIG), 0.5, 1.0]
    assert list(table["size"]) == [BIG, BIG + 1, BIG + 2]
    assert list(table["flag"]) == [False, True, False]
    assert list(texts["size"]) == [str(BIG), str(BIG + 1), str(BIG + 2)]
    (notice,) = [line for line in notices if "rounded" in line]
    assert notice.startswith(
        "column 'count': whole numbers above 2^53 are rounded in the table (1)"
    )
    assert store.row(table["key"][0])["count"] == BIG  # the point's own file has it


def test_the_command_tells_of_rounding(sweep):
    store, _ = sweep({"count": "axes = { place = [0, 1] }"})
    command = [sys.executable, "-c", COMMAND, "collect", "out"]
    result = subprocess.run(command, cwd=store.folder.parent, capture_output=True, check=True)
    assert b"column 'count': whole numbers above 2^53 are rounded" in result.stderr


def test_text_and_numbers_by_one_name_are_refused(sweep):
    with pytest.raises(ValueError, match=r"'size' is text in .*:text and a number in .*:other"):
        sweep({"other": "", "text": 'fixed = { size = "x" }'})


NONES = {
    "none": (None, TypeError, "'x' must be real, got None"),
    "text": ("1", TypeError, "'x' must be real, got '1'"),
    "date": (np.datetime64("2025-05-02"), TypeError, "must be real"),
    "missing": (pd.NA, TypeError, "must be real"),
    "one missing": (pd.array([1, None]), TypeError, "must have no masked entries"),
    "complex": (1j, TypeError, "must be real, got 1j"),
    "complex array": (np.ones(2) * 1j, TypeError, "must be real, got array"),
    "object": (object(), TypeError, "'x' must be real, got <object object"),
    "texts": (["a", "b"], TypeError, "'x' must be real, got \\['a', 'b'\\]"),
    "records": (np.zeros(2, "i4,f8"), TypeError, "must be real"),
    "masked": (np.ma.masked, TypeError, "must have no masked entries"),
    "one masked": (np.ma.array([1, 2], mask=[0, 1]), TypeError, "must have no masked entries"),
    "over int64": (2**63, ValueError, r"'x' must lie in -2\^63 … 2\^63-1, got a number of 64 bits"),
    "under int64": (-(2**63) - 1, ValueError, "got a number of 64 bits"),
    "endless": (10**5000, ValueError, "got a number of 16610 bits"),
    "over, of NumPy": (np.uint64(2**63), ValueError, r"2\^63-1, got 9223372036854775808"),
    "large in a list": ([2**64], TypeError, r"must be real, got \[18446744073709551616\]"),
    "rounded in a list": ([0.5, BIG], ValueError, r"must not mix fractions .* got \[0\.5, 900719"),
    "rounded signs": ([2**63 + 1, -1], ValueError, "must not mix fractions"),
    "rounded of NumPy": ((np.int64(BIG), 0.5), ValueError, "must not mix fractions"),
    "rounded rows": ([np.array([BIG]), np.array([0.5])], ValueError, "must not mix fractions"),
    "ragged": ([[1], [1, 2]], ValueError, r"must be an array, got uneven rows, \[\[1\]"),
    "extended": (np.longdouble(1) / 3, TypeError, "'x' must be of at most 64 bits, got "),
    "extended array": (np.ones(2, np.longdouble), TypeError, "must be of at most 64 bits"),
}


@pytest.mark.parametrize(("value", "error", "message"), NONES.values(), ids=NONES)
def test_what_cannot_be_kept_is_refused_by_name(value, error, message, monkeypatch):
    monkeypatch.setattr("rmt_hessian.sweep.points.find", lambda name: lambda rng: {"x": value})
    with pytest.raises(error, match=message) as caught:
        Point("mine:f", {}, 0, 1).measure()
    assert str(caught.value).startswith("mine:f: 'x' must ")
    assert "\n" not in str(caught.value)


scalars = st.one_of(st.booleans(), st.integers(-(2**63), 2**63 - 1), st.floats())


@given(st.lists(st.one_of(scalars, st.none()), min_size=1))
def test_a_column_is_exact_or_says_what_is_rounded(values):
    notices = []
    rows = [{"n": 0} if value is None else {"n": 0, "x": value} for value in values]
    table = table_of(rows, notices.append)
    given_values = [value for value in values if value is not None]
    if not given_values:
        assert list(table) == ["n"]
        return
    found = [
        cell for cell, value in zip(table["x"].tolist(), values, strict=True) if value is not None
    ]
    same = [a == b or a != a for a, b in zip(found, given_values, strict=True)]
    assert all(same) or len(notices) == 1
    if all(same):
        assert not notices
    gaps = [value is None for value in values]
    nans = [value is None or value != value for value in values]
    assert table["x"].isna().tolist() in (gaps, nans)
