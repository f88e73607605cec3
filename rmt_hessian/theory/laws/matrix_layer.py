"""Law of a whole layer from a sample of its output Hessians, by the matrix equation.

The equation, over a sample of M, gives the CDF and the density at every point; the law is their
table at nodes (`matrix_nodes`).

Regime: as for blocks, features isotropic, d, N → ∞ at a fixed number of units k; outliers are what
a finite d adds.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from rmt_hessian._checks.arguments import positive_integer, positive_real
from rmt_hessian._checks.arrays import complex_array, finite_array
from rmt_hessian._checks.matrices import positive_semidefinite_stack
from rmt_hessian._checks.precision import precision
from rmt_hessian._types import ComplexArray, Elementwise
from rmt_hessian.theory.laws.matrix_equation import MatrixEquation
from rmt_hessian.theory.laws.matrix_nodes import Nodes
from rmt_hessian.theory.laws.scaling import exponent_of
from rmt_hessian.theory.laws.tabulated_distribution import TabulatedDistribution

MEAN = 4.0  # times the error of the CDF times the support: what the mean may be off
CHECKS = 4  # every so many nodes the two halves of the sample are compared


class MatrixLayerLaw(TabulatedDistribution):
    """Law of a layer from a sample of its output Hessians, by the matrix equation.

    Parameters
    ----------
    output_hessians : array_like, shape (n, k, k)
        Symmetric and positive semi-definite, up to rounding: draws of M in an order in which the
        first and the second half are both representative.
    aspect_ratio : float
        ``γ = p/N``.

    Attributes
    ----------
    equation : MatrixEquation
    residual : float
        Largest relative residual of G at the nodes.
    error : float
        Half of the largest difference between the CDFs that the two halves of the sample give:
        what the finite sample of M leaves uncertain.
    interpolation_error : float
        Largest error of the CDF between nodes, as far as they tell: up to 2e-7, more where the law
        of the sample has more steps than there are nodes. It moves the mean of the table by as
        much of the support's width at most.
    mass_error : float
        Integral of the density through its values at the nodes, and the atom, minus 1.

    Raises
    ------
    ValueError
        If the arguments are not as above.
    RuntimeError
        If the equation is not solved somewhere, or the law found has not the atom that the ranks
        of M imply, a CDF that falls, or another mean than M.

    Notes
    -----
    The masses, the atom, and the moments 1 and 2 are exact to rounding; the CDF at the nodes to
    1e-12, between them to `interpolation_error`. Eigenvalues of M count as 0 up to k ε of the
    largest of the same M, and up to 1e-16 of the largest of all.

    What remains. For ``r = E rank M/(k γ) < 1`` the law near 0 is that of the single M of the
    sample, a comb of up to n components and more, of which no more are seen than there are nodes,
    320; the rest of the CDF is drawn smoothly through them. Below 1e-18 of its bound, or where
    rounding ends a hard edge before, it is drawn as ``√x`` from 0 on: the edge itself is found for
    ``|r - 1|`` down to 1e-7 or so. For γ below 1e-8, components of width ``√γ`` are not told from
    rounding where several units mix, and the equation may not be solved.
    """

    def __init__(self, output_hessians: ArrayLike, aspect_ratio: float) -> None:
        M = finite_array(output_hessians, "output_hessians", ndim=3)
        if M.shape[1] != M.shape[2] or M.shape[0] < 2:
            raise ValueError(f"output_hessians must have shape (n, k, k), n >= 2, got {M.shape}")
        M = positive_semidefinite_stack(output_hessians, "output_hessians")
        self.aspect_ratio = positive_real(aspect_ratio, "aspect_ratio")
        eps = precision(output_hessians)
        self.equation = MatrixEquation(M, self.aspect_ratio, eps)
        self.residual = self.error = self.interpolation_error = 0.0
        self._nodes, self._output_hessians = [], M
        if not M.any():
            super().__init__([], atom_at_zero=1.0)
            self.mass_error = 0.0
            return
        found = Nodes(self.equation)
        self._nodes = found.nodes
        super().__init__(found.components(), found.atom)
        self.interpolation_error = found.error
        self._check_mean()
        self.residual = max(node.solution.residual for node in found.nodes)
        halves = [MatrixEquation(part, self.aspect_ratio, eps) for part in np.array_split(M, 2)]
        self.error = self._difference(halves) / 2

    def moment(self, k: int) -> float:
        """``E[X^k]``, exact for k = 1 and 2, by quadrature beyond.

        ``m₁ = tr E[M]/k``, ``m₂ = (tr E[M]² + γ E tr M²)/k``: G at infinity.
        """
        k = positive_integer(k, "k", minimum=0)
        if k == 1:
            return float(np.trace(self.equation.mean)) / self.equation.k
        if k == 2:
            return self.var() + self.mean() * self.mean()
        return super().moment(k)

    def _variance(self) -> tuple[float, int]:
        """Exact: that of the eigenvalues of ``E[M]``, and ``γ E tr M²/k``."""
        equation = self.equation
        exponent = exponent_of(equation.scale)
        scatter = equation.gamma * equation.mean_square / equation.k
        unit = np.ldexp(equation.scale, -exponent)
        return (float(equation.averages.var()) + scatter) * unit**2, exponent

    def _parameters(self) -> dict[str, Any]:
        return {"output_hessians": self._output_hessians, "aspect_ratio": self.aspect_ratio}

    def _check_mean(self) -> None:
        """``E X`` of the table against the exact one: no curve is returned that is wrong."""
        mean, width = super().moment(1), self.support()[1]
        if not abs(mean - self.mean()) <= MEAN * max(self.interpolation_error, 1e-7) * width:
            raise RuntimeError(f"the mean of the law found is {mean:.9g}, not {self.mean():.9g}")

    def stieltjes(self, z: ArrayLike) -> Elementwise:
        """``s(z) = tr G(z)/k``, from the equation; at real z the limit from above."""
        z = complex_array(z, "z")
        s = np.empty(z.shape, dtype=np.complex128)
        for at in np.ndindex(z.shape):
            s[at] = self._transform(z[at])
        return s[()]

    def _transform(self, z: Any) -> complex:
        if z.imag < 0:
            return np.conj(self._transform(np.conj(z)))
        scale = self.equation.scale
        if z.imag > 0:
            return self.equation.solution(complex(z) / scale, self._near(z.real)).s / scale
        x = z.real / scale
        if x == 0 and self.atom_at_zero > 0:
            return complex(np.inf)
        height = self.equation.height * (abs(x) or self.support()[0] / scale)
        if height == 0:  # a hard edge
            return complex(np.nan, np.nan)
        point = self.equation.solution(complex(x, height), self._near(z.real))
        return complex(point.real_part, np.pi * point.density) / scale

    def _near(self, x: float) -> tuple[ComplexArray, ...]:
        """G at the node nearest to x, to start from."""
        if not self._nodes:
            return ()
        at = np.searchsorted([node.x for node in self._nodes], x / self.equation.scale)
        return (self._nodes[min(at, len(self._nodes) - 1)].solution.G,)

    def _difference(self, halves: list[MatrixEquation]) -> float:
        """Largest difference of the CDFs of the two halves of the sample, at nodes."""
        nodes = [node for node in self._nodes if node.inside][::CHECKS]
        values = np.empty((2, len(nodes)))
        for i, half in enumerate(halves):
            unit = self.equation.scale / half.scale
            for j, node in enumerate(nodes):
                start = half.inward(self.equation.outward(node.solution.G))
                solution = half.solution(node.solution.z * unit, (start,))
                values[i, j] = solution.distribution(half.gamma)
        return float(np.abs(values[0] - values[1]).max(initial=0.0))
