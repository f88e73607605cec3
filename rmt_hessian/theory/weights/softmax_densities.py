r"""Densities of softmax weights ``p_i (δ_ij - p_j)`` of independent Gaussian logits, any C.

The mixtures over ``L = log Σ exp(f_c)`` of `softmax_rules`, as densities of λ on panels. On the
diagonal ``t = f_i - L`` has two values for each λ,

    ``f(λ) = (ρ(t) + ρ(-t))/(λ √(1-4λ))``,   ``t = 2 artanh √(1-4λ)``,

off it ``λ = -q²``, ``1/q = e^{-τ} + 2 cosh(δ/2)``, and the density of q is an integral over δ of
that of τ at ``τ = -log(1/q - 2 cosh(δ/2))``. Panels have equal length in logit p,
``|λ| = p (1 - p)``, and halve towards ``|λ| = ¼``, where the density on the diagonal has a pole of
order ½.

References
----------
``docs/laws.md`` §2.5.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy.interpolate import make_interp_spline

from rmt_hessian._types import Elementwise, FloatArray, Function, Rule
from rmt_hessian.theory.laws.weight_density import GAUSS, POINTS, WeightDensity, gauss_nodes
from rmt_hessian.theory.weights.softmax_rules import _grid

REACH = 12.0  # standard deviations: λ² of a lognormal weight lives up to four beyond its own
STEP = 0.5  # length of a panel in logit p, over the standard deviation of a logit if below 1
PANELS = 16  # of an integral over δ or τ, at most 24 standard deviations
FINEST = 17  # halvings of t towards |λ| = ¼
MASS = 1e-6  # by how much the probability may differ from 1
NOTHING = 1e-30  # probability of a panel that is left out
MOST_PANELS = 1024
SPLINE_STEP = 0.05  # of log ρ, over its standard deviation


class _Unresolved(Exception):
    """The density is too wide, or has scales that differ too much, for the panels."""


def _if_resolved(function: Callable[..., WeightDensity]) -> Callable[..., WeightDensity | None]:
    """None where the density is not resolved."""

    @wraps(function)
    def resolved(*arguments: Any) -> WeightDensity | None:
        try:
            with np.errstate(over="ignore"):
                return function(*arguments)
        except _Unresolved:
            return None

    return resolved


@_if_resolved
def diagonal_density(mean: float, std: float, others: Rule, sign: float = 1.0) -> WeightDensity:
    """Of ``p_1 (1 - p_1)``, for a logit ``N(mean, std²)`` and the rule of L of the others.

    With the sign -1 of ``-p_1 (1 - p_1)``, the block off the diagonal of two classes.
    """
    log_rho, (lo, hi) = _log_density(mean, std**2, others)
    nearest = max(lo, -hi, 0.0)  # to t = 0
    edges = _edges(nearest, max(abs(lo), abs(hi)), std, min(std, 1.0))

    def density(lam: FloatArray) -> FloatArray:
        r = np.sqrt(1.0 - 4.0 * lam)
        t = np.log((1.0 + r) ** 2 / (4.0 * lam))
        return (np.exp(log_rho(t)) + np.exp(log_rho(-t))) / (lam * r)

    values = density(gauss_nodes(edges))
    if edges[-1, 1] == 0.25:  # the pole: of the last panel the probability, 2 t ρ(0), counts
        t = 4.0 * np.sqrt(0.25 - edges[-1, 0])
        values[-1] = 2.0 * t * np.exp(log_rho(0.0)) / (0.25 - edges[-1, 0])
    return _normalised(edges, values, sign)


@_if_resolved
def off_diagonal_density(means: Any, stds: Any, others: Rule) -> WeightDensity:
    """Of ``-p_1 p_2``, for logits ``N(mean_i, std_i²)`` and the rule of L of the others."""
    (mean_1, mean_2), (std_1, std_2) = means, stds
    mean_delta, mean_tau = mean_1 - mean_2, (mean_1 + mean_2) / 2  # of τ + L
    variance = std_1**2 + std_2**2
    width = np.sqrt(variance)  # of δ; of τ + L given δ it is `narrow`, about a mean with `slope`
    slope, narrow = (std_1**2 - std_2**2) / (2 * variance), std_1 * std_2 / width
    log_rho, (lo, hi) = _log_density(0.0, (std_1 * std_2) ** 2 / variance, others)

    def centre(delta: FloatArray) -> FloatArray:  # of τ, given δ
        return mean_tau + slope * (delta - mean_delta)

    # panels between the smallest and the largest |λ| of the δ and τ within reach
    widest = abs(mean_delta) + REACH * width
    lowest = mean_tau + lo - abs(slope) * REACH * width
    highest = mean_tau + hi + abs(slope) * REACH * width
    top = -2.0 * np.log1p(np.exp(-highest) / 2)  # of log 4|λ|
    bottom = -2.0 * np.logaddexp(-lowest - np.log(2), widest / 2)
    edges = _edges(_logit(top), _logit(bottom), narrow, 1.0)
    q = np.sqrt(gauss_nodes(edges))
    rest = 1.0 / q - 2.0  # of e^{-τ} + 2 (cosh(δ/2) - 1)

    def joint(tau: FloatArray, delta: FloatArray) -> FloatArray:  # density of both, up to a factor
        return np.exp(log_rho(tau - centre(delta)) - ((delta - mean_delta) / width) ** 2 / 2)

    share, weights = _composite_rule(width / min(width, narrow))
    f = np.zeros(q.shape)
    # where e^{-τ} has the larger share of the rest, the integral over δ: dτ = dq/(q² e^{-τ})
    reach = 2.0 * np.arccosh(1.0 + rest / 4)
    left = np.maximum(-reach, mean_delta - REACH * width)
    right = np.minimum(reach, mean_delta + REACH * width)
    length = np.maximum(right - left, 0.0)
    for x, weight in zip(share, weights, strict=True):
        delta = left + length * x
        exponential = rest - 4.0 * np.sinh(delta / 4) ** 2
        f += weight * length * joint(-np.log(exponential), delta) / exponential
    # elsewhere that over τ, with the two signs of δ: dδ = dq/(q² sinh(δ/2))
    left = np.maximum(-np.log(rest / 2), lowest)
    length = np.maximum(highest - left, 0.0)
    for x, weight in zip(share, weights, strict=True):
        tau = left + length * x
        half_cosh = (rest - np.exp(-tau)) / 4  # sinh²(δ/4)
        delta = 4.0 * np.arcsinh(np.sqrt(half_cosh))
        both = joint(tau, delta) + joint(tau, -delta)
        f += weight * length * both / np.sinh(delta / 2)
    f /= 2.0 * q**3 * width * np.sqrt(2 * np.pi)
    return _normalised(edges, f, -1.0)


def limit_density(diagonal: bool, std: float = 1.0) -> WeightDensity:
    """C → ∞: of ``e^{f - σ²/2}`` on the diagonal, of ``-e^{f + f' - σ²}`` off it."""
    scale = std if diagonal else np.sqrt(2) * std
    step = STEP * min(scale, 1.0)
    ends = np.exp(_grid(-REACH * scale - scale**2 / 2, REACH * scale - scale**2 / 2, step))
    edges = np.column_stack([ends[:-1], ends[1:]])
    x = gauss_nodes(edges)
    values = np.exp(-((np.log(x) / scale + scale / 2) ** 2) / 2) / (x * scale * np.sqrt(2 * np.pi))
    return _normalised(edges, values, 1.0 if diagonal else -1.0)


def _log_density(
    mean: float, variance: float, others: Rule
) -> tuple[Function, tuple[float, float]]:
    """``log`` of the density of ``mean - L + N(0, variance)``, -∞ far away, and where it ends."""
    L, P = others
    L, P = L[P > 0], P[P > 0]
    std = np.sqrt(variance)
    lo, hi = mean - L.max() - REACH * std, mean - L.min() + REACH * std
    t = np.linspace(lo, hi, int(np.ceil((hi - lo) / (SPLINE_STEP * std))) + 1)
    exponent = np.log(P) - (t[:, None] - mean + L) ** 2 / (2 * variance)
    largest = exponent.max(axis=1)
    values = largest + np.log(np.exp(exponent - largest[:, None]).sum(axis=1))
    spline = make_interp_spline(t, values - np.log(2 * np.pi * variance) / 2, k=5)

    def log_density(x: ArrayLike) -> FloatArray:
        x = np.asarray(x, dtype=float)
        return np.where((lo < x) & (x < hi), spline(np.clip(x, lo, hi)), -np.inf)

    return log_density, (lo, hi)


def _logit(log_four: Elementwise) -> Elementwise:
    """``t >= 0`` with ``log 4 p (1 - p) = log_four`` at logit p = t."""
    return 2.0 * np.log1p(np.sqrt(-np.expm1(log_four))) - log_four


def _edges(nearest: float, farthest: float, std: float, knee: float) -> FloatArray:
    """Panels of ``|λ| = p (1 - p)``, logit p from the farthest to the nearest t >= 0.

    Equal in t above the knee, below it halving in ``¼ - |λ|``, to ¼ itself if the nearest t is 0.
    """
    step = STEP * min(std, 1.0)
    if not farthest - nearest <= MOST_PANELS * step:
        raise _Unresolved
    t = _grid(max(knee, nearest), farthest, step)
    if nearest < knee:
        finest = max(nearest, 2.0**-FINEST)
        n = int(np.ceil(np.log2(knee / finest) * 2 / min(std / knee, 1.0)))
        t = np.concatenate([np.geomspace(finest, knee, n + 1)[:-1], t])
    if t.size > MOST_PANELS:
        raise _Unresolved
    p = 1.0 / (1.0 + np.exp(-t))
    ends = (p * np.exp(-t) * p)[::-1]
    if nearest == 0:
        ends = np.append(ends, 0.25)
    return np.column_stack([ends[:-1], ends[1:]])


def _composite_rule(ratio: float) -> Rule:
    """Gauss nodes and weights on [0, 1], on more panels for a larger ratio of scales."""
    knots = np.linspace(0.0, 1.0, int(np.ceil(PANELS * min(ratio, 8.0))) + 1)
    half = np.diff(knots)[:, None] / 2
    return (knots[:-1, None] + half * (1 + POINTS)).ravel(), (half * GAUSS).ravel()


def _normalised(edges: FloatArray, values: FloatArray, sign: float) -> WeightDensity:
    """The density of sign |λ|, without panels that hold nothing, made to have probability 1."""
    masses = (values @ GAUSS) * np.diff(edges, axis=1)[:, 0] / 2
    total = masses.sum()
    if not abs(total - 1.0) <= MASS:
        raise _Unresolved
    kept = np.flatnonzero(masses > NOTHING)
    kept = slice(kept[0], kept[-1] + 1)
    edges, values = edges[kept], values[kept] / total
    if sign < 0:
        edges, values = -edges[::-1, ::-1], values[::-1, ::-1]
    return WeightDensity(edges, values)
