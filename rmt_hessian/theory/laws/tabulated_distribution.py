r"""A law known by its distribution function and its density at points.

In each component F is a function of ``t = log x``, interpolated between nodes by the polynomial of
degree 5 that has F and its first two derivatives there. It is exact at every node, and no mass
depends on what lies between. Its derivative is kept in Bernstein's basis, where coefficients that
are not negative make F grow; others are raised to 0, at the cost of the slopes, which happens where
the density jumps between nodes. A component that begins at 0 (a hard edge) goes on below its
lowest node as ``√x``. What lies below 0 is the table of -X; where both sides reach 0, the density
passes through it, and goes on below the lowest nodes as it is on average.

References
----------
``docs/laws.md`` §4: *Distribution function*.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Self

import numpy as np
from scipy.interpolate import BPoly

from rmt_hessian._checks.arguments import positive_integer
from rmt_hessian._types import FloatArray, Intervals
from rmt_hessian.theory.laws import identity
from rmt_hessian.theory.laws.spectral_law import SpectralLaw

BISECTIONS = 60  # of t: to the last bit
GAUSS = 8  # points of a cell
HARD_EDGE = 0.5  # power of x with which mass grows from it
MIDDLE = 2  # of five coefficients


def derivative(
    h: FloatArray,
    jump: FloatArray,
    slope: tuple[FloatArray, FloatArray],
    curvature: tuple[FloatArray, FloatArray],
) -> FloatArray:
    """``h dF/dt`` over cells of widths h in Bernstein's basis, (5, cells).

    ``slope`` and ``curvature`` are pairs, of the left and of the right ends. Where a curvature is
    unknown, NaN, F is cubic.
    """
    a, b = h * slope[0], h * slope[1]
    second_a, second_b = h * h * curvature[0], h * h * curvature[1]
    middle = 3 * jump - a - b  # of a cubic F, raised by two degrees
    cubic = np.stack([a, (a + middle) / 2, (a + 4 * middle + b) / 6, (middle + b) / 2, b])
    near_a, near_b = a + second_a / 4, b - second_b / 4
    quintic = np.stack([a, near_a, 5 * jump - a - near_a - near_b - b, near_b, b])
    return np.where(np.isnan(second_a + second_b), cubic, quintic)


def growing(coefficients: FloatArray, jump: FloatArray) -> FloatArray:
    """None of them negative, their sum ``5 jump`` still: the middle one is what others leave."""
    kept = np.maximum(coefficients, 0.0)
    kept[MIDDLE] = 0.0
    total = kept.sum(axis=0)
    kept *= np.divide(5 * jump, total, out=np.ones_like(total), where=total > 5 * jump)
    kept[MIDDLE] = np.maximum(5 * jump - kept.sum(axis=0), 0.0)
    return kept


@dataclass(frozen=True)
class _Component:
    """One interval: F as a spline in t, above lo; below it, down to 0, ``head`` mass as x^power."""

    lo: float
    hi: float
    head: float
    F: BPoly
    nodes_mass: float  # by quadrature of the density at the nodes
    power: float = HARD_EDGE

    @classmethod
    def of(
        cls,
        x: FloatArray,
        F: FloatArray,
        slope: FloatArray,
        curvature: FloatArray,
        power: float = HARD_EDGE,
    ) -> Self:
        head = 0.0
        if x[0] == 0.0:
            head = F[1] - F[0]
            x, F, slope, curvature = x[1:], F[1:], slope[1:], curvature[1:]
        t = np.log(x)
        slopes, curvatures = (slope[:-1], slope[1:]), (curvature[:-1], curvature[1:])
        growth = growing(derivative(np.diff(t), np.diff(F), slopes, curvatures), np.diff(F))
        spline = BPoly(np.append(F[None, :-1], F[:-1] + np.cumsum(growth, axis=0) / 5, axis=0), t)
        bend = np.diff(np.nan_to_num(curvature))  # Euler and Maclaurin's correction, where known
        nodes_mass = head + float(np.trapezoid(slope, t) - np.diff(t) ** 2 @ bend / 12)
        return cls(float(x[0]), float(x[-1]), float(head), spline, nodes_mass, power)

    @property
    def ends(self) -> tuple[float, float]:
        return (0.0 if self.head > 0 else self.lo), self.hi

    @property
    def F_left(self) -> float:
        return float(self.F(self.F.x[0])) - self.head

    @property
    def F_right(self) -> float:
        return float(self.F(self.F.x[-1]))

    @property
    def mass(self) -> float:
        return self.F_right - self.F_left

    @cached_property
    def slope(self) -> BPoly:
        """``dF/dt``."""
        return self.F.derivative()

    def log(self, x: FloatArray) -> FloatArray:
        """Of x, its t, clipped to [lo, hi]."""
        return np.clip(np.log(np.clip(x, self.lo, self.hi)), *self.F.x[[0, -1]])

    def point(self, t: FloatArray) -> FloatArray:
        """Of t, its x."""
        return np.clip(np.exp(t), self.lo, self.hi)

    def density(self, x: FloatArray) -> FloatArray:
        """At x in the interior."""
        above = np.maximum(self.slope(self.log(x)), 0.0) / np.maximum(x, self.lo)
        below = self.power * (np.minimum(x, self.lo) / self.lo) ** (self.power - 1)
        return np.where(x > self.lo, above, self.head / self.lo * below)

    def distribution(self, x: FloatArray) -> FloatArray:
        share = np.clip(x / self.lo, 0.0, 1.0) ** self.power  # 1 above lo
        return self.F(self.log(x)) - self.head * (1.0 - share)

    def quantile(self, q: FloatArray) -> FloatArray:
        lo, hi = np.full(q.shape, self.F.x[0]), np.full(q.shape, self.F.x[-1])
        for _ in range(BISECTIONS):
            middle = (lo + hi) / 2
            low = self.F(middle) < q
            lo, hi = np.where(low, middle, lo), np.where(low, hi, middle)
        if self.head == 0:
            return self.point(hi)
        below = (q - self.F_left) / self.head
        head = self.lo * np.clip(below, 0.0, 1.0) ** (1.0 / self.power)
        return np.where(below < 1.0, head, self.point(hi))

    @cached_property
    def masses(self) -> tuple[FloatArray, FloatArray]:
        """Points and masses of a discrete law: Gauss's rule in t in each cell, √x in the head."""
        nodes, weights = np.polynomial.legendre.leggauss(GAUSS)
        half = np.diff(self.F.x)[:, None] / 2
        t = (self.F.x[1:, None] + self.F.x[:-1, None]) / 2 + half * nodes
        mass = self.slope(t) * half * weights
        return (
            np.append(self.lo * ((1 + nodes) / 2) ** (1.0 / self.power), self.point(t.ravel())),
            np.append(self.head * weights / 2, mass.ravel()),
        )


class TabulatedDistribution(SpectralLaw):
    """A law given by F and the density at points of each component.

    What a subclass adds is `stieltjes`.

    Parameters
    ----------
    components : sequence of (x, F, slope, curvature)
        Of each interval, ascending: nodes from one end to the other, the distribution function,
        the atom in it, and its first and second derivative in log x, each of shape (K,), K >= 2.
        F ends at 1 and agrees over gaps. A first node at 0 is a hard edge. A curvature of NaN is
        not used, as at the edges.
    atom_at_zero : float
    negative : sequence of (x, F, slope, curvature)
        The same of -X, its distribution function.

    Attributes
    ----------
    mass_error : float
        Integral of the density through its values at the nodes, and the atom, minus 1: how well
        the nodes show the density. The masses themselves come from F.
    """

    def __init__(
        self, components: Sequence[Any], atom_at_zero: float, negative: Sequence[Any] = ()
    ) -> None:
        through = [bool(side) and side[0][0][0] == 0.0 for side in (components, negative)]
        self._power = 1.0 if all(through) else HARD_EDGE
        self._components, self._negative = (
            tuple(_Component.of(x, F, slope, bend, self._power) for x, F, slope, bend in side)
            for side in (components, negative)
        )
        self.atom_at_zero = atom_at_zero
        self._below = sum(c.mass for c in self._negative)
        masses = [c.nodes_mass for c in self._negative + self._components]
        self.mass_error = sum(masses) + atom_at_zero - 1.0

    def _summary(self) -> str:
        return identity.of_components(self)

    def components(self) -> Intervals:  # noqa: D102
        return [interval for interval, _ in self._intervals]

    def component_masses(self) -> FloatArray:  # noqa: D102
        return np.array([mass for _, mass in self._intervals])

    @property
    def _intervals(self) -> list[tuple[tuple[float, float], float]]:
        """Components, ascending, and their masses."""
        below = [((-c.ends[1], -c.ends[0]), c.mass) for c in reversed(self._negative)]
        above = [(c.ends, c.mass) for c in self._components]
        if below and above and below[-1][0][1] == above[0][0][0] == 0:  # one, on both sides of 0
            (lo, _), left = below.pop()
            (_, hi), right = above.pop(0)
            below.append(((lo, hi), left + right))
        return below + above

    def _density(self, x: FloatArray) -> FloatArray:
        density = np.zeros(x.shape)
        for y, components in ((x, self._components), (-x, self._negative)):
            for c in components:
                lo, hi = c.ends
                inside = ((lo < y) | ((y == 0) & (lo == 0) & (self._power == 1.0))) & (y < hi)
                density[inside] = c.density(y[inside])
        return density

    def _distribution(self, x: FloatArray) -> FloatArray:
        F = np.where(x >= 0, self._below + self.atom_at_zero, self._below)
        for c in self._components:
            F = np.where(x >= c.ends[0], c.distribution(x), F)
        for c in self._negative:
            F = np.where(-x >= c.ends[0], 1.0 - c.distribution(-x), F)
        return np.clip(F, 0.0, 1.0)

    def _quantile(self, q: FloatArray) -> FloatArray:
        x = np.zeros(q.shape)
        for c in self._components:
            above = q > c.F_left
            x[above] = c.quantile(q[above])
        for c in self._negative:
            below = q <= 1.0 - c.F_left
            x[below] = -c.quantile(1.0 - q[below])
        return x

    def moment(self, k: int) -> float:
        """``E[X^k]``, k >= 0, by quadrature."""
        k = positive_integer(k, "k", minimum=0)
        parts = [mass @ x**k for x, mass in (c.masses for c in self._components)]
        parts += [mass @ (-x) ** k for x, mass in (c.masses for c in self._negative)]
        return float(sum(parts)) + self.atom_at_zero * 0.0**k
