"""``P(X > x)`` beside the upper end of a law, where 1 - F is rounding.

With ``t = hi - (hi - x) s²`` the integral of the density from x to the end of the law is

    ``P(X > x) = 2 (hi - x) ∫_0^1 ρ(t) s ds``,

smooth in s where the density ends in a square root or a hard edge. Two Gauss rules that agree
beyond the rounding of 1 - F are better than it.

References
----------
``docs/laws.md`` §9: *Upper tail*.
"""

from typing import Any

import numpy as np

from rmt_hessian._types import FloatArray, HasComponents

TAIL = 1e-3  # mass of the tail where the integral is tried
ROUNDING = 1e-14  # of 1 - F
RESOLUTION = 4 * np.finfo(float).eps  # of an end, over the width of its component
MOST_STEPS = 100


def _gauss(n: int) -> tuple[FloatArray, FloatArray]:
    """Nodes and weights on [0, 1]."""
    nodes, weights = np.polynomial.legendre.leggauss(n)
    return (1 + nodes) / 2, weights / 2


COARSE, FINE = _gauss(12), _gauss(24)


def survival(law: Any, x: FloatArray) -> FloatArray:
    """``P(X > x)`` at x of one axis, finite or infinite."""
    sf = np.maximum(1.0 - law.cdf(x), 0.0)
    if not (tail := _tail(law)):
        return sf
    lo, hi = tail
    near = np.flatnonzero((sf < TAIL) & (lo < x) & (x < hi))
    coarse, fine = _integral(law, x[near], hi, *COARSE), _integral(law, x[near], hi, *FINE)
    with np.errstate(invalid="ignore"):  # of a density beyond float64
        agree = (np.abs(fine - coarse) <= ROUNDING) & (np.abs(fine - sf[near]) <= 100 * ROUNDING)
    sf[near[agree]] = fine[agree]
    return sf


def inverse_survival(law: Any, q: FloatArray) -> FloatArray:
    """``inf {x : P(X > x) <= q}`` at q of one axis, 0 < q < 1.

    ``log P`` is nearly linear in ``y = log s``, ``x = hi - (hi - lo) s²``: Newton, in a bracket.
    """
    x = law.ppf(1.0 - q)
    if not (tail := _tail(law)):
        return x
    lo, hi = tail
    tiny = q < min(TAIL, law.component_masses()[-1])
    nearest = max(np.spacing(abs(hi)), RESOLUTION * (hi - lo))
    deep = np.flatnonzero(tiny & (q >= survival(law, np.array([hi - nearest]))))
    target = np.log(q[deep])
    closest = 0.5 * np.log(nearest / (hi - lo))
    left, right = np.full(deep.shape, closest), np.zeros(deep.shape)
    y = (left + right) / 2
    with np.errstate(divide="ignore", invalid="ignore"):
        for _ in range(MOST_STEPS):
            distance = (hi - lo) * np.exp(2 * y)
            at = hi - distance
            P = survival(law, at)
            excess = np.log(P) - target  # rises with y, by 2 distance ρ/P
            left, right = np.where(excess < 0, y, left), np.where(excess < 0, right, y)
            ahead = y - excess * P / (2 * distance * law.pdf(at))
            inside = (left < ahead) & (ahead < right)
            moved = np.where(inside, ahead, (left + right) / 2)
            done = np.abs(moved - y) <= 1e-14 * (1 + np.abs(y))
            y = moved
            if done.all():
                break
    x[deep] = hi - (hi - lo) * np.exp(2 * y)
    return x


def _tail(law: HasComponents) -> tuple[float, float] | None:
    """The last component, if no atom lies at its upper end or above; else None."""
    parts = law.components()
    if not parts or (parts[-1][1] <= 0 and law.atom_at_zero > 0):
        return None
    return parts[-1]


def _integral(law: Any, x: FloatArray, hi: float, s: FloatArray, w: FloatArray) -> FloatArray:
    reach = (hi - x)[:, None]
    return 2 * reach[:, 0] * (law.pdf(hi - reach * s**2) * s * w).sum(axis=1)
