"""From folders of results and figures to verdicts and the report."""

import os
import sys

from rmt_hessian.paper.charts import charts_of
from rmt_hessian.paper.page import figures_in, page
from rmt_hessian.paper.results import Results
from rmt_hessian.paper.table import claims_table, held_by_tests
from rmt_hessian.paper.verdicts import claims_of, judged


def gather(package, results, figures, *, tests=None, quick=False):
    """Judge all claims of a package by what was measured.

    Parameters
    ----------
    package : str
        Found where Python looks, or where the command runs.
    results, figures : pathlib.Path
        Folders with a folder of each sweep; claims of sweeps without a table are not measured.
    tests : pathlib.Path, optional
        Folder of tests; those that no claim names are told too.
    quick : bool
        Whether to say that sizes are small.

    Returns
    -------
    verdicts : list of Verdict
    unfinished : dict of str to int
        Sweeps whose tables lack points, and how many; claims are judged by what is there.
    html, markdown : str

    Raises
    ------
    ValueError
        If the package holds no claims, or a claim cannot read the results of its sweep.
    """
    if os.getcwd() not in sys.path:
        sys.path.append(os.getcwd())
    try:
        claims = claims_of(package.rstrip("/"))
    except (ModuleNotFoundError, AttributeError) as error:
        raise ValueError(f"no package {package}: {error}") from None
    if not claims:
        raise ValueError(f"package {package} must hold files of claims, holds none")
    sweeps = dict.fromkeys(claim.sweep for claim in claims)
    known = {s: Results(results / s) for s in sweeps if (results / s / "table.parquet").exists()}
    verdicts = [_judged(claim, known.get(claim.sweep)) for claim in claims]
    drawn = {}
    for sweep in known:
        drawn |= figures_in(figures / sweep, sweep)
    left_out = set(sweeps) - set(known)
    unfinished = {sweep: lacking for sweep in known if (lacking := known[sweep].lacking())}
    alone = held_by_tests(tests, claims) if tests else {}
    html = page(
        verdicts,
        drawn,
        charts_of(known),
        alone=alone,
        package=package,
        left_out=left_out,
        unfinished=unfinished,
        quick=quick,
    )
    return verdicts, unfinished, html, claims_table(verdicts, alone)


def _judged(claim, results):
    try:
        return judged(claim, results)
    except (LookupError, ValueError) as error:
        folder = results.store.folder
        told = f"no column {error}" if isinstance(error, KeyError) else error
        raise ValueError(f"claim {claim.name} cannot be judged by {folder}: {told}") from error
