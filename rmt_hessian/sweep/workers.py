"""Measure points, here or on workers: each is on disk before anybody hears of it."""

import contextlib
import os
import threading
import time
import traceback
from collections import deque
from concurrent.futures import CancelledError
from dataclasses import dataclass, replace

from rmt_hessian import __version__
from rmt_hessian._threads import one_thread
from rmt_hessian.sweep.provenance import describe_machine
from rmt_hessian.sweep.store import DamagedResult, Store

TASK_SECONDS = 0.1  # a task measures points for so long; sending one takes some milliseconds
SCHEDULER_SECONDS = 0.02  # and for each worker so much longer: one scheduler serves them all
MOST_POINTS = 256  # of a task
AHEAD = 2  # tasks sent for each worker, so that the next one is there when it is free
AHEAD_SECONDS = 1.0  # of longer tasks one each: another would wait while a worker is idle
COUNT_SECONDS = 2.0  # between two looks at how many workers there are
POLL_SECONDS = 0.01  # between two looks whether a task has ended
PATIENCE_SECONDS = 300  # without a worker, where none can be waiting in a queue
ALONE = threading.Lock()  # threads and directory belong to the process, whatever a worker has


class Stopped(RuntimeError):
    """The run cannot go on: the scheduler is lost, or results cannot be written."""


@dataclass(frozen=True)
class Done:
    """What became of the first points of a task; the others were not begun.

    By key, seconds of those measured, reasons of those that failed; how many the folder held.
    """

    seconds: dict
    failures: dict
    held: int = 0
    machine: dict | None = None

    @property
    def count(self):
        """How many points that is."""
        return len(self.seconds) + len(self.failures) + self.held


def perform(points, folder, directory=".", seconds=TASK_SECONDS, version=__version__):
    """Measure ``{key: Point}`` with one thread, until the time is over; write each, return `Done`.

    A point that raises is recorded with its traceback and the next goes on. One that the folder
    holds already, after a worker that died, is left as it is. Raises RuntimeError if this process
    has another version of the package or of a measurement, OSError if a result cannot be written.
    """
    if version != __version__:
        raise RuntimeError(
            f"a worker has rmt_hessian {__version__}, the run {version}: restart the workers"
        )
    store, took, failures, held = Store(folder), {}, {}, 0
    with ALONE, contextlib.chdir(directory), one_thread():
        begun = time.perf_counter()
        for key, point in points.items():
            started = time.perf_counter()
            if started > begun + seconds and (took or failures):
                break
            if replace(point).key != key:  # a copy computes it anew
                raise RuntimeError(
                    f"{point.measurement} or its data have changed, or a worker has an older "
                    "version: start the run, or the workers, again"
                )
            with contextlib.suppress(DamagedResult):
                if store.row(key) is not None:
                    held += 1
                    continue
            try:
                scalars, arrays = point.measure()
                if replace(point).key != key:
                    raise RuntimeError("its data changed while it was measured")
            except (Exception, SystemExit) as error:
                failures[key] = f"{type(error).__name__}: {error}".partition("\n")[0]
                store.write_failure(point, traceback.format_exc())
            else:
                store.write_point(point, scalars, arrays, __version__)
                took[key] = time.perf_counter() - started
        return Done(took, failures, held, describe_machine())


def measure_here(points, folder):
    """Measure ``{key: Point}`` one by one in this process; yield `Done` of each."""
    for key, point in points.items():
        try:
            yield perform({key: point}, os.path.abspath(folder))
        except (OSError, RuntimeError, LookupError) as error:
            raise Stopped(reason(error, folder)) from error


def measure_on_workers(client, points, folder):
    """Measure ``{key: Point}`` on the workers of a client; yield `Done` of each task.

    Cheap points go together: a task has twice as many as the last one of that measurement, until
    they fill half of its time, and what it does not come to goes back to the others. A task whose
    workers died is tried again by Dask; given up, its points come back at the end, each alone while
    nothing else runs, so that none is blamed for another. One that kills its workers even so has
    failed. Raises `Stopped` if the scheduler is lost, a result cannot be written, or a worker has
    another version.
    """
    from distributed import KilledWorker, as_completed

    workers, running = _Workers(client), as_completed(loop=client.loop)
    waiting, suspects, sent, most, ahead = deque(points), deque(), {}, {}, 1

    def send(keys):
        task = {key: points[key] for key in keys}, os.path.abspath(folder), os.getcwd()
        seconds = max(TASK_SECONDS, SCHEDULER_SECONDS * workers.count())
        future = client.submit(perform, *task, seconds, __version__, pure=False)
        sent[future] = keys, seconds
        running.add(future)

    while waiting or suspects or sent:
        while waiting and len(sent) < ahead * workers.count():
            share = -(-len(waiting) // (AHEAD * workers.count()))  # so that all end together
            send(_take_alike(waiting, points, most, share))
        alone = not sent
        if alone:
            send([suspects.popleft()])
        while not running.has_ready():
            workers.count()  # raises if there is no hope
            time.sleep(POLL_SECONDS)
        future = next(running)
        keys, seconds = sent.pop(future)
        done, error = _outcome(future, workers)
        if error is None:
            waiting.extendleft(reversed(keys[done.count :]))
            most[points[keys[0]].measurement] = _most_points(done, seconds)
            ahead = AHEAD if sum(done.seconds.values()) < AHEAD_SECONDS else 1
            yield done
        elif isinstance(error, CancelledError):
            raise Stopped(f"lost the scheduler at {client.scheduler.address}")
        elif not isinstance(error, KilledWorker):
            raise Stopped(reason(error, folder)) from error
        elif alone:
            yield _give_up(points[keys[0]], error.allowed_failures + 1, folder)
        else:
            suspects.extend(keys)


def _most_points(done, seconds):
    """How many points the next task may have, after one that had ``seconds`` for them."""
    is_short = sum(done.seconds.values()) < seconds / 2
    return min(MOST_POINTS, done.count * (2 if is_short else 1))


def _take_alike(waiting, points, most, share):
    """Take points of one measurement from the left: as many as a task may have of it, or share."""
    kind, keys = points[waiting[0]].measurement, []
    size = min(share, most.get(kind, 1))
    while waiting and len(keys) < size and points[waiting[0]].measurement == kind:
        keys.append(waiting.popleft())
    return keys


def _give_up(point, times, folder):
    """Record a point that killed its workers."""
    death = f"its worker died, {times} times"
    try:
        Store(folder).write_failure(point, death)
    except OSError as error:
        raise Stopped(reason(error, folder)) from error
    return Done({}, {point.key: death})


def _outcome(future, workers):
    """What a task that has ended returned, and None; or None, and its error.

    A worker may die after the task has ended and before anybody has its result: then Dask does it
    again, and it may fail. (`as_completed` with results forgets such a task: nobody hears of it.)
    """
    while future.status not in ("error", "cancelled"):
        try:
            return future.result(timeout=COUNT_SECONDS), None
        except OSError:  # not in time, or the way to the scheduler is cut off
            workers.count()  # raises if there is no hope
            time.sleep(POLL_SECONDS)
        except Exception as error:
            if future.status not in ("error", "cancelled"):
                return None, error
    return None, future.exception() if future.status == "error" else CancelledError()


class _Workers:
    """The workers of a client, asked for now and then: they come and go."""

    def __init__(self, client):
        self.client, self.known, self.seen = client, 0, time.monotonic()
        self.asked = -COUNT_SECONDS
        self.own = type(client.cluster).__name__ == "LocalCluster"

    def count(self):
        """How many there are, at least 1 for the sake of those to come.

        Raises `Stopped` without a scheduler, or if this machine was without a worker for too long.
        """
        if self.client.status != "running":
            raise Stopped(f"lost the scheduler at {self.client.scheduler.address}")
        now = time.monotonic()
        if now > self.asked + COUNT_SECONDS:
            self.known, self.asked = len(self.client.nthreads()), now
        if self.known:
            self.seen = now
        elif self.own and now > self.seen + PATIENCE_SECONDS:
            raise Stopped(f"no worker has lived for {PATIENCE_SECONDS} s")
        return max(1, self.known)


def reason(error, folder):
    """One line; of a full disk, where it is."""
    if isinstance(error, OSError) and error.errno:
        return f"cannot write into {folder}: {error.strerror}"
    return f"{error}".partition("\n")[0] or type(error).__name__
