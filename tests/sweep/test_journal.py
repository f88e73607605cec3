"""What a run keeps about itself: versions, machines, times, and how it ended."""

import json
from datetime import datetime

import pytest

import rmt_hessian
from rmt_hessian.sweep import journal as module
from rmt_hessian.sweep.journal import Journal, durations
from rmt_hessian.sweep.provenance import describe_machine, kernels
from rmt_hessian.sweep.store import Store
from rmt_hessian.sweep.work import Done

SETTINGS = {
    "k1": 'block_norms {"n": 2}',
    "k2": 'block_norms {"n": 2}',
    "k3": 'output_rank {"n": 4}',
}


def machine(architecture="Haswell", packages=(), **facts):
    """A machine as `describe_machine` says it."""
    pool = {"internal_api": "openblas", "version": "0.3", "num_threads": 1}
    return {
        "host": "here",
        "processor": "x86_64",
        "packages": {"numpy": "2.4", "scipy": "1.17", "numba": "0.68", "pandas": "3.1"}
        | dict(packages),
        "threadpools": [pool | {"architecture": architecture}],
    } | facts


@pytest.fixture
def store(tmp_path):
    store = Store(tmp_path)
    with store.writing():
        yield store


def test_an_entry_says_what_where_and_when(store):
    journal = Journal(store, workers=3, scheduler=None)
    (entry,) = store.provenance()  # there from the start
    assert entry["rmt_hessian"] == rmt_hessian.__version__
    assert (entry["workers"], entry["scheduler"]) == (3, None)
    assert entry["host"]
    assert "ended" not in entry
    journal.add(Done({"k1": 1.23456, "k2": 2.0}, {}, machine()), SETTINGS)
    journal.add(Done({"k3": 0.5}, {"k4": "no"}, machine()), SETTINGS)
    journal.end("finished")
    (entry,) = store.provenance()
    assert entry["machines"] == [machine()]  # each once
    assert entry["seconds"] == {SETTINGS["k1"]: [1.23, 2.0], SETTINGS["k3"]: [0.5]}
    assert entry["outcome"] == "finished"
    assert datetime.fromisoformat(entry["started"]) <= datetime.fromisoformat(entry["ended"])


def test_entries_of_earlier_runs_stay(store):
    for outcome in ("interrupted", "finished"):
        Journal(store).end(outcome)
    assert [entry["outcome"] for entry in store.provenance()] == ["interrupted", "finished"]


def test_it_is_written_now_and_then(store, monkeypatch):
    journal = Journal(store)
    journal.add(Done({"k1": 1.0}, {}, machine()), SETTINGS)
    assert store.provenance()[0]["seconds"] == {}  # not for every task
    monkeypatch.setattr(module, "KEEP_SECONDS", -1)
    journal.add(Done({"k3": 2.0}, {}, machine()), SETTINGS)
    assert store.provenance()[0]["seconds"] == {SETTINGS["k1"]: [1.0], SETTINGS["k3"]: [2.0]}


def test_a_full_disk_does_not_hide_how_the_run_ended(store, monkeypatch):
    journal = Journal(store)

    def full(runs):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(store, "write_provenance", full)
    journal.end("stopped: cannot write")
    assert journal.entry["outcome"] == "stopped: cannot write"


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
def test_kernels_that_change_the_last_bits_are_noticed(store, other, mixed):
    """In one run, or of an earlier one; other hosts with the same kernels are the same."""
    journal = Journal(store)
    journal.add(Done({"k1": 1.0}, {}, machine()), SETTINGS)
    assert not journal.mixed()
    journal.add(Done({"k2": 1.0}, {}, other), SETTINGS)
    assert journal.mixed() == mixed
    assert len(journal.entry["machines"]) == 2
    journal.end("finished")
    later = Journal(store)
    assert later.mixed() == mixed


def test_this_machine_is_one_kernel_and_plain_data():
    here = describe_machine()
    assert json.loads(json.dumps(here)) == here
    assert kernels(here) == kernels(json.loads(json.dumps(here)))
    assert here["threadpools"]


def test_durations_are_those_of_all_runs(store):
    for seconds in (1.0, 3.0, 5.0):
        journal = Journal(store)
        journal.add(Done({"k1": seconds}, {}, machine()), SETTINGS)
        journal.end("finished")
    store.write_provenance([{"started": "by an earlier version"}, *store.provenance()])
    assert durations(store).of(SETTINGS["k2"]) == 3.0
    assert durations(store).of(SETTINGS["k3"]) is None
