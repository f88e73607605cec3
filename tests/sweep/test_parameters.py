"""How sweep files write ensembles: what a measurement is given, and what the table shows."""

import pandas as pd
import pytest

from rmt_hessian.report.block_structure import summarise
from rmt_hessian.report.cases import with_cases
from rmt_hessian.sweep.config import ConfigError, parse
from rmt_hessian.sweep.overrides import with_overrides
from rmt_hessian.sweep.parameters import columns, with_sizes

MODULE = """
from __future__ import annotations

from typing import Annotated

import rmt_hessian as rh


def small(ens):
    if ens.n_units > 9:
        raise ValueError(f"n_units must be at most 9, got {ens.n_units}")


def seen(rng, *, case: Annotated[rh.Ensemble, small], power: int = 1):
    return {"units": case.n_units**power, "layers": case.n_layers, "gain": float(case.init == "he")}


def active(rng, *, ens: rh.Ensemble): return {"is_tanh": ens.activation == "tanh"}
def plain(rng, *, widths: list[int]): return {"total": sum(widths)}
def two(rng, *, ens: rh.Ensemble, other: rh.Ensemble): return {}
def twice(rng, *, ens: rh.Ensemble, layer: int = 0): return {}
def words(rng, *, widths: str, layer: int, loss: str): return {"length": len(widths)}
def named(rng, *, ens: rh.Ensemble, n_classes: int): return {"n_inputs": n_classes}
def free(rng, *, n_hidden: str, layer: int, loss: str): return {}
def shadow(rng, *, ens: rh.Ensemble): return {"n_classes": 1}
def echo(rng, *, ens: rh.Ensemble): return {"activation": 1}
"""


@pytest.fixture
def module(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "rmt_own_ensembles.py").write_text(MODULE, encoding="utf-8")


def grid(function, rest):
    head = f'root_seed = 1\n[[grid]]\nmeasurement = "rmt_own_ensembles:{function}"\nseeds = 1\n'
    return head + rest


def points(function, rest):
    return parse(grid(function, rest), "sweep.toml").points()


DESCRIBED = 'fixed = { widths = ["d", 4, "C"], d = 5, C = 3, layer = -1, loss = "ce", n_samples = 8'


def test_a_measurement_is_given_an_ensemble_under_its_own_name(module):
    """Whatever its name, and although annotations are text there."""
    (point,) = points("seen", DESCRIBED + ', init = "he", power = 2 }')
    assert point.measure()[0] == {"units": 9, "layers": 2, "gain": 1.0}
    row = {"widths": "5-4-3", "layer": 1, "n_inputs": 5, "n_hidden": 4, "n_classes": 3}
    assert row.items() <= point.columns().items()
    assert "d" not in point.columns()
    (point,) = points("seen", DESCRIBED + " }")
    assert point.columns()["init"] == "lecun"


def test_points_name_an_activation(module):
    """ReLU is the default, and no part of a point: keys of older results stay."""
    plain, relu, tanh = (
        points("active", DESCRIBED + more + " }")[0]
        for more in ("", ', activation = "relu"', ', activation = "tanh"')
    )
    assert plain.key == relu.key != tanh.key
    assert "activation" not in plain.parameters
    assert plain.columns()["activation"] == relu.columns()["activation"] == "relu"
    assert tanh.columns()["activation"] == "tanh"
    assert [p.measure()[0] for p in (plain, tanh)] == [{"is_tanh": False}, {"is_tanh": True}]
    case = with_cases(pd.DataFrame([p.columns() for p in (plain, tanh)]))["case"]
    assert case.tolist() == ["output-ce", "output-ce-tanh"]
    with pytest.raises(ConfigError, match="activation = 'swish': "):
        points("active", DESCRIBED + ', activation = "swish" }')


def test_measurements_of_relu_refuse_other_hidden_layers():
    rest = 'widths = [4, 5, 3], layer = 0, loss = "ce", n_samples = 9, activation = "tanh"'
    of_spaces = ', inputs = "gaussian", input_mean = 0.0, standardised = false, n_top = 2'
    others = {"block_norms": "", "kronecker_form": ", n_top = 2", "eigenspaces": of_spaces}
    for name, more in others.items():
        text = f'root_seed = 1\n[[grid]]\nmeasurement = "{name}"\nseeds = 1\n'
        text += f"fixed = {{ {rest}{more} }}"
        with pytest.raises(ConfigError, match="activation must be 'relu': theory does not cover"):
            parse(text, "sweep.toml").points()


def test_widths_may_stand_alone(module):
    (point,) = points("plain", 'fixed = { widths = ["d", "m", "m", 3], d = 5, m = 4 }')
    assert point.measure()[0] == {"total": 16}


WRONG = {
    ("two", DESCRIBED + " }"): "must take one description, got ens and other",
    ("twice", DESCRIBED + " }"): "must not have a parameter 'layer' beside an Ensemble",
    ("seen", DESCRIBED.replace("C = 3", "C = 10") + " }"): "n_units must be at most 9, got 10",
    ("seen", DESCRIBED.replace('loss = "ce"', 'loss = "hinge"') + " }"): "loss = 'hinge': ",
    ("seen", "fixed = { d = 5 }"): "needs 'widths', fixed or as an axis",
    ("seen", DESCRIBED.replace("C = 3", "c = 3") + " }"): "widths names 'C', which is no parameter",
    ("seen", DESCRIBED + ", m = 3 }"): "'m' means nothing to rmt_own_ensembles:seen; allowed: ",
    ("plain", "fixed = { widths = [5] }"): r"widths = \[5\]: must be a list of at least two",
    ("plain", "fixed = { widths = [5, true] }"): "whole numbers or names of parameters, got True",
}


@pytest.mark.parametrize(("wrong", "message"), WRONG.items())
def test_a_mistake_is_one_line(module, wrong, message):
    with pytest.raises(ConfigError, match=message) as caught:
        points(*wrong)
    assert "\n" not in str(caught.value)


def test_a_result_may_not_take_the_name_of_a_column(module):
    (point,) = points("shadow", DESCRIBED + " }")
    told = "must not call a result 'n_classes': the name is taken by a column of the table$"
    with pytest.raises(ValueError, match=told):
        point.measure()
    (point,) = points("echo", DESCRIBED + " }")  # a parameter, though left at its default
    with pytest.raises(ValueError, match=r"result 'activation': the name is taken by a parameter$"):
        point.measure()
    (point,) = points("named", DESCRIBED.replace("C = 3", "C = 3, n_classes = 7") + " }")
    assert point.columns()["n_classes"] == 7  # a parameter of its own
    with pytest.raises(ValueError, match="must not call a result 'n_inputs'"):
        point.measure()


def test_lists_on_the_command_line_drop_the_names_that_they_make_idle(module):
    rest = DESCRIBED.replace("C = 3, ", "") + " }\naxes = { C = [2, 3] }"
    text = grid("seen", rest)
    for written, expected in (
        ("[30, 5, 3]", [[30, 5, 3]]),
        ('["d", 2], [7, "C"]', [[5, 2], [7, 2], [7, 3]]),
        ('["d","d","C"]', [[5, 5, 2], [5, 5, 3]]),
    ):
        found = parse(with_overrides(text, [f"widths={written}"]), "sweep.toml").points()
        assert [p.parameters["widths"] for p in found] == expected
    both = with_overrides(text, ["C=4", "widths=[30, 5, 3]"])
    assert len(parse(both, "sweep.toml").points()) == 1


def test_widths_as_text_are_what_a_function_makes_of_them(module):
    (point,) = points("words", 'fixed = { widths = "wide", layer = -1, loss = "ce" }')
    assert point.columns()["widths"] == "wide"
    assert point.columns()["layer"] == -1
    assert with_cases(pd.DataFrame([point.columns()]))["case"].tolist() == [None]
    assert list(summarise(pd.DataFrame([point.columns()]))) == []


def test_a_column_of_widths_is_a_number_in_every_grid(module):
    """Said before anything is computed."""
    own = grid("named", DESCRIBED.replace("C = 3", "C = 3, n_classes = 7") + " }\n")
    text = own + own.partition("\n")[2].replace("n_classes = 7", 'n_classes = "seven"')
    with pytest.raises(ConfigError, match=r"n_classes = 'seven': .*valid integer"):
        parse(text, "sweep.toml")
    words = grid("words", 'fixed = { widths = "wide", layer = 0, loss = "ce" }\n')
    other = words.partition("\n")[2].replace("words", "free").replace("widths", "n_hidden")
    with pytest.raises(ConfigError, match="n_hidden = 'wide': elsewhere it is a number"):
        parse(grid("seen", DESCRIBED + " }\n") + other, "sweep.toml")
    both = words + grid("seen", DESCRIBED + " }\n").partition("\n")[2]
    assert len(parse(both, "sweep.toml").points()) == 2


def test_without_widths_nothing_is_changed():
    values = {"n": 1, "layer": -1}
    assert with_sizes(values, {"n"}) is values
    assert columns(values) is values
    assert columns({"widths": "wide"}) == {"widths": "wide"}


def test_the_widths_of_hidden_layers_have_a_column_if_they_are_one():
    assert columns({"widths": [5, 3]}) == {"widths": "5-3", "n_inputs": 5, "n_classes": 3}
    assert columns({"widths": [5, 4, 4, 3]})["n_hidden"] == 4
    assert "n_hidden" not in columns({"widths": [5, 4, 6, 3]})
