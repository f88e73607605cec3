"""Run a sweep: measure the points that its folder does not hold; run again to resume."""

from contextlib import contextmanager
from dataclasses import dataclass

import pandas as pd

from rmt_hessian import __version__
from rmt_hessian.sweep.clusters import SLURM, check, connect
from rmt_hessian.sweep.config import load_config, load_points
from rmt_hessian.sweep.extras import require_extras
from rmt_hessian.sweep.provenance import Provenance
from rmt_hessian.sweep.signals import defer_signals
from rmt_hessian.sweep.store import Store
from rmt_hessian.sweep.workers import Stopped, measure_here, measure_on_workers, reason

MIXED = "their last digits may differ (provenance.json)"


@dataclass(frozen=True)
class Counts:
    """How far a run is."""

    total: int
    done: int
    failed: int = 0


@dataclass(frozen=True)
class Result:
    """What a run leaves."""

    table: pd.DataFrame  # of the points that are done
    failed: list  # (point, reason) of those that failed in this run
    missing: list  # points that are neither
    stopped: str  # why it ended early, or empty


def run_sweep(
    config_path,
    folder,
    *,
    overrides=(),
    quick=False,
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
    config_path, folder : paths of a sweep file and of the results
    overrides : iterable of str
        ``name=value,…``, see `with_overrides`.
    quick : bool
        The small sizes of the file, see `quickly`.
    workers : int
        Processes, of this machine or in SLURM jobs. One worker and no scheduler: in this process.
    scheduler : str, optional
        ``tcp://HOST:PORT`` or ``slurm``, see `connect`.
    mix_versions : bool
        Whether results of other versions of the package may stand in the table.
    on_progress, on_notice : callables
        Called with `Counts` before the first task and after each; with lines worth knowing.

    Returns
    -------
    Result

    Raises
    ------
    ConfigError, ValueError
        If the sweep file, an override or the scheduler cannot be used, or a package of the file's
        extras is not installed; if the folder holds results of another version of the package.
    FolderInUse
        If another run writes into the folder.
    """
    check(scheduler)
    points, text = load_points(config_path, overrides, quick=quick)
    require_extras(load_config(config_path).extras, config_path)
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
        provenance = Provenance(folder, workers=workers if own else None, scheduler=scheduler)
        if provenance.damage:
            on_notice(f"damaged, set aside: {provenance.damage}")
        done, failed, stopped = len(state.rows), {}, ""
        on_progress(Counts(len(points), done))
        try:
            with _measuring(left, folder, workers, scheduler, on_notice) as parts:
                for part in parts:
                    provenance.add(part, left)
                    failed |= part.failures
                    done += part.count - len(part.failures)
                    on_progress(Counts(len(points), done, len(failed)))
        except Stopped as error:
            stopped = str(error)
        except KeyboardInterrupt:
            provenance.end("interrupted")
            raise
        provenance.end(f"stopped: {stopped}" if stopped else "finished")
        if provenance.mixed():
            on_notice("points were computed with different libraries or BLAS kernels: " + MIXED)
        if others := len({path.stem for path in store.points.glob("*.parquet")} - set(points)):
            on_notice(f"points in {store.points} that this run does not ask for: {others}")
        rows = state.rows | store.state(left).rows  # what is on disk counts, not what was said
        try:
            with defer_signals():
                table = store.collect(points, rows, mix_versions=mix_versions, on_notice=on_notice)
        except OSError as error:
            table, stopped = pd.DataFrame(), stopped or reason(error, folder)
    missing = [point for key, point in left.items() if key not in rows and key not in failed]
    told = [(points[key], why) for key, why in failed.items() if key not in rows]
    return Result(table, told, missing, stopped)


@contextmanager
def _measuring(left, folder, workers, scheduler, on_notice):
    """The generator of `measure_here` or `measure_on_workers`, with the cluster it needs."""
    if not left or (workers == 1 and scheduler is None):
        yield measure_here(left, folder)
    else:
        with connect(workers, scheduler) as client:
            if not client.nthreads():
                on_notice(f"waiting for workers of {client.scheduler.address}")
            yield measure_on_workers(client, left, folder)
