"""Claims and their verdicts, gathered into one page.

``finding`` (a number beside what it should be), ``verdicts`` (what is said and where, and what
decides it), ``results`` (the data a claim reads), ``rates`` (means over seeds, ratios, powers),
``charts`` (to try in the page), ``page`` and ``table`` (the report in HTML, and in Markdown),
``gather`` (from folders to both). The claims themselves are files outside the package, as figures
are.
"""

from rmt_hessian.paper.finding import (
    Finding,
    agrees,
    at_least,
    at_most,
    between,
    constant,
    near,
)
from rmt_hessian.paper.rates import (
    fitted_slope,
    last_exponent,
    over_seeds,
    ratios,
    vanishes_like,
)
from rmt_hessian.paper.results import Results
from rmt_hessian.paper.verdicts import Claim, Verdict, claim

__all__ = [
    "Claim",
    "Finding",
    "Results",
    "Verdict",
    "agrees",
    "at_least",
    "at_most",
    "between",
    "claim",
    "constant",
    "fitted_slope",
    "last_exponent",
    "near",
    "over_seeds",
    "ratios",
    "vanishes_like",
]
