"""A law of a whole layer: the table of the solution of a matrix equation at nodes."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from rmt_hessian._checks.arrays import complex_array
from rmt_hessian._types import ComplexArray, Elementwise
from rmt_hessian.theory.laws.matrix_nodes import MOST_NODES, TOLERANCE, Node, Nodes
from rmt_hessian.theory.laws.tabulated_distribution import TabulatedDistribution

MEAN = 4.0  # times the error of the CDF times the support: what the mean may be off


class MatrixLaw(TabulatedDistribution):
    """What laws by a `MatrixSolver` have in common; a subclass has the exact moments.

    Parameters
    ----------
    equation : MatrixSolver
        Of ``bound`` 0 where the matrix is 0.
    null_space : float
        Mass at 0 that the equation leaves out.
    """

    tolerance, most_nodes = TOLERANCE, MOST_NODES

    def __init__(self, equation: Any, null_space: float = 0.0) -> None:
        self.equation, self.null_space = equation, null_space
        self.residual = self.interpolation_error = 0.0
        self._nodes: list[Node] = []
        if not equation.bound > 0:
            super().__init__([], atom_at_zero=1.0)
            self.mass_error = 0.0
            return
        found = Nodes(equation, self.tolerance, self.most_nodes)
        self._nodes = found.nodes
        rest = 1.0 - null_space
        components = [
            (x, null_space + rest * F, rest * slope, rest * curvature)
            for x, F, slope, curvature in found.components()
        ]
        super().__init__(components, null_space + rest * found.atom)
        self.interpolation_error = rest * found.error
        self.residual = max(node.solution.residual for node in found.nodes)
        self._check_mean()

    def _check_mean(self) -> None:
        """``E X`` of the table against the exact one: no curve is returned that is wrong."""
        mean, width = super().moment(1), self.support()[1]
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
        if not self._nodes:
            return complex(-1.0 / z)
        s = self._without_null_space(z)
        return (1.0 - self.null_space) * s - self.null_space / z if self.null_space > 0 else s

    def _without_null_space(self, z: Any) -> complex:
        scale = self.equation.scale
        if z.imag > 0:
            return self.equation.solution(complex(z) / scale, self._near(z.real)).s / scale
        x = z.real / scale
        height = self.equation.height * (abs(x) or self.support()[0] / scale)
        if height == 0:  # a hard edge
            return complex(np.nan, np.nan)
        point = self.equation.solution(complex(x, height), self._near(z.real))
        return complex(point.real_part, np.pi * point.density) / scale

    def _near(self, x: float) -> tuple[ComplexArray, ...]:
        """G at the node nearest to x, to start from."""
        at = np.searchsorted([node.x for node in self._nodes], x / self.equation.scale)
        return (self._nodes[min(at, len(self._nodes) - 1)].solution.G,)
