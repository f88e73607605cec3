r"""Outliers of a trained block or layer: ``det D(z) = 0`` outside the support.

With w the coordinates of `directions`, ``Γ = γ G(z)`` and ``N = M (I + Γ M)^{-1}``, on ``1⊥``,

    ``D(z) = E[N ⊗ w wᵀ] - z + B C^{-1} Bᵀ``,
    ``B = E[N Γ ⊗ w gᵀ]``,  ``C = E[(Γ - Γ N Γ) ⊗ g gᵀ]``.

The second term is due to the constraint of the optimum: across the rows of V and the means, noise
is orthogonal to the columns ``(g_n)_n``. For a block N is the scalar ``λ/(1 + t λ)``, ``Γ = t``.

D is what ``[Wᵀ (H - z)^{-1} W]^{-1}`` is seen to tend to, W the directions; it is no theorem: the
Jacobian weight of the optimum is left out. As that inverse decreases in z,
so does D: null vectors are found as in `outliers.equation`, and for a unit null vector the squared
overlap of an eigenvector with the directions is ``-1/(xᵀ D' x)``.

References
----------
``docs/trained.md`` §5.
"""

from __future__ import annotations

import numpy as np

from rmt_hessian._types import FloatArray
from rmt_hessian.theory.laws.generalized_mp import GeneralizedMarchenkoPastur
from rmt_hessian.theory.laws.matrix_layer import MatrixLayerLaw
from rmt_hessian.theory.outliers.equation import Outlier, gaps_without_zero, roots_outside, share_of
from rmt_hessian.theory.outliers.of_layers import LARGEST_MATRIX, gaps_above_zero
from rmt_hessian.theory.trained.directions import Directions
from rmt_hessian.theory.trained.equations import basis

JUST_ABOVE = 1e-9j  # the axis, relative: where G is solved


def block_outliers(
    law: GeneralizedMarchenkoPastur, lam: FloatArray, masses: FloatArray, directions: Directions
) -> list[Outlier]:
    """Outliers of one block with weights λ_n.

    Parameters
    ----------
    law : GeneralizedMarchenkoPastur
        Of these weights.
    lam, masses : numpy.ndarray, shape (n,)
    directions : Directions
    """
    gamma = law.aspect_ratio

    def matrix(a: float) -> FloatArray:
        """``D(z(a))``, ``t = -γ/a``."""
        return block_matrix(lam, masses, directions, -gamma / a, float(law.place(a)))

    scale = float(np.abs(law.weights).max() * max(1.0, gamma))
    return roots_outside(
        lambda a: np.asarray(np.linalg.eigvalsh(matrix(a)), dtype=np.float64),
        gaps_without_zero(law),
        scale,
        law.slope,
        law.place,
        share=share_of(matrix, directions.in_means, 1),
    )


def block_matrix(
    lam: FloatArray, masses: FloatArray, directions: Directions, t: float, z: float
) -> FloatArray:
    """``D(z)`` of a block, (r, r), at ``t = γ s(z)``."""
    w, g = directions.mean, directions.gradients
    phi = masses * lam / (1 + t * lam)
    D = (w.T * phi) @ w + phi.sum() * directions.covariance - z * np.eye(w.shape[1])
    mixed, own = (w.T * phi) @ g, (g.T * (masses - t * phi)) @ g
    return np.asarray(D + t * mixed @ np.linalg.solve(own, mixed.T))


def layer_outliers(
    law: MatrixLayerLaw, M: FloatArray, masses: FloatArray, directions: Directions
) -> list[Outlier]:
    """Outliers of a layer with factors M_n, (n, K, K), of which the law has some.

    Raises
    ------
    ValueError
        If K - 1 times the directions exceeds `LARGEST_MATRIX`.
    """
    size = (M.shape[1] - 1) * directions.mean.shape[1]
    if size > LARGEST_MATRIX:
        raise ValueError(
            f"classes less one times directions must be at most {LARGEST_MATRIX}, got {size}"
        )
    G = None

    def matrix(z: float) -> FloatArray:
        nonlocal G
        G = law.equation.solve(z * (1 + JUST_ABOVE), G)
        return layer_matrix(M, masses, directions, law.aspect_ratio * G.real, z)

    return roots_outside(
        lambda z: np.asarray(np.linalg.eigvalsh(matrix(z)), dtype=np.float64),
        gaps_above_zero(law),
        law.equation.reach,
        share=share_of(matrix, directions.in_means, M.shape[1] - 1),
    )


def layer_matrix(
    M: FloatArray, masses: FloatArray, directions: Directions, Gamma: FloatArray, z: float
) -> FloatArray:
    """``D(z)`` of a layer, ((K-1) r, (K-1) r), at ``Γ = γ G(z)``, (K, K)."""
    U = basis(M.shape[1])
    M, Gamma = U.T @ M @ U, U.T @ Gamma @ U
    k = M.shape[1]
    N = np.linalg.solve(np.eye(k) + M @ Gamma, M) * masses[:, None, None]
    w, g = directions.mean, directions.gradients
    own = masses[:, None, None] * Gamma - Gamma @ N @ Gamma
    D = _product(N, w, w) + np.kron(N.sum(axis=0), directions.covariance)
    mixed = _product(N @ Gamma, w, g)
    D = D - z * np.eye(len(D)) + mixed @ np.linalg.solve(_product(own, g, g), mixed.T)
    return np.asarray((D + D.T) / 2)


def _product(N: FloatArray, left: FloatArray, right: FloatArray) -> FloatArray:
    """``Σ_n N_n ⊗ left_n right_nᵀ``."""
    n, k, _ = N.shape
    pairs = (left[:, :, None] * right[:, None, :]).reshape(n, -1)
    total = (N.reshape(n, -1).T @ pairs).reshape(k, k, left.shape[1], right.shape[1])
    return np.asarray(total.transpose(0, 2, 1, 3).reshape(k * left.shape[1], k * right.shape[1]))
