"""Rank C-1 of the output Hessian of a hidden layer with cross-entropy ([W], section 4).

For Gaussian inputs and C much smaller than m, ``M = E[D Vᵀ A V D]`` is close to

    ``K_W ∘ (Vᵀ E[A] V)``,   ``(K_W)_ij = P(g_i > 0, g_j > 0) = ¼ + asin(ρ_ij)/(2π)``,

with ``ρ_ij = cos(w_i, w_j)`` (½ on the diagonal). As ``d → ∞`` too it is ``¼ Vᵀ E[A] V``, of rank
exactly C-1 because ``A 1 = 0``, plus a diagonal of relative size C/m: the gap λ_C/λ_{C-1} falls
like C/m and the top eigenspace tends to the span of the centred rows of V.
"""

import numpy as np

from rmt_hessian._validation import finite_array


def output_hessian_eigenspace(V):
    """Predicted top eigenspace of the output Hessian: the span of ``v_c - v̄``, rows of V centred.

    Parameters
    ----------
    V : array_like, shape (C, m)
        Output weights, 2 <= C <= m, with centred rows of rank C-1.

    Returns
    -------
    numpy.ndarray, shape (m, C-1)
        Orthonormal columns.

    Raises
    ------
    ValueError
        If V is not finite, C is not in 2 … m, or the centred rows are linearly dependent beyond
        their zero sum.

    Examples
    --------
    >>> output_hessian_eigenspace([[1.0, 0.0], [-1.0, 0.0]]).shape
    (2, 1)
    """
    V = finite_array(V, "V", ndim=2)
    C, m = V.shape
    if not 2 <= C <= m:
        raise ValueError(f"V must have between 2 and {m} rows, its number of columns, got {C}")
    centred = (V - V.mean(axis=0)).T
    left, singular_values, _ = np.linalg.svd(centred, full_matrices=False)
    if singular_values[C - 2] <= 1e-12 * singular_values[0]:
        raise ValueError(f"the centred rows of V must have rank {C - 1}, got less")
    return left[:, : C - 1]


def predicted_output_hessian(V, W, mean_curvature):
    """``K_W ∘ (Vᵀ E[A] V)``, the formula of this module.

    Parameters
    ----------
    V : array_like, shape (C, m)
    W : array_like, shape (m, d)
    mean_curvature : array_like, shape (C, C)
        ``E[A]``, the mean output curvature.

    Returns
    -------
    numpy.ndarray, shape (m, m)

    Raises
    ------
    ValueError
        If the shapes do not fit, an entry is not finite, or a row of W is zero.

    Examples
    --------
    >>> predicted_output_hessian([[2.0]], [[1.0]], [[1.0]])
    array([[2.]])
    """
    V, W = finite_array(V, "V", ndim=2), finite_array(W, "W", ndim=2)
    A = finite_array(mean_curvature, "mean_curvature", ndim=2)
    if W.shape[0] != V.shape[1]:
        raise ValueError(f"W must have {V.shape[1]} rows, the columns of V, got shape {W.shape}")
    if A.shape != (V.shape[0], V.shape[0]):
        raise ValueError(f"mean_curvature must have shape {(V.shape[0],) * 2}, got {A.shape}")
    if not W.any(axis=1).all():
        raise ValueError("each row of W must have a nonzero entry, got a row of zeros")
    unit = W / np.linalg.norm(W, axis=1, keepdims=True)
    both_active = 0.25 + np.arcsin(np.clip(unit @ unit.T, -1.0, 1.0)) / (2 * np.pi)
    np.fill_diagonal(both_active, 0.5)
    return both_active * (V.T @ A @ V)
