"""Scales of random weights: the one number by which initialisations differ.

Entries of a weight matrix with ``in`` columns are ``N(0, gain/in)``, every layer alike.
"""

from rmt_hessian._checks.arguments import one_of
from rmt_hessian._types import Init

INIT_GAINS = {"lecun": 1.0, "he": 2.0}  # name -> (fan-in) × (variance of an entry)


def init_gain(init: Init) -> float:
    """Return ``in × Var`` of an entry of a weight matrix: 1 for LeCun, 2 for He.

    Parameters
    ----------
    init : {"lecun", "he"}

    Raises
    ------
    ValueError
        If the initialisation is unknown.

    References
    ----------
    LeCun, Bottou, Orr and Müller (1998); He, Zhang, Ren and Sun, arXiv 1502.01852.

    Examples
    --------
    >>> init_gain("he")
    2.0
    """
    return INIT_GAINS[one_of(init, tuple(INIT_GAINS), "init")]
