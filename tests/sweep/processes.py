"""Sweeps as processes of their own, to be killed; a measurement that sleeps, raises or dies."""

import os
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager, suppress
from pathlib import Path

import numba
import psutil
import threadpoolctl

from rmt_hessian.sweep.run import run_sweep

ROOT = Path(__file__).parents[2]  # where the measurements of this file are found
COMMAND = "from rmt_hessian.cli import main; main()"
PATIENCE = 900  # seconds, on however busy a machine; what has not come about then never does
DRAWS = """
root_seed = 3
[[grid]]
measurement = "tests.sweep.processes:draws"
seeds = 20
axes = { size = [1, 2, 50, 1000] }
"""
POINTS = 80


def draws(rng, *, size: int, act: str = "none"):
    """Random numbers, their mean, and how many threads there are for them."""
    time.sleep(float(os.environ.get("WAIT", 0)))
    if act == "raises":
        raise ZeroDivisionError("a poison point")
    if act == "dies":
        os.kill(os.getpid(), signal.SIGKILL)
    values = rng.normal(size=size)
    threads = [pool["num_threads"] for pool in threadpoolctl.threadpool_info()]
    return {
        "mean": values.mean(),
        "blas_threads": max(threads),
        "numba_threads": numba.get_num_threads(),
        "values": values,
    }


class Run:
    """A command, which leads its own process group, and what it says."""

    def __init__(self, command, environment, **settings):
        self.out, self.err = (tempfile.TemporaryFile("w+") for _ in range(2))  # noqa: SIM115
        environment = os.environ | {"OPENBLAS_NUM_THREADS": "1"} | environment
        settings = {"cwd": ROOT, "start_new_session": True} | settings
        self.process = subprocess.Popen(
            list(map(str, command)), env=environment, stdout=self.out, stderr=self.err, **settings
        )
        self.pid = self.process.pid

    def until(self, condition):
        """Wait until it holds, or the run has ended; returns what it last was."""
        return until(lambda: condition() or self.process.poll() is not None) and condition()

    def code(self):
        """Wait for the end; the exit code, as a shell gives it."""
        until(lambda: self.process.poll() is not None)
        code = self.process.returncode
        return code if code >= 0 else 128 - code

    def said(self):
        """What it wrote to stderr."""
        return _content(self.err)

    def printed(self):
        """What it wrote to stdout."""
        return _content(self.out)

    def signal_group(self, number):
        """Send a signal to the run and all its processes, as a terminal does."""
        with suppress(ProcessLookupError):
            os.killpg(self.pid, number)

    def members(self):
        """The processes of its group that are alive."""
        ours = psutil.process_iter(["status"], ad_value=psutil.STATUS_ZOMBIE)
        return [p for p in ours if p.info["status"] != psutil.STATUS_ZOMBIE and self._leads(p.pid)]

    def _leads(self, pid):
        with suppress(OSError):  # it has just ended
            return os.getpgid(pid) == self.pid

    def workers(self):
        """Its worker processes."""
        found = []
        with suppress(psutil.Error):
            for child in psutil.Process(self.pid).children():
                with suppress(psutil.Error):  # it has just ended
                    if "spawn_main" in " ".join(child.cmdline()):
                        found.append(child)
        return found


def _content(file):
    file.seek(0)
    return file.read()


@contextmanager
def process(*command, environment=None, **settings):
    """A running command; at the end nothing of it is left."""
    run = Run(command, environment or {}, **settings)
    try:
        yield run
    finally:
        run.signal_group(signal.SIGKILL)
        run.process.wait()
        run.out.close()
        run.err.close()


def sweep(*arguments, code=COMMAND, wait=0.0, environment=None, **settings):
    """A running ``rmt-hessian run``; every point of `draws` sleeps for ``wait`` seconds."""
    command = [sys.executable, "-c", code, "run", *arguments]
    return process(*command, environment={"WAIT": f"{wait}"} | (environment or {}), **settings)


def until(condition):
    """Wait for a condition; returns its value."""
    deadline = time.monotonic() + PATIENCE
    while not (value := condition()):
        if time.monotonic() > deadline:
            raise TimeoutError(f"waited {PATIENCE} s in vain")
        time.sleep(0.01)
    return value


def done(folder):
    """How many points a folder holds."""
    return len(list((folder / "points").glob("*.parquet")))


def content(folder):
    """The bytes of every result, and of the table, by name."""
    results = (folder / "points").glob("[!.]*")  # a killed worker may leave a .tmp- file
    files = [*results, folder / "table.parquet", folder / "table.csv"]
    return {file.name: file.read_bytes() for file in files}


def resumed(path, folder):
    """The content of a folder after a run, in this process, that ends well."""
    result = run_sweep(path, folder)
    assert (result.failed, result.missing, result.stopped) == ([], [], "")
    assert list((folder / "failed").iterdir()) == []
    return content(folder)


def written(folder, text=DRAWS):
    """Path of a sweep file of that text."""
    path = folder / "sweep.toml"
    path.write_text(text)
    return path
