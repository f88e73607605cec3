"""Run a sweep, point by point in this process; run again to resume."""

import platform
import subprocess
import sys
import traceback
from datetime import UTC, datetime
from importlib.metadata import version as installed
from pathlib import Path

import threadpoolctl

from rmt_hessian import __version__
from rmt_hessian.experiments.config import load_config
from rmt_hessian.experiments.store import Store, require_one_version


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
    (pandas.DataFrame, list of (Point, str))
        The table, and the points that failed with the last line of their traceback.

    Raises
    ------
    ConfigError
        If the sweep file cannot be used.
    ValueError
        If the folder holds results of another version of the package.
    """
    points = load_config(config_path).points()
    text = Path(config_path).read_text(encoding="utf-8")
    store = Store(folder)
    store.create()
    rows = {point.key: store.row(point.key) for point in points}
    done = [row for row in rows.values() if row is not None]
    require_one_version(folder, done, __version__)
    store.write_config(text)
    earlier, this = store.provenance(), _provenance()
    store.write_provenance([*earlier, this])
    missing = [point for point in points if rows[point.key] is None]
    failed = []
    # one thread: as fast for matrices of this size, and the same bits on a busy machine
    with threadpoolctl.threadpool_limits(limits=1):
        for n, point in enumerate(missing):
            on_progress(len(done) + n - len(failed), len(points), len(failed))
            try:
                result = point.measure()
            except Exception as error:
                store.write_failure(point, traceback.format_exc())
                failed.append((point, f"{type(error).__name__}: {error}"))
            else:
                store.write_point(point, result, __version__)
    on_progress(len(points) - len(failed), len(points), len(failed))
    store.write_provenance([*earlier, this | {"ended": _now()}])
    return store.collect(points), failed


def _now():
    return datetime.now(UTC).isoformat(timespec="seconds")


def _provenance():
    """What is run, with what, where and when."""
    packages = ("numpy", "scipy", "numba", "pandas", "pyarrow")
    fields = ("internal_api", "version", "architecture")
    return {
        "rmt_hessian": __version__,
        "git_commit": _git_commit(),
        "python": platform.python_version(),
        "packages": {name: installed(name) for name in packages},
        "machine": {"platform": platform.platform(), "processor": platform.machine()},
        "blas": [
            {field: pool.get(field) for field in fields} | {"num_threads": 1}
            for pool in threadpoolctl.threadpool_info()
        ],
        "command": [Path(sys.argv[0]).name, *sys.argv[1:]],
        "started": _now(),
    }


def _git_commit():
    """Commit of the checkout this file belongs to, "+" if it has changes; None without one."""
    here = Path(__file__)

    def git(*arguments):
        command = ["git", "-C", str(here.parent), *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()

    try:
        git("ls-files", "--error-unmatch", here.name)
        return git("rev-parse", "HEAD") + ("+" if git("status", "--porcelain") else "")
    except (OSError, subprocess.CalledProcessError):
        return None
