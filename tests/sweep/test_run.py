"""A small sweep from file to table: interrupted, resumed, damaged and broken."""

import inspect
import json
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pandas as pd
import pytest

from rmt_hessian import __version__, measurements
from rmt_hessian.measurements.registry import REGISTERED
from rmt_hessian.sweep.config import load_config, load_points
from rmt_hessian.sweep.points import Point
from rmt_hessian.sweep.provenance import runs_of
from rmt_hessian.sweep.run import run_sweep
from rmt_hessian.sweep.store import FolderInUse, Store
from rmt_hessian.sweep.workers import perform
from tests.small import SMALL

MORE = SMALL.replace("C = [2, 3]", "C = [5, 2, 3]")


def test_one_row_per_point_with_every_parameter(sweep, tmp_path):
    result = run_sweep(sweep, tmp_path / "out")
    table = result.table
    assert (result.failed, result.missing, result.stopped) == ([], [], "")
    assert len(table) == 5 * 2 * 2 + 2
    names = {"measurement", "widths", "layer", "loss", "n_samples", "n_classes", "n_inputs"}
    assert table[[*names, "seed", "root_seed", "version"]].notna().all(axis=None)
    assert list(table["key"]) == [point.key for point in load_config(sweep).points()]
    csv = pd.read_csv(tmp_path / "out" / "table.csv")
    assert list(csv["key"]) == list(table["key"])
    linear = table["widths"].isin(["6-2", "6-3"])
    assert (table["n_hidden"].isna() == linear).all()
    mse = table[linear & (table["loss"] == "mse") & (table["measurement"] == "block_norms")]
    assert (mse["ratio"] == 0).all()
    assert len(mse) == 4
    run_sweep(sweep, tmp_path / "out")
    first, second = json.loads((tmp_path / "out" / "provenance.json").read_text())["runs"]
    (machine,) = first["machines"]
    assert machine["packages"]["numpy"] == np.__version__
    assert first["started"] <= first["ended"] <= second["started"]


def test_the_table_holds_scalars_that_do_not_depend_on_the_run(sweep, tmp_path):
    """Two runs write the same bytes of table and points; what differs is in the provenance."""
    written = []
    for name in ("first", "second"):
        run_sweep(sweep, tmp_path / name)
        files = (tmp_path / name).rglob("*.*")
        kinds = {".parquet", ".csv", ".toml"}
        written.append({file.name: file.read_bytes() for file in files if file.suffix in kinds})
    assert len(written[0]) == 22 + 3
    assert written[0] == written[1]
    table = pd.read_parquet(tmp_path / "first" / "table.parquet")
    assert {np.ndim(value) for column in table for value in table[column]} == {0}
    assert not {"host", "seconds", "started"} & set(table.columns)


def stop_at(number, error):
    def stop(counts):
        if counts.done == number:
            raise error

    return stop


def test_resumed_equals_uninterrupted(sweep, tmp_path):
    expected = run_sweep(sweep, tmp_path / "whole").table
    with pytest.raises(SystemExit):
        run_sweep(sweep, tmp_path / "parts", on_progress=stop_at(7, SystemExit))
    # an empty result, as a full disk may leave, and a half-written one
    sorted((tmp_path / "parts" / "points").glob("*.parquet"))[0].write_bytes(b"")
    (tmp_path / "parts" / "points" / f".tmp-{'0' * 32}-x.parquet").write_bytes(b"PAR1")
    seen, told = [], []
    table = run_sweep(
        sweep, tmp_path / "parts", on_progress=seen.append, on_notice=told.append
    ).table
    assert seen[0].done == 6  # of seven, the broken one was not kept
    assert [counts.done for counts in seen] == list(range(6, 23))
    assert len(told) == 1
    assert told[0].startswith(f"damaged, computed again: {tmp_path}")
    pd.testing.assert_frame_equal(table, expected, check_exact=True)
    assert not list((tmp_path / "parts" / "points").glob(".tmp-*"))


def test_an_interrupt_of_the_user_is_noted(sweep, tmp_path):
    with pytest.raises(KeyboardInterrupt):
        run_sweep(sweep, tmp_path / "out", on_progress=stop_at(3, KeyboardInterrupt))
    (run,) = runs_of(tmp_path / "out")
    assert run["outcome"] == "interrupted"
    assert sum(map(len, run["seconds"].values())) == 3
    assert run_sweep(sweep, tmp_path / "out").missing == []  # the folder is free again
    assert runs_of(tmp_path / "out")[1]["outcome"] == "finished"


def test_the_order_of_points_changes_no_value(sweep, tmp_path):
    expected = run_sweep(sweep, tmp_path / "out").table
    first, second = SMALL.split("[[grid]]")[1:]
    sweep.write_text(f"root_seed = 1\n[[grid]]{second}[[grid]]{first}".replace("[2, 3]", "[3, 2]"))
    table = run_sweep(sweep, tmp_path / "turned").table
    assert list(table["key"]) != list(expected["key"])
    turned = table.set_index("key").loc[expected["key"]].reset_index()
    pd.testing.assert_frame_equal(turned[expected.columns], expected, check_exact=True)


def test_adding_a_value_changes_no_old_point(sweep, tmp_path):
    before = run_sweep(sweep, tmp_path / "out").table
    files = {path: path.stat().st_mtime_ns for path in (tmp_path / "out" / "points").iterdir()}
    sweep.write_text(MORE)
    seen = []
    after = run_sweep(sweep, tmp_path / "out", on_progress=seen.append).table
    assert seen[0].done == len(before) < len(after)
    assert len(seen) == 1 + len(after) - len(before)
    kept = after.set_index("key").loc[before["key"]].reset_index()
    pd.testing.assert_frame_equal(kept[before.columns], before, check_exact=True)
    assert {path: path.stat().st_mtime_ns for path in files} == files  # not written again


def test_overrides_are_the_sweep_file_that_is_kept(sweep, tmp_path):
    whole = run_sweep(sweep, tmp_path / "whole").table
    table = run_sweep(sweep, tmp_path / "out", overrides=["C=3", "seeds=1"]).table
    assert set(table["n_classes"]) == {3}
    assert len(table) == 5 + 1
    same = whole.set_index("key").loc[table["key"]].reset_index()
    pd.testing.assert_frame_equal(same[table.columns], table, check_exact=True)
    assert list(load_points(tmp_path / "out" / "config.toml")[0]) == list(table["key"])


def test_a_point_that_fails_is_recorded_and_the_rest_goes_on(sweep, tmp_path, monkeypatch):
    def fails(rng, **point):
        raise ZeroDivisionError("a poison point")

    fails.__signature__ = inspect.signature(REGISTERED["block_spectra"])
    vars(fails).update(vars(REGISTERED["block_spectra"]))  # its version is in the keys of points
    seen = []
    with monkeypatch.context() as patched:
        patched.setitem(REGISTERED, "block_spectra", fails)
        result = run_sweep(sweep, tmp_path / "out", on_progress=seen.append)
    assert (len(result.table), len(result.failed), result.missing) == (20, 2, [])
    assert (seen[-1].done, seen[-1].failed, seen[-1].total) == (20, 2, 22)
    for point, reason in result.failed:
        assert reason == "ZeroDivisionError: a poison point"
        text = (tmp_path / "out" / "failed" / f"{point.key}.txt").read_text()
        assert "Traceback" in text
        assert text.startswith(str(point))
    result = run_sweep(sweep, tmp_path / "out")
    assert result.failed == []
    assert len(result.table) == 22
    assert not list((tmp_path / "out" / "failed").iterdir())


def test_versions_mix_only_where_it_is_allowed(sweep, tmp_path):
    old, *_, last = load_config(sweep).points()
    store, started = Store(tmp_path / "out"), []
    with store.writing():
        store.write_point(old, *old.measure(), "0.0.1")
    with pytest.raises(ValueError, match=rf"versions 0.0.1, {__version__};.*--mix-versions"):
        run_sweep(sweep, tmp_path / "out", on_progress=started.append)
    assert not started  # refused before anything was computed
    table = run_sweep(sweep, tmp_path / "out", mix_versions=True).table
    versions = table.set_index("key")["version"]
    assert (versions[old.key], versions[last.key]) == ("0.0.1", __version__)
    points = load_points(sweep)[0]
    rows = store.state(points).rows
    with pytest.raises(ValueError, match="would mix results of versions"):
        store.collect(points, rows)
    pd.testing.assert_frame_equal(store.collect(points, rows, mix_versions=True), table)


def test_two_runs_do_not_share_a_folder(sweep, tmp_path):
    refused = []

    def again(counts):
        if not refused:
            with pytest.raises(FolderInUse, match="in use by another run") as caught:
                run_sweep(sweep, tmp_path / "out")
            refused.append(caught)

    assert len(run_sweep(sweep, tmp_path / "out", on_progress=again).table) == 22
    assert refused


def test_no_result_leaves_no_table(sweep, tmp_path):
    run_sweep(sweep, tmp_path / "out")
    for path in (tmp_path / "out" / "points").iterdir():
        path.unlink()
    points, _ = load_points(sweep)
    store = Store(tmp_path / "out")
    assert store.collect(points, store.state(points).rows).empty
    with pytest.raises(FileNotFoundError):
        store.table()
    assert not (tmp_path / "out" / "table.csv").exists()


def test_the_kept_sweep_file_can_be_run_again(sweep, tmp_path):
    table = run_sweep(sweep, tmp_path / "out").table
    again = run_sweep(tmp_path / "out" / "config.toml", tmp_path / "out").table
    pd.testing.assert_frame_equal(again, table)


def test_provenance_names_the_commit_of_this_checkout(sweep, tmp_path):
    run_sweep(sweep, tmp_path / "out")
    (run,) = runs_of(tmp_path / "out")
    command = ["git", "-C", measurements.__file__.rpartition("/")[0], "rev-parse", "HEAD"]
    try:
        commit = subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        assert run["git_commit"] is None  # an archive, or no git here
    else:
        assert run["git_commit"].removesuffix("+") == commit


DATA = """
import numpy as np

def mean(rng, data):
    values = np.load(data)
    np.save(data, values + 1)  # somebody else does, while it is measured
    return {"mean": values.mean()}
"""


def test_data_that_change_while_they_are_measured(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "rmt_own_data.py").write_text(DATA)
    np.save("d.npy", np.zeros(3))
    text = 'root_seed = 1\n[[grid]]\nmeasurement = "rmt_own_data:mean"\nseeds = 1\n'
    (tmp_path / "data.toml").write_text(text + 'fixed = { data = "d.npy" }\n')
    result = run_sweep("data.toml", "out")
    assert [reason for _, reason in result.failed] == [
        "RuntimeError: its data changed while it was measured"
    ]
    assert result.table.empty
    assert list((tmp_path / "out" / "points").iterdir()) == []


@pytest.mark.parametrize("address", ["foo", "", "tcp://127.0.0.1", "http://x:1", "slurm:1"])
def test_a_scheduler_is_an_address(sweep, tmp_path, address):
    with pytest.raises(ValueError, match=r"must be tcp://HOST:PORT or slurm, got"):
        run_sweep(sweep, tmp_path / "out", scheduler=address)
    assert not (tmp_path / "out").exists()


def test_damaged_provenance_is_set_aside(sweep, tmp_path):
    run_sweep(sweep, tmp_path / "out")
    path, told = tmp_path / "out" / "provenance.json", []
    path.write_text(path.read_text()[:100])
    run_sweep(sweep, tmp_path / "out", on_notice=told.append)
    assert len(told) == 1
    assert told[0].startswith(f"damaged, set aside: {path}")
    assert len(runs_of(tmp_path / "out")) == 1
    assert (tmp_path / "out" / "provenance.damaged").exists()


def test_a_worker_with_several_threads_measures_one_point_at_a_time(tmp_path, monkeypatch):
    """Thread limits and the working directory belong to the process."""
    at_once, most = [], []

    def measure(point):
        at_once.append(point)
        most.append(len(at_once))
        time.sleep(0.02)
        at_once.pop()
        return {"value": 1.0}, {}

    monkeypatch.setattr(Point, "measure", measure)
    points = [Point("hessian_image", {"widths": [4, 3, 2]}, seed, 1) for seed in range(6)]
    with Store(tmp_path).writing(), ThreadPoolExecutor(3) as pool:
        done = list(pool.map(lambda point: perform({point.key: point}, tmp_path), points))
    assert [list(d.seconds) for d in done] == [[point.key] for point in points]
    assert max(most) == 1
