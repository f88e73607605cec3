r"""Components of the separable law on one side of the origin, with δ at nodes inside them.

With r = |x| the coordinate in a component is θ, ``log r = log lo + log(hi/lo) sin²θ``: δ is smooth
in it at the ends, and any number of decades is one interval. A cubic through the nodes gives δ to
start from; values are always those of the equation solved at the point itself.

References
----------
``docs/laws.md`` §6.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from rmt_hessian._types import ComplexArray, FloatArray, IntArray
from rmt_hessian.theory.laws.separable_equation import SeparableEquation
from rmt_hessian.theory.laws.separable_solver import solve

QUANTILE_STEPS = 100
EPS = np.finfo(float).eps


def angle(r: FloatArray, lo: FloatArray, hi: FloatArray) -> FloatArray:
    """θ of r in [lo, hi], accurate at both ends."""
    return np.arctan2(
        np.sqrt(np.log1p(np.maximum(r - lo, 0.0) / lo)),
        np.sqrt(np.log1p(np.maximum(hi - r, 0.0) / r)),
    )


def point(theta: FloatArray, lo: FloatArray, hi: FloatArray) -> FloatArray:
    """The r in [lo, hi] of θ."""
    length = np.log1p((hi - lo) / lo)
    low, high = length * np.sin(theta) ** 2, length * np.cos(theta) ** 2
    return np.where(low < high, lo * np.exp(low), hi * np.exp(-high))


def cubic(t: FloatArray, nodes: FloatArray, values: np.ndarray) -> np.ndarray:
    """The cubic through four points, shape (n, 4) each, at t, shape (n,)."""
    total = np.zeros(t.shape, values.dtype)
    for k in range(4):
        others = [m for m in range(4) if m != k]
        weight = (t[:, None] - nodes[:, others]) / (nodes[:, [k]] - nodes[:, others])
        total += weight.prod(axis=1) * values[:, k]
    return total


@dataclass(frozen=True)
class Side:
    """Components on one side of the origin, in r = |x|, and nodes in them.

    Attributes
    ----------
    equation : SeparableEquation
    sign : int
        Of x.
    r, delta : numpy.ndarray, shape (n,)
        Nodes, ascending, component by component, its ends included; δ there.
    start, stop : numpy.ndarray, shape (m,)
        Components are ``r[start:stop]``.
    F : numpy.ndarray, shape (n,)
        ``P(X <= x)`` at the nodes; exact at the ends of components.
    """

    equation: SeparableEquation
    sign: int
    r: FloatArray
    delta: ComplexArray
    F: FloatArray
    start: IntArray
    stop: IntArray

    @cached_property
    def F_near(self) -> FloatArray:
        """``P(X <= x)`` at the ends next to the origin."""
        return self.F[self.start]

    @cached_property
    def F_far(self) -> FloatArray:
        """The same at the ends away from it."""
        return self.F[self.stop - 1]

    @cached_property
    def lo(self) -> FloatArray:
        """Their ends next to the origin."""
        return self.r[self.start]

    @cached_property
    def hi(self) -> FloatArray:
        """Their ends away from it."""
        return self.r[self.stop - 1]

    @cached_property
    def theta(self) -> FloatArray:
        """θ of the nodes."""
        owner = np.repeat(np.arange(self.start.size), self.stop - self.start)
        return angle(self.r, self.lo[owner], self.hi[owner])

    @cached_property
    def reaches_0(self) -> bool:
        """Whether the first component goes on to the origin: its first node is no end."""
        return bool(self.r.size and self.delta[0].imag > 0)

    def owner(self, r: FloatArray) -> IntArray:
        """The component that holds r in its interior, -1 if none does."""
        k = np.searchsorted(self.lo, r, side="left") - 1
        if self.reaches_0:
            k = np.where((r > 0) & (r <= self.lo[0]), 0, k)
        return np.where((k >= 0) & (r < np.append(self.hi, 0.0)[k]), k, -1)

    def guess(self, r: FloatArray, owner: IntArray) -> ComplexArray:
        """About δ at points inside their components: the cubic through four nodes."""
        node = np.searchsorted(self.r, r) - 2
        node = np.clip(node, self.start[owner], self.stop[owner] - 4)[:, None] + np.arange(4)
        theta = angle(r, self.lo[owner], self.hi[owner])
        return cubic(theta, self.theta[node], self.delta[node])

    def distribution(self, r: FloatArray, delta: ComplexArray, owner: IntArray) -> FloatArray:
        """``P(X <= x)`` at points inside their components, from δ there."""
        F, near, far = np.empty(r.shape), self.F_near[owner], self.F_far[owner]
        inside = delta.imag > 0
        F[inside] = self.equation.distribution(delta[inside], self.sign * r[inside])
        # real δ, outside by rounding alone: F of the nearer end
        closer = r - self.lo[owner] < self.hi[owner] - r
        F[~inside] = np.where(closer, near, far)[~inside]
        return np.clip(F, np.minimum(near, far), np.maximum(near, far))

    @cached_property
    def rise(self) -> FloatArray:
        """``sign · P(X <= x)`` at the nodes, ascending."""
        return np.maximum.accumulate(self.sign * self.F)

    def quantile(self, q: FloatArray, owner: IntArray) -> FloatArray:
        """The r with ``P(X <= x) = q`` in their components: Newton in θ, inside a bracket.

        ``dF/dθ = ρ dr/dθ``, ``dr/dθ = r log(hi/lo) sin 2θ``. A step out of the bracket, and every
        fourth, halves it instead.
        """
        lo, hi = self.lo[owner], self.hi[owner]
        left, right, theta = self._bracket(q, owner)
        active = np.arange(q.size)
        for step in range(QUANTILE_STEPS):
            k, at = owner[active], theta[active]
            r = point(at, lo[active], hi[active])
            delta = solve(self.equation, self.sign * r + 0j, self.guess(r, k))
            missing = self.sign * (q[active] - self.distribution(r, delta, k))
            # the sign of what is missing tells which end of the bracket moves to θ
            left[active] = np.where(missing > 0, at, left[active])
            right[active] = np.where(missing > 0, right[active], at)
            length = np.log1p((hi[active] - lo[active]) / lo[active])
            slope = self.equation.density(delta, self.sign * r) * r * length * np.sin(2 * at)
            with np.errstate(divide="ignore", invalid="ignore"):
                new = at + missing / slope
            low, high = left[active], right[active]
            bisected = ~((new > low) & (new < high)) | (step % 4 == 3)
            theta[active] = np.where(bisected, (low + high) / 2, new)
            done = (np.abs(missing) <= 2 * EPS) | (high - low <= 4 * EPS * high)
            theta[active[done]] = at[done]
            active = active[~done]
            if active.size == 0:
                break
        return point(theta, lo, hi)

    def _bracket(self, q: FloatArray, owner: IntArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        """θ at the two ends of the cell that holds the quantile, and about where it lies there."""
        cell = np.searchsorted(self.rise, self.sign * q) - 1
        cell = np.clip(cell, self.start[owner], self.stop[owner] - 2)
        left, right = self.theta[cell], self.theta[cell + 1]
        rise = self.rise[cell + 1] - self.rise[cell]
        with np.errstate(divide="ignore", invalid="ignore"):
            share = np.clip((self.sign * q - self.rise[cell]) / rise, 0.0, 1.0)
        return left, right, left + np.where(rise > 0, share, 0.5) * (right - left)
