"""A law whose equation is solved at each point, with components on both sides of the origin.

References
----------
``docs/laws.md`` §6 and §8.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from rmt_hessian._checks.arrays import complex_array
from rmt_hessian._checks.distributions import normalised, probabilities_of_atoms
from rmt_hessian._types import ComplexArray, Elementwise, FloatArray, IntArray, Intervals
from rmt_hessian.theory.laws.separable_components import find_side
from rmt_hessian.theory.laws.separable_side import Side
from rmt_hessian.theory.laws.separable_solver import solve
from rmt_hessian.theory.laws.spectral_law import SpectralLaw

NEGLIGIBLE = 1e-16  # probabilities, and sizes of atoms over the largest, that count as 0
EQUAL = 1e-14  # relative distance of atoms that are merged
SMALLEST, LARGEST = 1e-100, 1e100  # |x| between which the equation is solved, in units of the law


class TwoSidedLaw(SpectralLaw):
    """Law of an equation ``δ = T(δ; z)`` that `separable_solver` solves.

    A subclass sets ``_equation``, a `SeparableEquation` or another of its interface, and ``_unit``,
    in which the equation has lengths, and calls `_find_sides`.
    """

    _equation: Any
    _unit: float

    def _find_sides(self) -> None:
        """Components, and the atom."""
        equation = self._equation
        self._sides: tuple[Side, ...] = ()
        self.atom_at_zero = 1.0
        if equation.lam.size > 0 and equation.a.size > 0:
            signs = [sign for sign in (-1, 1) if (sign * equation.lam).max() > 0]
            sides = (find_side(equation, sign) for sign in signs)
            self._sides = tuple(side for side in sides if side.r.size)
            self.atom_at_zero = 1.0 - equation.continuous_mass

    @cached_property
    def _intervals(self) -> list[tuple[float, float, float]]:
        """Components ascending, as (lo, hi, mass), in units of the law."""
        rows: list[tuple[float, float, float]] = []
        for side in self._sides:
            near = np.where((np.arange(side.lo.size) == 0) & side.reaches_0, 0.0, side.lo)
            mass = side.sign * (side.F_far - side.F_near)
            if side.sign > 0:
                rows += zip(near, side.hi, mass, strict=True)
            else:
                rows += zip(-side.hi[::-1], -near[::-1], mass[::-1], strict=True)
        for k in range(1, len(rows)):
            if rows[k - 1][1] == rows[k][0] == 0:  # one component on both sides of 0
                (lo, _, left), (_, hi, right) = rows[k - 1 : k + 1]
                rows[k - 1 : k + 1] = [(lo, hi, left + right)]
                break
        return rows

    def components(self) -> Intervals:  # noqa: D102
        return [(float(lo * self._unit), float(hi * self._unit)) for lo, hi, _ in self._intervals]

    def component_masses(self) -> FloatArray:  # noqa: D102
        return np.array([mass for _, _, mass in self._intervals])

    # --- density, distribution, quantiles ---------------------------------------------------

    def _inside(
        self, x: FloatArray
    ) -> Iterator[tuple[IntArray, Side, IntArray, FloatArray, ComplexArray]]:
        """Yield ``(selection, side, component, |x|, δ)`` for the points inside components."""
        through = len(self._sides) == 2 and all(side.reaches_0 for side in self._sides)
        for side in self._sides:
            r = np.maximum(np.abs(x) / self._unit, SMALLEST)
            here = (np.sign(x) == side.sign) | ((x == 0) & through & (side.sign > 0))
            owner = np.where(here, side.owner(r), -1)
            chosen = np.flatnonzero(owner >= 0)
            if chosen.size:
                r, owner = r[chosen], owner[chosen]
                delta = solve(self._equation, side.sign * r + 0j, side.guess(r, owner))
                yield chosen, side, owner, r, delta

    def _density(self, x: FloatArray) -> FloatArray:
        density = np.zeros(x.shape)
        for chosen, side, _, r, delta in self._inside(x):
            density[chosen] = self._equation.density(delta, side.sign * r) / self._unit
        return density

    def _distribution(self, x: FloatArray) -> FloatArray:
        F = np.where(x >= 0, 1.0, 0.0)
        for side in self._sides:
            here = np.flatnonzero(x < 0 if side.sign < 0 else x >= 0)
            passed = np.searchsorted(side.hi, np.abs(x[here]) / self._unit, side="right")
            F[here] = np.append(side.F_near[:1], side.F_far)[passed]
        for chosen, side, owner, r, delta in self._inside(x):
            F[chosen] = side.distribution(r, delta, owner)
        return F

    def _quantile(self, q: FloatArray) -> FloatArray:
        x = np.zeros(q.shape)  # between the sides: the atom
        for side in self._sides:
            if side.sign > 0:
                owner = np.searchsorted(side.F_far, q, side="left")
            else:
                owner = np.searchsorted(-side.F_far, -q, side="right")
            known = np.minimum(owner, side.F_far.size - 1)
            above = q > side.F_near[known] if side.sign > 0 else q <= side.F_near[known]
            chosen = np.flatnonzero((owner == known) & above)
            if chosen.size:
                r = side.quantile(q[chosen], owner[chosen])
                x[chosen] = side.sign * r * self._unit
        return x

    # --- transform ----------------------------------------------------------------------------

    def stieltjes(self, z: ArrayLike) -> Elementwise:
        """``s(z) = ∫ dμ(x)/(x - z)`` at complex z (any shape), by solving the equation there.

        At real points it is the limit from above; infinite at the atom and at a hard edge.

        Raises
        ------
        ValueError
            If a z is not finite.
        RuntimeError
            If the equation is not solved.
        """
        z = complex_array(z, "z")
        flat = np.where(z.imag < 0, z.conj(), z).ravel() / self._unit
        with np.errstate(divide="ignore", invalid="ignore"):
            s = np.where(flat == 0, complex(np.inf), -1.0 / (flat * self._unit))
        equation = self._equation
        if self._sides:
            finite = (flat != 0) | ((self.atom_at_zero == 0) & (equation.excess < 0))
            solved = finite & (np.abs(flat) < LARGEST)
            flat = flat[solved]
            value = equation.stieltjes(solve(equation, flat), flat)
            zeros = 1.0 - equation.p_nonzero  # of the population
            if zeros > 0:
                value -= zeros / flat
            s[solved] = value / self._unit
        s = s.reshape(z.shape)
        return np.where(z.imag < 0, s.conj(), s)[()]


def atoms(
    x: FloatArray, probabilities: ArrayLike, names: tuple[str, str]
) -> tuple[FloatArray, FloatArray]:
    """A discrete law: distinct values, ascending, and probabilities of sum 1."""
    w = probabilities_of_atoms(x, probabilities, names[1], of=names[0])
    order = np.argsort(x, kind="stable")
    x, w = x[order], normalised(w)[order]
    new = np.append(True, np.diff(x) > EQUAL * np.abs(x[1:]))
    return x[new], np.add.reduceat(w, np.flatnonzero(new))


def nonzero(x: FloatArray, w: FloatArray) -> tuple[FloatArray, FloatArray, float]:
    """Atoms different from 0, divided by the size of the largest, their probabilities, the size."""
    unit = float(np.abs(x[w > NEGLIGIBLE]).max()) or 1.0
    kept = (np.abs(x) > NEGLIGIBLE * unit) & (w > NEGLIGIBLE)
    return x[kept] / unit, w[kept], unit
