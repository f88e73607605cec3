"""What printed tables and figures call the layer of a point."""

import pandas as pd
import pytest

from rmt_hessian.report.cases import of_hidden_layer, with_cases


def cases(**columns):
    return with_cases(pd.DataFrame(columns))["case"].tolist()


@pytest.mark.parametrize(
    ("widths", "layer", "expected"),
    [
        ("9-3", 0, "linear-ce"),
        ("9-4-3", 0, "hidden-ce"),
        ("9-4-3", 1, "output-ce"),
        ("9-4-4-3", 0, "layer 0 of 3-ce"),
        ("9-3", -1, "linear-ce"),
        ("9-4-3", -2, "hidden-ce"),
        ("9-4-3", -1, "output-ce"),
        ("9-4-4-3", -1, "layer 2 of 3-ce"),
    ],
)
def test_a_layer_has_one_name_from_either_end(widths, layer, expected):
    assert cases(widths=[widths], layer=[layer], loss=["ce"]) == [expected]


def test_another_scale_of_weights_is_told():
    found = cases(widths=["9-3"] * 3, layer=[0] * 3, loss=["mse"] * 3, init=["he", "lecun", None])
    assert found == ["linear-mse-he", "linear-mse", "linear-mse"]


def test_rows_that_do_not_say_it_have_none():
    layers = pd.array([0, None, 0, 0], dtype="Int64")
    found = cases(widths=["9-3", "9-3", None, "9-3"], layer=layers, loss=["ce", "ce", "ce", None])
    assert found[0] == "linear-ce"
    assert pd.isna(found[1:]).all()
    table = pd.DataFrame({"widths": ["9-3"], "layer": [0]})
    assert with_cases(table) is table


def test_rows_of_the_hidden_layer():
    widths = ["9-3", "9-4-3", "9-4-3", "9-4-3", "9-4-3", "9-4-4-3"]
    table = pd.DataFrame({"widths": widths, "layer": [0, 0, 1, -1, -2, 0]})
    assert of_hidden_layer(table).index.tolist() == [1, 4]
