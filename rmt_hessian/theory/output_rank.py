r"""Rank C-1 of the output Hessian of a hidden layer with cross-entropy ([W], section 4).

For Gaussian inputs and C much smaller than m, ``M = E[D Vᵀ A V D]`` is close to

    ``K_W ∘ (Vᵀ E[A] V)``,   ``(K_W)_ij = P(g_i > 0, g_j > 0) = ¼ + asin(ρ_ij)/(2π)``,

with ``ρ_ij = cos(w_i, w_j)`` (½ on the diagonal). As ``d → ∞`` too it is ``¼ Vᵀ E[A] V``, of rank
exactly C-1 because ``A 1 = 0``, plus a diagonal of relative size C/m: the gap λ_C/λ_{C-1} falls
like C/m, but for a logarithm (the largest of m norms ``‖v^i‖²``), and the top eigenspace tends to
the span of the centred rows of V.

**How fast.** Masks and logits are dependent. To first order in ``1/√m, 1/√d``, a mask moves the
mean logits by ``½ μ₀ s_i``, ``s_i = Σ_j ρ_ij ‖w_j‖ v^j``, ``μ₀ = 1/√(2π)``, so that

    ``M_ij ≈ (K_W)_ij v^iᵀE[A]v^j + ¼ μ₀ (T(s_i, v^i, v^j) + T(s_j, v^i, v^j))``, i ≠ j,

with ``T = E[∂³ log Σ e^f]``, the mean third cumulant of the softmax (`softmax_cumulants`), given
the weights as E[A] is. `eigenspace_defect` says how far that moves the eigenspace.
"""

import numpy as np

from rmt_hessian._matrices import positive_semidefinite, slack
from rmt_hessian._validation import finite_array

MU0 = 1 / np.sqrt(2 * np.pi)  # mean of relu(g)


def output_hessian_eigenspace(V, active=None):
    """Predicted top eigenspace of the output Hessian: the span of ``v_c - v̄``, rows of V centred.

    Where units differ in how often they are active, as above biased inputs or ReLU features,
    ``E[D_i D_j] ≈ π_i π_j`` and the columns of V count times ``π_i``.

    Parameters
    ----------
    V : array_like, shape (C, m)
        Output weights, 2 <= C <= m, with centred rows of rank C-1. For a layer further down, the
        product of the weights above it, each column times the π of its unit.
    active : array_like, shape (m,), optional
        ``π_i = P(unit i is active)``, say ``propagate(weights)[0].relu.both_active.diagonal()``;
        equal ones, as for centred Gaussian inputs, make no difference.

    Returns
    -------
    numpy.ndarray, shape (m, C-1)
        Orthonormal columns.

    Raises
    ------
    ValueError
        If V is not finite, C is not in 2 … m, ``active`` is not of shape (m,), or the centred rows
        are linearly dependent beyond their zero sum.

    Examples
    --------
    >>> output_hessian_eigenspace([[1.0, 0.0], [-1.0, 0.0]]).shape
    (2, 1)
    """
    V = _output_weights(V)
    C = V.shape[0]
    centred = (V - V.mean(axis=0)).T
    if active is not None:
        active = finite_array(active, "active", ndim=1)
        if active.shape != V.shape[1:]:
            raise ValueError(f"active must have shape {V.shape[1:]}, got {active.shape}")
        centred = active[:, None] * centred
    left, singular_values, _ = np.linalg.svd(centred, full_matrices=False)
    if singular_values[C - 2] <= 1e-12 * singular_values[0]:
        raise ValueError(f"the centred rows of V must have rank {C - 1}, got less")
    return left[:, : C - 1]


def projected_row_space(V):
    """The frame of [W]: the row space of V without the direction ``Vᵀ 1``.

    Its overlap with `output_hessian_eigenspace` is ``1 - 1/m`` in the mean over Gaussian V,
    for any C: the squared sine between the two directions left out has the law
    Beta((C-1)/2, (m-C+1)/2).

    Parameters
    ----------
    V : array_like, shape (C, m)
        Output weights of rank C, 2 <= C <= m.

    Returns
    -------
    numpy.ndarray, shape (m, C-1)
        Orthonormal columns.

    Raises
    ------
    ValueError
        If V is not finite, C is not in 2 … m, or the rows are linearly dependent.

    Examples
    --------
    >>> np.abs(projected_row_space([[1.0, 0.0], [0.0, 1.0]])).round(3)
    array([[0.707],
           [0.707]])
    """
    V = _output_weights(V)
    C = V.shape[0]
    rows, triangle = np.linalg.qr(V.T)
    if np.abs(np.diag(triangle)).min() <= 1e-12 * np.abs(triangle).max():
        raise ValueError(f"V must have rank {C}, got less")
    total = triangle.sum(axis=1)  # Vᵀ 1 in the basis of the rows
    others = np.linalg.qr(np.column_stack([total, np.eye(C)]))[0][:, 1:C]
    return rows @ others


def _output_weights(V):
    V = finite_array(V, "V", ndim=2)
    C, m = V.shape
    if not 2 <= C <= m:
        raise ValueError(f"V must have between 2 and {m} rows, its number of columns, got {C}")
    return V


def predicted_output_hessian(V, W, mean_curvature, third_cumulant=None):
    """``K_W ∘ (Vᵀ E[A] V)`` and, given T, the first-order term of this module.

    Parameters
    ----------
    V : array_like, shape (C, m)
    W : array_like, shape (m, d)
    mean_curvature : array_like, shape (C, C)
        ``E[A]``, the mean output curvature.
    third_cumulant : array_like, shape (C, C, C), optional
        ``T``, say `mean_third_cumulant` of the logits of the last layer of `propagate`; without it
        the dependence of logits and masks is left out. With it ``1 - overlap`` of the predicted
        eigenspace with the true one is about 30 to 300 times smaller; the gap is as good without.

    Returns
    -------
    numpy.ndarray, shape (m, m)

    Raises
    ------
    ValueError
        If the shapes do not fit, an entry is not finite, a row of W is zero, ``E[A]`` is not
        symmetric and positive semidefinite, or T not symmetric.

    Examples
    --------
    >>> predicted_output_hessian([[2.0]], [[1.0]], [[1.0]])
    array([[2.]])
    """
    V, W = finite_array(V, "V", ndim=2), finite_array(W, "W", ndim=2)
    A = positive_semidefinite(mean_curvature, "mean_curvature", V.shape[0])
    if W.shape[0] != V.shape[1]:
        raise ValueError(f"W must have {V.shape[1]} rows, the columns of V, got shape {W.shape}")
    if not W.any(axis=1).all():
        raise ValueError("each row of W must have a nonzero entry, got a row of zeros")
    norms = np.linalg.norm(W, axis=1)
    cosines = np.clip(W @ W.T / np.outer(norms, norms), -1.0, 1.0)
    both_active = 0.25 + np.arcsin(cosines) / (2 * np.pi)
    np.fill_diagonal(both_active, 0.5)
    M = both_active * (V.T @ A @ V)
    if third_cumulant is not None:
        T = finite_array(third_cumulant, "third_cumulant", ndim=3)
        if T.shape != (V.shape[0],) * 3:
            raise ValueError(f"third_cumulant must have shape {(V.shape[0],) * 3}, got {T.shape}")
        turned = max(np.abs(T - T.transpose(axes)).max() for axes in ((1, 0, 2), (0, 2, 1)))
        if turned > slack(third_cumulant) * np.abs(T).max():
            raise ValueError(f"third_cumulant must be symmetric, got entries {turned:.3g} apart")
        shifts = (V * norms) @ cosines  # s_i
        first = np.einsum("abc,ai,bi->ci", T, shifts, V, optimize=True).T @ V
        first = 0.25 * MU0 * (first + first.T)
        np.fill_diagonal(first, 0.0)
        M += first
    return M
