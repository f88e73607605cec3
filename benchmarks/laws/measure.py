"""Who is compared on the laws, the answers of their workers, the errors of these."""

import statistics
from dataclasses import dataclass

import mpmath
import numpy as np

from benchmarks import processes
from benchmarks.laws import oracle
from benchmarks.laws.cases import density_points, distribution_points

CHECKED = slice(25, None, 50)  # the points whose error is measured: 20 of 1000
LIMIT_SECONDS = 20  # for one package on one case


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


def ask(contender, case, points, limit=LIMIT_SECONDS):
    """The answer of the contender's worker in a fresh process; see ``workers/serve.py``."""
    question = {
        "options": contender.options,
        "weights": case.weights.tolist(),
        "probabilities": case.probabilities.tolist(),
        "aspect_ratio": case.aspect_ratio,
        "points": {verb: points[verb].tolist() for verb in contender.verbs},
    }
    return processes.ask(
        processes.interpreter(contender.package),
        f"benchmarks.laws.workers.{contender.package.replace('-', '_')}",
        question,
        threads=1,
        limit_seconds=limit,
    )


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
