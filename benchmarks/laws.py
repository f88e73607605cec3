"""Laws of a Hessian block: time and error of this package and of others, on the same points.

``python -m benchmarks.laws`` (or ``make bench``) writes ``benchmarks/results/laws.md``. What is
measured, and how, is told in ``benchmarks/README.md``.
"""

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import mpmath
import numpy as np

from benchmarks import oracle, tables
from benchmarks.cases import ATOMS, cases, density_points, distribution_points

HERE = Path(__file__).parent
CHECKED = slice(25, None, 50)  # the points whose error is measured: 20 of 1000
LIMIT_SECONDS = 20  # for one package on one case
LIBRARIES = ("numpy", "scipy", "numba", "mpmath")
ONE_THREAD = {f"{lib}_NUM_THREADS": "1" for lib in ("OMP", "OPENBLAS", "MKL", "NUMBA")}


@dataclass(frozen=True)
class Contender:
    """A law of a package, with the families it covers and what it can evaluate."""

    label: str
    package: str
    options: dict
    families: tuple
    verbs: tuple = ("pdf",)


PLAIN, COMPOUND = "plain", "compound"
ALL_VERBS = ("pdf", "cdf")
FREE_POISSON = {"law": "CompoundFreePoisson"}
CONTENDERS = (
    Contender(
        "rmt_hessian, `GeneralizedMarchenkoPastur`",
        "rmt-hessian",
        {"law": "GeneralizedMarchenkoPastur"},
        (PLAIN, COMPOUND),
        ALL_VERBS,
    ),
    Contender(
        "rmt_hessian, `MarchenkoPastur`",
        "rmt-hessian",
        {"law": "MarchenkoPastur"},
        (PLAIN,),
        ALL_VERBS,
    ),
    Contender("freealg, `MarchenkoPastur`", "freealg", {"law": "MarchenkoPastur"}, (PLAIN,)),
    Contender("freealg, `CompoundFreePoisson`", "freealg", FREE_POISSON, (COMPOUND,)),
    Contender(
        "freealg, the same, η = 1e-12", "freealg", FREE_POISSON | {"eta": 1e-12}, (COMPOUND,)
    ),
    Contender(
        "freealg, the same, η = 1e-12, points 2-d",
        "freealg",
        FREE_POISSON | {"eta": 1e-12, "rows": 2},
        (COMPOUND,),
    ),
    Contender(
        "freealg, `FreeLevy`, η = 1e-12", "freealg", {"law": "FreeLevy", "eta": 1e-12}, (COMPOUND,)
    ),
    Contender("scikit-rmt, `MarchenkoPasturDistribution`", "scikit-rmt", {}, (PLAIN,), ALL_VERBS),
)


def interpreter(package):
    """The Python of the package's own environment; this one for ours."""
    if package == "rmt-hessian":
        return Path(sys.executable)
    return HERE.parent / f".venv-bench-{package}" / "bin" / "python"


def ask(contender, case, points, limit=LIMIT_SECONDS):
    """The answer of the contender's worker in a fresh process; see ``workers/timing.py``."""
    python = interpreter(contender.package)
    if not python.exists():
        return {"failure": "not installed: the environment was not made"}
    question = {
        "options": contender.options,
        "weights": case.weights.tolist(),
        "probabilities": case.probabilities.tolist(),
        "aspect_ratio": case.aspect_ratio,
        "points": {verb: points[verb].tolist() for verb in contender.verbs},
    }
    worker = HERE / "workers" / f"{contender.package.replace('-', '_')}_laws.py"
    try:
        done = subprocess.run(
            [python, worker],
            input=json.dumps(question),
            env=os.environ | ONE_THREAD,
            timeout=limit,
            capture_output=True,
            text=True,
        )
    except subprocess.TimeoutExpired:
        return {"failure": f"no answer within {limit} s"}
    if done.returncode != 0:
        return {"failure": f"the process ended with {done.returncode}"}
    return json.loads(done.stdout.splitlines()[-1])


def medians(answers):
    """Seconds as medians over the answers of several processes; values of the first."""
    if len(answers) == 1:
        return answers[0]

    def median(*path):
        def seconds(answer, key):
            for step in path:
                answer = answer[step]
            return answer[key]

        return {k: statistics.median(seconds(a, k) for a in answers) for k in ("wall", "cpu")}

    verbs = {
        verb: {phase: median("verbs", verb, phase) for phase in ("first", "warm", "built")}
        | {"values": found["values"]}
        for verb, found in answers[0]["verbs"].items()
    }
    return answers[0] | {"import": median("import"), "verbs": verbs}


def repeatable(answer):
    """Whether another process is worth its time: no failure, no call of seconds."""
    if "failure" in answer:
        return False
    return all(found["first"]["wall"] < 2.0 for found in answer["verbs"].values())


def measure(chosen, rounds, log=print):
    """Rows ``(case, contender, answer)``; contenders take turns, each in fresh processes."""
    rows = []
    for case in chosen:
        points = {
            "pdf": density_points(case.law)[0],
            "cdf": distribution_points(case.law),
        }
        entered = [c for c in CONTENDERS if case.family in c.families]
        answers = {c.label: [ask(c, case, points)] for c in entered}
        for _ in range(rounds - 1):
            for c in entered:
                if repeatable(answers[c.label][0]):
                    answers[c.label].append(ask(c, case, points))
        for c in entered:
            good = [a for a in answers[c.label] if "failure" not in a]
            rows.append((case, c, medians(good or answers[c.label])))
        log(f"{case}: measured")
    return rows


def add_errors(rows, apply=map):
    """Put ``errors`` at the checked points beside the values of each answer.

    The density's are multiplied by the width of the interval, so that they have no dimension.
    """
    wanted = list({(case, v): None for case, _, answer in rows for v in answer.get("verbs", {})})
    references = dict(zip(wanted, apply(reference, wanted), strict=True))
    for case, _, answer in rows:
        for verb, found in answer.get("verbs", {}).items():
            values = map(mpmath.mpf, found["values"][CHECKED])
            found["errors"] = [
                float(abs(value - true) * width)
                for value, (true, width) in zip(values, references[case, verb], strict=True)
            ]


def reference(wanted):
    """For (case, verb): the oracle's value at each checked point, and the factor of its error."""
    case, verb = wanted
    if verb == "pdf":
        x, widths = density_points(case.law)
        function = oracle.density
    else:
        x = distribution_points(case.law)
        widths, function = np.ones(x.size), oracle.distribution
    law = case.weights.tolist(), case.probabilities.tolist(), case.aspect_ratio
    return [
        (function(float(t), *law), float(w))
        for t, w in zip(x[CHECKED], widths[CHECKED], strict=True)
    ]


def machine():
    """CPU model, cores, versions and other work; nothing that names the host."""
    model = platform.processor() or platform.machine()
    if Path("/proc/cpuinfo").exists():
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        model = next((s.split(":")[1].strip() for s in lines if s.startswith("model name")), model)
    versions = ", ".join(f"{name} {version(name)}" for name in LIBRARIES)
    return (
        f"{model}, {os.cpu_count()} cores, {platform.system()} {platform.machine()}, "
        f"Python {platform.python_version()}, {versions}; "
        f"load average at the start {os.getloadavg()[0]:.1f}"
    )


def main():
    """Measure, check, write the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--atoms", type=int, nargs="+", default=ATOMS)
    parser.add_argument("--rounds", type=int, default=1, help="processes per case and package")
    parser.add_argument("--out", type=Path, default=HERE / "results" / "laws.md")
    args = parser.parse_args()

    description, chosen = machine(), cases(args.atoms)
    for contender in CONTENDERS:  # caches of compiled code and of the file system
        case = next(c for c in chosen if c.family in contender.families)
        points = {verb: np.array([1.0]) for verb in contender.verbs}
        ask(contender, case, points)
    rows = measure(chosen, args.rounds)
    with ProcessPoolExecutor() as pool:
        add_errors(rows, pool.map)
    args.out.parent.mkdir(parents=True, exist_ok=True)
    args.out.write_text(tables.report(rows, description, args.rounds), encoding="utf-8")
    print(args.out.read_text(encoding="utf-8"))


if __name__ == "__main__":
    main()
