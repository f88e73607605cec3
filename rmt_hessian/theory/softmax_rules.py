"""Quadrature for softmax weights of C independent standard Gaussian logits, any C.

Only the one or two logits in λ matter by themselves; the others enter through
``S = Σ exp(g_c)``, a one-dimensional law. Its logarithm gets a Gauss rule: Gauss–Hermite for one
class, and for ``n = n₁ + n₂`` classes the product of the two rules, compressed by Lanczos to a
Gauss rule of the law of ``log(S₁ + S₂)``. Doubling reaches any n in log₂ n steps.
"""

from functools import lru_cache

import numpy as np
from scipy.linalg import eigh_tridiagonal

GAUSS_SIZE = 48  # nodes of the rule of log S
REACH = 9.0  # a standard Gaussian beyond this has mass 2e-19


def gauss_rule(nodes, probabilities, size):
    """Compress a discrete law to the Gauss rule with ``size`` nodes: same moments to 2 size - 1.

    Lanczos on ``diag(nodes)`` started from ``√probabilities``, with full reorthogonalisation.
    """
    centre = probabilities @ nodes
    scale = np.abs(nodes - centre).max()
    x = (nodes - centre) / scale
    basis = np.empty((size, x.size))
    alpha, beta = np.empty(size), np.empty(size - 1)
    basis[0] = np.sqrt(probabilities)
    for k in range(size):
        r = x * basis[k]
        alpha[k] = r @ basis[k]
        if k + 1 < size:
            for _ in range(2):
                r -= basis[: k + 1].T @ (basis[: k + 1] @ r)
            beta[k] = np.linalg.norm(r)
            basis[k + 1] = r / beta[k]
    values, vectors = eigh_tridiagonal(alpha, beta)
    weights = vectors[0] ** 2
    return centre + scale * values, weights / weights.sum()


@lru_cache(maxsize=64)
def log_sum_exp_rule(n, size=GAUSS_SIZE):
    """Gauss rule (nodes, probabilities) of ``log Σ_{c=1}^n exp(g_c)``, ``g_c ~ N(0, 1)``."""
    if n == 1:
        nodes, weights = np.polynomial.hermite_e.hermegauss(size)
        return nodes, weights / weights.sum()
    a, P = log_sum_exp_rule(n // 2, size)
    b, Q = log_sum_exp_rule(n - n // 2, size)
    return gauss_rule(np.logaddexp.outer(a, b).ravel(), np.outer(P, Q).ravel(), size)


def _gaussian_mixture(t, centres, probabilities, variance):
    """Density at t of ``centre_j + N(0, variance)`` with probability P_j."""
    z = (t[..., None] - centres) ** 2 / (2 * variance)
    return np.exp(-z) @ probabilities / np.sqrt(2 * np.pi * variance)


def _grid(lo, hi, step):
    return np.linspace(lo, hi, int(np.ceil((hi - lo) / step)) + 1)


def _kept(nodes, density):
    probabilities = density.ravel() / density.sum()
    kept = probabilities > 1e-30
    return nodes.ravel()[kept], probabilities[kept]


def diagonal_rule(n_classes, step):
    """Nodes and probabilities of ``p_1 (1 - p_1)``.

    ``p_1 = 1/(1 + e^{-t})`` with ``t = g_1 - log S``, whose density is a mixture of Gaussians: the
    trapezoidal rule in t converges faster than any power of its step.
    """
    L, P = log_sum_exp_rule(n_classes - 1)
    t = _grid(-L.max() - REACH, -L.min() + REACH, step)
    p = 1.0 / (1.0 + np.exp(-np.abs(t)))  # the larger of p_1 and 1 - p_1
    return _kept(p * np.exp(-np.abs(t)) * p, _gaussian_mixture(t, -L, P, 1.0))


def off_diagonal_rule(n_classes, step):
    """Nodes and probabilities of ``-p_1 p_2``.

    With ``τ = (g_1 + g_2)/2 - log S`` and ``δ = g_1 - g_2 ~ N(0, 2)``, independent,
    ``√(p_1 p_2) = 1/(e^{-τ} + 2 cosh(δ/2))``: trapezoidal rules in τ and in δ >= 0. Values at
    different δ interlace, so δ takes the coarser step.
    """
    if n_classes == 2:  # p_2 = 1 - p_1
        nodes, probabilities = diagonal_rule(2, step)
        return -nodes, probabilities
    L, P = log_sum_exp_rule(n_classes - 2)
    tau = _grid(-L.max() - REACH, -L.min() + REACH, step)[:, None]
    delta = _grid(0.0, np.sqrt(2.0) * REACH, 4 * step)
    density = _gaussian_mixture(tau, -L, P, 0.5) * np.exp(-(delta**2) / 4)
    density[:, 0] /= 2  # δ = 0 is the end of the half line
    return _kept(-((np.exp(-tau) + 2 * np.cosh(delta / 2)) ** -2), density)
