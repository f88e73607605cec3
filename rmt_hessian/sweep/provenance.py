"""What was run, with what, where and when: all that may differ between equal results."""

import os
import platform
import socket
import subprocess
import sys
from datetime import UTC, datetime
from functools import cache
from importlib.metadata import version as installed
from pathlib import Path

import threadpoolctl

from rmt_hessian import __version__

PACKAGES = ("numpy", "scipy", "numba", "pandas", "pyarrow")
BLAS_FIELDS = ("internal_api", "version", "architecture", "num_threads")


def now():
    """The time, in UTC, to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def describe_run(**facts):
    """The entry of a run at its start."""
    return {
        "rmt_hessian": __version__,
        "git_commit": _git_commit(),
        "command": [Path(sys.argv[0]).name, *sys.argv[1:]],
        "host": socket.gethostname(),
        "process": os.getpid(),
        "started": now(),
        **facts,
    }


@cache
def describe_machine():
    """Where points are computed; call it with the threads limited as they are for them."""
    pools = threadpoolctl.threadpool_info()
    return {
        "host": socket.gethostname(),
        "platform": platform.platform(),
        "processor": platform.machine(),
        "python": platform.python_version(),
        "packages": {name: installed(name) for name in PACKAGES},
        "threadpools": sorted(
            ({field: pool.get(field) for field in BLAS_FIELDS} for pool in pools), key=str
        ),
    }


def kernels(machine):
    """What the last bits of a result depend on, besides the point."""
    versions = [machine["packages"][name] for name in ("numpy", "scipy", "numba")]
    blas = {f"{pool['internal_api']} {pool['architecture']}" for pool in machine["threadpools"]}
    return machine["processor"], *versions, *sorted(blas)


def _git_commit():
    """Commit of the checkout this file belongs to, "+" if it has changes; None without one."""
    here = Path(__file__)

    def git(*arguments):
        command = ["git", "-C", str(here.parent), *arguments]
        return subprocess.run(
            command, capture_output=True, encoding="utf-8", errors="replace", check=True
        ).stdout.strip()

    try:
        git("ls-files", "--error-unmatch", here.name)
        return git("rev-parse", "HEAD") + ("+" if git("status", "--porcelain") else "")
    except (OSError, subprocess.CalledProcessError):
        return None
