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
from rmt_hessian._checks.arrays import finite_array
from rmt_hessian._checks.matrices import symmetric_stack
from rmt_hessian._checks.precision import precision
from rmt_hessian.theory.laws.matrix_equation import MatrixEquation
from rmt_hessian.theory.laws.matrix_law import MatrixLaw
from rmt_hessian.theory.laws.scaling import exponent_of

CHECKS = 4  # every so many nodes the two halves of the sample are compared


class MatrixLayerLaw(MatrixLaw):
    """Law of a layer from a sample of its output Hessians, by the matrix equation.

    ``G = (E[M (I + γ G M)^{-1}] - z I)^{-1}``, ``Im G > 0`` for ``Im z > 0``, ``s(z) = tr G/k``.

    Parameters
    ----------
    output_hessians : array_like, shape (n, k, k)
        Symmetric, of eigenvalues of both signs: draws of M in an order in which the first and the
        second half are both representative.
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

    References
    ----------
    ``docs/laws.md`` §4; Helton, Rashidi Far and Speicher (2007).
    """

    def __init__(self, output_hessians: ArrayLike, aspect_ratio: float) -> None:
        M = finite_array(output_hessians, "output_hessians", ndim=3)
        if M.shape[1] != M.shape[2] or M.shape[0] < 2:
            raise ValueError(f"output_hessians must have shape (n, k, k), n >= 2, got {M.shape}")
        M = symmetric_stack(output_hessians, "output_hessians")
        self.aspect_ratio = positive_real(aspect_ratio, "aspect_ratio")
        eps = precision(output_hessians)
        self._output_hessians, eps = M, precision(output_hessians)
        equation, opposite = (MatrixEquation(T, self.aspect_ratio, eps) for T in (M, -M))
        super().__init__(equation, opposite)
        self.error = 0.0
        if M.any():
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
