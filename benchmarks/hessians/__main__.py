"""Hessians at scale: time and memory of this package and of others on the same work.

``python -m benchmarks.hessians`` (or ``make bench``) writes ``benchmarks/results/hessians.md`` and
``hessians.png``. What is measured, and how, is told in ``benchmarks/README.md``.
"""

import argparse
import time
from pathlib import Path

from benchmarks import processes
from benchmarks.hessians import figure, predictions, tables
from benchmarks.hessians.cases import CLASSES, DENSE, class_cases, dense_cases
from benchmarks.hessians.measure import CONTENDERS, THREADS, Limits, measure

RESULTS = processes.ROOT / "benchmarks" / "results"


def main():
    """Measure, write the page and the figure."""
    keys = [contender.key for contender in CONTENDERS]
    limits = Limits()
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    every = tuple(range(1, len(DENSE) + 1))
    parser.add_argument(
        "--dense", type=int, nargs="*", choices=every, default=every, help="dense cases; none: skip"
    )
    parser.add_argument(
        "--classes", type=int, nargs="*", default=CLASSES, help="numbers of classes; none: skip"
    )
    parser.add_argument("--contenders", nargs="+", choices=keys, default=keys)
    parser.add_argument("--seconds", type=float, default=limits.seconds)
    parser.add_argument("--gigabytes", type=float, default=limits.bytes / 1e9)
    parser.add_argument("--sample-seconds", type=float, default=limits.sample_seconds)
    parser.add_argument("--out", type=Path, default=RESULTS / "hessians.md")
    args = parser.parse_args()

    description = processes.machine()
    limits = Limits(args.seconds, args.gigabytes * 1e9, args.sample_seconds)
    cases = dense_cases(args.dense) + class_cases(args.classes)
    chosen = [contender for contender in CONTENDERS if contender.key in args.contenders]
    started, others = time.monotonic(), processes.other_work()
    rows = measure(cases, chosen, limits, log=lambda line: print(line, flush=True))
    if others is not None:
        share = (processes.other_work() - others) / (time.monotonic() - started)
        description += f"; other processes kept {share:.2f} cores busy during the sitting"
    page = tables.report(rows, description, THREADS, limits, predictions.constants(rows))
    args.out.parent.mkdir(parents=True, exist_ok=True)
    args.out.write_text(page, encoding="utf-8")
    figure.draw(rows, args.out.with_suffix(".png"))
    print(page)


if __name__ == "__main__":
    main()
