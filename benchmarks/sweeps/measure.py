"""The ways to compute the same points, each in a fresh process; what a run took."""

import statistics
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from pathlib import Path

from benchmarks import processes

LIMIT_SECONDS = 300  # for one run
BARE, HERE, ONE, TWO_BARE, TWO = (
    "bare loop",
    "`--workers 1`, in process",
    "cluster of one worker",
    "two bare loops side by side, half of the points each",
    "`--workers 2`",
)
LOOPS = {BARE: 1, TWO_BARE: 2}
SWEEPS = {HERE: (1, False), ONE: (1, True), TWO: (2, False)}  # workers; through a scheduler


@dataclass(frozen=True)
class Points:
    """How many, how large and about how long, and the ways to compute them."""

    count: int
    size: int
    seconds: float
    ways: tuple


LONG = Points(20, 300, 0.8, (BARE, HERE, ONE, TWO_BARE, TWO))
SHORT = Points(300, 64, 0.005, (BARE, HERE, TWO_BARE, TWO))


@dataclass(frozen=True)
class Run:
    """What the points said of themselves, and what the whole took.

    A process computes its points one after the other, so that between two of them lies all that
    is done for a point besides computing it. What a process does only once falls before its
    second point: the rates begin there.
    """

    rows: list
    began: float
    ended: float
    cpu: float
    peak_bytes: float

    @cached_property
    def steady(self):
        """Points of each process in order of time, from its second one on."""
        found = {}
        for row in sorted(self.rows, key=lambda row: row["started"]):
            found.setdefault(row["process"], []).append(row)
        return [rows[1:] for rows in found.values() if len(rows) > 2]

    @property
    def total(self):
        """From the start of the process to its end."""
        return self.ended - self.began

    @property
    def pace(self):
        """Points a second, everything counted."""
        return len(self.rows) / self.total

    @property
    def start_up(self):
        """Until the first point is begun."""
        return min(row["started"] for row in self.rows) - self.began

    @property
    def span(self):
        """From the start of the first point to the end of the last one."""
        ended = max(row["ended"] for row in self.rows)
        return ended - min(row["started"] for row in self.rows)

    @property
    def rate(self):
        """Points a second, from the start of one to the start of another, the processes added."""
        return sum(
            (len(rows) - 1) / (rows[-1]["started"] - rows[0]["started"]) for rows in self.steady
        )

    @property
    def computing(self):
        """Mean seconds from the start of a point to its end."""
        return statistics.fmean(
            row["ended"] - row["started"] for rows in self.steady for row in rows
        )

    @property
    def between(self):
        """Mean seconds from the end of a point to the start of the next in its process."""
        return statistics.fmean(
            after["started"] - before["ended"]
            for rows in self.steady
            for before, after in pairwise(rows)
        )

    @property
    def point_cpu(self):
        """CPU seconds a point, of the processes that compute."""
        points = sum(len(rows) - 1 for rows in self.steady)
        return sum(rows[-1]["cpu"] - rows[0]["cpu"] for rows in self.steady) / points

    @property
    def worker_peak_bytes(self):
        """Largest memory of a process that computes."""
        return max(row["peak_bytes"] for row in self.rows)

    @property
    def results(self):
        """What must be the same, however it was computed."""
        return sorted((row["seed"], row["total"]) for row in self.rows)


def ask(job, limit_seconds=LIMIT_SECONDS, **options):
    """What a fresh process answers, see ``worker.py``.

    Raises
    ------
    RuntimeError
        If it fails: a sitting without all of its parts has no page.
    """
    found = processes.ask(
        processes.interpreter("rmt-hessian"),
        "benchmarks.sweeps.worker",
        {"job": job, "options": options},
        threads=1,
        limit_seconds=limit_seconds,
    )
    if "failure" in found:
        raise RuntimeError(f"{job} {options}: {found['failure']}")
    return found


def run(*jobs):
    """A `Run` of jobs with points, each in a process of its own, side by side."""
    began = time.monotonic()
    with ThreadPoolExecutor(len(jobs)) as pool:
        answers = list(pool.map(lambda job: ask(**job), jobs))
    return Run(
        [row for answer in answers for row in answer["rows"]],
        began,
        time.monotonic(),
        sum(answer["cpu"] for answer in answers),
        max(answer["peak_bytes"] for answer in answers),
    )


def questions(way, overrides, folder):
    """The jobs of one way to compute the points; a sweep's folder is one within ``folder``."""
    common = {"overrides": overrides}
    if way in LOOPS:
        n = LOOPS[way]
        return [{"job": "bare", **common, "first": i, "step": n} for i in range(n)]
    workers, cluster = SWEEPS[way]
    place = str(Path(folder) / f"{workers}{'-cluster' if cluster else ''}")
    return [{"job": "sweep", **common, "folder": place, "workers": workers, "cluster": cluster}]


def compare(points, rounds, scratch, log=print):
    """The runs of each way, taking turns: ``{way: [Run, …]}``."""
    found = ask("calibrate", size=points.size, seconds=points.seconds)
    overrides = [f"seeds={points.count}", f"size={points.size}", f"repeats={found['repeats']}"]
    runs = {}
    for n in range(rounds):
        with tempfile.TemporaryDirectory(dir=scratch) as folder:
            for way in points.ways:
                runs.setdefault(way, []).append(run(*questions(way, overrides, folder)))
                log(f"round {n + 1}, {points.count} points, {way}: {runs[way][-1].total:.1f} s")
    return runs


def agree(runs):
    """Whether all runs found the same bits."""
    first, *others = [run.results for of_way in runs.values() for run in of_way]
    return all(other == first for other in others)


def folders(count, rounds, scratch):
    """Medians of what is done for a point, and of resuming with so many points done."""
    overrides = [f"seeds={count}"]
    with tempfile.TemporaryDirectory(dir=scratch) as folder:
        steps = [ask("steps", folder=str(Path(folder) / "steps")) for _ in range(rounds)]
        done = str(Path(folder) / "done")
        ask("prepare", overrides=overrides, folder=done)
        resumed = [ask("resume", overrides=overrides, folder=done) for _ in range(rounds)]
    return _medians(steps), _medians(resumed)


def _medians(answers):
    """Medians over the answers, of numbers and of both clocks."""
    return {
        name: {clock: statistics.median(a[name][clock] for a in answers) for clock in value}
        if isinstance(value, dict)
        else statistics.median(a[name] for a in answers)
        for name, value in answers[0].items()
    }
