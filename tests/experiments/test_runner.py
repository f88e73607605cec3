"""A small sweep from file to table: interrupted, resumed, damaged and broken."""

import inspect
import json
import subprocess

import numpy as np
import pandas as pd
import pytest

from rmt_hessian.experiments import measurements
from rmt_hessian.experiments.config import load_config
from rmt_hessian.experiments.runner import run_sweep
from rmt_hessian.experiments.store import Store
from tests.experiments.small import SMALL


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


def test_provenance_names_the_commit_of_this_checkout(sweep, tmp_path):
    run_sweep(sweep, tmp_path / "out")
    (run,) = Store(tmp_path / "out").provenance()
    command = ["git", "-C", measurements.__file__.rpartition("/")[0], "rev-parse", "HEAD"]
    try:
        commit = subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        assert run["git_commit"] is None  # an archive, or no git here
    else:
        assert run["git_commit"].removesuffix("+") == commit
