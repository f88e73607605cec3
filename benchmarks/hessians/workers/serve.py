"""What every worker of the Hessians does: one task in this process, checked first, then timed.

A worker runs in the environment of its package and needs nothing but the standard library, NumPy
and that package.
"""

import resource
import statistics
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks import timing
from benchmarks.hessians.cases import Case, draw
from benchmarks.processes import resident_bytes
from benchmarks.timing import timed

TOLERANCE = 1e-8  # of the largest entry; of each of the two norms
FEWEST, MOST, ENOUGH_SECONDS = 3, 7, 3.0  # calls that are timed, until together they last so long
SLOW_SECONDS = 5.0  # a first call that takes longer is the only one
KEPT_VALUES = 8  # a result with no more numbers goes into the answer


@dataclass(frozen=True)
class Problem:
    """The arrays of a case; ``v`` for a product only."""

    task: str
    X: np.ndarray
    y: np.ndarray
    weights: list
    v: np.ndarray | None


@dataclass(frozen=True)
class Sample:
    """Some rows of a Hessian, and the seconds that all of them would take at that pace."""

    rows: np.ndarray
    values: np.ndarray
    seconds: dict


def serve(load):
    """Answer the question on standard input.

    ``load(options)`` imports the package and returns its name with version, and
    ``prepare(problem)``, which returns the call to be timed; the call returns an array, or a
    `Sample` of its rows. Before the case come a tiny one and a product of NumPy, for whatever a
    library does once.
    """
    timing.serve(lambda question: _answer(question, load))


def _answer(question, load):
    case, folder = Case(**question["case"]), Path(question["folder"])
    version, prepare = load(question["options"])
    tiny = Case(case.part, case.task, (3, 4, 5)[: len(case.widths)], 7)
    prepare(_problem(tiny, draw(tiny)))()
    np.ones((1000, 1000)) @ np.eye(1000)  # allocates the buffers of its BLAS
    call, preparation = timed(lambda: prepare(_read(case, folder)))
    held = resident_bytes()
    _forget_peak()
    result, first = timed(call)
    peak = _peak_bytes()
    answer = {"version": version}
    if question["is_reference"]:
        np.save(folder / "reference.npy", _compared_rows(result, case))
    found = difference(result, case, np.load(folder / "reference.npy", mmap_mode="r"))
    if not found <= TOLERANCE:  # also a NaN
        return answer | {"failure": f"disagrees: {found:.1e} of the largest entry"}
    if np.size(getattr(result, "values", result)) <= KEPT_VALUES:
        answer["values"] = np.ravel(result).tolist()
    if isinstance(result, Sample):
        answer["sampled_rows"], samples = len(result.rows), [result.seconds]
    else:
        del result
        samples = _repeat(call, first)
    return answer | {
        "seconds": {k: statistics.median(s[k] for s in samples) for k in ("wall", "cpu")},
        "calls": len(samples),
        "preparation": preparation,
        "peak": peak,
        "growth": max(0, peak - held),
        "difference": found,
    }


def _problem(case, arrays):
    weights = [arrays[f"W{layer}"] for layer in range(len(case.shapes))]
    return Problem(case.task, arrays["X"], arrays["y"], weights, arrays.get("v"))


def _read(case, folder):
    arrays = {p.stem: np.load(p) for p in folder.glob("*.npy") if p.stem != "reference"}
    return _problem(case, arrays)


def _repeat(call, first):
    """Seconds of several calls, or of the first if it was slow."""
    if first["wall"] > SLOW_SECONDS:
        return [first]
    samples, total = [], 0.0
    while len(samples) < MOST and (len(samples) < FEWEST or total < ENOUGH_SECONDS):
        _, seconds = timed(lambda: call() is None)  # the result is dropped in between
        samples.append(seconds)
        total += seconds["wall"]
    return samples


# --- agreement ----------------------------------------------------------------------------------


def _compared_rows(result, case):
    rows = case.reference_rows()
    return result if rows is None else result[rows]


def difference(result, case, reference):
    """Largest difference to the reference, over its largest entry (over each of the two norms).

    The reference has the rows ``case.reference_rows()``; a `Sample` is compared on those it has.
    """
    scale = np.abs(reference) if case.task == "norms" else np.abs(reference).max()
    rows = case.reference_rows()
    if rows is None:
        return float(np.max(np.abs(result - reference) / scale))
    values, mine, theirs = result, rows, np.arange(rows.size)
    if isinstance(result, Sample):
        _, mine, theirs = np.intersect1d(result.rows, rows, return_indices=True)
        values = result.values
    pairs = zip(mine, theirs, strict=True)
    return float(np.max([np.abs(values[a] - reference[b]).max() for a, b in pairs]) / scale)


def by_rows(compute, n_rows, block, budget):
    """All rows of a symmetric matrix, ``block`` at a time, or a `Sample` within ``budget`` seconds.

    ``compute()`` does what comes once before the rows and returns ``rows(indices)``, an array of
    shape (len(indices), n_rows).
    """
    rows, once = timed(compute)
    H = np.empty((n_rows, n_rows))
    blocks = [np.arange(lo, min(lo + block, n_rows)) for lo in range(0, n_rows, block)]

    def fill(indices):
        H[indices] = rows(indices)

    probes = [timed(lambda b=b: fill(b))[1]["wall"] for b in blocks[:3]]
    if min(probes) * len(blocks) <= budget:
        for indices in blocks[3:]:
            fill(indices)
        return H
    wanted = block * max(2, int(budget / min(probes)))
    chosen = np.unique(np.linspace(0, n_rows - 1, min(wanted, n_rows)).astype(int))
    parts = [chosen[lo : lo + block] for lo in range(0, chosen.size, block)]
    values, spent = timed(lambda: np.concatenate([rows(indices) for indices in parts]))
    scale = n_rows / chosen.size
    return Sample(chosen, values, {key: once[key] + scale * spent[key] for key in spent})


# --- memory -------------------------------------------------------------------------------------


def _forget_peak():
    """Begin a new peak of the resident memory, where the system can (Linux)."""
    with suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")


def _peak_bytes():
    """The peak since then; elsewhere ``ru_maxrss``, never below the parent's size at the start."""
    with suppress(OSError):
        for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
            if line.startswith("VmHWM:"):
                return 1024 * int(line.split()[1])
    unit = 1 if sys.platform == "darwin" else 1024
    return unit * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
