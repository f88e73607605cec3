"""PAC-Bayes bounds of trained networks, with posteriors along the Hessian: see docs/bounds.md.

Reading order: ``binary_kl``, ``inequalities`` (any PAC-Bayes bound, and the mean of draws),
``prior``, ``bases`` (directions of a posterior), ``curvature`` along them, ``posterior``,
``penalty``, ``quadratic`` (the best variances of a quadratic loss, in closed form), ``objective``
(what is minimised), ``search``, ``bound`` (what comes of it), ``pac_bayes`` (the door). `__all__`
has what most users need.
"""

from rmt_hessian.bounds.curvature import curvatures
from rmt_hessian.bounds.inequalities import (
    langford_seeger_bound,
    mcallester_bound,
    upper_confidence_bound,
)
from rmt_hessian.bounds.pac_bayes import pac_bayes_bound
from rmt_hessian.bounds.prior import PriorVariances

__all__ = [
    "PriorVariances",
    "curvatures",
    "langford_seeger_bound",
    "mcallester_bound",
    "pac_bayes_bound",
    "upper_confidence_bound",
]
