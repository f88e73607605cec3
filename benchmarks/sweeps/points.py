"""The measurement that is swept: real work of a known length, and when and where it was done."""

import os
import resource
import sys
import time
from contextlib import suppress
from pathlib import Path

from rmt_hessian import Ensemble, draw, eigenvalues

N_CLASSES = 8
COLUMNS = ("total", "process", "peak_bytes", "cpu", "started", "ended")


def block_eigenvalues(rng, *, size: int, repeats: int):
    """Largest eigenvalues of blocks (0, 0) and (0, 1) of linear models, ``repeats`` times anew.

    ``size`` is the number of inputs, with twice as many samples. ``started`` and ``ended`` are on
    the monotonic clock, which processes of one machine share.
    """
    started = time.monotonic()
    total = 0.0
    for _ in range(repeats):
        H = draw(Ensemble([size, N_CLASSES], layer=0, loss="ce", n_samples=2 * size), rng)
        total += sum(eigenvalues(H.block(0, j))[-1] for j in (0, 1))
    return {
        "total": total,
        "process": os.getpid(),
        "peak_bytes": peak_bytes(),
        "cpu": time.process_time(),
        "started": started,
        "ended": time.monotonic(),
    }


def peak_bytes():
    """Largest resident memory of this process so far; on Linux without what its parent held."""
    with suppress(OSError):
        for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
            if line.startswith("VmHWM:"):
                return 1024 * int(line.split()[1])
    unit = 1 if sys.platform == "darwin" else 1024
    return unit * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
