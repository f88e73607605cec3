"""What a worker does: measure a few points and write them into the folder of the sweep."""

import contextlib
import os
import threading
import time
import traceback
from dataclasses import asdict, dataclass

from rmt_hessian import __version__
from rmt_hessian._threads import one_thread
from rmt_hessian.sweep.points import Point
from rmt_hessian.sweep.provenance import describe_machine
from rmt_hessian.sweep.store import DamagedResult, Store

ALONE = threading.Lock()  # threads and directory belong to the process, whatever a worker has


@dataclass(frozen=True)
class Task:
    """Points to be measured: the fields of each by its key, and where."""

    folder: str
    directory: str
    points: dict
    version: str = __version__

    @classmethod
    def of(cls, points, folder):
        """A task of the points of ``{key: Point}``, for the directory this process is in."""
        fields = {key: asdict(point) for key, point in points.items()}
        return cls(os.path.abspath(folder), os.getcwd(), fields)


@dataclass(frozen=True)
class Done:
    """What became of a task: by key, seconds of points measured; reasons of points that failed."""

    seconds: dict
    failures: dict
    machine: dict


def perform(task):
    """Measure the points of a task, with one thread; returns `Done`.

    A point that raises is recorded with its traceback and the next goes on. One that the folder
    holds already, after a worker that died, is left as it is.

    Raises
    ------
    RuntimeError
        If this process has another version of the package or of a measurement.
    OSError
        If a result cannot be written.
    """
    if task.version != __version__:
        raise RuntimeError(
            f"a worker has rmt_hessian {__version__}, the run {task.version}: restart the workers"
        )
    store, seconds, failures = Store(task.folder), {}, {}
    with ALONE, contextlib.chdir(task.directory), one_thread():
        for key, fields in task.points.items():
            point, started = Point(**fields), time.perf_counter()
            if point.key != key:
                raise RuntimeError(
                    f"{point.measurement} or its data have changed, or a worker has an older "
                    "version: start the run, or the workers, again"
                )
            if _is_done(store, key):
                continue
            try:
                scalars, arrays = point.measure()
                if Point(**fields).key != key:
                    raise RuntimeError("its data changed while it was measured")
            except (Exception, SystemExit) as error:
                failures[key] = f"{type(error).__name__}: {error}".partition("\n")[0]
                store.write_failure(point, traceback.format_exc())
            else:
                store.write_point(point, scalars, arrays, __version__)
                seconds[key] = time.perf_counter() - started
        return Done(seconds, failures, describe_machine())


def _is_done(store, key):
    try:
        return store.row(key) is not None
    except DamagedResult:
        return False
