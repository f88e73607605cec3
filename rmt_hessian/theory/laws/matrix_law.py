"""A law of a whole layer: the table of the solution of a matrix equation at nodes.

References
----------
``docs/laws.md`` §4.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from rmt_hessian._checks.arrays import complex_array
from rmt_hessian._types import ComplexArray, Elementwise, FloatArray
from rmt_hessian.theory.laws.matrix_nodes import (
    MOST_NODES,
    NEAR,
    NO_MASS,
    SPACING,
    TOLERANCE,
    Node,
    Nodes,
)
from rmt_hessian.theory.laws.tabulated_distribution import TabulatedDistribution

ATOM = 1e-6  # by which that of ranks may differ from what the equations say
FAR = 1e100  # |z|, in units of the law, from which s is -1/z
MEAN = 4.0  # times the error of the CDF times the support: what the mean may be off


class MatrixLaw(TabulatedDistribution):
    """What laws by a `MatrixSolver` have in common; a subclass has the exact moments.

    Parameters
    ----------
    equation : MatrixSolver
        Of M; of ``bound`` 0 where nothing is positive.
    opposite : MatrixSolver
        Of -M, which is asked for what lies below 0.
    null_space : float
        Mass at 0 that the equations leave out.
    """

    tolerance, most_nodes, spacing = TOLERANCE, MOST_NODES, SPACING  # of `Nodes`

    def __init__(self, equation: Any, opposite: Any, null_space: float = 0.0) -> None:
        self.equation, self.null_space = equation, null_space
        sides = equation, opposite
        floors: list[float | None] = [None if side.bound > 0 else 1.0 for side in sides]
        if floors == [None, None]:
            floors = [*floors_of(*sides)]
        if 1.0 in floors:  # one side, whose atom is seen on the way down
            floors = [floor if floor == 1.0 else None for floor in floors]
        tables = [
            Nodes(side, self.tolerance, self.most_nodes, self.spacing, floor)
            if floor != 1.0
            else None
            for side, floor in zip(sides, floors, strict=True)
        ]
        found = [table for table in tables if table is not None]
        atom = max(1.0 - sum(1.0 - table.floor for table in found), 0.0)
        self._nodes: list[Node] = tables[0].nodes if tables[0] else []
        rest, rows = 1.0 - null_space, [self._rows(table) for table in tables]
        super().__init__(rows[0], null_space + rest * atom, rows[1])
        self.interpolation_error = rest * max((table.error for table in found), default=0.0)
        solutions = [node.solution for table in found for node in table.nodes]
        self.residual = max((solution.residual for solution in solutions), default=0.0)
        if found:
            self._check_mean()
        else:
            self.mass_error = 0.0

    def _rows(self, table: Nodes | None) -> list[tuple[FloatArray, ...]]:
        """Components of one side, with the null space in F."""
        rest = 1.0 - self.null_space
        return [
            (x, self.null_space + rest * F, rest * slope, rest * curvature)
            for x, F, slope, curvature in (table.components() if table is not None else [])
        ]

    def _check_mean(self) -> None:
        """``E X`` of the table against the exact one: no curve is returned that is wrong."""
        mean, width = super().moment(1), max(map(abs, self.support()))
        if not abs(mean - self.mean()) <= MEAN * max(self.interpolation_error, 1e-7) * width:
            raise RuntimeError(f"the mean of the law found is {mean:.9g}, not {self.mean():.9g}")

    def stieltjes(self, z: ArrayLike) -> Elementwise:
        """``s(z)`` from the equation; at real z the limit from above."""
        z = complex_array(z, "z")
        s = np.empty(z.shape, dtype=np.complex128)
        for at in np.ndindex(z.shape):
            s[at] = self._transform(z[at])
        return s[()]

    def _transform(self, z: Any) -> complex:
        if z.imag < 0:
            return np.conj(self._transform(np.conj(z)))
        if z == 0 and self.atom_at_zero > 0:
            return complex(np.inf)
        if self.atom_at_zero == 1.0:
            return complex(-1.0 / z)
        s = self._without_null_space(z)
        return (1.0 - self.null_space) * s - self.null_space / z if self.null_space > 0 else s

    def _without_null_space(self, z: Any) -> complex:
        scale = self.equation.scale
        if not abs(z) / scale < FAR:
            return complex(-1.0 / z)
        if z.imag > 0:
            return self.equation.solution(complex(z) / scale, self._near(z.real)).s / scale
        x = z.real / scale
        size = max(abs(x), self._around_zero() / scale)
        if size == 0:  # a hard edge
            return complex(np.nan, np.nan)
        height = self.equation.height * size
        point = self.equation.solution(complex(x, height), self._near(z.real))
        return complex(point.real_part, np.pi * point.density) / scale

    def _around_zero(self) -> float:
        """Below which |x| is as 0: next to it, or of the gap that 0 lies in."""
        if any(lo < 0 < hi for lo, hi in self.components()):
            return float(NEAR * self.equation.far * self.equation.scale)
        return min(abs(end) for interval in self.components() for end in interval)

    def _near(self, x: float) -> tuple[ComplexArray, ...]:
        """G at the node nearest to x, to start from; below 0 none is known."""
        if not self._nodes or (x < 0 and self.equation.signed):
            return ()
        at = np.searchsorted([node.x for node in self._nodes], x / self.equation.scale)
        return (self._nodes[min(at, len(self._nodes) - 1)].solution.G,)


def floors_of(equation: Any, opposite: Any) -> tuple[float, float]:
    """``P(X <= 0)`` and ``P(X >= 0)``, X of both signs; 1 where only rounding lies beyond."""
    above, below = (_distribution_near_zero(side) for side in (equation, opposite))
    atom = float(equation.atom_at_zero())
    if abs(above + below - 1.0 - atom) < ATOM:  # else units decouple
        above = 1.0 - below + atom
    if 1.0 - above <= NO_MASS:
        above = 1.0
    return above, below if 1.0 - below > NO_MASS else 1.0


def _distribution_near_zero(equation: Any) -> float:
    x = NEAR * equation.bound
    solution = equation.solution(complex(x, x * equation.height))
    return float(solution.distribution(equation.gamma))
