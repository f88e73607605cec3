"""A worker in a fresh process, in the environment of its package, within limits; the machine."""

import json
import os
import platform
import subprocess
import sys
import time
from importlib.metadata import version
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LIBRARIES = ("numpy", "scipy", "numba")
THREAD_VARIABLES = [f"{lib}_NUM_THREADS" for lib in ("OMP", "OPENBLAS", "MKL", "NUMBA")]
BLAS_CHOICES = ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE")  # a worker is told none
POLL_SECONDS = 0.05


def interpreter(package):
    """The Python of the package's own environment; this one for ours."""
    if package == "rmt-hessian":
        return Path(sys.executable)
    return ROOT / f".venv-bench-{package}" / "bin" / "python"


def cores():
    """The cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return sorted(os.sched_getaffinity(0))
    return list(range(os.cpu_count()))


def environment(threads):
    """The variables of this process, with so many threads for every library."""
    kept = {name: value for name, value in os.environ.items() if name not in BLAS_CHOICES}
    return kept | dict.fromkeys(THREAD_VARIABLES, str(threads))


def ask(python, module, question, *, threads, limit_seconds, limit_bytes=None):
    """The answer of a worker, a dict; ``{"failure": …}`` if there is none.

    The module runs as ``python -m`` from the root of the repository. It finds the question on
    standard input and leaves the answer on the last line of standard output, both JSON.
    ``limit_bytes`` bounds its resident memory, where the system tells it (``/proc``).
    """
    if not python.exists():
        return {"failure": "not installed: the environment was not made"}
    worker = subprocess.Popen(
        [python, "-m", module],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        cwd=ROOT,
        env=environment(threads),
        encoding="utf-8",
    )
    deadline, text = time.monotonic() + limit_seconds, json.dumps(question)
    with worker:
        while True:
            try:
                out, _ = worker.communicate(text, timeout=POLL_SECONDS)
                break
            except subprocess.TimeoutExpired:
                text = None  # is being sent
            if time.monotonic() > deadline:
                failure = f"no answer within {limit_seconds:g} s"
            elif limit_bytes and resident_bytes(worker.pid) > limit_bytes:
                failure = f"out of memory: more than {limit_bytes / 1e9:g} GB"
            else:
                continue
            worker.kill()
            worker.communicate()
            return {"failure": failure}
    lines = out.splitlines()
    if worker.returncode != 0 or not lines:
        return {"failure": f"the process ended with {worker.returncode}"}
    return json.loads(lines[-1])


def resident_bytes(pid="self"):
    """Memory that a process holds now; 0 where the system does not tell it."""
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1])
    except (OSError, IndexError):  # no /proc, or the process has ended
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE")


def other_work():
    """CPU seconds that processes not of this benchmark have used so far; None if not told.

    All busy time of the machine (``/proc/stat``) less that of this process and its workers. Where
    it grows, threads that wait for each other are measured many times too slow.
    """
    try:
        fields = Path("/proc/stat").read_text(encoding="ascii").splitlines()[0].split()[1:]
    except OSError:
        return None
    user, nice, system, _idle, _wait, irq, softirq, *_ = map(int, fields)
    busy = (user + nice + system + irq + softirq) / os.sysconf("SC_CLK_TCK")
    return busy - sum(os.times()[:4])


def machine(libraries=LIBRARIES):
    """CPU model, cores, versions and other work; nothing that names the host."""
    model = platform.processor() or platform.machine()
    if Path("/proc/cpuinfo").exists():
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        model = next((s.split(":")[1].strip() for s in lines if s.startswith("model name")), model)
    versions = ", ".join(f"{name} {version(name)}" for name in libraries)
    return (
        f"{model}, {os.cpu_count()} cores, {platform.system()} {platform.machine()}, "
        f"Python {platform.python_version()}, {versions}; "
        f"load average at the start {os.getloadavg()[0]:.1f}"
    )
