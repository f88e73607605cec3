r"""Rank C-1 of the output Hessian of a hidden layer with cross-entropy, as seen in [W].

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

References
----------
``docs/structure.md`` §1; [W], output Hessian.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from rmt_hessian._checks.matrices import positive_semidefinite, symmetric_tensor
from rmt_hessian._types import FloatArray
from rmt_hessian.ensemble import Ensemble
from rmt_hessian.theory.coverage import given_weights, hidden_layer
from rmt_hessian.theory.relu.arc_cosine import both_active, row_cosines
from rmt_hessian.theory.structure.propagation import propagate

MU0 = 1 / np.sqrt(2 * np.pi)  # mean of relu(g)


def output_hessian_eigenspace(
    ens: Ensemble, *, input_mean: ArrayLike | None = None, input_covariance: ArrayLike | None = None
) -> FloatArray:
    """Predicted top eigenspace of the output Hessian: the span of ``v_c - v̄``, rows of V centred.

    Where units differ in how often they are active, as above biased inputs or ReLU features,
    ``E[D_i D_j] ≈ π_i π_j`` and the columns of V count times ``π_i = P(unit i is active)``; equal
    ones, as of the first layer for centred inputs, make no difference. For a layer further down V
    is the product of the weights above it, each unit on the way counted so.

    Parameters
    ----------
    ens : Ensemble
        Of any depth, with CE and all weights given, ``C <= k``.
    input_mean, input_covariance : array_like, optional
        As in `propagate`.

    Returns
    -------
    numpy.ndarray, shape (k, C-1)
        Orthonormal columns.

    Raises
    ------
    ValueError
        If weights are missing, the loss is another, C exceeds k, or the centred rows are linearly
        dependent beyond their zero sum; as `propagate`.

    References
    ----------
    ``docs/structure.md`` §1; [W], top eigenspace of the output Hessian.

    Examples
    --------
    >>> from rmt_hessian.ensemble import Ensemble
    >>> ens = Ensemble([3, 2, 2], layer=0, loss="ce", n_samples=9)
    >>> output_hessian_eigenspace(ens.given([np.eye(2, 3), np.diag([1.0, -1.0])])).shape
    (2, 1)
    """
    return centred_row_space(_rows_above(ens, input_mean, input_covariance))


def projected_row_space(
    ens: Ensemble, *, input_mean: ArrayLike | None = None, input_covariance: ArrayLike | None = None
) -> FloatArray:
    """The frame of [W]: the row space of V without the direction ``Vᵀ 1``.

    Its overlap with `output_hessian_eigenspace` is ``1 - 1/m`` in the mean over Gaussian V,
    for any C: the squared sine between the two directions left out has the law
    Beta((C-1)/2, (m-C+1)/2).

    Arguments and errors as there; the rows must be linearly independent.

    Returns
    -------
    numpy.ndarray, shape (k, C-1)
        Orthonormal columns.

    References
    ----------
    ``docs/structure.md`` §1; [W], top eigenspace of the output Hessian.

    Examples
    --------
    >>> from rmt_hessian.ensemble import Ensemble
    >>> ens = Ensemble([3, 2, 2], layer=0, loss="ce", n_samples=9)
    >>> np.abs(projected_row_space(ens.given([np.eye(2, 3), np.eye(2)]))).round(3)
    array([[0.707],
           [0.707]])
    """
    return row_space_without_sum(_rows_above(ens, input_mean, input_covariance))


def _rows_above(
    ens: Ensemble, input_mean: ArrayLike | None, input_covariance: ArrayLike | None
) -> FloatArray:
    """Rows of the weights above the layer, multiplied together, each unit times its π; (C, k)."""
    weights = given_weights(ens)
    if ens.loss != "ce":
        raise ValueError(f"loss must be 'ce': with another A 1 is not 0, got {ens}")
    rows, above = np.eye(ens.n_classes), weights[ens.layer + 1 :]
    moments = propagate(
        weights[:-1] if above else weights[:1],
        input_mean=input_mean,
        input_covariance=input_covariance,
    )
    for l in range(len(above) - 1, -1, -1):
        rows = rows @ above[l] * moments[ens.layer + l].active
    return rows


def centred_row_space(V: FloatArray) -> FloatArray:
    """Orthonormal basis, (m, C-1), of the span of the centred rows of V, (C, m)."""
    V = _output_weights(V)
    C = V.shape[0]
    left, singular_values, _ = np.linalg.svd((V - V.mean(axis=0)).T, full_matrices=False)
    if singular_values[C - 2] <= 1e-12 * singular_values[0]:
        raise ValueError(f"the centred rows of the weights above must have rank {C - 1}, got less")
    return left[:, : C - 1]


def row_space_without_sum(V: FloatArray) -> FloatArray:
    """Orthonormal basis, (m, C-1), of the row space of V, (C, m), without ``Vᵀ 1``."""
    V = _output_weights(V)
    C = V.shape[0]
    rows, triangle = np.linalg.qr(V.T)
    if np.abs(np.diag(triangle)).min() <= 1e-12 * np.abs(triangle).max():
        raise ValueError(f"the weights above must have rank {C}, got less")
    total = triangle.sum(axis=1)  # Vᵀ 1 in the basis of the rows
    others = np.linalg.qr(np.column_stack([total, np.eye(C)]))[0][:, 1:C]
    return rows @ others


def _output_weights(V: FloatArray) -> FloatArray:
    C, m = V.shape
    if not 2 <= C <= m:
        raise ValueError(f"there must be 2 … {m} classes, at most as many as units, got {C}")
    return V


def predicted_output_hessian(
    ens: Ensemble, mean_curvature: ArrayLike, third_cumulant: ArrayLike | None = None
) -> FloatArray:
    """``K_W ∘ (Vᵀ E[A] V)`` and, given T, the term of first order of dependent masks and logits.

    ``(K_W)_ij = ¼ + asin(ρ_ij)/(2π)``, ``ρ_ij = cos(w_i, w_j)``, and the term is, off the diagonal,
    ``¼ μ₀ (T(s_i, v^i, v^j) + T(s_j, v^i, v^j))``, ``s_i = Σ_j ρ_ij ‖w_j‖ v^j``, ``μ₀ = 1/√(2π)``.

    Parameters
    ----------
    ens : Ensemble
        Of three widths and the hidden layer, all weights given.
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
        If the ensemble is another, an entry is not finite, a row of W is zero, ``E[A]`` is not
        symmetric and positive semidefinite, or T not symmetric.

    References
    ----------
    ``docs/structure.md`` §1.

    Examples
    --------
    >>> from rmt_hessian.ensemble import Ensemble
    >>> ens = Ensemble([1, 1, 1], layer=0, loss="mse", n_samples=9, weights=[[[1.0]], [[2.0]]])
    >>> predicted_output_hessian(ens, [[1.0]])
    array([[2.]])
    """
    W, V = given_weights(hidden_layer(ens))
    A = positive_semidefinite(mean_curvature, "mean_curvature", V.shape[0])
    norms, cosines = row_cosines(W)
    K = both_active(np.arcsin(cosines))
    np.fill_diagonal(K, 0.5)
    M = K * (V.T @ A @ V)
    if third_cumulant is not None:
        T = symmetric_tensor(third_cumulant, "third_cumulant", V.shape[0])
        shifts = (V * norms) @ cosines  # s_i
        first = np.einsum("abc,ai,bi->ci", T, shifts, V, optimize=True).T @ V
        first = 0.25 * MU0 * (first + first.T)
        np.fill_diagonal(first, 0.0)
        M += first
    return M
