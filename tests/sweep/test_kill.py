"""Runs that are killed, interrupted or stopped at any moment: resumed, they leave the same bytes.

``KILLS`` in the environment sets how many runs end at a random moment.
"""

import os
import secrets
import signal
import time
from contextlib import suppress

import numpy as np
import psutil
import pytest

from tests.small import SMALL
from tests.sweep.processes import (
    COMMAND,
    DRAWS,
    POINTS,
    content,
    done,
    resumed,
    sweep,
    until,
    written,
)

IMPATIENT = f"""
import rmt_hessian.sweep.clusters as clusters
clusters.LOST_SECONDS = clusters.RENEW_SECONDS = 1
{COMMAND}
"""
IMPORTING = 60e6  # bytes that a worker holds while it imports; ready, it holds three times as many
KILLS = int(os.environ.get("KILLS", 3))
WAIT = 0.03
EXIT_CODES = {signal.SIGKILL: 137, signal.SIGINT: 130, signal.SIGTERM: 143}


def test_a_worker_is_killed_and_the_lid_closed_for_a_while(tmp_path):
    path = written(tmp_path, SMALL + DRAWS.replace("root_seed = 3", ""))
    folder = tmp_path / "out"
    with sweep(path, "--out", folder, "--workers", 2, wait=WAIT) as run:
        assert run.until(lambda: done(folder) >= 25)
        run.signal_group(signal.SIGSTOP)
        time.sleep(2)
        run.signal_group(signal.SIGCONT)
        assert run.until(lambda: done(folder) >= 35)
        run.workers()[0].kill()
        assert run.code() == 0, run.said()
        assert "Traceback" not in run.said()
        until(lambda: not run.members())
    assert content(folder) == resumed(path, tmp_path / "whole")


@pytest.mark.parametrize("index", range(KILLS))
def test_a_run_ends_at_a_random_moment(path, expected, tmp_path, index):
    seed = secrets.randbits(32)
    print(f"seed {seed}")
    rng = np.random.default_rng(seed)
    number = rng.choice(list(EXIT_CODES))
    whole_group = rng.random() < 0.5
    before = rng.choice([0, rng.integers(POINTS)])
    later = rng.uniform(0, 0.1 if before else 5)
    print(f"signal {number}, group {whole_group}, after {before} points and {later:.2f} s")
    folder = tmp_path / "out"
    with sweep(path, "--out", folder, "--workers", 2, wait=WAIT) as run:
        run.until(lambda: (folder / "provenance.json").exists() and done(folder) >= before)
        time.sleep(later)
        if whole_group:
            run.signal_group(number)
        else:
            run.process.send_signal(number)
        assert run.code() in (EXIT_CODES[number], 0), run.said()
        assert "Traceback" not in run.said()
        assert resumed(path, folder) == expected
        until(lambda: not run.members())


@pytest.mark.parametrize(("number", "workers"), [(signal.SIGINT, 2), (signal.SIGTERM, 1)])
def test_interrupted_it_says_how_to_resume(path, expected, tmp_path, number, workers):
    folder = tmp_path / "out"
    with sweep(path, "--out", folder, "--workers", workers, wait=WAIT) as run:
        assert run.until(lambda: done(folder) >= 5)
        run.signal_group(number)
        assert run.code() == EXIT_CODES[number], run.said()
        *_, last = run.said().splitlines()
        assert last == (
            f"interrupted; resume with: rmt-hessian run {path} --out {folder} --workers {workers}"
        )
        assert "Traceback" not in run.said()
        until(lambda: not run.members())
    assert done(folder) < POINTS
    assert resumed(path, folder) == expected


def test_terminated_while_the_cluster_starts(path, expected, tmp_path):
    folder = tmp_path / "out"
    with sweep(path, "--out", folder, "--workers", 2, wait=WAIT) as run:
        assert run.until(lambda: len(run.workers()) == 2)
        run.signal_group(signal.SIGTERM)  # kills the workers as well
        assert run.code() == 143, run.said()
        assert "Traceback" not in run.said()
        until(lambda: not run.members())
    assert resumed(path, folder) == expected


def two_that_import(workers, dead):
    """Those not dead, if they are two and both have begun to import what they need."""
    alive = set(workers) - dead
    with suppress(psutil.Error):
        importing = all(worker.memory_info().rss > IMPORTING for worker in alive)
        return alive if len(alive) == 2 and importing else set()
    return set()


def test_workers_that_die_while_they_start_are_replaced(path, expected, tmp_path):
    folder = tmp_path / "out"
    with sweep(path, "--out", folder, "--workers", 2, wait=WAIT, code=IMPATIENT) as run:
        assert run.until(lambda: done(folder) >= 5)
        dead = set()
        for _ in range(4):  # those at work, then those that start in their place
            starting = run.until(lambda: two_that_import(run.workers(), dead))
            for worker in starting:  # before they have told the scheduler: nobody starts another
                with suppress(psutil.NoSuchProcess):
                    worker.kill()
            dead.update(starting)
        assert run.code() == 0, run.said()
    assert content(folder) == expected
