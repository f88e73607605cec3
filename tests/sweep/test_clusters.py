"""Runs on a Dask scheduler of its own, which may be gone or go; SLURM, by a stand-in."""

import os
import signal
import socket
import subprocess
import sys
from contextlib import suppress
from types import SimpleNamespace

import pytest
from distributed import Status

from rmt_hessian.sweep import clusters
from tests.sweep.processes import COMMAND, POINTS, content, done, process, resumed, sweep, until

SBATCH = """#!/bin/sh
if [ "$1" = --test-only ]
then
    test -z "$REFUSED" || echo "$REFUSED" >&2
    test -z "$REFUSED"
    exit
fi
cp "$1" "$JOBS.sh"
"$PYTHON" -c 'import os, sys; os.setsid(); os.execvp("sh", ["sh", sys.argv[1]])' "$JOBS.sh" \\
    > /dev/null 2>&1 < /dev/null &
echo $! >> "$JOBS"
echo Submitted batch job $!
"""
SCANCEL = """#!/bin/sh
kill -9 -- "-$1"
"""
QUICKLY = f"import rmt_hessian.sweep.clusters as c; c.CONNECT_SECONDS = 2; {COMMAND}"


def dask(what, *arguments, **settings):
    """A scheduler or a worker, in a directory of its own."""
    command = [sys.executable, "-m", f"distributed.cli.dask_{what}", "--no-dashboard"]
    return process(*command, *arguments, **settings)


def test_the_scheduler_is_killed(path, expected, tmp_path):
    folder, file = tmp_path / "out", tmp_path / "scheduler.json"
    at = ("--host", "127.0.0.1", "--port", "0", "--scheduler-file", file)
    one = ("--scheduler-file", file, "--nthreads", "1", "--no-nanny")
    with (
        dask("scheduler", *at, cwd=tmp_path) as scheduler,
        dask("worker", *one, cwd=tmp_path, environment={"WAIT": "0.03"}) as worker,
    ):
        assert scheduler.until(lambda: "Scheduler at" in scheduler.said())
        address = scheduler.said().partition("Scheduler at:")[2].split()[0]
        with sweep(path, "--out", folder, "--scheduler", address) as run:
            assert run.until(lambda: done(folder) >= 10), run.said() + worker.said()
            scheduler.signal_group(signal.SIGKILL)
            assert run.code() == 1, run.said()
            *lines, lost, missing = run.said().splitlines()
    left = POINTS - done(folder)
    assert lost.startswith("lost the scheduler")
    assert missing.startswith(f"{left} points are missing; resume with: rmt-hessian run {path}")
    named = [line for line in lines if line.startswith("missing: tests.sweep.processes:")]
    assert len(named) == min(left, 5)
    assert "Traceback" not in "\n".join(lines)
    assert resumed(path, folder) == expected


def test_no_scheduler_at_the_address(path, tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # not listening: nobody answers
        address = f"tcp://127.0.0.1:{taken.getsockname()[1]}"
        with sweep(path, "--out", tmp_path, "--scheduler", address, code=QUICKLY) as run:
            assert run.code() == 2
            told = [line for line in run.said().splitlines() if not line.startswith("sweep: 0 of")]
    assert len(told) == 1
    assert told[0].startswith("error: ")
    assert address in told[0]


def test_workers_that_failed_to_start_make_room_for_others():
    """Dask keeps them in its list, so that none is missing there."""
    status = {0: Status.running, 1: Status.failed, 2: Status.starting}
    workers, told = {name: SimpleNamespace(status=s) for name, s in status.items()}, []
    clusters._replace_failed(SimpleNamespace(workers=workers, scale=told.append), 3)
    assert list(workers) == [0, 2]
    assert told == [3]


@pytest.fixture
def slurm(tmp_path):
    """Environment with commands of SLURM that run the jobs here; ends what they leave."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for name, text in (("sbatch", SBATCH), ("scancel", SCANCEL)):
        (folder / name).write_text(text)
        (folder / name).chmod(0o755)
    jobs = tmp_path / "jobs"
    jobs.touch()
    yield {
        "PATH": f"{folder}{os.pathsep}{os.environ['PATH']}",
        "JOBS": str(jobs),
        "PYTHON": sys.executable,
        "DASK_JOBQUEUE__SLURM__QUEUE": "short",
    }
    for job in jobs.read_text().split():
        with suppress(ProcessLookupError):
            os.killpg(int(job), signal.SIGKILL)


def test_the_job_script_for_slurm(path, tmp_path, slurm):
    arguments = ("--out", tmp_path, "--scheduler", "slurm", "--dry-run")
    with sweep(path, *arguments, environment=slurm) as run:
        assert run.code() == 0, run.said()
        lines = run.printed().splitlines()
    assert lines[0] == f"{POINTS} points: 0 done, {POINTS} to compute"
    assert "#SBATCH -p short" in lines
    assert "#SBATCH --cpus-per-task=1" in lines
    for library in ("OMP", "OPENBLAS", "MKL", "NUMBA"):
        assert f"export {library}_NUM_THREADS=1" in lines
    (worker,) = [line for line in lines if "dask_worker" in line]
    assert "--nthreads 1" in worker
    assert (tmp_path / "jobs").read_text() == ""  # none was sent


@pytest.mark.parametrize("refused", ["sbatch: error: invalid account", None])
def test_slurm_that_takes_no_job(path, tmp_path, slurm, refused):
    """It refuses, or there is none."""
    environment = slurm | ({"REFUSED": refused} if refused else {"PATH": str(tmp_path)})
    arguments = ("--out", tmp_path / "out", "--scheduler", "slurm", "--workers", 1)
    with sweep(path, *arguments, environment=environment) as run:
        assert run.code() == 2
        *_, last = run.said().splitlines()
        assert "Traceback" not in run.said()
    here = "SLURM is not here: no command sbatch"
    assert last == f"error: {f'SLURM does not take the job: {refused}' if refused else here}"


def test_workers_as_slurm_jobs(path, expected, tmp_path, slurm):
    folder, jobs = tmp_path / "out", tmp_path / "jobs"
    arguments = ("--out", folder, "--scheduler", "slurm", "--workers", 1)
    with sweep(path, *arguments, environment=slurm) as run:
        assert run.code() == 0, run.said()
        assert "Traceback" not in run.said()
    assert content(folder) == expected
    (job,) = jobs.read_text().split()
    until(lambda: not _alive(int(job)))


def _alive(group):
    listed = subprocess.run(["ps", "-eo", "pgid=,stat="], capture_output=True, text=True)
    rows = map(str.split, listed.stdout.splitlines())
    return any(int(pgid) == group and not state.startswith("Z") for pgid, state in rows)
