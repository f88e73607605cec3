r"""The proximal operator of softmax cross-entropy: what one sample does to its own logits.

    ``prox(ω) = argmin_f ½ (f - ω)ᵀ S⁺ (f - ω) + ℓ(f, y)``,   ``f = ω - S g``,   ``g = p - e_y``

with p the softmax of f. Nothing depends on the mean of the logits.

**S = s P**, P = I - 11ᵀ/K: one scalar equation a sample, for any s and K. Put ``x_c = s p_c`` for
c ≠ y, ``r = s (1 - e^{-ℓ})`` for their sum and ``u_c = ω_c - ω_y + log s``. The conditions say
``x_c + log x_c = u_c - r - ℓ``, so that the loss ℓ is the root of

    ``F(ℓ) = Σ_{c≠y} W(u_c - r - ℓ) - r``,

W the Wright omega function, ``W(t) + log W(t) = t``. F is convex and decreasing: r is concave in
ℓ, W convex and increasing. So Newton's method rises to the root from ℓ = 0, and from wherever else
after one step. No difference of large numbers is taken: ℓ and p have full relative accuracy.

**Any S**: ``f = ω + B θ`` with ``B Bᵀ = S``, and θ minimises ``½‖θ‖² + ℓ``, strictly convex: by
Newton's method with the step halved until the value falls.

References
----------
``docs/trained.md`` §2.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from scipy.special import wrightomega

from rmt_hessian._types import BoolArray, FloatArray, IntArray

ROUNDING = 2e-15  # of a loss, relative: Newton's last step
MOST_STEPS = 200
VISIBLE = 1e-13  # a decrement, over 1 + value, that rounding of the value does not hide
ENOUGH = 1e-20  # Newton's decrement: half of what the value can still fall, over 1 + value
FALL = 1e-4  # of what a step of Newton's method promises, that it must keep
IN_CACHE = 2**17  # numbers of a chunk


@dataclass(frozen=True)
class Fitted:
    """Samples at their proximal points.

    Attributes
    ----------
    logits : numpy.ndarray, shape (n, K)
        f.
    loss : numpy.ndarray, shape (n,)
        ``ℓ = -log p_y``.
    probabilities, gradients : numpy.ndarray, shape (n, K)
        p and ``g = p - e_y``, whose own entry is ``-(1 - p_y)`` without cancellation.
    """

    logits: FloatArray
    loss: FloatArray
    probabilities: FloatArray
    gradients: FloatArray


def softmax_prox(omega: FloatArray, labels: IntArray, s: float) -> Fitted:
    """The proximal points for ``S = s P``.

    Parameters
    ----------
    omega : numpy.ndarray, shape (n, K)
        Logits of samples that the model has not seen.
    labels : numpy.ndarray of int, shape (n,)
    s : float
        Positive.

    Raises
    ------
    RuntimeError
        If a root is not found.
    """
    n, K = omega.shape
    parts = [np.empty((n, K)), np.empty(n), np.empty((n, K)), np.empty((n, K))]
    rows = max(IN_CACHE // K, 1)
    for start in range(0, n, rows):
        chunk = slice(start, start + rows)
        for whole, part in zip(parts, _prox(omega[chunk], labels[chunk], s), strict=True):
            whole[chunk] = part
    return Fitted(*parts)


def _prox(omega: FloatArray, labels: IntArray, s: float) -> tuple[FloatArray, ...]:
    own = np.arange(len(omega)), labels
    u = omega - omega[own][:, None] + np.log(s)
    u[own] = -np.inf  # W = 0
    loss, active = np.zeros(len(omega)), np.arange(len(omega))
    for _ in range(MOST_STEPS):
        at = loss[active]
        rest = -s * np.expm1(-at)
        x = wrightomega(u[active] - (rest + at)[:, None])
        slope = s * np.exp(-at)  # of r
        fall = (x / (1 + x)).sum(axis=1) * (1 + slope) + slope
        with np.errstate(invalid="ignore"):  # 0/0 where the loss is below all numbers
            step = np.nan_to_num((x.sum(axis=1) - rest) / fall)
        loss[active] = at + step
        active = active[step > ROUNDING * (at + step)]
        if not active.size:
            break
    else:
        raise RuntimeError(f"{active.size} proximal points are not found for s = {s:g}")
    rest = -s * np.expm1(-loss)
    x = wrightomega(u - (rest + loss)[:, None])
    f, p = omega - x, x / s
    f[own] += rest
    g = p.copy()
    g[own], p[own] = np.expm1(-loss), np.exp(-loss)
    return f, loss, p, g


def matrix_prox(omega: FloatArray, labels: IntArray, S: FloatArray) -> Fitted:
    """The proximal points for a symmetric S, (K, K), positive on the complement of 1, ``S 1 = 0``.

    Other parameters and errors as of `softmax_prox`.
    """
    values, vectors = np.linalg.eigh(S)
    values, vectors = values[1:], vectors[:, 1:]
    start = softmax_prox(omega, labels, float(np.exp(np.log(values).mean())))
    return minimised(omega, labels, DenseRoot(vectors * np.sqrt(values)), start.gradients)


class Root(Protocol):
    """B with ``B Bᵀ = S``."""

    def times(self, theta: FloatArray) -> FloatArray:
        """``B θ`` of each row."""

    def transposed_times(self, g: FloatArray) -> FloatArray:
        """``Bᵀ g`` of each row."""

    def solve(self, p: FloatArray, slope: FloatArray) -> FloatArray:
        """``(I + Bᵀ A B)^{-1} slope`` of each row, ``A = diag(p) - p pᵀ``."""


@dataclass(frozen=True)
class DenseRoot:
    """Any B, shape (K, r)."""

    matrix: FloatArray

    def times(self, theta: FloatArray) -> FloatArray:  # noqa: D102
        return theta @ self.matrix.T

    def transposed_times(self, g: FloatArray) -> FloatArray:  # noqa: D102
        return g @ self.matrix

    def solve(self, p: FloatArray, slope: FloatArray) -> FloatArray:  # noqa: D102
        B = self.matrix
        centred = p[:, :, None] * (B - (p @ B)[:, None, :])  # A B
        curvature = np.eye(B.shape[1]) + B.T @ centred
        return np.asarray(np.linalg.solve(curvature, slope[:, :, None])[:, :, 0])


def minimised(omega: FloatArray, labels: IntArray, root: Root, gradients: FloatArray) -> Fitted:
    """The proximal points for ``S = B Bᵀ`` by Newton's method in θ, from g at the start.

    Raises
    ------
    RuntimeError
        If one is not found.
    """
    theta, active = -root.transposed_times(gradients), np.arange(len(omega))
    for _ in range(MOST_STEPS):
        theta[active], done = _newton_step(theta[active], omega[active], labels[active], root)
        active = active[~done]
        if not active.size:
            return at_prox(omega + root.times(theta), labels)
    raise RuntimeError(f"{active.size} proximal points are not found")


def _newton_step(
    theta: FloatArray, omega: FloatArray, labels: IntArray, root: Root
) -> tuple[FloatArray, BoolArray]:
    """θ after a step of Newton's method, shortened until the value falls; whether it was the last.

    Where the promised fall is below the rounding of the value the step is taken as it is.
    """
    at = at_prox(omega + root.times(theta), labels)
    value = at.loss + (theta**2).sum(axis=1) / 2
    slope = theta + root.transposed_times(at.gradients)
    step = -root.solve(at.probabilities, slope)
    decrement = -(step * slope).sum(axis=1)
    seen, length = decrement > VISIBLE * (1 + value), np.ones(len(omega))
    while True:
        tried = theta + length[:, None] * step
        new = at_prox(omega + root.times(tried), labels).loss + (tried**2).sum(axis=1) / 2
        rising = seen & (new > value - FALL * length * decrement)
        if not rising.any():
            return tried, decrement <= ENOUGH * (1 + value)
        length[rising] /= 2


def at_prox(f: FloatArray, labels: IntArray) -> Fitted:
    """`Fitted` of logits f as they are, f whole rows; losses and gradients without cancellation."""
    own = np.arange(len(f)), labels
    top = f.max(axis=1, keepdims=True)
    e = np.exp(f - top)
    total = e.sum(axis=1)
    p = e / total[:, None]
    others = e.copy()
    others[own] = 0.0
    rest = others.sum(axis=1)
    g = p.copy()
    g[own] = -rest / total
    is_top = f[own] == top[:, 0]
    loss = np.where(is_top, np.log1p(rest), top[:, 0] - f[own] + np.log(total))
    return Fitted(f, loss, p, g)
