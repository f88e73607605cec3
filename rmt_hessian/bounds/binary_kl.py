"""Relative entropy of Bernoulli distributions, and its inverse: bounds of errors in [0, 1]."""

from __future__ import annotations

import numpy as np
from scipy.optimize import brentq
from scipy.special import rel_entr

from rmt_hessian._checks.arguments import real_at_least_zero
from rmt_hessian._checks.distributions import probability

EPS, TINY = float(np.finfo(float).eps), float(np.finfo(float).tiny)


def binary_kl(q: float, p: float) -> float:
    """``kl(q‖p) = q log(q/p) + (1-q) log((1-q)/(1-p))`` in nats, infinite where p cannot give q.

    Parameters
    ----------
    q, p : float
        Probabilities.

    Raises
    ------
    ValueError
        If one is not in [0, 1].

    References
    ----------
    Kullback and Leibler (1951), of two coins; ``docs/bounds.md`` §1.

    Examples
    --------
    >>> round(binary_kl(0.5, 0.25), 6), binary_kl(0.5, 0.0)
    (0.143841, inf)
    """
    q, p = probability(q, "q"), probability(p, "p")
    return max(0.0, float(rel_entr(q, p) + rel_entr(1.0 - q, 1.0 - p)))


def inverse_binary_kl(q: float, budget: float) -> float:
    """The largest p with ``kl(q‖p) <= budget``: in [q, 1], 1 where it is that up to rounding.

    Parameters
    ----------
    q : float
        A probability.
    budget : float
        Not negative, infinite allowed.

    Raises
    ------
    ValueError
        If q is not in [0, 1], or the budget is negative.

    References
    ----------
    ``docs/bounds.md`` §1; Seeger (2002).

    Examples
    --------
    >>> inverse_binary_kl(0.0, 0.1).__round__(6)  # 1 - exp(-0.1)
    0.095163
    >>> inverse_binary_kl(0.25, 0.0)
    0.25
    """
    q = probability(q, "q")
    if not (isinstance(budget, float) and budget == np.inf):
        budget = real_at_least_zero(budget, "budget")
    if q == 0.0:
        return float(-np.expm1(-budget))
    last = 1.0 - EPS / 2
    if q >= last or binary_kl(q, last) <= budget:
        return 1.0
    if budget == 0.0:
        return q

    def excess(p: float) -> float:
        return float(rel_entr(q, p) + rel_entr(1.0 - q, 1.0 - p)) - budget

    return float(brentq(excess, q, last, xtol=max(q * EPS, TINY), rtol=4 * EPS, maxiter=5000))
