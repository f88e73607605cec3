"""Sweeps: what the machinery costs beside the computation of its points.

``python -m benchmarks.sweeps`` (or ``make bench``) writes ``benchmarks/results/sweeps.md``. What is
measured, and how, is told in ``benchmarks/README.md``.
"""

import argparse
import time
from dataclasses import replace
from pathlib import Path

from benchmarks import processes
from benchmarks.sweeps import tables
from benchmarks.sweeps.measure import LONG, SHORT, compare, folders

RESULTS = processes.ROOT / "benchmarks" / "results"
SCRATCH = processes.ROOT / "results"  # where sweeps write: the disk that is measured
LIBRARIES = (*processes.LIBRARIES, "pandas", "pyarrow", "distributed")


def main():
    """Measure, write the page."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--long", type=int, default=LONG.count, help="points of about 0.8 s")
    parser.add_argument("--seconds", type=float, default=LONG.seconds, help="of such a point")
    parser.add_argument("--short", type=int, default=SHORT.count, help="points of about 5 ms")
    parser.add_argument("--done", type=int, default=5000, help="points done when resuming")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--scratch", type=Path, default=SCRATCH, help="where sweeps are written")
    parser.add_argument("--out", type=Path, default=RESULTS / "sweeps.md")
    args = parser.parse_args()

    args.scratch.mkdir(parents=True, exist_ok=True)
    description = processes.machine(LIBRARIES)
    started, others = time.monotonic(), processes.other_work()
    steps, resumed = folders(args.done, args.rounds, args.scratch)
    long = replace(LONG, count=args.long, seconds=args.seconds)
    runs = [
        compare(points, args.rounds, args.scratch, log=lambda line: print(line, flush=True))
        for points in (long, replace(SHORT, count=args.short))
    ]
    if others is not None:
        share = (processes.other_work() - others) / (time.monotonic() - started)
        description += f"; other processes kept {share:.2f} cores busy during the sitting"
    page = tables.report(*runs, steps, resumed, description, points=args.done, rounds=args.rounds)
    args.out.parent.mkdir(parents=True, exist_ok=True)
    args.out.write_text(page, encoding="utf-8")
    print(page)


if __name__ == "__main__":
    main()
