"""The report: one HTML file with every claim, that needs no other file and no network."""

import base64
import json
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import vl_convert
from altair import SCHEMA_VERSION, data_transformers
from jinja2 import Environment, PackageLoader, select_autoescape

from rmt_hessian._version import __version__
from rmt_hessian.paper.verdicts import FAILS, HOLDS, MISSING

WORDS = {HOLDS: "holds", FAILS: "fails", MISSING: "missing"}  # and their style
PAPERS = {
    "[D]": "Towards Quantifying the Hessian Structure of Neural Networks (arXiv 2505.02809)",
    "[W]": "Dissecting Hessian: Understanding Common Structure of Hessian in Neural Networks "
    "(arXiv 2010.04261)",
}


@dataclass(frozen=True)
class Figure:
    """A figure as the page shows it: its name, the sweep it draws, PNG as text, and caption."""

    name: str
    sweep: str
    png: str
    caption: str


def figures_in(folder, sweep):
    """The figures that a folder holds, by name."""
    return {
        path.stem: Figure(
            path.stem,
            sweep,
            base64.b64encode(path.read_bytes()).decode(),
            path.with_suffix(".txt").read_text(encoding="utf-8").strip(),
        )
        for path in sorted(Path(folder).glob("*.png"))
    }


def page(
    verdicts,
    figures,
    charts,
    *,
    alone=(),
    package="paper_claims",
    left_out=(),
    unfinished=(),
    quick=False,
):
    """The HTML of the report.

    Parameters
    ----------
    verdicts : list of Verdict
    figures : dict of str to Figure
        Those that no claim shows come last.
    charts : dict of str to altair.Chart
    alone : dict of str to str
        Files of tests that no claim names, and what they hold.
    package : str
        That of the claims.
    left_out : iterable of str
        Sweeps that were not run.
    unfinished : dict of str to int
        Sweeps whose tables lack points, and how many.
    quick : bool
        Whether sizes are small ones, which is said above all.
    """
    environment = Environment(
        loader=PackageLoader("rmt_hessian.paper", "."),
        autoescape=select_autoescape(default=True),
        trim_blocks=True,
        lstrip_blocks=True,
    )
    said = {verdict.claim.paper for verdict in verdicts}
    shown = {verdict.claim.figure for verdict in verdicts}
    return environment.get_template("page.html").render(
        verdicts=verdicts,
        words=WORDS,
        papers={paper: title for paper, title in PAPERS.items() if paper in said},
        package=package,
        counts=Counter(verdict.word for verdict in verdicts),
        figures=figures,
        others=[figure for name, figure in figures.items() if name not in shown],
        charts=_specifications(charts),
        script=_script() if charts else "",
        alone=dict(alone),
        left_out=sorted(left_out),
        unfinished=dict(unfinished),
        quick=quick,
        version=__version__,
    )


def _specifications(charts):
    """Title and Vega-Lite of each chart, as JSON with its data, of any number of rows."""
    with data_transformers.disable_max_rows():
        made = {title: json.dumps(chart.to_dict()) for title, chart in charts.items()}
    return [(title, text.replace("<", "\\u003c")) for title, text in made.items()]


def _script():
    """Vega, Vega-Lite and Vega-Embed, with nothing that would end the element it stands in."""
    version = ".".join(SCHEMA_VERSION.removeprefix("v").split(".")[:2])
    bundle = vl_convert.javascript_bundle(vl_version=version)
    return bundle.replace("</script", "<\\/script")
