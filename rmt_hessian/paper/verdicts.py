"""A claim: what is said, by whom, what shows it, and what a sweep's data say of it."""

import importlib
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass
from inspect import getdoc

from rmt_hessian.paper.finding import Finding

HOLDS, FAILS, MISSING = "holds", "does not hold", "not measured"


@dataclass(frozen=True)
class Claim:
    """What a file of claims holds; made by `claim`.

    ``source`` is where it is said, ``statement`` the docstring of ``judge``, a function of
    `Results` that yields findings; ``measured`` are the columns that it judges, ``instead`` says
    what is the case where it does not hold.
    """

    name: str
    source: str
    statement: str
    sweep: str
    figure: str
    test: str
    measured: tuple[str, ...]
    instead: str
    judge: Callable

    @property
    def paper(self):
        """The part of ``source`` before the first comma: [D], [W], or ours."""
        return self.source.partition(",")[0]


@dataclass(frozen=True)
class Verdict:
    """A claim with what was found: ``word`` is holds, does not hold, or not measured."""

    claim: Claim
    findings: tuple
    word: str

    @property
    def how(self):
        """The numbers behind the word: all where it holds, else those that do not."""
        judged, told, failed = (
            "; ".join(str(f) for f in self.findings if f.holds is kind)
            for kind in (True, None, False)
        )
        if self.word == HOLDS:
            return f"{judged}. Besides: {told}" if told else judged
        if self.word == FAILS and self.claim.instead:
            return f"{failed}. {self.claim.instead}"
        return failed

    def __str__(self):
        return f"{self.word}: {self.how}" if self.how else self.word


def claim(*, source, sweep, figure, test, measured, instead=""):
    """Make a `Claim` of a function of `Results` that yields findings; its docstring says it.

    Parameters
    ----------
    source : str
        "[D], Theorem 1": who says it, then where.
    sweep, figure : str
        Names of a file in ``sweeps/`` and of a figure of it.
    test : str
        File in ``tests/claims/``, and after ``::`` the test that holds it.
    measured : iterable of str
        Columns of the table that are measured and judged: with other numbers in them the verdict
        is another one, which a test tries.
    instead : str
        What is the case where it does not hold.
    """

    def make(judge):
        if not getdoc(judge):
            raise ValueError(f"{judge.__name__} must have a docstring, which states the claim")
        statement = " ".join(getdoc(judge).split())
        name, columns = judge.__name__, tuple(measured)
        return Claim(name, source, statement, sweep, figure, test, columns, instead, judge)

    return make


def judged(claim, results):
    """The `Verdict` of a claim on `Results` of its sweep; None: it was not run."""
    findings = () if results is None else tuple(claim.judge(results) or ())
    if others := [f for f in findings if not isinstance(f, Finding)]:
        raise ValueError(f"it must yield findings, as at_most makes them, got {others[0]!r}")
    decided = [finding.holds for finding in findings if finding.holds is not None]
    word = MISSING if not decided else HOLDS if all(decided) else FAILS
    return Verdict(claim, findings, word)


def claims_of(package):
    """All claims of a package, ordered by source and name of the file: one a file, of its name.

    Raises ValueError if a file holds none of its own name.
    """
    found = []
    for module in pkgutil.iter_modules(importlib.import_module(package).__path__):
        if module.name.startswith("_"):  # what several claims share
            continue
        loaded = importlib.import_module(f"{package}.{module.name}")
        of_file = getattr(loaded, module.name, None)
        if not isinstance(of_file, Claim):
            raise ValueError(f"{package}.{module.name} must hold a claim of its own name")
        found.append(of_file)
    order = {"[D]": 0, "[W]": 1}
    return sorted(found, key=lambda claim: (order.get(claim.paper, 2), claim.source, claim.name))
