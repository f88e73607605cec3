"""Other values on the command line: which points they give, and one line for each mistake."""

import tomllib

import pytest

from rmt_hessian.sweep.config import ConfigError, load_config, load_points, parse
from rmt_hessian.sweep.overrides import with_overrides
from tests.small import SMALL

TOGETHER = """
description = '''two
lines'''
figures = ["norm_ratio"]
root_seed = 1
[[grid]]
measurement = "output_rank"
seeds = 1
fixed = { widths = ["d", "m", "C"], layer = 0, loss = "ce", n_samples = 8 }
axes = { C = { start = 2, stop = 4, num = 2 } }
together = { d = [5, 6], m = [8, 9] }
[[grid]]
measurement = "population_rank"
seeds = 2
fixed = { widths = [5, 9, "C"], C = 2, layer = 0, relative_error = 0.02 }
"""


def points(text, *assignments):
    return parse(with_overrides(text, assignments), "sweep.toml").points()


def values(text, name, *assignments):
    """The values of a column in the order of the points, each once."""
    found = [p.columns()[name] for p in points(text, *assignments) if name in p.columns()]
    return list(dict.fromkeys(found))


def test_the_same_values_give_the_same_points():
    """Writing the file anew loses nothing: descriptions, figures, fractions, ranges."""
    assert with_overrides(SMALL, []) is SMALL
    before = parse(TOGETHER, "sweep.toml")
    after = parse(with_overrides(TOGETHER, ["N=8"]), "sweep.toml")
    assert [p.key for p in after.points()] == [p.key for p in before.points()]
    assert (after.description, after.figures) == ("two\nlines", ["norm_ratio"])


def test_several_values_are_an_axis_and_one_is_fixed():
    assert values(SMALL, "n_classes", "C=2,4,8") == [2, 4, 8]
    assert values(SMALL, "n_classes", "C=8") == [8]  # an axis of one value
    assert values(SMALL, "n_inputs", "d=7") == [7]
    assert values(SMALL, "n_inputs", "d=7,9") == [7, 9]  # what was fixed becomes an axis
    assert len(points(SMALL, "d=7,9")) == 2 * len(points(SMALL))


def test_a_width_that_a_point_does_not_have_makes_no_point_twice():
    """Linear models have no m: two of them are two points, not two for each m."""
    before, after = points(SMALL), points(SMALL, "m=4,5")
    linear = [p for p in before if len(p.parameters["widths"]) == 2]
    assert len(after) == 2 * len(before) - len(linear)
    assert {p.key for p in linear} < {p.key for p in after}


@pytest.mark.parametrize(
    ("symbol", "name"),
    [("C", "n_classes"), ("d", "n_inputs"), ("N", "n_samples"), ("m", "n_hidden")],
)
def test_symbols_are_names_for_short(symbol, name):
    assert values(SMALL, name, f"{symbol}=5") == [5]
    assert points(SMALL, f"{symbol}=5,6") == points(SMALL, f"{name}=5,6")


def test_a_range_is_spaced_in_the_logarithm():
    assert values(SMALL, "n_classes", "C={start=2, stop=64, num=6}") == [2, 4, 8, 16, 32, 64]


def test_words_and_truth_need_no_quotes():
    text = SMALL.partition("[[grid]]")[0] + (
        '[[grid]]\nmeasurement = "eigenspaces"\nseeds = 1\n[grid.fixed]\nwidths = [4, 2, 3]\n'
        'layer = 0\nloss = "ce"\ninputs = "gaussian"\nn_samples = 9\nn_top = 2\n'
        "standardised = false\ninput_mean = 0.0\n"
    )
    assert values(text, "loss", "loss=mse") == ["mse"]
    assert values(text, "loss", 'loss="mse", ce') == ["mse", "ce"]
    assert values(text, "widths", "widths=[4, 3, 2]") == ["4-3-2"]
    assert values(text, "standardised", "standardised=true,false") == [True, False]
    assert values(text, "input_mean", "input_mean=-0.5,1e-3") == [-0.5, 1e-3]


def test_every_grid_that_has_the_parameter_is_changed_and_no_other():
    found = points(TOGETHER, "relative_error=0.5")
    assert found[:4] == points(TOGETHER)[:4]
    assert {p.parameters["relative_error"] for p in found[4:]} == {0.5}
    assert values(TOGETHER, "n_classes", "C=3") == [3]


def test_seeds_and_root_seed():
    assert {p.seed for p in points(TOGETHER, "seeds=3")} == {0, 1, 2}
    assert len(points(TOGETHER, "seeds=3")) == 3 * (2 * 2 + 1)
    few, many = points(SMALL, "seeds=1"), points(SMALL, "seeds=3")
    assert {p.key for p in few} < {p.key for p in points(SMALL)} < {p.key for p in many}
    moved = points(SMALL, "root_seed=2")
    assert {p.root_seed for p in moved} == {2}
    assert not {p.key for p in moved} & {p.key for p in points(SMALL)}


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ('"a,b", c', ["a,b", "c"]),
        ("'x=1'", ["x=1"]),
        ("'it\"s',b", ['it"s', "b"]),
        ("a b, ü", ["a b", "ü"]),
        ('"\'"', ["'"]),
    ],
)
def test_a_text_with_special_signs_is_quoted(tmp_path, monkeypatch, written, expected):
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "rmt_own_words.py").write_text("def f(rng, w): return {}\n", encoding="utf-8")
    text = 'root_seed = 1\n[[grid]]\nmeasurement = "rmt_own_words:f"\nseeds = 1\nfixed = { w = "" }'
    assert values(text, "w", f"w={written}") == expected
    for bad, sign in {"a,w=b": "=", '"a,b': '"', "it's,b": "'", "x\udcff": "\udcff"}.items():
        with pytest.raises(ConfigError, match=f"--set w: a text with {sign} must be quoted, got"):
            with_overrides(text, [f"w={bad}"])


MISTAKES = {
    "C": "--set C: must be name=value",
    "C=": "--set C=: must be name=value",
    "=2": "--set =2: must be name=value",
    "": "must be name=value",
    "depth=3": "--set depth=3: no grid has 'depth'; allowed: seeds, root_seed, widths, layer, loss",
    "c=3": "no grid has 'c'",
    "measurement=output_rank": "no grid has 'measurement'",
    "seeds=1,2": "--set seeds=1,2: seeds must be one number",
    "root_seed={start=1,stop=4,num=2}": "root_seed must be one number",
    "seeds=x": "seeds: .*valid integer, got 'x'",
    "seeds=0": "seeds: .*greater than or equal to 1, got 0",
    "root_seed=-1": "root_seed: .*greater than or equal to 0",
    "C=two": "C = 'two': .*valid integer",
    "C=2,": "C = '': .*valid integer",
    "C=2.5": "C = 2.5: .*valid integer",
    "C=[2,4]": r"C = \[2, 4\]: .*valid integer",
    "init=linear": "init = 'linear': .*'lecun'",
    "loss=ce": "--set loss=ce: loss changes together with others; edit a copy of the file",
    "n_units=3": "no grid has 'n_units'",
    "C={start=2": "not a range",
    "C={start=2,stop=0,num=2}": "stop: Input should be greater than 0",
    "C={2,3}": "not a range",
    "C=3,3": "C must hold each value once, got 3 twice",
    "C=2,C=3": "a text with = must be quoted, got C=3",
    "C={start=2,start=3,stop=4,num=2}": "not a range",
    "C=3 C=5": "--set C=5: n_classes is set already, by C=3",
    "C=3 C=3": "--set C=3: n_classes is set already, by C=3",
    "C=2,4 d=3 n_classes=5": "--set n_classes=5: n_classes is set already, by C=2,4",
    "seeds=1 d=3 seeds=2": "--set seeds=2: seeds is set already, by seeds=1",
    "root_seed=1 root_seed=1": "root_seed is set already",
}


@pytest.mark.parametrize(("assignments", "message"), MISTAKES.items())
def test_a_wrong_override_is_one_line(sweep, assignments, message):
    with pytest.raises(ConfigError, match=message) as caught:
        load_points(sweep, assignments.split(" "))
    assert "\n" not in str(caught.value)


def test_a_wrong_file_is_said_before_an_override(sweep):
    sweep.write_text("colour = 1\n" + SMALL)
    with pytest.raises(ConfigError, match="colour: unknown key"):
        load_points(sweep, ["C=2"])
    sweep.write_text(SMALL)
    points, text = load_points(sweep, ["C=2"])
    assert text != SMALL
    sweep.write_text(text)
    assert list(points) == [p.key for p in load_config(sweep).points()]


def test_a_parameter_named_like_a_symbol_is_itself(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "rmt_own_symbols.py").write_text("def f(rng, d): return {}\n")
    text = 'root_seed = 1\n[[grid]]\nmeasurement = "rmt_own_symbols:f"\nseeds = 1\nfixed = {d = 1}'
    content = tomllib.loads(with_overrides(text, ["d=4"]))
    assert content["grid"][0]["fixed"] == {"d": 4}
