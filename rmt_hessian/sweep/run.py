"""Run a sweep: measure the points that its folder does not hold; run again to resume."""

import time
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, replace

import pandas as pd

from rmt_hessian import __version__
from rmt_hessian.sweep.clusters import SLURM, check, connect
from rmt_hessian.sweep.config import parse, read_text
from rmt_hessian.sweep.engine import Stopped, here, on_workers, reason
from rmt_hessian.sweep.journal import Journal, durations
from rmt_hessian.sweep.overrides import with_overrides
from rmt_hessian.sweep.signals import defer_signals
from rmt_hessian.sweep.store import Store

ESTIMATE_SECONDS = 0.5  # between two estimates of the time left
ENOUGH = 5  # points before the first: those that come first load and compile
MIXED = "their last digits may differ (provenance.json)"


@dataclass(frozen=True)
class Counts:
    """How far a run is; ``seconds_left`` is what points like them took, None if not known."""

    total: int
    done: int
    failed: int = 0
    seconds_left: float | None = None


@dataclass(frozen=True)
class Result:
    """What a run leaves.

    ``table``: of the points that are done; ``failed``: (point, reason) of those that failed in
    this run; ``missing``: points that are neither; ``stopped``: why it ended early, or empty.
    """

    table: pd.DataFrame
    failed: list
    missing: list
    stopped: str


def load_points(config_path, overrides=()):
    """The points of a sweep file by key, and its text with the overrides.

    Raises
    ------
    ConfigError
        If the sweep file or an override cannot be used.
    """
    text = read_text(config_path)
    config = parse(text, config_path)
    if overrides:
        text = with_overrides(text, overrides)
        config = parse(text, config_path)
    return {point.key: point for point in config.points()}, text


def run_sweep(
    config_path,
    folder,
    *,
    overrides=(),
    workers=1,
    scheduler=None,
    mix_versions=False,
    on_progress=lambda counts: None,
    on_notice=lambda line: None,
):
    """Compute the points of a sweep file that ``folder`` does not hold yet, then collect.

    A point that raises, or that kills its workers, is recorded and the rest goes on.

    Parameters
    ----------
    config_path : path of a sweep file
    folder : path of the results
    overrides : iterable of str
        ``name=value,…``, see `with_overrides`.
    workers : int
        Processes, of this machine or in SLURM jobs. One worker and no scheduler: in this process.
    scheduler : str, optional
        ``tcp://HOST:PORT`` or ``slurm``, see `connect`.
    mix_versions : bool
        Whether results of other versions of the package may stand in the table.
    on_progress : callable
        Called with `Counts` before the first task and after each.
    on_notice : callable
        Called with a line that is worth knowing: damaged files, waiting, other machines.

    Returns
    -------
    Result

    Raises
    ------
    ConfigError
        If the sweep file or an override cannot be used.
    ValueError
        If the folder holds results of another version of the package, or ``scheduler`` is no
        address.
    FolderInUse
        If another run writes into the folder.
    """
    check(scheduler)
    points, text = load_points(config_path, overrides)
    store = Store(folder)
    with store.writing():
        state = store.state(points)
        if not mix_versions:
            store.require_one_version(state.rows.values(), __version__)
        store.write_config(text)
        for path in state.damaged:
            on_notice(f"damaged, computed again: {path}")
        left = {key: point for key, point in points.items() if key not in state.rows}
        workers = max(1, min(workers, len(left)))
        own = scheduler in (None, SLURM)
        journal = Journal(store, workers=workers if own else None, scheduler=scheduler)
        if journal.damage:
            on_notice(f"damaged, set aside: {journal.damage}")
        run = _Run(points, left, store, journal, on_progress)
        try:
            with _batches(left, store, workers, scheduler, run.known, on_notice) as batches:
                for batch in batches:
                    run.note(*batch)
        except Stopped as error:
            journal.end(f"stopped: {error}")
            stopped = str(error)
        except KeyboardInterrupt:
            journal.end("interrupted")
            raise
        else:
            journal.end("finished")
            stopped = ""
        if journal.mixed():
            on_notice("points were computed with different libraries or BLAS kernels: " + MIXED)
        if others := len({path.stem for path in store.points.glob("*.parquet")} - set(points)):
            on_notice(f"points in {store.points} that this run does not ask for: {others}")
        rows = state.rows | store.state(left).rows  # what is on disk counts, not what was said
        try:
            with defer_signals():
                table = store.collect(points, rows, mix_versions=mix_versions, on_notice=on_notice)
        except OSError as error:
            table, stopped = pd.DataFrame(), stopped or reason(error, folder)
    missing = [point for key, point in left.items() if key not in rows and key not in run.failed]
    failed = [(points[key], why) for key, why in run.failed.items() if key not in rows]
    return Result(table, failed, missing, stopped)


@contextmanager
def _batches(left, store, workers, scheduler, known, on_notice):
    """What `here` or `on_workers` yields, with the cluster it needs."""
    if not left:
        yield ()
    elif workers == 1 and scheduler is None:
        yield here(left, store.folder)
    else:
        with connect(workers, scheduler) as client:
            if not client.nthreads():
                on_notice(f"waiting for workers of {client.scheduler.address}")
            yield on_workers(client, left, store.folder, known)


class _Run:
    """The points of a run that are done, failed and left."""

    def __init__(self, points, left, store, journal, on_progress):
        self.points, self.store, self.journal = points, store, journal
        self.known, self.failed = durations(store), {}
        self.setting = {key: point.setting for key, point in left.items()}
        self.left = Counter(self.setting.values())
        self.counts = Counts(len(points), len(points) - len(left))
        self.worked, self.measured = 0.0, 0
        self.started, self.on_progress = time.monotonic(), on_progress
        self.estimated = self.started
        on_progress(self.counts)

    def note(self, keys, done, death):
        """A task has ended, or the only point of it was given up for the reason ``death``."""
        if death:
            self.failed[keys[0]] = death
            try:
                self.store.write_failure(self.points[keys[0]], death)
            except OSError as error:
                raise Stopped(reason(error, self.store.folder)) from error
        else:
            self.journal.add(done, self.setting)
            self.failed |= done.failures
            for key, seconds in done.seconds.items():
                self.known.add(self.setting[key], seconds)
                self.worked += seconds
                self.measured += 1
        self.left.subtract(self.setting[key] for key in keys)
        failed = sum(key in self.failed for key in keys)
        self.counts = replace(
            self.counts,
            done=self.counts.done + len(keys) - failed,
            failed=self.counts.failed + failed,
            seconds_left=self._seconds_left(),
        )
        self.on_progress(self.counts)

    def _seconds_left(self):
        """Work left, by the work done a second so far."""
        now = time.monotonic()
        if now < self.estimated + ESTIMATE_SECONDS or self.measured < ENOUGH:
            return self.counts.seconds_left
        self.estimated, work = now, self.known.total(self.left)
        return None if work is None else work * (now - self.started) / self.worked
