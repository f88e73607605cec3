"""Run a sweep, point by point in this process; run again to resume."""

import platform
import shutil
import subprocess
import sys
import traceback
from datetime import UTC, datetime
from importlib.metadata import version as installed
from pathlib import Path

import threadpoolctl

from rmt_hessian import __version__
from rmt_hessian.experiments.config import load_config
from rmt_hessian.experiments.store import Store


def run_sweep(config_path, folder, on_progress=lambda done, total, failed: None):
    """Compute the points of a sweep file that ``folder`` does not hold yet, then collect.

    A point that raises is recorded with its traceback and the rest goes on.

    Parameters
    ----------
    config_path : path of a sweep file
    folder : path of the results
    on_progress : callable
        Called with (points done, points in all, points failed) before and after each point.

    Returns
    -------
    (pandas.DataFrame, list of Point)
        The table and the points that failed.

    Raises
    ------
    ConfigError
        If the sweep file cannot be used.
    """
    points = load_config(config_path).points()
    store = Store(folder)
    store.create()
    shutil.copyfile(config_path, store.folder / "config.toml")
    with threadpoolctl.threadpool_limits(limits=1):
        provenance = _provenance()
    store.write_json("provenance.json", provenance)
    missing = [point for point in points if not store.is_done(point.key)]
    failed = []
    for n, point in enumerate(missing):
        on_progress(len(points) - len(missing) + n, len(points), len(failed))
        try:
            # one thread: as fast for matrices of this size, and the same bits on a busy machine
            with threadpoolctl.threadpool_limits(limits=1):
                result = point.measure()
        except Exception:
            store.write_failure(point, traceback.format_exc())
            failed.append(point)
        else:
            store.write_point(point, result, __version__)
    on_progress(len(points), len(points), len(failed))
    store.write_json("provenance.json", provenance | {"ended": _now()})
    return store.collect(points), failed


def _now():
    return datetime.now(UTC).isoformat(timespec="seconds")


def _provenance():
    """What was run, with what, where and when."""
    packages = ("numpy", "scipy", "numba", "pandas", "pyarrow")
    return {
        "rmt_hessian": __version__,
        "git_commit": _git_commit(),
        "python": platform.python_version(),
        "packages": {name: installed(name) for name in packages},
        "machine": {"platform": platform.platform(), "processor": platform.machine()},
        "thread_pools": [
            {k: pool.get(k) for k in ("internal_api", "version", "num_threads", "architecture")}
            for pool in threadpoolctl.threadpool_info()
        ],
        "command": [Path(sys.argv[0]).name, *sys.argv[1:]],
        "started": _now(),
    }


def _git_commit():
    """Commit of the checkout the package runs from, or None (installed, or no git)."""
    command = ["git", "-C", str(Path(__file__).parent), "rev-parse", "HEAD"]
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return None
