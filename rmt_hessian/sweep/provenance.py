"""What was run, with what, where and when: all that may differ between equal results.

``provenance.json`` has an entry for each run, with its machines and the seconds of its points.
"""

import json
import os
import platform
import socket
import subprocess
import sys
import time
from collections import defaultdict
from contextlib import suppress
from datetime import UTC, datetime
from functools import cache
from importlib.metadata import version as installed
from pathlib import Path
from statistics import fmean

import threadpoolctl

from rmt_hessian import __version__
from rmt_hessian._files import write_whole
from rmt_hessian.sweep.store import DamagedResult

PACKAGES = ("numpy", "scipy", "numba", "pandas", "pyarrow")
BLAS_FIELDS = ("internal_api", "version", "architecture", "num_threads")
STRANGE = (LookupError, TypeError, ValueError, AttributeError)  # entries of another make
WRITE_SECONDS = 10  # between two writings, while points are measured


def runs_of(folder):
    """The entries of the runs in a folder so far. Raises `DamagedResult` if there are others."""
    path = Path(folder) / "provenance.json"
    try:
        runs = json.loads(path.read_text(encoding="utf-8"))["runs"]
    except FileNotFoundError:
        return []
    except (ValueError, LookupError, TypeError) as error:
        raise DamagedResult(f"{path}: {error}") from None
    if not isinstance(runs, list) or not all(isinstance(run, dict) for run in runs):
        raise DamagedResult(f"{path} holds no list of runs")
    return runs


def expected_seconds(folder, points):
    """How long points will take by those measured in a folder; None if nothing is known of one.

    As long as others of its setting, or else as the mean point of its measurement.
    """
    known = defaultdict(list)
    with suppress(DamagedResult):
        for run in runs_of(folder):
            with suppress(*STRANGE):
                for setting, seconds in run.get("seconds", {}).items():
                    for name in (setting, setting.partition(" ")[0]):
                        known[name] += map(float, seconds)
    means = {name: fmean(seconds) for name, seconds in known.items() if seconds}
    expected = [means.get(p.setting, means.get(p.measurement)) for p in points]
    return None if None in expected else sum(expected)


class Provenance:
    """The entry of one run, beside those of earlier ones; it is written as the run goes.

    Earlier ones that cannot be read are set aside, and ``damage`` says why.
    """

    def __init__(self, folder, **facts):
        self.path, self.damage = Path(folder) / "provenance.json", ""
        try:
            self.earlier = runs_of(folder)
        except DamagedResult as error:
            self.earlier, self.damage = [], str(error)
            os.replace(self.path, self.path.with_suffix(".damaged"))
        self.entry = {
            "rmt_hessian": __version__,
            "git_commit": _git_commit(),
            "command": [Path(sys.argv[0]).name, *sys.argv[1:]],
            "host": socket.gethostname(),
            "process": os.getpid(),
            "started": _now(),
            **facts,
            "machines": [],
            "seconds": {},
        }
        self.write()

    def add(self, done, points):
        """Note what `Done` says of ``{key: Point}``: how long they took, and where."""
        for key, seconds in done.seconds.items():
            known = self.entry["seconds"].setdefault(points[key].setting, [])
            known.append(float(f"{seconds:.3g}"))
        if done.machine and done.machine not in self.entry["machines"]:
            self.entry["machines"].append(done.machine)
        if time.monotonic() > self.written + WRITE_SECONDS:
            with suppress(OSError):  # of a full disk the results will tell
                self.write()

    def end(self, outcome):
        """Note how the run ended, if the disk still takes it."""
        self.entry |= {"ended": _now(), "outcome": outcome}
        with suppress(OSError):
            self.write()

    def write(self):
        """Write all entries."""
        text = json.dumps({"runs": [*self.earlier, self.entry]}, indent=2) + "\n"
        write_whole(self.path, lambda f: f.write(text.encode()))
        self.written = time.monotonic()

    def mixed(self):
        """Whether points of the folder were computed by different libraries or BLAS kernels."""
        found = set()
        for run in [*self.earlier, self.entry]:
            with suppress(*STRANGE):
                found |= {kernels(machine) for machine in run.get("machines", [])}
        return len(found) > 1


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


def _now():
    return datetime.now(UTC).isoformat(timespec="seconds")


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
