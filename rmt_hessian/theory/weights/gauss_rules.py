"""Gauss rules of discrete laws, and of the exponential sum of many Gaussians.

`gauss_rule` compresses any discrete measure by Lanczos. `log_sum_exp_rule` uses it to carry the
law of ``L = log Σ_c exp(f_c)`` from one class to any number of them: for independent sums of n₁ and
n₂ classes it compresses the product of the two rules, and doubling reaches any n in log₂ n steps.

References
----------
``docs/laws.md`` §7; Golub and Meurant (2010).
"""

from functools import lru_cache
from typing import Any

import numpy as np
from scipy.linalg import eigh_tridiagonal
from scipy.special import logsumexp

from rmt_hessian._types import FloatArray, Rule

GAUSS_SIZE = 48  # nodes of the rule of log Σ exp


def gauss_rule(nodes: FloatArray, masses: FloatArray, size: int) -> Rule:
    """Compress a discrete measure to the Gauss rule with the same moments to ``2 size - 1``.

    Lanczos on ``diag(nodes)`` started from ``√masses``, with full reorthogonalisation; the total
    mass is kept.

    Returns
    -------
    nodes, masses : numpy.ndarray, shape (size,), or fewer where the measure has fewer atoms
    """
    total = masses.sum()
    centre = masses @ nodes / total
    scale = np.abs(nodes - centre).max()
    if scale == 0.0:
        return np.array([centre]), np.array([total])
    x = (nodes - centre) / scale
    basis = np.empty((size, x.size))
    alpha, beta = np.empty(size), np.empty(size - 1)
    basis[0] = np.sqrt(masses / total)
    for k in range(size):
        r = x * basis[k]
        alpha[k] = r @ basis[k]
        if k + 1 == size:
            break
        for _ in range(2):
            r -= basis[: k + 1].T @ (basis[: k + 1] @ r)
        beta[k] = np.linalg.norm(r)
        if beta[k] < 1e-14:  # as many steps as atoms: the rule is the measure itself
            alpha, beta = alpha[: k + 1], beta[:k]
            break
        basis[k + 1] = r / beta[k]
    values, vectors = eigh_tridiagonal(alpha, beta)
    weights = vectors[0] ** 2
    return centre + scale * values, total * weights / weights.sum()


def gaussian_rule(mean: float = 0.0, std: float = 1.0, size: int = GAUSS_SIZE) -> Rule:
    """Gauss–Hermite rule of ``N(mean, std²)``."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(size)
    return mean + std * nodes, weights / weights.sum()


def add_exponentials(first: Rule, second: Rule, size: int = GAUSS_SIZE) -> Rule:
    """Rule of ``log(e^{L₁} + e^{L₂})`` for independent L₁, L₂ with the given rules."""
    (a, P), (b, Q) = first, second
    return gauss_rule(np.logaddexp.outer(a, b).ravel(), np.outer(P, Q).ravel(), size)


def repeat_exponential(rule: Rule, n: int, size: int = GAUSS_SIZE) -> Rule:
    """Rule of ``log Σ_{c=1}^n e^{L_c}`` for n independent copies of L."""
    if n == 1:
        return rule
    half = repeat_exponential(rule, n // 2, size)
    double = add_exponentials(half, half, size)
    return add_exponentials(double, rule, size) if n % 2 else double


@lru_cache(maxsize=64)
def log_sum_exp_rule(n: int, std: float = 1.0, size: int = GAUSS_SIZE) -> Rule:
    """Gauss rule (nodes, probabilities) of ``log Σ_{c=1}^n exp(f_c)``, ``f_c ~ N(0, std²)``."""
    return repeat_exponential(gaussian_rule(std=std, size=size), n, size)


@lru_cache(maxsize=64)
def collision_rule(n: int, std: float = 1.0, size: int = GAUSS_SIZE) -> Rule:
    """Rule of L under the measure ``E[·  Σ_c q_c²]``, ``q = softmax(f)`` over the same n classes.

    ``= n E[· e^{2(f_1 - L)}]``; the total mass is ``E Σ_c q_c²``.
    """
    f, P = gaussian_rule(std=std, size=size)
    if n == 1:
        return f, P
    rest, Q = log_sum_exp_rule(n - 1, std, size)
    L = np.logaddexp.outer(f, rest)
    masses = n * np.outer(P, Q) * np.exp(2 * (f[:, None] - L))
    return gauss_rule(L.ravel(), masses.ravel(), size)


def grouped_exponentials(
    means: FloatArray, stds: FloatArray, groups: int, size: int = GAUSS_SIZE
) -> Rule:
    """Rule of ``log Σ_c exp(f_c)``, ``f_c ~ N(mean_c, std_c²)`` independent, each with its own law.

    The ``groups // 2`` classes with the largest ``Var e^{f_c}`` stay single; the others form
    groups of neighbours in it that share one law, which keeps the mean and the variance of
    ``Σ exp(f_c)``. With as many groups as classes nothing is approximated.
    """
    log_means = means + stds**2 / 2
    log_excesses = stds**2 + np.log(-np.expm1(-(stds**2)))  # log (e^{s²} - 1), of any s
    log_variances = 2 * log_means + log_excesses
    order = np.argsort(-log_variances, kind="stable")
    single = order.size if order.size <= groups else groups // 2
    parts = np.split(order[:single], single)
    if single < order.size:
        parts += np.array_split(order[single:], groups - single)
    rule: Any = None
    for members in parts:
        top = log_means[members].max()
        relative = log_means[members] - top  # log E e^f over the largest
        total = np.log(np.exp(relative).sum())
        excess = logsumexp(2 * relative + log_excesses[members]) - 2 * total + np.log(members.size)
        variance = np.logaddexp(0.0, excess)  # of f, from Var e^f = (E e^f)² (e^{Var f} - 1)
        mean = top + total - np.log(members.size) - variance / 2
        one = gaussian_rule(mean, np.sqrt(variance), size)
        group = repeat_exponential(one, members.size, size)
        rule = group if rule is None else add_exponentials(rule, group, size)
    return rule
