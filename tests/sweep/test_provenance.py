"""What a run keeps about itself: versions, machines, times, and how it ended."""

import json
from datetime import datetime

import pytest

import rmt_hessian
from rmt_hessian.sweep import provenance as module
from rmt_hessian.sweep.points import Point
from rmt_hessian.sweep.provenance import (
    Provenance,
    describe_machine,
    expected_seconds,
    kernels,
    runs_of,
)
from rmt_hessian.sweep.store import DamagedResult
from rmt_hessian.sweep.workers import Done

POINTS = {
    "k1": Point("block_norms", {"n": 2}, 0, 1),
    "k2": Point("block_norms", {"n": 2}, 1, 1),
    "k3": Point("output_rank", {"n": 4}, 0, 1),
}
SETTINGS = {key: point.setting for key, point in POINTS.items()}


def machine(architecture="Haswell", packages=(), **facts):
    """A machine as `describe_machine` says it."""
    pool = {"internal_api": "openblas", "num_threads": 1, "architecture": architecture}
    versions = {"numpy": "2.4", "scipy": "1.17", "numba": "0.68", "pandas": "3.1"} | dict(packages)
    machine = {"host": "here", "processor": "x86_64", "packages": versions, "threadpools": [pool]}
    return machine | facts


def test_an_entry_says_what_where_and_when(tmp_path):
    assert runs_of(tmp_path) == []
    run = Provenance(tmp_path, workers=3, scheduler=None)
    (entry,) = runs_of(tmp_path)  # there from the start
    assert entry["rmt_hessian"] == rmt_hessian.__version__
    assert (entry["workers"], entry["scheduler"]) == (3, None)
    assert entry["host"]
    assert "ended" not in entry
    run.add(Done({"k1": 1.23456, "k2": 2.0}, {}, machine=machine()), POINTS)
    run.add(Done({"k3": 0.5}, {"k4": "no"}, machine=machine()), POINTS)
    run.end("finished")
    (entry,) = runs_of(tmp_path)
    assert entry["machines"] == [machine()]  # each once
    assert entry["seconds"] == {SETTINGS["k1"]: [1.23, 2.0], SETTINGS["k3"]: [0.5]}
    assert entry["outcome"] == "finished"
    assert datetime.fromisoformat(entry["started"]) <= datetime.fromisoformat(entry["ended"])


def test_entries_of_earlier_runs_stay(tmp_path):
    for outcome in ("interrupted", "finished"):
        Provenance(tmp_path).end(outcome)
    assert [entry["outcome"] for entry in runs_of(tmp_path)] == ["interrupted", "finished"]


def test_it_is_written_now_and_then(tmp_path, monkeypatch):
    run = Provenance(tmp_path)
    run.add(Done({"k1": 1.0}, {}, machine=machine()), POINTS)
    assert runs_of(tmp_path)[0]["seconds"] == {}  # not for every task
    monkeypatch.setattr(module, "WRITE_SECONDS", -1)
    run.add(Done({"k3": 2.0}, {}, machine=machine()), POINTS)
    assert runs_of(tmp_path)[0]["seconds"] == {SETTINGS["k1"]: [1.0], SETTINGS["k3"]: [2.0]}


def test_a_full_disk_does_not_hide_how_the_run_ended(tmp_path, monkeypatch):
    run = Provenance(tmp_path)

    def full():
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(run, "write", full)
    run.end("stopped: cannot write")
    assert run.entry["outcome"] == "stopped: cannot write"


@pytest.mark.parametrize(
    ("other", "mixed"),
    [
        (machine(host="there", python="3.12"), False),
        (machine(packages={"pandas": "3.2"}), False),
        (machine("SkylakeX"), True),
        (machine(packages={"numpy": "2.5"}), True),
        (machine(packages={"scipy": "1.18"}), True),
        (machine(processor="aarch64"), True),
    ],
)
def test_kernels_that_change_the_last_bits_are_noticed(tmp_path, other, mixed):
    """In one run, or of an earlier one; other hosts with the same kernels are the same."""
    run = Provenance(tmp_path)
    run.add(Done({"k1": 1.0}, {}, machine=machine()), POINTS)
    assert not run.mixed()
    run.add(Done({"k2": 1.0}, {}, machine=other), POINTS)
    assert run.mixed() == mixed
    assert len(run.entry["machines"]) == 2
    run.end("finished")
    later = Provenance(tmp_path)
    assert later.mixed() == mixed


def test_this_machine_is_one_kernel_and_plain_data():
    here = describe_machine()
    assert json.loads(json.dumps(here)) == here
    assert kernels(here) == kernels(json.loads(json.dumps(here)))
    assert here["threadpools"]


@pytest.mark.parametrize("content", ["", '{"runs": [', "{}", "[]", '{"runs": [1]}'])
def test_what_cannot_be_read_is_damaged_and_set_aside(tmp_path, content):
    (tmp_path / "provenance.json").write_text(content)
    with pytest.raises(DamagedResult, match=r"provenance\.json"):
        runs_of(tmp_path)
    assert "provenance.json" in Provenance(tmp_path).damage
    assert len(runs_of(tmp_path)) == 1
    assert (tmp_path / "provenance.damaged").read_text() == content


def test_expected_seconds_are_those_of_all_runs(tmp_path):
    """Of the setting where it was measured, else of the measurement; entries of others are none."""
    strange = {"seconds": ["by an earlier version"]}, {"seconds": {SETTINGS["k1"]: ["long"]}}
    (tmp_path / "provenance.json").write_text(json.dumps({"runs": strange}))
    for seconds in (1.0, 2.0, 6.0):
        Provenance(tmp_path).end("finished")
        run = Provenance(tmp_path)
        run.add(Done({"k1": seconds}, {}), POINTS)
        run.end("finished")
    new, slow = (Point("block_norms", {"n": n}, 0, 1) for n in (3, 50))
    assert expected_seconds(tmp_path, [POINTS["k2"]]) == 3.0
    assert expected_seconds(tmp_path, []) == 0
    assert expected_seconds(tmp_path, [POINTS["k2"], new, POINTS["k3"]]) is None
    run.add(Done({"k3": 15.0}, {}), {"k3": slow})
    run.end("finished")
    assert expected_seconds(tmp_path, [slow, POINTS["k2"], new, new]) == 15.0 + 3.0 + 2 * 6.0
