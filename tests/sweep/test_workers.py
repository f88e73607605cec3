"""What workers do with points that raise or kill them, on a full disk, and with cheap points."""

import logging
import resource
import signal
import sys
from collections import deque
from concurrent.futures import CancelledError

import numpy as np
import pytest
from distributed import Client, KilledWorker

from rmt_hessian.sweep import workers
from rmt_hessian.sweep.config import load_config
from rmt_hessian.sweep.points import Point
from rmt_hessian.sweep.store import Store
from rmt_hessian.sweep.workers import (
    MOST_POINTS,
    SCHEDULER_SECONDS,
    TASK_SECONDS,
    Done,
    Stopped,
    _most_points,
    _outcome,
    _take_alike,
    measure_on_workers,
    perform,
)
from tests.sweep.processes import (
    COMMAND,
    DRAWS,
    POINTS,
    content,
    done,
    process,
    resumed,
    sweep,
    written,
)


class Ended:
    """A future that has ended; ``steps``: its status and what happens when it is asked."""

    def __init__(self, *steps):
        self.status, self.steps, self.error = "finished", deque(steps), None

    def result(self, timeout):
        self.status, what = self.steps.popleft()
        if isinstance(what, Exception):
            self.error = what
            raise what
        return what

    def exception(self):
        return self.error


class Patient:
    """Workers that are asked how many they are."""

    asked = 0

    def count(self):
        self.asked += 1


def test_a_result_that_is_lost_with_its_worker_is_waited_for():
    """It is computed again, and may fail then: heard of either way, and so is a lost scheduler."""
    workers, killed, bad = Patient(), KilledWorker("x", None, 1), ValueError("bad")
    again, seven, cut_off = ("pending", TimeoutError()), ("finished", 7), OSError("reset by peer")
    for steps, expected, asked in (
        ([seven], (7, None), 0),
        ([again, ("lost", TimeoutError()), seven], (7, None), 2),
        ([("finished", cut_off), seven], (7, None), 3),
        ([again, ("error", killed)], (None, killed), 4),
        ([("finished", bad)], (None, bad), 4),
    ):
        assert _outcome(Ended(*steps), workers) == expected
        assert workers.asked == asked
    result, error = _outcome(Ended(("cancelled", CancelledError())), workers)
    assert (result, type(error)) == (None, CancelledError)
    failed = Ended()
    failed.status, failed.error = "error", TimeoutError("of the point itself")
    assert _outcome(failed, workers) == (None, failed.error)


POISON = """
[[grid]]
measurement = "tests.sweep.processes:draws"
seeds = 1
axes = { act = ["raises", "dies"], size = [3] }
"""
REASONS = {"raises": "ZeroDivisionError: a poison point", "dies": "its worker died, 2 times"}
BIG = DRAWS.replace("1000]", "20000]")  # 160 kB each, 20 of them


@pytest.fixture(scope="module")
def poisoned(tmp_path_factory):
    """Folder, exit code and words of a run that meets points which raise, and which kill."""
    folder = tmp_path_factory.mktemp("poison")
    head, grid = DRAWS.split("[[grid]]")
    path = written(folder, f"{head}{POISON}[[grid]]{grid}")  # the poison comes first
    with sweep(path, "--out", folder / "out", "--workers", 2, wait=0.01) as run:
        code = run.code()
        return folder / "out", code, run.said()


def test_poison_stops_no_other_point(poisoned, expected):
    folder, code, said = poisoned
    assert code == 1, said
    named = [line for line in said.splitlines() if line.startswith("failed: ")]
    assert sorted(named) == sorted(
        f"failed: tests.sweep.processes:draws(act={act}, size=3) seed 0: {reason}"
        for act, reason in REASONS.items()
    )
    assert said.splitlines()[-1] == f"2 points failed; tracebacks in {folder}/failed"
    assert "Traceback" not in said
    results = content(folder)
    assert all(results[name] == expected[name] for name in expected if "table" not in name)
    assert done(folder) == POINTS


def test_the_reasons_of_poison_are_kept(poisoned):
    folder, _, _ = poisoned
    raised, died = sorted((f.read_text() for f in (folder / "failed").iterdir()), key=len)[::-1]
    assert "Traceback" in raised
    assert raised.rstrip().endswith(REASONS["raises"])
    assert died.rstrip().endswith(REASONS["dies"])


def test_workers_have_one_thread(poisoned):
    table = Store(poisoned[0]).table()
    assert (table["blas_threads"] == 1).all()
    assert (table["numba_threads"] == 1).all()


def test_damaged_results_are_named_and_computed_again(path, expected, tmp_path):
    folder = tmp_path / "out"
    resumed(path, folder)
    empty, cut, other, lost = sorted((folder / "points").glob("*.parquet"))[:4]
    empty.write_bytes(b"")
    cut.write_bytes(cut.read_bytes()[:-20])
    arrays = other.with_suffix(".npz")
    arrays.write_bytes(arrays.read_bytes()[:100])
    lost.with_suffix(".npz").unlink()
    with sweep(path, "--out", folder, "--workers", 1) as run:
        assert run.code() == 0
        named = [line for line in run.said().splitlines() if line.startswith("damaged")]
        assert f"sweep: {POINTS - 4} of {POINTS} points" in run.said()
    files = [empty, cut, other, lost.with_suffix(".npz")]
    for file, line in zip(sorted(files), sorted(named), strict=True):
        assert line.startswith(f"damaged, computed again: {file}")
    assert content(folder) == expected


def test_a_second_run_on_the_folder_is_refused(path, expected, tmp_path):
    folder = tmp_path / "out"
    with sweep(path, "--out", folder, "--workers", 1, wait=0.03) as first:
        assert first.until(lambda: done(folder) >= 1)
        first.signal_group(signal.SIGSTOP)  # so that it is there as long as the second one is
        with sweep(path, "--out", folder, "--workers", 1) as second:
            assert second.code() == 2
            assert second.said() == f"error: {folder} is in use by another run\n"
        first.signal_group(signal.SIGCONT)
        assert first.code() == 0
    assert content(folder) == expected


def assert_what_is_missing_can_be_resumed(line, path, folder):
    assert line.startswith(f"{POINTS - done(folder)} points are missing; resume with: ")
    assert resumed(path, folder) == resumed(path, folder.with_name("whole"))


def test_files_may_not_grow(tmp_path):
    """A quota: small results fit, large ones do not."""

    def limit():
        resource.setrlimit(resource.RLIMIT_FSIZE, (2**16, 2**16))

    path, folder = written(tmp_path, BIG), tmp_path / "out"
    with sweep(path, "--out", folder, "--workers", 1, preexec_fn=limit) as run:
        assert run.code() == 1, run.said()
        *_, reason, missing = run.said().splitlines()
        assert "Traceback" not in run.said()
    assert reason == f"cannot write into {folder}: File too large"
    assert_what_is_missing_can_be_resumed(missing, path, folder)


def test_the_disk_is_full(tmp_path):
    path, folder, kept = written(tmp_path, BIG), tmp_path / "disk", tmp_path / "kept"
    folder.mkdir()
    run = f'{sys.executable} -c "{COMMAND}" run {path} --out {folder} --workers 1'
    script = f"""
    mount -t tmpfs -o size=1m tmpfs {folder} || exit 77
    {run}
    code=$?
    mount -o remount,size=100m {folder}
    cp -r {folder} {kept}
    exit $code
    """
    with process("unshare", "-rm", "sh", "-c", script) as full:
        code = full.code()
        if code == 77 or not kept.exists():
            pytest.skip("no file system may be mounted here")
        *_, reason, missing = full.said().splitlines()
        assert code == 1, full.said()
        assert "Traceback" not in full.said()
    assert reason == f"cannot write into {folder}: No space left on device"
    assert_what_is_missing_can_be_resumed(missing, path, kept)


def test_the_order_of_the_points_changes_none(expected, tmp_path):
    path = written(tmp_path, DRAWS.replace("[1, 2, 50, 1000]", "[1000, 2, 50, 1]"))
    results = resumed(path, tmp_path / "out")
    assert results["table.parquet"] != expected["table.parquet"]
    assert all(results[name] == expected[name] for name in expected if "table" not in name)


def test_a_task_ends_when_its_time_is_over(path, expected, tmp_path, monkeypatch):
    """Its first points are done then, and no other begun; again, it goes on from there."""
    monkeypatch.setenv("WAIT", "0.02")
    points = {point.key: point for point in load_config(path).points()}
    store, keys = Store(tmp_path), list(points)
    with store.writing():
        first, second = (perform(points, tmp_path, seconds=0.1) for _ in range(2))
    assert 1 <= first.count == len(first.seconds) <= 6
    assert (second.held, second.failures) == (first.count, {})
    assert [*first.seconds, *second.seconds] == keys[: second.count]
    assert sum(second.seconds.values()) < 0.1 + max(second.seconds.values())
    kept = {file.name: file.read_bytes() for file in store.points.iterdir()}
    assert kept.items() <= expected.items()
    assert len(list(store.points.glob("*.parquet"))) == second.count


def test_points_of_a_task_are_of_one_measurement_and_leave_some_to_others():
    one, other = (Point(name, {}, 0, 1) for name in ("outliers", "output_rank"))
    points = {n: one if n < 50 else other for n in range(60)}
    waiting, taken, most = deque(points), [], {"outliers": 20}
    for share in (30, 15, 30, 30, 3):  # nothing is known of the other one: it goes alone
        taken.append(_take_alike(waiting, points, most, share))
    assert [len(keys) for keys in taken] == [20, 15, 15, 1, 1]
    assert [key for keys in taken for key in keys] == list(range(52))


@pytest.fixture
def client():
    """A client of two workers that are threads of this process."""
    quiet = {"dashboard_address": "127.0.0.1:0", "silence_logs": logging.CRITICAL}
    threads = {"n_workers": 2, "threads_per_worker": 1, "processes": False}
    with Client(**threads, **quiet, set_as_default=False) as client:
        yield client


@pytest.mark.parametrize("seconds", [1e-5, 0.003, 0.02, 0.06, 0.5])
@pytest.mark.parametrize("n_workers", [2, 100])
def test_tasks_of_cheap_points_grow_until_they_last(seconds, n_workers):
    """At least half of their time, if points are not too few; at most that and one point."""
    time, most, lasts = max(TASK_SECONDS, SCHEDULER_SECONDS * n_workers), 1, []
    for _ in range(12):
        count = min(most, int(np.ceil(time / seconds)))
        lasts.append(count * seconds)
        most = _most_points(Done(dict.fromkeys(range(count), seconds), {}), time)
    assert lasts[0] == seconds
    assert lasts[-1] >= min(time / 2, MOST_POINTS * seconds)
    assert max(lasts) < time + 1.01 * seconds


def test_cheap_points_go_together(path, expected, tmp_path, client, monkeypatch):
    monkeypatch.setattr(workers, "TASK_SECONDS", 60)  # longer than all of them on any machine
    points = {point.key: point for point in load_config(path).points()}
    store = Store(tmp_path)
    with store.writing():
        tasks = list(measure_on_workers(client, points, tmp_path))
    assert sorted(key for done in tasks for key in done.seconds) == sorted(points)
    assert not any(done.failures for done in tasks)
    assert len(tasks) < POINTS / 2
    kept = {file.name: file.read_bytes() for file in store.points.iterdir()}
    assert all(expected[name] == kept[name] for name in kept)


@pytest.mark.parametrize(("seconds", "most"), [(0.0, 1), (np.inf, workers.AHEAD)])
def test_long_tasks_are_sent_to_workers_that_are_free(
    path, tmp_path, client, monkeypatch, seconds, most
):
    """So that the last of them does not wait behind another while a worker is idle."""
    monkeypatch.setattr(workers, "AHEAD_SECONDS", seconds)
    monkeypatch.setattr(workers, "TASK_SECONDS", 0.0)  # a point each
    points, sent, open_ = {p.key: p for p in load_config(path).points()}, [], []
    submit = client.submit

    def counted(*task, **options):
        open_.append(1 + sum(not future.done() for future in sent))
        sent.append(submit(*task, **options))
        return sent[-1]

    monkeypatch.setattr(client, "submit", counted)
    with Store(tmp_path).writing():
        assert sum(done.count for done in measure_on_workers(client, points, tmp_path)) == POINTS
    n_workers = len(client.nthreads())
    assert max(open_[:n_workers]) <= n_workers  # nothing is known of the first
    assert max(open_) <= most * n_workers
    assert (max(open_) > n_workers) == (most > 1)


def test_workers_that_cannot_write_stop_the_run(path, tmp_path, client):
    points = {point.key: point for point in load_config(path).points()}
    with pytest.raises(Stopped, match=f"^cannot write into {tmp_path}: No such file or directory$"):
        list(measure_on_workers(client, points, tmp_path))
