"""Bounds that hold with a stated probability: PAC-Bayes, and the mean of draws by betting."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.optimize import brentq
from scipy.special import gammaincc, gammaln

from rmt_hessian._checks.arguments import positive_integer, real_at_least_zero, real_number
from rmt_hessian._checks.arrays import finite_array
from rmt_hessian._checks.distributions import probability
from rmt_hessian._types import FloatArray
from rmt_hessian.bounds.binary_kl import inverse_binary_kl

MANY = 10_000  # samples from which on a series has all digits
STAKE = 0.9  # of the capital, at most, on one draw


def log_moment(n_samples: int) -> float:
    """``log ξ(N)``, ``ξ(N) = Σ_k C(N, k) (k/N)^k (1 - k/N)^{N-k}``, about ``√(πN/2)``.

    ``E exp(N kl(r‖R)) <= ξ(N)`` for the mean r of N independent variables in [0, 1] of mean R, with
    equality for those that are 0 or 1 (Maurer, cs/0411099, who bounds it by ``2√N``). In closed
    form ``ξ(N) = e^N Γ(N+1, N)/N^N``.

    Parameters
    ----------
    n_samples : int

    Raises
    ------
    ValueError
        If N is not positive.

    References
    ----------
    ``docs/bounds.md`` §1; Maurer, arXiv cs/0411099.

    Examples
    --------
    >>> round(log_moment(1), 6), round(log_moment(2), 6)  # ξ = 2, 2.5
    (0.693147, 0.916291)
    """
    N = positive_integer(n_samples, "n_samples")
    if N < MANY:
        return float(gammaln(N + 1) - N * np.log(N) + N + np.log(gammaincc(N + 1, N)))
    # there its terms cancel: Stirling's series, and Ramanujan's of 1 - Γ(N, N)/Γ(N)
    half = np.sqrt(np.pi * N / 2) * (1 + 1 / (12 * N) + 1 / (288 * N**2))
    return float(np.log(half + 2 / 3 - 4 / (135 * N)))


def complexity(kl: float, n_samples: int, delta: float) -> float:
    """``(KL + log(ξ(N)/δ))/N``: what the binary KL from seen to true risk is below.

    With probability at least ``1 - δ`` over N independent samples, for all posteriors at once.

    Parameters
    ----------
    kl : float
        ``KL(Q‖P)`` in nats, P chosen without the samples.
    n_samples : int
    delta : float
        δ, in (0, 1).

    Raises
    ------
    ValueError
        If an argument is out of its range.

    References
    ----------
    ``docs/bounds.md`` §1; Langford and Seeger (2001), Seeger (2002), with the constant of Maurer,
    arXiv cs/0411099.

    Examples
    --------
    >>> round(complexity(0.0, 1, 0.5), 6)  # log 4
    1.386294
    """
    kl = real_at_least_zero(kl, "kl")
    log_inverse = -np.log(confidence(delta, "delta"))
    return float(kl + log_moment(n_samples) + log_inverse) / n_samples


def langford_seeger_bound(risk: float, kl: float, n_samples: int, delta: float) -> float:
    """The largest R with ``kl(r‖R) <= (KL + log(ξ(N)/δ))/N``.

    A bound on the mean of the true risk over the posterior, r the mean of that on the samples: with
    probability at least ``1 - δ`` (Langford and Seeger 2001, Seeger 2002; with ξ(N), Maurer).

    Parameters
    ----------
    risk : float
        r, of losses in [0, 1].
    kl, n_samples, delta
        As of `complexity`.

    Raises
    ------
    ValueError
        If an argument is out of its range.

    References
    ----------
    ``docs/bounds.md`` §1; Langford and Seeger (2001), Seeger (2002), with the constant of Maurer,
    arXiv cs/0411099.

    Examples
    --------
    >>> round(langford_seeger_bound(0.1, kl=50.0, n_samples=1000, delta=0.05), 4)
    0.2294
    """
    return inverse_binary_kl(probability(risk, "risk"), complexity(kl, n_samples, delta))


def mcallester_bound(risk: float, kl: float, n_samples: int, delta: float) -> float:
    """``r + √((KL + log(ξ(N)/δ))/(2N))``, which may be above 1.

    It follows from `langford_seeger_bound`, and is never below it, since ``kl(r‖R) >= 2 (R - r)²``
    (McAllester 1999; with ξ(N), Maurer).

    Parameters
    ----------
    risk, kl, n_samples, delta
        As of `langford_seeger_bound`.

    Raises
    ------
    ValueError
        If an argument is out of its range.

    References
    ----------
    ``docs/bounds.md`` §1; McAllester (1999), with the constant of Maurer, arXiv cs/0411099.

    Examples
    --------
    >>> round(mcallester_bound(0.1, kl=50.0, n_samples=1000, delta=0.05), 4)
    0.2684
    """
    half = complexity(kl, n_samples, delta) / 2
    return float(probability(risk, "risk") + np.sqrt(half))


def upper_confidence_bound(values: npt.ArrayLike, delta: float) -> float:
    """A number that the mean of independent draws in [0, 1] exceeds with probability at most δ.

    A bet against each candidate m: the capital ``Π_i (1 + λ_i (m - x_i))`` starts at 1 and stays
    positive, ``λ_i`` chosen before ``x_i`` is seen. Were m the mean, it would be a martingale, at
    1/δ or above with probability at most δ (Markov); it grows with m, and the bound is where it is
    1/δ. Stakes are ``λ_i = √(2 log(1/δ)/(n v_{i-1}))`` with v the variance so far (1/4 for a draw
    before the first), at most ``0.9/(1-m)`` (Waudby-Smith and Ramdas, arXiv 2010.09686). For draws
    that vary little it is much closer to their mean than the inverted binary KL at ``log(1/δ)/n``;
    for draws that are 0 or 1, or all 0, that one is a little closer.

    Parameters
    ----------
    values : array_like, shape (n,)
        Draws, in the order in which they were made.
    delta : float
        δ, in (0, 1).

    Raises
    ------
    ValueError
        If a value is not in [0, 1], there is none, or δ is out of its range.

    References
    ----------
    ``docs/bounds.md`` §1; Waudby-Smith and Ramdas, arXiv 2010.09686.

    Examples
    --------
    >>> round(upper_confidence_bound([0.25] * 1000, 0.01), 4)
    0.2539
    """
    x = finite_array(values, "values", ndim=1)
    if x.min() < 0 or x.max() > 1:
        raise ValueError(f"values must be in [0, 1], got {x.min():.6g} to {x.max():.6g}")
    log_goal = -np.log(confidence(delta, "delta"))
    stakes = np.sqrt(2 * log_goal / (x.size * _variances_before(x)))

    def log_excess(m: float) -> float:
        return float(np.log1p(np.minimum(stakes, STAKE / (1.0 - m)) * (m - x)).sum() - log_goal)

    last = 1.0 - 1e-12
    if log_excess(last) < 0:
        return 1.0
    return float(brentq(log_excess, 0.0, last, xtol=1e-14))


def _variances_before(x: FloatArray) -> FloatArray:
    """Of the draws before each one, and of one more of mean 1/2 and variance 1/4."""
    counts = np.arange(2, x.size + 2)
    means = (0.5 + np.cumsum(x)) / counts
    variances = (0.25 + np.cumsum((x - means) ** 2)) / counts
    return np.concatenate([[0.25], variances[:-1]])


def confidence(delta: float, name: str) -> float:
    """δ, above 0 and below 1, or ValueError."""
    value = real_number(delta, name)
    if not 0 < value < 1:
        raise ValueError(f"{name} must be above 0 and below 1, got {delta!r}")
    return value
