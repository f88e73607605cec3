r"""Outliers of a block, from the law of its weights jointly with the directions of the features.

With the nodes λ_k and z(a) of `generalized_mp`, ``T(z) - z I`` is, E[u uᵀ] = I,

    ``a ( E[(u uᵀ - I) λ/(a - γ λ)] - I )``.

Where classes or units are exchangeable the matrix is diagonal in a known basis and each kind of
direction q has one function, ``Σ_k excess_k λ_k/(a - γ λ_k) = 1`` (`softmax_rules.Direction`).
For the two atoms ``0, b`` of a hidden MSE block off the diagonal the directions are ``ŵ_i ± ŵ_j``
with excess ``±√(1-ρ²)/(2π)`` on b, ρ the cosine. For given weights, u comes from Sobol' points.

References
----------
``docs/laws.md`` §5: *Blocks*.
"""

from collections.abc import Callable

import numpy as np

from rmt_hessian._types import FloatArray
from rmt_hessian.theory.laws.generalized_mp import GeneralizedMarchenkoPastur
from rmt_hessian.theory.outliers.equation import Outlier, gaps_without_zero, roots_outside, share_of
from rmt_hessian.theory.weights.law import WeightLaw


def outliers_of_directions(weights: WeightLaw, aspect_ratio: float) -> list[Outlier]:
    """Outliers from a `WeightLaw` whose ``directions`` are known.

    Returns
    -------
    list of Outlier, ascending
    """
    law = GeneralizedMarchenkoPastur(weights.nodes, weights.probabilities, aspect_ratio)
    lam = weights.nodes
    excess = np.array([direction.excess for direction in weights.directions])
    if excess.size == 0 or not lam.any():
        return []
    multiplicities = [direction.multiplicity for direction in weights.directions]

    def branches(a: float) -> FloatArray:
        return excess @ (lam * a / (a - aspect_ratio * lam)) - a

    return _outliers(law, branches, multiplicities)


def outliers_of_samples(
    lam: FloatArray, u: FloatArray, aspect_ratio: float, in_means: FloatArray | None = None
) -> list[Outlier]:
    """Outliers from equal masses on weights λ_n, (n,), with coordinates u_n, (n, r).

    ``in_means``, (r, number of means), is a basis of the span of the class means.

    Returns
    -------
    list of Outlier, ascending
    """
    if not lam.any():
        return []
    law = GeneralizedMarchenkoPastur(lam, np.full(lam.size, 1.0 / lam.size), aspect_ratio)
    identity = np.eye(u.shape[1])

    def matrix(a: float) -> FloatArray:
        """``T(z) - z``, with ``z = a + E[λ a/(a - γ λ)]``."""
        phi = lam * a / (a - aspect_ratio * lam) / lam.size
        return np.asarray((u.T * phi) @ u - (phi.sum() + a) * identity)

    def branches(a: float) -> FloatArray:
        return np.asarray(np.linalg.eigvalsh(matrix(a)), dtype=np.float64)

    return _outliers(law, branches, None, share_of(matrix, in_means, 1))


def _outliers(
    law: GeneralizedMarchenkoPastur,
    branches: Callable[[float], FloatArray],
    multiplicities: list[int] | None,
    share: Callable[[float, int], float] | None = None,
) -> list[Outlier]:
    scale = float(np.abs(law.weights).max() * max(1.0, law.aspect_ratio))
    return roots_outside(
        branches, gaps_without_zero(law), scale, law.slope, law.place, multiplicities, share
    )
