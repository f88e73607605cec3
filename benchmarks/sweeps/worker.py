"""What a fresh process does: the points in a bare loop, or as a sweep, or a look at its disk."""

import os
import statistics
from contextlib import nullcontext
from io import BytesIO
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.sweeps.points import COLUMNS, block_eigenvalues, peak_bytes
from benchmarks.timing import serve, timed
from rmt_hessian import __version__
from rmt_hessian._files import write_whole
from rmt_hessian._threads import one_thread
from rmt_hessian.sweep.clusters import connect
from rmt_hessian.sweep.config import load_points
from rmt_hessian.sweep.run import run_sweep
from rmt_hessian.sweep.store import Store

CONFIG = Path(__file__).with_name("points.toml")
SAMPLES = 50


def bare(overrides, first, step):
    """Every ``step``-th point from the ``first`` on, one after the other, nothing around them."""
    points, _ = load_points(CONFIG, overrides)
    chosen = [(p.seed, p.rng(), p.parameters) for p in list(points.values())[first::step]]
    return {
        "rows": [
            {"seed": seed} | block_eigenvalues(rng, **parameters)
            for seed, rng, parameters in chosen
        ]
    }


def sweep(overrides, folder, workers, cluster):
    """The points by `run_sweep`; ``cluster``: on workers of a scheduler, even if it is only one."""
    with connect(workers) if cluster else nullcontext() as client:
        scheduler = client.scheduler.address if cluster else None
        result = run_sweep(
            CONFIG, folder, overrides=overrides, workers=workers, scheduler=scheduler
        )
    if result.failed or result.missing:
        raise RuntimeError(f"{len(result.failed)} points failed, {len(result.missing)} missing")
    return {"rows": result.table[["seed", *COLUMNS]].to_dict("records")}


def calibrate(size, seconds):
    """How many repeats take so long."""
    rng, tried = np.random.default_rng(0), 1
    block_eigenvalues(rng, size=size, repeats=1)
    while True:
        taken = timed(lambda n=tried: block_eigenvalues(rng, size=size, repeats=n))[1]["wall"]
        if taken > min(seconds, 0.2):
            return {"repeats": max(1, round(tried * seconds / taken))}
        tried *= 2


def steps(folder):
    """Seconds of what is done for each point or task, medians, on both clocks."""
    points, _ = load_points(CONFIG)
    (key, point), *_ = points.items()
    store = Store(folder)
    scalars = dict.fromkeys(COLUMNS, 0.5)
    table = pa.Table.from_pylist([point.columns() | scalars])
    page = BytesIO()
    pq.write_table(table, page, write_page_checksum=True)

    def limit_threads():
        with one_thread():
            pass

    with store.writing():
        path = store.folder / "page"
        calls = {
            "write a point": lambda: store.write_point(point, scalars, {}, __version__),
            "Parquet of it in memory": lambda: pq.write_table(
                table, BytesIO(), write_page_checksum=True
            ),
            "write, fsync, rename as many bytes": lambda: write_whole(
                path, lambda file: file.write(page.getvalue())
            ),
            "read a point": lambda: store.row(key),
            "limit threads": limit_threads,
            "key of a point": lambda: point.key,
            "generator of a point": point.rng,
        }
        return {name: _median(call) for name, call in calls.items()}


def _median(call):
    call()
    samples = [timed(call)[1] for _ in range(SAMPLES)]
    return {clock: statistics.median(s[clock] for s in samples) for clock in ("wall", "cpu")}


def prepare(overrides, folder):
    """A folder in which every point is done, as if measured."""
    points, _ = load_points(CONFIG, overrides)
    store = Store(folder)
    with store.writing():
        for point in points.values():
            store.write_point(point, dict.fromkeys(COLUMNS, 0.5), {}, __version__)
    return {"points": len(points)}


def resume(overrides, folder):
    """Seconds to find the points of a folder, as a run that resumes does, and to collect them."""
    (points, _), expand = timed(lambda: load_points(CONFIG, overrides))
    store = Store(folder)
    state, find = timed(lambda: store.state(points))
    table, collect = timed(lambda: store.collect(points, state.rows))
    if len(table) != len(points):
        raise RuntimeError(f"{len(points)} points, {len(table)} rows")
    return {"expand the sweep file": expand, "find": find, "collect": collect}


JOBS = {job.__name__: job for job in (bare, sweep, calibrate, steps, prepare, resume)}


def answer(question):
    """Do the job; with CPU seconds of this process and of its children, and its peak memory."""
    found = JOBS[question["job"]](**question["options"])
    return found | {"cpu": sum(os.times()[:4]), "peak_bytes": peak_bytes()}


if __name__ == "__main__":
    serve(answer)
