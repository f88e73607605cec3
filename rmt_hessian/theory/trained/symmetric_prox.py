r"""The proximal operator where S commutes with permutations within groups and of groups.

One level, ``S = s P``, has a scalar equation a sample (`softmax_prox`). Two levels have Newton's
method in θ, ``f = ω + B θ``, with ``B = √s_B P_B + √s_W P_W`` and, of the `ResolvedCurvature` N,

    ``(I + B A B)^{-1} = I - B N B``,   so that a step takes O(K).

References
----------
``docs/trained.md`` §2 and §3.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rmt_hessian._types import FloatArray, IntArray
from rmt_hessian.theory.trained.class_symmetry import ClassSymmetry, ResolvedCurvature
from rmt_hessian.theory.trained.softmax_prox import Fitted, minimised, softmax_prox


@dataclass(frozen=True)
class SymmetricRoot:
    """The B of ``S = Σ_l s_l P_l``, symmetric."""

    symmetry: ClassSymmetry
    s: FloatArray

    def times(self, theta: FloatArray) -> FloatArray:
        """``B θ`` of each row."""
        product: FloatArray = np.tensordot(np.sqrt(self.s), self.symmetry.parts(theta), 1)
        return product

    def transposed_times(self, g: FloatArray) -> FloatArray:
        """``B g`` of each row."""
        return self.times(g)

    def solve(self, p: FloatArray, slope: FloatArray) -> FloatArray:
        """``(I + B A B)^{-1} slope`` of each row."""
        N = ResolvedCurvature.of(self.symmetry, p, self.s)
        solved: FloatArray = slope - self.times(N @ self.times(slope))
        return solved


def symmetric_prox(
    omega: FloatArray, labels: IntArray, s: FloatArray, symmetry: ClassSymmetry
) -> Fitted:
    """The proximal points for ``S = Σ_l s_l P_l``.

    Parameters
    ----------
    omega : numpy.ndarray, shape (n, K)
        Rows of sum 0.
    labels : numpy.ndarray of int, shape (n,)
    s : numpy.ndarray, shape (levels,)
        Positive.
    symmetry : ClassSymmetry

    Raises
    ------
    RuntimeError
        If a point is not found.
    """
    mean = float(np.exp(symmetry.ranks @ np.log(s) / symmetry.ranks.sum()))
    near = softmax_prox(omega, labels, mean)
    if len(s) == 1:
        return near
    return minimised(omega, labels, SymmetricRoot(symmetry, s), near.gradients)
