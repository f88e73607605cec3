"""Results of ``benchmarks.laws`` as Markdown."""

import statistics

import numpy as np

from benchmarks.markdown import footnote, footnotes, table

# atoms up to -> milliseconds allowed for 1000 densities of a law of one interval
REQUIRED = {64: 0.5, 1000: 2.0, 10_000: 20.0}
VERBS = {"pdf": "Density", "cdf": "Distribution function"}


def report(rows, machine, rounds):
    """The whole page from rows ``(case, contender, answer)``."""
    notes = []
    processes = "one process" if rounds == 1 else f"{rounds} processes"
    parts = [
        "# Laws of a block: time and error",
        f"Machine: {machine}. One thread. Packages: {packages(rows)}.",
        "All at 1000 points, in milliseconds, wall time (CPU time): medians of 7 samples in a "
        f"process and of {processes}. *Warm*: the law exists and has been evaluated. *With "
        "construction*: a new law each time, intervals of the support included. *First call*: "
        "construction and evaluation in a fresh process, after the import, compiled code in the "
        "cache. *Error*: at 20 of the points against 30 digits; of a density, multiplied by "
        "the width of its interval. `benchmarks/README.md` tells the rest.",
    ]
    for verb, title in VERBS.items():
        parts += [f"## {title}", table(evaluations(rows, verb, notes))]
    parts += [
        "## Required",
        "Milliseconds of 1000 densities, warm, of the slowest law of one interval with so many "
        "atoms. Wall time is what is asked; where other work shares the machine it exceeds the "
        "CPU time, and the page is worth a second sitting.",
        table(requirements(rows)),
    ]
    parts += ["## Import", "Seconds, in a fresh process.", table(imports(rows))]
    parts.append(footnotes(notes))
    return "\n\n".join(part for part in parts if part) + "\n"


def packages(rows):
    """Names and versions of what answered."""
    found = {c.package: a["version"] for _, c, a in rows if "version" in a}
    return ", ".join(f"{name} {version}" for name, version in sorted(found.items())) or "none"


def evaluations(rows, verb, notes):
    """One line a case and contender; failures are footnotes appended to ``notes``."""
    law, times = ("weights", "K", "γ", "intervals"), ("warm", "with construction", "first call")
    lines = [(*law, "package", *times, "median error", "largest error")]
    for case, contender, answer in rows:
        if verb not in contender.verbs:
            continue
        intervals = len(case.law.components())
        law = case.name, case.weights.size, case.aspect_ratio, intervals
        if "failure" in answer:
            rest = [
                a.get("failure")
                for other, c, a in rows
                if other is case and c.package == contender.package and verb in c.verbs
            ]
            alike = rest.count(answer["failure"]) == len(rest)
            label = f"{contender.package}, each way" if alike else contender.label
            line = (*law, label, f"fails{footnote(answer['failure'], notes)}", *"––––")
            if line != lines[-1]:
                lines.append(line)
            continue
        found = answer["verbs"][verb]
        times = (milliseconds(found[phase]) for phase in ("warm", "built", "first"))
        errors = (f"{function(found['errors']):.1e}" for function in (np.median, np.max))
        lines.append((*law, contender.label, *times, *errors))
    return lines


def requirements(rows):
    """The slowest warm density of the general law by number of atoms, on both clocks."""
    lines = [("atoms up to", "required", "wall", "met", "CPU", "met")]
    lower = 0
    for upper, limit in REQUIRED.items():
        times = [
            answer["verbs"]["pdf"]["warm"]
            for case, contender, answer in rows
            if lower < case.weights.size <= upper
            and contender.options.get("law") == "GeneralizedMarchenkoPastur"
            and "failure" not in answer
            and len(case.law.components()) == 1
        ]
        if times:
            slowest = [1e3 * max(seconds[clock] for seconds in times) for clock in ("wall", "cpu")]
            verdicts = [(f"{t:.3g}", "yes" if t <= limit else "no") for t in slowest]
            lines.append((upper, f"{limit:g}", *verdicts[0], *verdicts[1]))
        lower = upper
    return lines


def imports(rows):
    """Median time of the import of each package."""
    seconds = {}
    for _, contender, answer in rows:
        if "import" in answer:
            seconds.setdefault(contender.package, []).append(answer["import"]["wall"])
    lines = [("package", "import")]
    return lines + [(name, f"{statistics.median(s):.2f}") for name, s in sorted(seconds.items())]


def milliseconds(seconds):
    """Wall time and, in brackets, CPU time, two or three digits each."""
    return f"{1e3 * seconds['wall']:.3g} ({1e3 * seconds['cpu']:.3g})"
