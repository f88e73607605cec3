r"""Outliers of whole layers: ``det( E[M (I + γ G(z) M)^{-1} ⊗ u uᵀ] - z I ) = 0``.

**Linear CE, weights drawn.** T commutes with permutations of the classes. On 1⊥ ⊗ 1⊥ (C - 1 output
directions times C - 1 directions of the logits) it is a scalar on each of four subspaces, with
``B = A (I + γ a A)^{-1}``, ``τ₀ = tr B/(C-1)`` (in whose mean ``τ₀ - z = -1/s``), u ⊥ 1 the logits:

=====================================  ==================  =========================================
subspace                               dimension           τ
=====================================  ==================  =========================================
multiples of the identity              1                   ``uᵀBu/(C-1)``
diagonal matrices, trace 0, projected  C - 1               ``C (Σ B_ii u_i² - uᵀBu/C)/((C-1)(C-2))``
other symmetric matrices               C(C-3)/2            the rest of ``(‖u‖² tr B + uᵀBu)/2``
antisymmetric matrices                 (C-1)(C-2)/2        ``(‖u‖² tr B - uᵀBu)/((C-1)(C-2))``
=====================================  ==================  =========================================

and ``B = diag(q) - q qᵀ/Σq`` with ``q = p/(1 + γ a p)`` (Sherman–Morrison): O(C) a sample.

**Given V (and W).** The matrix itself, of size k r, over Sobol' points; G from the matrix
equation. It is formed for each z: for k r up to a few hundred.

References
----------
``docs/laws.md`` §5: *Layer of linear CE*.
"""

from __future__ import annotations

import numpy as np

from rmt_hessian._checks.matrices import symmetric_part
from rmt_hessian._types import FloatArray, Intervals, RandomState
from rmt_hessian.theory.laws.generalized_mp import GeneralizedMarchenkoPastur
from rmt_hessian.theory.laws.matrix_layer import MatrixLayerLaw
from rmt_hessian.theory.outliers.equation import Outlier, gaps_without_zero, roots_outside, share_of
from rmt_hessian.theory.weights.given_weights import gaussian_points
from rmt_hessian.theory.weights.law import WeightLaw
from rmt_hessian.theory.weights.softmax_kernels import softmax

LOG2_POINTS = 11  # of each of 8 blocks of Sobol' points
LARGEST_MATRIX = 600  # k r
JUST_ABOVE = 1e-9j  # the axis, relative: where G is solved
ZERO = 1e-6  # below this fraction of the support outliers are not looked for


def linear_ce_layer_outliers(
    weights: WeightLaw, n_classes: int, aspect_ratio: float, std: float = 1.0, rng: RandomState = 0
) -> list[Outlier]:
    """Outliers of the whole layer of linear CE with C independent logits ``N(0, std²)``.

    Parameters
    ----------
    weights : WeightLaw
        From `curvature_law`.
    n_classes : int
    aspect_ratio, std : float
    rng : None, int, SeedSequence or Generator
        Scrambles the Sobol' points.

    Returns
    -------
    list of Outlier, ascending
    """
    C, gamma = n_classes, aspect_ratio
    law = GeneralizedMarchenkoPastur(weights.nodes, weights.probabilities, gamma)
    u = np.concatenate(list(gaussian_points(C, rng, log2_points=LOG2_POINTS)))
    p = softmax(std * u)
    u = u - u.mean(axis=1, keepdims=True)  # p does not depend on the mean
    squares = (u**2).sum(axis=1)
    dimensions = _dimensions(C)

    def branches(a: float) -> FloatArray:
        """``τ - z`` on each subspace of `_dimensions`, τ as in the table of the module."""
        q = p / (1.0 - gamma / a * p)
        total = q.sum(axis=1)
        trace = total - (q**2).sum(axis=1) / total  # tr B
        form = (q * u**2).sum(axis=1) - (q * u).sum(axis=1) ** 2 / total  # uᵀBu
        diagonal = ((q - q**2 / total[:, None]) * u**2).sum(axis=1)  # Σ B_ii u_i²
        traces = {"identity": form / (C - 1)}  # of T on the subspace, sample by sample
        if C > 2:
            traces["diagonal"] = C / (C - 2) * (diagonal - form / C)
            all_symmetric = (squares * trace + form) / 2
            traces["symmetric"] = all_symmetric - traces["identity"] - traces["diagonal"]
            traces["antisymmetric"] = (squares * trace - form) / 2
        taus = [traces[name].mean() / dimension for name, dimension in dimensions.items()]
        return np.array(taus) - trace.mean() / (C - 1) - a

    scale = float(max(1.0, gamma) * law.weights.max())
    gaps, multiplicities = gaps_without_zero(law), list(dimensions.values())
    return roots_outside(branches, gaps, scale, law.slope, law.place, multiplicities)


def _dimensions(C: int) -> dict[str, int]:
    """The four subspaces of the module's table, those of dimension 0 left out."""
    found = {"identity": 1}
    if C > 2:
        found |= {
            "diagonal": C - 1,
            "symmetric": C * (C - 3) // 2,
            "antisymmetric": (C - 1) * (C - 2) // 2,
        }
    return {name: dimension for name, dimension in found.items() if dimension > 0}


def given_layer_outliers(
    law: MatrixLayerLaw, M: FloatArray, u: FloatArray, in_means: FloatArray | None = None
) -> list[Outlier]:
    """Outliers of a layer from samples of its output Hessians and of the coordinates u.

    Parameters
    ----------
    law : MatrixLayerLaw
        Of these samples, or of more.
    M : numpy.ndarray, shape (n, k, k)
    u : numpy.ndarray, shape (n, r)
    in_means : numpy.ndarray, shape (r, number of means), optional
        Basis of the span of the class means.

    Returns
    -------
    list of Outlier, ascending

    Raises
    ------
    ValueError
        If k r exceeds `LARGEST_MATRIX`.
    """
    n, k, r = *M.shape[:2], u.shape[1]
    if k * r > LARGEST_MATRIX:
        raise ValueError(f"units times directions must be at most {LARGEST_MATRIX}, got {k * r}")
    reach = law.equation.reach
    pairs = (u[:, :, None] * u[:, None, :]).reshape(n, r * r)
    G = None

    def matrix(z: float) -> FloatArray:
        """``T(z) - z``, symmetric, G solved from the one before."""
        nonlocal G
        G = law.equation.solve(z * (1 + JUST_ABOVE), G)
        B = M @ np.linalg.inv(np.eye(k) + law.aspect_ratio * G.real @ M)
        T = (B.reshape(n, k * k).T @ pairs / n).reshape(k, k, r, r).transpose(0, 2, 1, 3)
        T = T.reshape(k * r, k * r)
        return np.asarray(symmetric_part(T) - z * np.eye(k * r), dtype=np.float64)

    def branches(z: float) -> FloatArray:
        return np.asarray(np.linalg.eigvalsh(matrix(z)), dtype=np.float64)

    gaps, share = gaps_above_zero(law), share_of(matrix, in_means, k)
    return roots_outside(branches, gaps, reach, share=share)


def gaps_above_zero(law: MatrixLayerLaw) -> Intervals:
    """Where the law of a positive semi-definite layer may have outliers, the last one open."""
    starts, stops = np.reshape(law.components(), (-1, 2)).T
    lows = np.maximum([0.0, *stops], ZERO * law.equation.reach)
    pairs = zip(lows, [*starts, np.inf], strict=True)
    return [(float(lo), float(hi)) for lo, hi in pairs if lo < hi]
