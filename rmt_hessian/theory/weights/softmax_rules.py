"""Quadrature for softmax weights ``p_i (δ_ij - p_j)`` of independent Gaussian logits, any C.

Only the one or two logits in λ matter by themselves; the others enter through
``L = log Σ exp(f_c)``, a one-dimensional law with a Gauss rule (`gauss_rules`). Then λ depends on a
Gaussian given L, and the trapezoidal rule in it converges faster than any power of its step.

**Directions.** The logits are ``f = σ u``, with u the coordinates of the features in the span of
the rows of V. For outliers each rule also knows ``E[((q·u)² - 1) φ(λ)]`` for unit vectors q: by
permutations of the classes there are at most three kinds of q (and q ∝ 1, on which p does not
depend). By Stein's identity it is ``E[∂_q² φ]``, and integrated by parts it falls on the Gaussian
densities: a signed mass at each node, the `Direction`.

References
----------
``docs/laws.md`` §7; directions §5.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from rmt_hessian._types import FloatArray, Rule
from rmt_hessian.theory.weights.gauss_rules import GAUSS_SIZE, collision_rule, log_sum_exp_rule

REACH = 9.0  # a standard Gaussian beyond this has mass 2e-19

Pair: TypeAlias = FloatArray | tuple[float, float]  # of the two logits in λ


@dataclass(frozen=True)
class Direction:
    """Unit vectors q with the same ``E[((q·u)² - 1) φ(λ)] = Σ_k excess_k φ(λ_k)``.

    Attributes
    ----------
    multiplicity : int
        The number of orthogonal such vectors.
    excess : numpy.ndarray, shape (K,)
        Signed masses at the nodes of the rule.
    """

    multiplicity: int
    excess: FloatArray


@dataclass(frozen=True)
class SoftmaxRule:
    """Nodes λ_k, their probabilities, and the kinds of directions of the logits."""

    nodes: FloatArray
    probabilities: FloatArray
    directions: tuple[Direction, ...] = ()


def diagonal_rule(
    n_classes: int, step: float, std: float = 1.0, size: int = GAUSS_SIZE
) -> SoftmaxRule:
    """``p_1 (1 - p_1)`` for C independent logits ``N(0, std²)``.

    With ``t = f_1 - L`` (L of the others): along ``q ∝ e_1 - 1/C`` the derivative of t is
    ``σ √(C/(C-1))``, constant; along the C - 2 others it is ``σ (s₂ - 1/(C-1))`` squared and
    averaged, with second derivative ``-σ (1 - s₂)``, ``s₂ = Σ q_c²`` over the other classes
    (`_excess_of_others`).
    """
    n = n_classes - 1
    others = log_sum_exp_rule(n, std, size)
    t, nodes = _diagonal_nodes(0.0, std, others, step)
    mixture = _Mixture(others, 0.0, std**2, t)
    collisions = _Mixture(collision_rule(n, std, size), 0.0, std**2, t)
    directions = [(1, n_classes / n * mixture.curvature)]
    if n > 1:
        directions.append((n - 1, _excess_of_others(mixture, collisions, n) / (n - 1)))
    return _rule(nodes, mixture.density, [(m, std**2 * e) for m, e in directions])


def off_diagonal_rule(
    n_classes: int, step: float, std: float = 1.0, size: int = GAUSS_SIZE
) -> SoftmaxRule:
    """``-p_1 p_2`` for C independent logits ``N(0, std²)``.

    With ``τ = (f_1 + f_2)/2 - L`` and ``δ = f_1 - f_2``, independent,
    ``√(p_1 p_2) = 1/(e^{-τ} + 2 cosh(δ/2))``. Values at different δ interlace, so δ takes the
    coarser step. Directions: ``e_1 - e_2`` along δ, ``e_1 + e_2 - 2/C`` and C - 3 others along τ.
    """
    if n_classes == 2:  # p_2 = 1 - p_1
        rule = diagonal_rule(2, step, std, size)
        return SoftmaxRule(-rule.nodes, rule.probabilities, rule.directions)
    n = n_classes - 2
    others = log_sum_exp_rule(n, std, size)
    (tau, delta), nodes = _off_diagonal_nodes((0.0, 0.0), (std, std), others, step)
    along_delta = np.exp(-(delta**2) / (4 * std**2))
    mixture = _Mixture(others, 0.0, std**2 / 2, tau)
    collisions = _Mixture(collision_rule(n, std, size), 0.0, std**2 / 2, tau)
    directions = [
        (1, np.outer(mixture.density, (delta**2 / (2 * std**2) - 1) * along_delta)),
        (1, std**2 * n_classes / (2 * n) * np.outer(mixture.curvature, along_delta)),
    ]
    if n > 1:
        kind = std**2 * _excess_of_others(mixture, collisions, n) / (n - 1)
        directions.append((n - 1, np.outer(kind, along_delta)))
    return _rule(nodes, np.outer(mixture.density, along_delta), directions)


def offset_diagonal_rule(mean: float, std: float, others: Rule, step: float) -> SoftmaxRule:
    """``p_1 (1 - p_1)`` for a logit ``N(mean, std²)`` and the rule of L of the others."""
    t, nodes = _diagonal_nodes(mean, std, others, step)
    return _rule(nodes, _Mixture(others, mean, std**2, t).density)


def offset_off_diagonal_rule(
    means: FloatArray, stds: FloatArray, others: Rule, step: float
) -> SoftmaxRule:
    """``-p_1 p_2`` for logits ``N(mean_i, std_i²)``, i = 1, 2, and the rule of L of the others.

    τ and δ are correlated where the variances differ: τ is centred given δ.
    """
    (mean_1, mean_2), (std_1, std_2) = means, stds
    (tau, delta), nodes = _off_diagonal_nodes(means, stds, others, step)
    variance = std_1**2 + std_2**2  # of δ
    off_mean = delta - (mean_1 - mean_2)
    centre = (mean_1 + mean_2) / 2 + (std_1**2 - std_2**2) / (2 * variance) * off_mean
    given_delta = (std_1 * std_2) ** 2 / variance  # variance of τ + L
    density = np.column_stack([_Mixture(others, c, given_delta, tau).density for c in centre])
    return _rule(nodes, density * np.exp(-(off_mean**2) / (2 * variance)))


def limit_rule(diagonal: bool, step: float, std: float = 1.0) -> SoftmaxRule:
    """C → ∞: ``C λ → e^{f - σ²/2}`` on the diagonal, ``C² λ → -e^{f + f' - σ²}`` off it."""
    scale = std if diagonal else np.sqrt(2) * std
    t = _grid(-REACH, REACH, step / 4)
    sign = 1.0 if diagonal else -1.0
    return _rule(sign * np.exp(scale * t - scale**2 / 2), np.exp(-(t**2) / 2))


# --- grids and densities ------------------------------------------------------------------------


class _Mixture:
    """Density of ``mean - L + N(0, variance)`` on a grid, with its first two derivatives."""

    def __init__(self, rule: Rule, mean: float, variance: float, t: FloatArray) -> None:
        L, P = rule
        z = (t[:, None] - mean + L) / variance
        kernel = np.exp(-variance * z**2 / 2) * P
        self.density = kernel.sum(axis=1)
        self.slope = -(z * kernel).sum(axis=1)
        self.curvature = ((z**2 - 1 / variance) * kernel).sum(axis=1)


def _excess_of_others(mixture: _Mixture, collisions: _Mixture, n: int) -> FloatArray:
    """``E[∂_q² φ(λ)]/σ²``, summed over the n - 1 directions q of n other classes, as a density.

    Both are of ``t = … - L``; `collisions` has ``s₂ = Σ q_c²`` as a factor. Stein's identity:
    ``∂_q² φ = (∂_q t)² φ'' + (∂_q² t) φ'``, where the sums over q are ``σ² (s₂ - 1/n)`` and
    ``-σ² (1 - s₂)``. By parts φ'' leaves the second derivative of the density, φ' minus the first.
    """
    of_squared_slopes = collisions.curvature - mixture.curvature / n
    of_bends = mixture.slope - collisions.slope
    return of_squared_slopes + of_bends


def _grid(lo: float, hi: float, step: float) -> FloatArray:
    return np.linspace(lo, hi, int(np.ceil((hi - lo) / step)) + 1)


def _diagonal_nodes(
    mean: float, std: float, others: Rule, step: float
) -> tuple[FloatArray, FloatArray]:
    """A grid of t, and λ at its points."""
    L, _ = others
    t = _grid(mean - L.max() - REACH * std, mean - L.min() + REACH * std, step * min(std, 1.0))
    p = 1.0 / (1.0 + np.exp(-np.abs(t)))  # the larger of p_1 and 1 - p_1
    return t, p * np.exp(-np.abs(t)) * p


def _off_diagonal_nodes(
    means: Pair, stds: Pair, others: Rule, step: float
) -> tuple[tuple[FloatArray, ...], FloatArray]:
    """Grids of τ and δ, and λ at their points, (τ, δ)."""
    L, _ = others
    (mean_1, mean_2), (std_1, std_2) = means, stds
    step, reach = step * min(std_1, std_2, 1.0), REACH * max(std_1, std_2)
    centre = (mean_1 + mean_2) / 2
    tau = _grid(centre - L.max() - reach, centre - L.min() + reach, step)
    half = np.ceil(REACH * np.hypot(std_1, std_2) / (4 * step))
    delta = mean_1 - mean_2 + np.arange(-half, half + 1) * (4 * step)
    nodes = -((np.exp(-tau)[:, None] + 2 * np.cosh(delta / 2)) ** -2)
    return (tau, delta), nodes


def _rule(
    nodes: FloatArray, density: FloatArray, directions: Sequence[tuple[Any, ...]] = ()
) -> SoftmaxRule:
    """Normalise, drop what is negligible and merge equal nodes."""
    total = density.sum()
    kept = density.ravel() > 1e-30 * total
    values, inverse = np.unique(nodes.ravel()[kept], return_inverse=True)

    def merged(masses: FloatArray) -> NDArray[Any]:
        return np.bincount(inverse, weights=masses.ravel()[kept] / total)

    return SoftmaxRule(
        values, merged(density), tuple(Direction(m, merged(excess)) for m, excess in directions)
    )
