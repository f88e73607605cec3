"""Sweep files: points, keys, streams, and one clear line for each kind of mistake."""

import pytest

from rmt_hessian.experiments.config import ConfigError, Point, load_config
from rmt_hessian.experiments.measurements import VERSION
from tests.experiments.small import SMALL


def test_key_and_stream_depend_on_root_seed_and_version(monkeypatch):
    points = [Point("block_norms", {"n_classes": 2}, 0, root_seed) for root_seed in (1, 2)]
    keys = {point.key for point in points} | {_key_at_another_version(points[0], monkeypatch)}
    assert len(keys) == 3
    assert points[0].rng().random() != points[1].rng().random()


def _key_at_another_version(point, monkeypatch):
    with monkeypatch.context() as patched:
        patched.setitem(VERSION, "block_norms", VERSION["block_norms"] + 1)
        return point.key


def test_every_point_has_its_own_stream(sweep):
    points = load_config(sweep).points()
    first = {point.rng().random() for point in points}
    assert len(first) == len(points)
    assert points[0].rng().random() == load_config(sweep).points()[0].rng().random()


def test_log_ranges_are_rounded_and_unique(sweep):
    sweep.write_text(
        SMALL.replace("n_classes = [2, 3]", "n_classes = { start = 2, stop = 1024, num = 10 }")
    )
    values = {p.parameters["n_classes"] for p in load_config(sweep).points()}
    assert values == {2**k for k in range(1, 11)}


MISTAKES = {
    "an unknown key": (
        ("root_seed = 1", "root_seed = 1\nworkers = 2"),
        "workers: unknown key; allowed: description, root_seed, grid",
    ),
    "an unknown key of a grid": (
        ("seeds = 2", "seeds = 2\nrepeat = 1"),
        "grid.0.repeat: unknown key; allowed: measurement, seeds, fixed, axes, together",
    ),
    "an unknown key of a range": (
        ("[2, 3]", "{ start = 2, stop = 4, num = 2, base = 10 }"),
        "base.*unknown key|Extra inputs",
    ),
    "a missing key": (("root_seed = 1", ""), "root_seed: Field required"),
    "seeds as text": (("seeds = 2", 'seeds = "2"'), "seeds: .*valid integer, got '2'"),
    "seeds as truth": (("seeds = 2", "seeds = true"), "seeds: .*valid integer"),
    "a misspelt case": (('"linear-mse"', '"linaer-mse"'), "case = 'linaer-mse'.*'linear-ce'"),
    "spectra of a layer with another law": (
        ('case = "hidden-mse"', 'case = "output-ce"'),
        "case = 'output-ce': Input should be 'linear-ce'",
    ),
    "C of one": (("[2, 3]", "[1]"), "n_classes = 1: .*greater than or equal to 2"),
    "a fractional C": (("[2, 3]", "[2.5]"), "n_classes = 2.5: .*valid integer"),
    "C as text": (("[2, 3]", '["2"]'), "n_classes = '2': .*valid integer"),
    "C as truth": (("[2, 3]", "[true]"), "n_classes = True: .*valid integer"),
    "an empty axis": (("[2, 3]", "[]"), "n_classes: must be a list of values or a range"),
    "an axis of one number": (("[2, 3]", "2"), "n_classes: must be a list of values or a range"),
    "a list that is fixed": (("n_inputs = 6", "n_inputs = [6]"), r"n_inputs = \[6\]: .*integer"),
    "negative d": (("n_inputs = 6", "n_inputs = -6"), "n_inputs = -6: .*greater than"),
    "an unknown measurement": (('"block_norms"', '"norms"'), "must be one of block_norms"),
    "an unknown parameter": (("n_hidden = 4", "n_hidden = 4, depth = 3"), "'depth' means nothing"),
    "a missing parameter": (("n_inputs = 6, ", ""), "needs 'n_inputs'"),
    "a parameter twice": (
        ("n_hidden = 4", "n_hidden = 4, n_classes = 3"),
        "'n_classes' may stand in one of fixed, axes and together only",
    ),
    "no seeds": (("seeds = 2", "seeds = 0"), "greater than or equal to 1"),
    "a negative seed": (("root_seed = 1", "root_seed = -1"), "greater than or equal to 0"),
    "a range from 0": (("[2, 3]", "{ start = 0, stop = 4, num = 2 }"), "start"),
    "not TOML": (("[[grid]]", "[[grid"), "not valid TOML"),
}


@pytest.mark.parametrize(("change", "message"), MISTAKES.values(), ids=MISTAKES.keys())
def test_a_wrong_file_is_one_line(sweep, change, message):
    sweep.write_text(SMALL.replace(*change, 1))
    with pytest.raises(ConfigError, match=message) as caught:
        load_config(sweep)
    assert "\n" not in str(caught.value)
    assert str(sweep) in str(caught.value)


def test_a_missing_file_is_one_line(tmp_path):
    with pytest.raises(ConfigError, match="No such file"):
        load_config(tmp_path / "none.toml")
