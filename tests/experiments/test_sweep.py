"""A small sweep from file to table, interrupted, resumed and broken."""

import inspect
import json

import numpy as np
import pandas as pd
import pytest

from rmt_hessian.experiments import measurements
from rmt_hessian.experiments.config import ConfigError, Point, load_config
from rmt_hessian.experiments.measurements import VERSION
from rmt_hessian.experiments.report import (
    format_rank,
    format_summary,
    ratio_of_means,
    summarise,
    summarise_rank,
)
from rmt_hessian.experiments.runner import run_sweep
from rmt_hessian.experiments.store import Store

SMALL = """
root_seed = 1

[[grid]]
measurement = "block_norms"
seeds = 2
fixed = { n_inputs = 6, n_samples = 8, n_hidden = 4 }
[grid.axes]
case = ["linear-ce", "linear-mse", "hidden-ce", "hidden-mse", "output-ce"]
n_classes = [2, 3]

[[grid]]
measurement = "block_spectra"
seeds = 1
fixed = { case = "hidden-mse", n_inputs = 6, n_samples = 8, n_hidden = 4 }
[grid.axes]
n_classes = [2, 3]
"""


@pytest.fixture
def sweep(tmp_path, monkeypatch):
    """Path of a small sweep file; its predictions cost few draws."""
    quick = measurements.expected_block_norms
    monkeypatch.setattr(
        measurements, "expected_block_norms", lambda **case: quick(**case, n_draws=50)
    )
    measurements._predicted_norms.cache_clear()
    path = tmp_path / "small.toml"
    path.write_text(SMALL)
    yield path
    measurements._predicted_norms.cache_clear()


def test_one_row_per_point_with_every_parameter(sweep, tmp_path):
    table, failed = run_sweep(sweep, tmp_path / "out")
    assert failed == []
    assert len(table) == 5 * 2 * 2 + 2
    for column in ("measurement", "case", "n_classes", "n_inputs", "seed", "root_seed", "version"):
        assert table[column].notna().all()
    assert table["key"].is_unique
    csv = pd.read_csv(tmp_path / "out" / "table.csv")
    assert list(csv["key"]) == list(table["key"])
    mse = table[(table["case"] == "linear-mse") & (table["measurement"] == "block_norms")]
    assert (mse["ratio"] == 0).all()
    run_sweep(sweep, tmp_path / "out")
    first, second = json.loads((tmp_path / "out" / "provenance.json").read_text())["runs"]
    assert first["packages"]["numpy"] == np.__version__
    assert first["started"] <= first["ended"] <= second["started"]


def test_arrays_lie_beside_the_table(sweep, tmp_path):
    table, _ = run_sweep(sweep, tmp_path / "out")
    key = table[table["measurement"] == "block_spectra"]["key"].iloc[0]
    arrays = Store(tmp_path / "out").arrays(key)
    assert arrays["diagonal_eigenvalues"].shape == (6,)
    assert arrays["diagonal_conditional_curve"].shape[0] == 2


class Interrupt(Exception):
    pass


def test_resumed_equals_uninterrupted(sweep, tmp_path):
    expected, _ = run_sweep(sweep, tmp_path / "whole")

    def stop(done, total, failed):
        if done == 7:
            raise Interrupt

    with pytest.raises(Interrupt):
        run_sweep(sweep, tmp_path / "parts", stop)
    # an empty result, as a full disk may leave, and a half-written one
    sorted((tmp_path / "parts" / "points").glob("*.parquet"))[0].write_bytes(b"")
    (tmp_path / "parts" / "points" / ".tmp-1-x.parquet").write_bytes(b"PAR1")
    seen = []
    table, _ = run_sweep(sweep, tmp_path / "parts", lambda done, *_: seen.append(done))
    assert seen[0] == 6  # of seven, the broken one was not kept
    pd.testing.assert_frame_equal(table, expected, check_exact=True)
    assert not list((tmp_path / "parts" / "points").glob(".tmp-*"))


def test_adding_a_value_changes_no_old_point(sweep, tmp_path):
    before, _ = run_sweep(sweep, tmp_path / "out")
    sweep.write_text(SMALL.replace("n_classes = [2, 3]", "n_classes = [5, 2, 3]"))
    seen = []
    after, _ = run_sweep(sweep, tmp_path / "out", lambda done, *_: seen.append(done))
    assert seen[0] == len(before)
    kept = after.set_index("key").loc[before["key"]].reset_index()
    pd.testing.assert_frame_equal(kept[before.columns], before, check_exact=True)


def test_a_point_that_fails_is_recorded_and_the_rest_goes_on(sweep, tmp_path, monkeypatch):
    def fails(rng, **point):
        raise ZeroDivisionError("a poison point")

    fails.__signature__ = inspect.signature(measurements.block_spectra)
    monkeypatch.setitem(measurements.MEASUREMENTS, "block_spectra", fails)
    table, failed = run_sweep(sweep, tmp_path / "out")
    assert len(failed) == 2
    assert len(table) == 20
    for point, reason in failed:
        assert reason == "ZeroDivisionError: a poison point"
        text = (tmp_path / "out" / "failed" / f"{point.key}.txt").read_text()
        assert "Traceback" in text
    monkeypatch.setitem(measurements.MEASUREMENTS, "block_spectra", measurements.block_spectra)
    table, failed = run_sweep(sweep, tmp_path / "out")
    assert failed == []
    assert len(table) == 22
    assert not list((tmp_path / "out" / "failed").iterdir())


def test_versions_do_not_mix(sweep, tmp_path, monkeypatch):
    run_sweep(sweep, tmp_path / "out")
    sweep.write_text(SMALL.replace("n_classes = [2, 3]", "n_classes = [5, 2, 3]"))
    monkeypatch.setattr("rmt_hessian.experiments.runner.__version__", "99")
    started = []
    with pytest.raises(ValueError, match=r"versions 0\..*, 99"):
        run_sweep(sweep, tmp_path / "out", lambda *_: started.append(1))
    assert not started  # refused before anything was computed


@pytest.mark.parametrize("damage", ["missing", "truncated"])
def test_lost_arrays_are_computed_again(sweep, tmp_path, damage):
    expected, _ = run_sweep(sweep, tmp_path / "out")
    path = next((tmp_path / "out" / "points").glob("*.npz"))
    before = dict(np.load(path))
    if damage == "missing":
        path.unlink()
    else:
        path.write_bytes(path.read_bytes()[:100])
    table, _ = run_sweep(sweep, tmp_path / "out")
    pd.testing.assert_frame_equal(table, expected, check_exact=True)
    after = dict(np.load(path))
    for name, values in before.items():
        np.testing.assert_array_equal(after[name], values)


def test_no_result_leaves_no_table(sweep, tmp_path):
    run_sweep(sweep, tmp_path / "out")
    for path in (tmp_path / "out" / "points").iterdir():
        path.unlink()
    assert Store(tmp_path / "out").collect(load_config(sweep).points()).empty
    with pytest.raises(FileNotFoundError):
        Store(tmp_path / "out").table()


def test_the_kept_sweep_file_can_be_run_again(sweep, tmp_path):
    table, _ = run_sweep(sweep, tmp_path / "out")
    again, _ = run_sweep(tmp_path / "out" / "config.toml", tmp_path / "out")
    pd.testing.assert_frame_equal(again, table)


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
        "grid.0.repeat: unknown key; allowed: measurement, seeds, fixed, axes",
    ),
    "an unknown key of a range": (
        ("[2, 3]", "{ start = 2, stop = 4, num = 2, base = 10 }"),
        "base.*unknown key|Extra inputs",
    ),
    "a missing key": (("root_seed = 1", ""), "root_seed: Field required"),
    "seeds as text": (("seeds = 2", 'seeds = "2"'), "seeds: .*valid integer, got '2'"),
    "seeds as truth": (("seeds = 2", "seeds = true"), "seeds: .*valid integer"),
    "a misspelt case": (('"linear-mse"', '"linaer-mse"'), "case = 'linaer-mse'.*'linear-ce'"),
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
        "both fixed and an axis",
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


def test_standard_error_of_a_ratio_of_means(rng):
    """The delta method against 2000 repetitions of the experiment."""
    ratios, errors = [], []
    for _ in range(2000):
        diagonal = 2 + 0.2 * rng.standard_normal(30)
        frame = pd.DataFrame(
            {
                "diagonal_norm2": diagonal,
                "off_diagonal_norm2": 0.3 * diagonal + 0.1 * rng.standard_normal(30),
            }
        )
        ratio, error = ratio_of_means(frame)
        ratios.append(ratio)
        errors.append(error)
    assert np.mean(errors) == pytest.approx(np.std(ratios), rel=0.1)


def hand_made_table():
    """Two sizes of one case with known means, and spectra with known distances."""
    norms = {
        "measurement": "block_norms",
        "case": "hidden-ce",
        "n_classes": 4,
        "n_samples": 20,
        "n_hidden": 3,
        "predicted_ratio": 0.25,
        "predicted_ratio_error": 0.03,
    }
    spectra = norms | {"measurement": "block_spectra", "n_inputs": 99}
    for name, conditional, population, band in (
        ("diagonal", 0.01, 0.05, 0.06),
        ("off_diagonal", 0.02, 0.07, 0.04),
    ):
        spectra[f"{name}_ks_conditional"] = conditional
        spectra[f"{name}_ks_population"] = population
        spectra[f"{name}_ks_population_band"] = band
    return pd.DataFrame(
        [
            norms | {"n_inputs": 5, "diagonal_norm2": 1.0, "off_diagonal_norm2": 0.3},
            norms | {"n_inputs": 5, "diagonal_norm2": 3.0, "off_diagonal_norm2": 1.1},
            norms | {"n_inputs": 8, "diagonal_norm2": 1.0, "off_diagonal_norm2": 0.5},
            spectra,
        ]
    )


def test_summary_by_hand():
    first, second = summarise(hand_made_table()).to_dict("records")
    assert (first["n_inputs"], second["n_inputs"]) == (5, 8)  # sizes are not pooled
    assert first["ratio"] == pytest.approx(1.4 / 4)
    # influences (0.3 - 0.35)/2 and (1.1 - 1.05)/2: standard deviation 0.025 √2, over √2
    assert first["error"] == pytest.approx(0.025)
    assert first["z"] == pytest.approx(0.1 / np.hypot(0.025, 0.03))
    assert first["ks_conditional"] == 0.02
    assert first["ks_population"] == 0.07
    assert first["outside"] == "1/2"  # 0.07 > 0.04 + 0.02, and 0.05 < 0.06 + 0.01
    assert second["ratio"] == 0.5
    assert np.isnan(second["error"])
    text = format_summary(summarise(hand_made_table()))
    assert "hidden-ce d=5" in text
    assert "nan" not in text


def test_summary_of_spectra_alone():
    table = hand_made_table()
    (row,) = summarise(table[table["measurement"] == "block_spectra"]).to_dict("records")
    assert row["ks_conditional"] == 0.02
    assert np.isnan(row["ratio"])


def test_rank_summary_by_hand():
    base = {"measurement": "output_rank", "n_inputs": 5, "n_samples": 9, "n_hidden": 7}
    table = pd.DataFrame(
        [
            base | {"n_classes": 2, "gap": 0.1, "predicted_gap": 0.3, "overlap": 0.8},
            base | {"n_classes": 2, "gap": 0.3, "predicted_gap": 0.5, "overlap": 0.9},
            base | {"n_classes": 4, "gap": 0.6, "predicted_gap": 0.7, "overlap": 0.5},
        ]
    )
    summary = summarise_rank(table)
    assert summary["gap"].tolist() == pytest.approx([0.2, 0.6])
    assert summary["predicted_gap"].tolist() == pytest.approx([0.4, 0.7])
    assert summary["overlap"].tolist() == pytest.approx([0.85, 0.5])
    assert len(format_rank(summary).splitlines()) == 3
    assert summarise(table).empty


def test_summary_has_a_row_per_case_and_C(sweep, tmp_path):
    table, _ = run_sweep(sweep, tmp_path / "out")
    summary = summarise(table)
    assert len(summary) == 10
    text = format_summary(summary)
    assert len(text.splitlines()) == 11
    assert len({len(line) for line in text.splitlines()}) == 1  # aligned
