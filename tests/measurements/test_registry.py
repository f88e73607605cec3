"""Measurements by name: those that are registered, and functions of a user's own module."""

import sys
from dataclasses import replace

import pytest

from rmt_hessian.measurements.registry import REGISTERED, find, measurement, version_of
from rmt_hessian.sweep.config import ConfigError, parse
from rmt_hessian.sweep.parameters import parameters_of
from rmt_hessian.sweep.points import Point
from rmt_hessian.sweep.run import run_sweep

MODULE = """
from typing import Annotated, Literal

import numpy as np
from pydantic import Field

CONSTANT = 3

def square(rng, size, power=2):
    return {"value": size**power, "draw": rng.random(), "all": [1.0, 2.0]}

def typed(rng, *, n: Annotated[int, Field(strict=True, ge=2)], kind: Literal["a", "b"] = "a"):
    return {}

def nothing(): return {}
def keyed(rng, key): return {}
def seeded(rng, *, seed=0): return {}
def by_name(*, rng, n): return {}
def by_place(rng, n, /): return {}
def several(rng, **others): return {}
def unknown(rng, n: "Nowhere"): return {}
def absent(rng, n: "np.Nothing"): return {}
def prose(rng, n: "any whole number"): return {}
def array(rng, n: np.ndarray): return {}
def fraction(rng, n): return {}
fraction.version = 1.5
def whole(rng, n: int): return {}
def any(rng, n): return {}
def divides(rng): return 1 / 0

class Rows:
    def __call__(self, rng, n): return {"rows": n}

rows = Rows()

def returns(rng, what):
    return {
        "list": [("value", 1.0)],
        "none": None,
        "number": 1.0,
        "empty": {},
        "text": {"word": "yes"},
        "a parameter": {"what": 1.0},
        "a column": {"version": 1.0},
        "a word of numpy": {"file": [1.0]},
        "no name": {1: 2.0},
    }[what]
"""


@pytest.fixture
def module(tmp_path, monkeypatch):
    """A module in the folder where the command runs; forgotten afterwards."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [p for p in sys.path if p not in ("", str(tmp_path))])
    (tmp_path / "rmt_own_measures.py").write_text(MODULE)
    yield "rmt_own_measures"
    for name in [name for name in sys.modules if name.startswith("rmt_own_")]:
        del sys.modules[name]


def sweep(name, rest=""):
    return f'root_seed = 1\n[[grid]]\nmeasurement = "{name}"\nseeds = 1\n{rest}'


def test_every_measurement_is_registered_under_its_name():
    assert {"block_norms", "block_spectra", "output_rank", "outliers", "eigenspaces"} <= set(
        REGISTERED
    )
    for name, function in REGISTERED.items():
        assert function.__name__ == name
        assert find(name) is function
        assert function.__doc__
        assert version_of(function) >= 1
        assert all(p.annotation is not p.empty for p in parameters_of(function).values())


def test_registering(monkeypatch):
    monkeypatch.setattr("rmt_hessian.measurements.registry.REGISTERED", {})

    @measurement(version=4)
    def mine(rng, *, size, depth=2):
        return {}

    assert find("mine") is mine
    assert version_of(mine) == 4
    parameters = parameters_of(mine)
    assert list(parameters) == ["size", "depth"]
    assert parameters["depth"].default == 2


def test_a_function_of_a_module_where_the_command_runs(module):
    function = find(f"{module}:square")
    assert function.__module__ == module
    assert list(parameters_of(function)) == ["size", "power"]
    assert version_of(function) == 1
    assert list(parameters_of(find(f"{module}:rows"))) == ["n"]  # any callable


def test_a_module_of_a_package(module, tmp_path):
    (tmp_path / "rmt_own_package").mkdir()
    (tmp_path / "rmt_own_package" / "inner.py").write_text("def f(rng): return {}\n")
    assert find("rmt_own_package.inner:f")(None) == {}


def test_the_installed_module_comes_first(module, tmp_path):
    """A file of the folder cannot hide one of Python's own."""
    (tmp_path / "colorsys.py").write_text("def hls_to_rgb(rng): return {}\n")
    assert list(parameters_of(find("colorsys:hls_to_rgb"))) == ["l", "s"]


UNKNOWN = {
    "norms": "must be one of block_norms, .*, or package.module:function",
    "rmt_own_measures": "must be one of",
    "rmt_own_measures:": "must be one of",
    ":square": "must be one of",
    "": "must be one of",
    "rmt_own_measures:cube": "rmt_own_measures has no function 'cube'",
    "rmt_own_measures:CONSTANT": "rmt_own_measures has no function 'CONSTANT'",
    "rmt_own_nowhere:square": "cannot import rmt_own_nowhere: ModuleNotFoundError",
    "rmt_own_raises:f": "cannot import rmt_own_raises: ZeroDivisionError: division by zero",
    "rmt_own_exits:f": "cannot import rmt_own_exits: SystemExit: 3",
    "rmt_own_syntax:f": "cannot import rmt_own_syntax: SyntaxError",
    ".rmt_own_measures:square": "cannot import .rmt_own_measures: TypeError",
}


@pytest.mark.parametrize(("name", "message"), UNKNOWN.items())
def test_a_name_that_is_none(module, tmp_path, name, message):
    (tmp_path / "rmt_own_raises.py").write_text("1 / 0\n")
    (tmp_path / "rmt_own_exits.py").write_text("import sys\nsys.exit(3)\n")
    (tmp_path / "rmt_own_syntax.py").write_text("def f(:\n")
    with pytest.raises(LookupError, match=message):
        find(name)
    with pytest.raises(ConfigError, match=f"sweep.toml: grid.0.measurement: {message}") as caught:
        parse(sweep(name), "sweep.toml")
    assert "\n" not in str(caught.value)


def test_what_has_a_default_may_be_left_out(module):
    (point,) = parse(sweep(f"{module}:square", "fixed = { size = 3 }"), "x").points()
    assert point.parameters == {"size": 3}
    assert point.measure()[0]["value"] == 9


@pytest.mark.parametrize(
    ("written", "value"), [("1", 1), ("2.5", 2.5), ("true", True), ('"x"', "x")]
)
def test_without_annotation_any_scalar_will_do(module, written, value):
    (point,) = parse(sweep(f"{module}:square", f"fixed = {{ size = {written} }}"), "x").points()
    assert point.parameters == {"size": value}


def test_the_version_of_a_function_belongs_to_the_key(module):
    point = Point(f"{module}:square", {"size": 3}, 0, 1)
    before = point.key
    find(f"{module}:square").version = 1
    assert replace(point).key == before  # as without one
    find(f"{module}:square").version = 2
    assert point.key == before  # what it is does not change while it lives
    assert replace(point).key != before


def test_a_new_version_draws_anew_unless_it_keeps_the_stream_of_an_old_one(module):
    def drawn():
        point = Point(f"{module}:square", {"size": 3}, 0, 1)
        return point.key, point.rng().random()

    function = find(f"{module}:square")
    function.version = 1
    (old, first), function.version = drawn(), 2
    new, other = drawn()
    assert new != old
    assert other != first
    function.stream = 1
    kept, again = drawn()
    assert again == first
    assert kept not in (old, new)  # other draws, other points


def returned(module, what):
    return Point(f"{module}:returns", {"what": what}, 0, 1).measure()


@pytest.mark.parametrize("what", ["list", "none", "number"])
def test_a_result_must_be_a_mapping(module, what):
    with pytest.raises(TypeError, match="rmt_own_measures:returns must return a mapping, got"):
        returned(module, what)


def test_a_result_may_be_empty(module):
    assert returned(module, "empty") == ({}, {})


TAKEN = {
    "a parameter": "'what': the name is taken by a parameter",
    "a column": "'version': the name is taken by a column of every table",
    "a word of numpy": "'file': the name is taken by numpy.savez",
    "no name": "1: a name is a text",
}


@pytest.mark.parametrize(("what", "told"), TAKEN.items())
def test_a_result_has_a_name_of_its_own(module, what, told):
    message = f"returns must not call a result {told}$"
    with pytest.raises(ValueError, match=message):
        returned(module, what)


MISFITS = [
    ("nothing", "", "rmt_own_measures:nothing must take a random generator first"),
    ("keyed", "", "must not have a parameter 'key': .* taken by a column of every table"),
    ("seeded", "", "must not have a parameter 'seed': .* taken by a column of every table"),
    ("square", "", "rmt_own_measures:square needs 'size', fixed or as an axis"),
    ("square", "size = [1], n = [2]", "'n' means nothing .*; allowed: size, power"),
    ("square", "size = [[1]]", r"size = \[1\]: must be a number, a text, true or"),
    ("square", "size = [2025-05-02]", "size = .*: must be a number, a text"),
    ("typed", "n = [1]", "n = 1: .*greater than or equal to 2"),
    ("typed", 'n = [2], kind = ["c"]', "kind = 'c': Input should be 'a' or 'b'"),
    ("fraction", "n = [1]", "version of .*:fraction must be a whole number or a text"),
    ("by_name", "n = [1]", "must take a random generator first, then parameters by name"),
    ("by_place", "n = [1]", "must take a random generator first, then parameters by name"),
    ("several", "n = [1]", "must take a random generator first, then parameters by name"),
    ("unknown", "n = [1]", "the annotation of n cannot be checked: .*Nowhere"),
    ("absent", "n = [1]", "the annotation of n cannot be checked: .*Nothing"),
    ("prose", "n = [1]", "the annotation of n cannot be checked: .*any whole number"),
    ("array", "n = [1]", "the annotation of n cannot be checked: "),
    ("whole", 'n = ["1"]', "n = '1': .*valid integer"),
    ("whole", "n = [true]", "n = True: .*valid integer"),
    ("whole", "n = [1.0]", "n = 1.0: .*valid integer"),
    ("any", 'n = [1, "a"]', "n = 'a': elsewhere it is a number"),
    ("any", "n = [true, 2.5]", "n = 2.5: elsewhere it is a truth value"),
    ("any", "n = [[1]]", r"n = \[1\]: must be a number, a text, true or false"),
    ("any", "n = [1979-05-27]", "n = .*: must be a number, a text, true or false"),
    ("any", "n = [9223372036854775808]", r"n = 9223372036854775808: must be at most 2\^53"),
    ("any", f"n = {{ start = 2, stop = 1{'0' * 30}, num = 3 }}", "less than or equal to"),
    ("any", f"n = {{ start = 2, stop = 1{'0' * 400}, num = 3 }}", "."),
]


@pytest.mark.parametrize(("function", "axes", "message"), MISFITS)
def test_a_misfit_is_one_line(module, function, axes, message):
    with pytest.raises(ConfigError, match=message) as caught:
        parse(sweep(f"{module}:{function}", f"axes = {{ {axes} }}\n"), "own.toml")
    assert "\n" not in str(caught.value)


def test_numbers_of_both_kinds_are_one_column(module, tmp_path):
    path = tmp_path / "own.toml"
    path.write_text(sweep(f"{module}:any", "axes = { n = [1, 2.5] }\n"))
    result = run_sweep(path, tmp_path / "out")
    assert list(result.table["n"]) == [1.0, 2.5]


def test_a_sweep_of_functions_of_ones_own(module, tmp_path):
    """What cannot be kept, or raises, is a failure of its point."""
    path = tmp_path / "own.toml"
    text = sweep(f"{module}:square", "axes = { size = [2, 3] }\n")
    for name, rest in (("divides", ""), ("returns", 'fixed = { what = "text" }\n')):
        text += sweep(f"{module}:{name}", rest).partition("\n")[2]
    path.write_text(text)
    result = run_sweep(path, tmp_path / "out")
    assert list(result.table["value"]) == [4, 9]
    assert result.table["draw"].is_unique
    assert set(result.table["n_arrays"]) == {1}
    assert [(point.measurement, reason) for point, reason in result.failed] == [
        (f"{module}:divides", "ZeroDivisionError: division by zero"),
        (f"{module}:returns", f"TypeError: {module}:returns: 'word' must be real, got 'yes'"),
    ]
