"""Laws of a Hessian block: time and error of this package and of others, on the same points.

``python -m benchmarks.laws`` (or ``make bench``) writes ``benchmarks/results/laws.md``. What is
measured, and how, is told in ``benchmarks/README.md``.
"""

import argparse
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np

from benchmarks import processes
from benchmarks.laws import separable, tables
from benchmarks.laws.cases import ATOMS, cases
from benchmarks.laws.measure import CONTENDERS, add_errors, ask, measure

RESULTS = processes.ROOT / "benchmarks" / "results"


def main():
    """Measure, check, write the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--atoms", type=int, nargs="+", default=ATOMS)
    parser.add_argument("--rounds", type=int, default=1, help="processes per case and package")
    parser.add_argument("--out", type=Path, default=RESULTS / "laws.md")
    args = parser.parse_args()

    description = processes.machine((*processes.LIBRARIES, "mpmath"))
    chosen = cases(args.atoms)
    for contender in CONTENDERS:  # caches of compiled code and of the file system
        case = next(c for c in chosen if c.family in contender.families)
        points = {verb: np.array([1.0]) for verb in contender.verbs}
        ask(contender, case, points)
    rows = measure(chosen, args.rounds)
    with ProcessPoolExecutor() as pool:
        add_errors(rows, pool.map)
    args.out.parent.mkdir(parents=True, exist_ok=True)
    page = tables.report(rows, description, args.rounds)
    page += "\n" + separable.section(separable.measure()) + "\n"
    args.out.write_text(page, encoding="utf-8")
    print(args.out.read_text(encoding="utf-8"))


if __name__ == "__main__":
    main()
