"""Sweep files: points, keys, streams, and one clear line for each kind of mistake."""

import os
from itertools import product
from pathlib import Path

import numpy as np
import pytest

from rmt_hessian.sweep.config import ConfigError, load_config
from rmt_hessian.sweep.points import Point
from tests.small import SMALL, sets

ROOT = Path(__file__).parents[2]
SWEEPS = ROOT / "sweeps"
TOGETHER = """
root_seed = 1
[[grid]]
measurement = "output_rank"
seeds = 2
fixed = { widths = ["d", "m", "C"], layer = 0, loss = "ce", n_samples = 8 }
axes = { C = [2, 3] }
together = { d = [5, 6, 7], m = [8, 9, 10] }
"""


def test_key_and_stream_depend_on_the_root_seed():
    points = [Point("block_norms", {"n_classes": 2}, 0, root_seed) for root_seed in (1, 2)]
    assert points[0].key != points[1].key
    assert points[0].rng().random() != points[1].rng().random()


RANK = {"n_inputs": 5, "n_samples": 8, "n_hidden": 9, "n_classes": 3}
SPACES = {"case": "hidden-ce", "inputs": "gaussian", "n_inputs": 6, "n_samples": 20, "n_hidden": 4}
SPACES |= {"n_top": 3, "n_classes": 3, "input_mean": 1.0, "standardised": True}
IMAGE = {"widths": [16, 8, 2], "n_samples": 400}
LAYER = {"widths": [5, 9, 3], "layer": 0, "loss": "ce", "n_samples": 8, "init": "lecun"}
KNOWN = [  # key and first uniform number: results of earlier versions of the package stay valid
    (Point("output_rank", RANK, 1, 20250502), "ccb82a43f7a8c02245f6", 0.8542246389460619),
    (Point("eigenspaces", SPACES, 0, 7), "70f27e7954e17389f51d", 0.013060099033423533),
    (Point("layer_spectra", LAYER, 1, 20250505), "b04c3dcb7e7e9941e138", 0.14770121261148939),
    (Point("cross_layer_norms", LAYER, 1, 20250505), "8d53881e01c15f550d0c", 0.946810930490906),
    (Point("hessian_image", IMAGE, 0, 20250502), "3813bec57cc18109688c", 0.8917175242468175),
]


@pytest.mark.parametrize(("point", "key", "first"), KNOWN)
def test_keys_and_draws_are_those_of_earlier_versions(point, key, first):
    assert point.key == key
    assert point.rng().random() == first
    turned = dict(reversed(point.parameters.items()))  # the order in the file means nothing
    assert Point(point.measurement, turned, point.seed, point.root_seed).key == key


def test_every_point_has_its_own_stream(sweep):
    points = load_config(sweep).points()
    first = {point.rng().random() for point in points}
    assert len(first) == len(points)
    assert points[0].rng().random() == load_config(sweep).points()[0].rng().random()


def test_a_range_of_fractions_has_six_digits(tmp_path):
    path = tmp_path / "errors.toml"
    text = (SWEEPS / "output_rank.toml").read_text().partition("# Fixed small d")[0]
    text = text.replace(", relative_error = 0.02", "")
    text = text.replace(
        "[2, 4, 10, 20]", "[2], relative_error = { start = 0.01, stop = 1, num = 4 }"
    )
    path.write_text(text)
    values = sorted({p.parameters["relative_error"] for p in load_config(path).points()})
    assert values == [0.01, 0.0464159, 0.215443, 1.0]  # 10^{-2}, 10^{-4/3}, 10^{-2/3}, 1


def test_lists_of_one_length_move_together(tmp_path):
    path = tmp_path / "together.toml"
    path.write_text(TOGETHER)
    names = "n_inputs", "n_hidden", "n_classes"
    assert sets(path, *names) == [
        (*pair, C) for pair, C in product([(5, 8), (6, 9), (7, 10)], (2, 3))
    ]
    points = load_config(path).points()
    assert [p.seed for p in points] == [0, 1] * 6
    assert {p.parameters["n_samples"] for p in points} == {8}
    # the key says what is measured, not how the file says it
    axes = "axes = { C = [3], d = [6], m = [9] }\n"
    path.write_text(TOGETHER.partition("axes")[0] + axes)
    assert {p.key for p in load_config(path).points()} < {p.key for p in points}


def test_a_range_moves_together_with_a_list(tmp_path):
    path = tmp_path / "together.toml"
    path.write_text(TOGETHER.replace("[5, 6, 7]", "{ start = 2, stop = 32, num = 3 }"))
    assert sets(path, "n_inputs", "n_hidden") == [(2, 8), (8, 9), (32, 10)]


def test_together_without_axes(tmp_path):
    path = tmp_path / "together.toml"
    text = TOGETHER.replace("axes = { C = [2, 3] }\n", "")
    path.write_text(text.replace("m = [8", "C = [2, 2, 3], m = [8"))
    assert sets(path, "n_classes", "n_hidden") == [(2, 8), (2, 9), (3, 10)]


WRONG_TOGETHER = {
    "[8, 9, 10] → [8, 9]": "the lists of together must have one length",
    "[5, 6, 7] → { start = 1, stop = 2, num = 3 }": "the lists of together must have one length",
    "C = [2, 3] → C = [2, 3], m = [8]": "'m' may stand in one of fixed, axes and together only",
    "n_samples = 8 → n_samples = 8, m = 8": "'m' may stand in one of fixed, axes and together only",
    "m = [8 → depth = [1, 2, 3], m = [8": "'depth' means nothing to output_rank; allowed: "
    "widths, layer, loss, n_samples, init, activation, and what widths names",
    "10] → -1]": "m = -1: .*greater than or equal to 1",
    "[8, 9, 10] → []": "m: must be a list of values or a range",
    "[8, 9, 10] → 8": "m: must be a list of values or a range",
    "{ d = [5, 6, 7], m = [8, 9, 10] } → [5]": "together: ",
    "d = [5, 6, 7],  → ": "widths names 'd', which is no parameter of the grid",
    ', loss = "ce" → ': "output_rank needs 'loss'",
    "10] → 2]": "widths\\[-1\\] must be below 2, the units of layer 0, got 2",
    '"ce" → "mse"': "loss must be 'ce', got 'mse'",
    "layer = 0 → layer = 1": "layer must be the hidden layer, 0, got ",
    "layer = 0 → layer = 2": "layer must lie in 0 … 1, got 2",
}
WRONG_VALUES = [
    ("eigenspaces", '[false, true] → ["no"]', "standardised = 'no': .*valid boolean"),
    ("eigenspaces", '[0.0, 1.0] → ["1"]', "input_mean = '1': .*valid number"),
    ("eigenspaces", "[0.0, 1.0] → [true]", "input_mean = True: .*valid number"),
    ("eigenspaces", "[0.0, 1.0] → [inf]", "input_mean = inf: .*finite"),
    ("eigenspaces", '"gaussian" → 1', "inputs = 1: .*valid string"),
    ("kronecker", '"ce", "mse"] → "ce", "mce"]', "loss = 'mce'"),
    ("output_rank", "0.02 → 0.0", "relative_error = 0.0: .*greater than 0"),
    ("output_rank", '0.02 → "0.1"', "relative_error = '0.1': .*valid number"),
    ("output_rank", "layer = 0 → layer = 0.5", "layer = 0.5: .*valid integer"),
]


def test_a_mean_may_be_written_without_a_point(tmp_path):
    path = tmp_path / "whole.toml"
    path.write_text((SWEEPS / "eigenspaces.toml").read_text().replace("[0.0, 1.0]", "[0, 1]"))
    assert {p.parameters["input_mean"] for p in load_config(path).points()} == {0, 1}


MISTAKES = {
    'root_seed = 1 → root_seed = 1\n"a\\nb" = 1': "a b: unknown key",
    "root_seed = 1 → root_seed = 9223372036854775808": "root_seed: ",
    "root_seed = 1 → root_seed = 1\nworkers = 2": "workers: unknown key; allowed: description, "
    "figures, slow, extras, root_seed, grid",
    "seeds = 2 → seeds = 2\nrepeat = 1": "grid.0.repeat: unknown key; allowed: measurement, "
    "seeds, fixed, axes, together",
    "[2, 3] → { start = 2, stop = 4, num = 2, base = 10 }": "base.*unknown key|Extra inputs",
    "root_seed = 1 → ": "root_seed: Field required",
    "root_seed = 1 → root_seed = 1\nslow = 1": "slow: .*valid boolean, got 1",
    'root_seed = 1 → root_seed = 1\nslow = "true"': "slow: .*valid boolean, got 'true'",
    'seeds = 2 → seeds = "2"': "seeds: .*valid integer, got '2'",
    "seeds = 2 → seeds = true": "seeds: .*valid integer",
    '"mse" → "mes"': "loss = 'mes'.*'ce'",
    'd = 6 → d = 6, init = "hee"': "init = 'hee'.*'lecun'",
    "layer = 0, loss → layer = 1, loss": "layer must be 0: the features of others are not white, "
    "got ",
    "layer = [0, 0, → layer = [1, 0,": "layer must lie in 0 … 0, got 1",
    "[2, 3] → [1]": "loss 'ce' needs at least 2 classes, got 1",
    "m = 4 → m = 1": "widths\\[1\\] must be at least 2, got 1",
    "[2, 3] → [2.5]": "C = 2.5: .*valid integer",
    '[2, 3] → ["2"]': "C = '2': .*valid integer",
    "[2, 3] → [true]": "C = True: .*valid integer",
    "[2, 3] → []": "C: must be a list of values or a range",
    "[2, 3] → 2": "C: must be a list of values or a range",
    "d = 6 → d = [6]": "d = \\[6\\]: .*integer",
    "d = 6 → d = -6": "d = -6: .*greater than",
    'widths = ["d", "m", "C"], d → widths = "6-4-3", d': "widths = '6-4-3': must be a list of at "
    "least two whole numbers or names of parameters",
    'widths = ["d", "m", "C"], d = 6, m = 4, layer = 0 → widths = "6-4-3", layer = 0': (
        "widths = '6-4-3': must be a list of at least two"
    ),
    '"m", "C"], d = 6, m = 4 → -4, "C"], d = 6': "widths = \\['d', -4, 'C'\\]: must be a list of "
    ".*, got -4",
    '[["d", "C"], ["d", "C"] → [["d"], ["d", "C"]': "widths = \\['d'\\]: must be a list of at "
    "least two",
    '[["d", "C"], ["d", "C"] → [["d", "loss"], ["d", "C"]': "widths = \\[6, 'ce'\\]: .*valid "
    "integer",
    '[["d", "C"], ["d", "C"] → [["d", ["C"]], ["d", "C"]': "widths = \\['d', \\['C'\\]\\]: must be "
    "a list of .*, got \\['C'\\]",
    '[["d", "C"], ["d", "C"] → [["d", "c"], ["d", "C"]': "widths names 'c', which is no "
    "parameter of the grid",
    '"block_norms" → "norms"': "must be one of block_norms",
    "m = 4 → m = 4, depth = 3": "'depth' means nothing",
    ", n_samples = 8 → ": "needs 'n_samples'",
    "d = 6,  → ": "widths names 'd', which is no parameter of the grid",
    "m = 4 → m = 4, C = 3": "'C' may stand in one of fixed, axes and together only",
    "seeds = 2 → seeds = 0": "greater than or equal to 1",
    "root_seed = 1 → root_seed = -1": "greater than or equal to 0",
    "[2, 3] → { start = 0, stop = 4, num = 2 }": "start",
    'root_seed = 1 → root_seed = 1\nfigures = "norm_ratio"': "figures: .*valid list, got "
    "'norm_ratio'",
    "root_seed = 1 → root_seed = 1\nfigures = [1]": "figures.0: .*valid string, got 1",
    "root_seed = 1 → root_seed = 1\nroot_seed = 2": "not valid TOML",
    "[[grid]] → [grid]": "not valid TOML",
    "root_seed = 1 → rootseed = 1": "rootseed: unknown key; allowed: .*root_seed",
    "[grid.together]\nwidths = → axes = [1]\n[grid.fixed]\nwidths =": "not valid TOML",
    "[2, 3] → { start = 2, num = 2 }": "stop: Field required",
    '[2, 3] → { start = "2", stop = 4, num = 2 }': "start.*valid integer, got '2'",
    "[2, 3] → { start = 2, stop = 4, num = 0 }": "num: .*equal to 1",
    "d = 6 → d = 2025-05-02": "d = .*valid integer",
    "d = 6 → d = { a = 1 }": "d = .*valid integer",
    "d = 6 → d = inf": "d = inf: .*valid integer",
    '"block_norms" → ":norms"': "must be one of block_norms",
    '"block_norms" → "no_such_module:norms"': "measurement: cannot import no_such_module: "
    "ModuleNotFoundError",
    '"block_norms" → "math:norms"': "math has no function 'norms'",
    "[[grid]] → [[grid": "not valid TOML",
}
WRONG = [(SMALL, *wrong) for wrong in MISTAKES.items()]
WRONG += [(TOGETHER, *wrong) for wrong in WRONG_TOGETHER.items()]
WRONG += [((SWEEPS / f"{name}.toml").read_text(), *wrong) for name, *wrong in WRONG_VALUES]


@pytest.mark.parametrize(("text", "change", "message"), WRONG, ids=[w for _, w, _ in WRONG])
def test_a_wrong_file_is_one_line(tmp_path, text, change, message):
    path, (old, new) = tmp_path / "wrong.toml", change.split(" → ")
    assert old in text
    path.write_text(text.replace(old, new, 1))
    with pytest.raises(ConfigError, match=message) as caught:
        load_config(path)
    assert "\n" not in str(caught.value)
    assert str(caught.value).startswith(f"{path}: ")


OWN = """
root_seed = 1
[[grid]]
measurement = "eigenspaces"
seeds = 1
fixed = { widths = [4, 3], layer = 0, loss = "ce", n_samples = 10, n_top = 3, inputs = "own.npy" }
axes = { input_mean = [0.0], standardised = [false] }
"""


def test_points_belong_to_the_content_of_a_data_file(tmp_path, monkeypatch):
    """Another array of the same name makes other points; a missing one is said at once."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "own.toml").write_text(OWN)
    with pytest.raises(ConfigError, match=r"inputs = 'own.npy': no such file"):
        load_config("own.toml")
    keys = []
    for value in (1.0, 2.0, 1.0):
        np.save("own.npy", np.full((20, 4), value))
        os.utime("own.npy", ns=(len(keys), len(keys)))
        keys.append(load_config("own.toml").points()[0].key)
    assert keys[0] != keys[1]
    assert keys[0] == keys[2]


def test_a_byte_order_mark_changes_nothing(tmp_path):
    """Editors on Windows write one."""
    path = tmp_path / "marked.toml"
    path.write_bytes(b"\xef\xbb\xbf" + SMALL.replace("\n", "\r\n").encode())
    (tmp_path / "plain.toml").write_text(SMALL, encoding="utf-8")
    assert load_config(path).points() == load_config(tmp_path / "plain.toml").points()


NOTED = f"# a sweep\n\ndescription = 'carré'\n{SMALL}"
UNREADABLE = {
    NOTED.encode("utf-16"): "must be UTF-8, got byte 0xff in line 1$",
    NOTED.encode("utf-16-le"): "must be UTF-8, got byte 0xe9 in line 3$",
    NOTED.encode("latin-1"): "must be UTF-8, got byte 0xe9 in line 3$",
    SMALL.encode("utf-16-le"): "must be UTF-8, got a null byte, as in UTF-16",
    SMALL.encode("utf-32-be"): "must be UTF-8, got a null byte, as in UTF-16",
    b"\x80": "must be UTF-8, got byte 0x80 in line 1",
    b"": "root_seed: Field required",
}


@pytest.mark.parametrize(("content", "message"), UNREADABLE.items(), ids=range(len(UNREADABLE)))
def test_what_cannot_be_read_is_one_line(tmp_path, content, message):
    path = tmp_path / "foreign.toml"
    path.write_bytes(content)
    with pytest.raises(ConfigError, match=rf"foreign\.toml: {message}") as caught:
        load_config(path)
    assert "\n" not in str(caught.value)


def test_a_file_that_is_none_is_one_line(tmp_path):
    for path, message in ((tmp_path / "none.toml", "No such file"), (tmp_path, "Is a directory")):
        with pytest.raises(ConfigError, match=message):
            load_config(path)


OWN_AXES = """
root_seed = 1
[[grid]]
measurement = "rmt_own_axes:f"
seeds = 1
"""
TWICE = {
    "axes = { a = [3, 3] }": "a must hold each value once, got 3 twice",
    "axes = { a = [1, 2, 1.0] }": "a must hold each value once, got 1 twice",
    "axes = { a = [nan, 1.0, nan] }": "a must hold each value once, got 'nan' twice",
    "axes = { a = [0.0, -0.0] }": "a must hold each value once, got 0.0 twice",
    'axes = { a = ["x", "y", "x"] }': "a must hold each value once, got 'x' twice",
    "axes = { a = [true, true] }": "a must hold each value once, got True twice",
    "together = { a = [1, 2, 1], b = [5, 5, 5] }": r"each combination once, got \(1, 5\) twice",
    "axes = { a = [1], a = [2] }": "not valid TOML",
    "axes = { a = [1] }\nfixed = { a = 2 }": "'a' may stand in one of fixed, axes and toge",
    "axes = { a = [1] }\ntogether = { a = [2] }": "'a' may stand in one of fixed, axes and toge",
    "seeds = 2": "not valid TOML",
}


@pytest.fixture
def own_axes(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "rmt_own_axes.py").write_text("def f(rng, a=0, b=0): return {}\n", encoding="utf-8")
    return tmp_path / "twice.toml"


@pytest.mark.parametrize(("axes", "message"), TWICE.items())
def test_nothing_stands_twice(own_axes, axes, message):
    """It would be one point, or one of two values, without a word."""
    own_axes.write_text(f"{OWN_AXES}{axes}\n", encoding="utf-8")
    with pytest.raises(ConfigError, match=rf"twice\.toml: .*{message}") as caught:
        load_config(own_axes)
    assert "\n" not in str(caught.value)


def test_a_value_may_come_again_beside_others(own_axes):
    for axes in ("together = { a = [1, 1], b = [2, 3] }", "axes = { a = [1, 2], b = [1, 2] }"):
        own_axes.write_text(f"{OWN_AXES}{axes}\n", encoding="utf-8")
        assert len(load_config(own_axes).points()) == (2 if "together" in axes else 4)


def test_one_point_has_one_key_however_it_is_written(tmp_path):
    """Defaults count, and layers from the end."""
    path, keys = tmp_path / "written.toml", set()
    for text in (
        'widths = ["d", "m", "C"], d = 5, m = 8, C = 3, layer = 1',
        'widths = [5, "m", "m"], m = 8, layer = -1',
        "widths = [5, 8, 3], layer = -1",
        'widths = [5, 8, 3], layer = 1, init = "lecun"',
    ):
        path.write_text(TOGETHER.partition("fixed")[0].replace("output_rank", "block_norms"))
        with path.open("a", encoding="utf-8") as file:
            file.write(f'fixed = {{ {text}, loss = "ce", n_samples = 8 }}\n')
        points = load_config(path).points()
        wanted = {"widths": [5, 8, 3 if "3" in text else 8], "layer": 1, "loss": "ce"}
        assert [p.parameters for p in points] == [wanted | {"n_samples": 8, "init": "lecun"}] * 2
        keys |= {p.key for p in points if "3" in text}
    assert len(keys) == 2  # of two seeds
