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

with ``T = E[∂³ log Σ e^f]``, the third cumulant of the softmax. On random weights T is invariant
under permutations of the classes, hence ``T(x, y, z) = t Σ_c x_c y_c z_c`` on vectors that sum to
0, as ``E[A] = a (1 - 11ᵀ/C)``. Perturbation of the C-1 eigenvalues near a/4 (of a Wishart matrix,
``E[λ^{-2}] = (1-c)^{-3}`` in their unit, ``c = (C-1)/m``) then gives the defect of the eigenspace:
see `eigenspace_defect`.
"""

from dataclasses import dataclass

import numpy as np
from numpy.polynomial.hermite_e import hermegauss
from scipy.special import expit

from rmt_hessian._validation import finite_array, positive_integer, positive_real
from rmt_hessian.theory.weights.gauss_rules import log_sum_exp_rule

MU0 = 1 / np.sqrt(2 * np.pi)  # mean of relu(g)
HERMITE = 64  # nodes


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
    V = _output_weights(V)
    C = V.shape[0]
    centred = (V - V.mean(axis=0)).T
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


def predicted_output_hessian(V, W, mean_curvature, third_cumulant=0.0):
    """``K_W ∘ (Vᵀ E[A] V)`` and, given t, the first-order term of this module.

    Parameters
    ----------
    V : array_like, shape (C, m)
    W : array_like, shape (m, d)
    mean_curvature : array_like, shape (C, C)
        ``E[A]``, the mean output curvature.
    third_cumulant : float
        t, from `mean_cumulants`; 0 leaves out the dependence of logits and masks. With it the
        eigenspace is predicted several times closer, the gap as well as without.

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
    norms = np.linalg.norm(W, axis=1)
    cosines = np.clip(W @ W.T / np.outer(norms, norms), -1.0, 1.0)
    both_active = 0.25 + np.arcsin(cosines) / (2 * np.pi)
    np.fill_diagonal(both_active, 0.5)
    M = both_active * (V.T @ A @ V)
    if third_cumulant:
        centred = V - V.mean(axis=0)
        shifts = (centred * norms) @ cosines  # s_i
        first = (centred * shifts).T @ centred  # Σ_c s_ci v_ci v_cj
        first = 0.25 * MU0 * third_cumulant * (first + first.T)
        np.fill_diagonal(first, 0.0)
        M += first
    return M


def mean_cumulants(n_classes, logit_variance=0.5):
    """Mean second and third cumulant (a, t) of the softmax of C logits ``N(0, σ²)``.

    ``E[A] = a (1 - 11ᵀ/C)``, ``a = C E[p(1-p)]/(C-1)``; on vectors that sum to 0,
    ``E[∂³ log Σ e^f] = t Σ_c x_c y_c z_c``, ``t = C² E[p(1-p)(1-2p)]/((C-1)(C-2))``, 0 for C = 2.

    Parameters
    ----------
    n_classes : int
        C, at least 2.
    logit_variance : float
        σ²: ½ for a LeCun network with a hidden layer, 1 for the linear model.

    Returns
    -------
    a, t : float

    Raises
    ------
    ValueError
        If C is less than 2 or the variance not positive.

    Examples
    --------
    >>> a, t = mean_cumulants(1000, 1e-6)  # p = 1/C
    >>> round(1000 * a, 3), round(1000 * t, 3)
    (1.0, 1.0)
    """
    C = positive_integer(n_classes, "n_classes", minimum=2)
    std = np.sqrt(positive_real(logit_variance, "logit_variance"))
    L, P = log_sum_exp_rule(C - 1, std)
    g, w = hermegauss(HERMITE)
    w = w[:, None] * P / w.sum()
    p = expit(std * g[:, None] - L)
    q = expit(L - std * g[:, None])  # 1 - p
    a = C / (C - 1) * np.sum(w * p * q)
    t = C**2 / ((C - 1) * (C - 2)) * np.sum(w * p * q * (q - p)) if C > 2 else 0.0
    return float(a), float(t)


@dataclass(frozen=True)
class EigenspaceDefect:
    """``1 - overlap`` of the top C-1 eigenspace of the output Hessian with a frame from V.

    Attributes
    ----------
    centred : float
        With the span of ``v_c - v̄`` (`output_hessian_eigenspace`).
    projected : float
        With the row space of V without ``Vᵀ 1`` (`projected_row_space`).
    """

    centred: float
    projected: float


def eigenspace_defect(n_classes, n_hidden, n_inputs, logit_variance=0.5):
    """Expected ``1 - overlap`` over LeCun networks, hidden layer, CE, ``N → ∞``.

    ``[μ₀² (t/a)² (C-2)/C (2/m + 1/d) + (C+1)(2 + 4m/(π² d))/m²] / (1 - c)³``, ``c = (C-1)/m``:
    the first term from the dependence of logits and masks, the second from `K_W` (diagonal, and
    angles between rows of W). The frame of [W] adds 1/m. Leading order in 1/m and 1/d at fixed C:
    within a few per cent to 20 % at m from 50 to 200 for C from 4 to 20. For C = 2 the first term
    vanishes and what is left out, of order 1/m², is as large as the second.

    Parameters
    ----------
    n_classes, n_hidden, n_inputs : int
        C, m and d; 2 <= C <= m.
    logit_variance : float
        As in `mean_cumulants`.

    Returns
    -------
    EigenspaceDefect

    Raises
    ------
    ValueError
        If a count is not a positive integer, or C not in 2 … m.

    Examples
    --------
    >>> defect = eigenspace_defect(10, 400, 400)
    >>> round(defect.centred, 4), round(defect.projected, 4)
    (0.001, 0.0035)
    """
    C = positive_integer(n_classes, "n_classes", minimum=2)
    m, d = positive_integer(n_hidden, "n_hidden", minimum=C), positive_integer(n_inputs, "n_inputs")
    a, t = mean_cumulants(C, logit_variance)
    dependence = MU0**2 * (t / a) ** 2 * (C - 2) / C * (2 / m + 1 / d)
    hadamard = (C + 1) * (2 + 4 / np.pi**2 * m / d) / m**2
    centred = (dependence + hadamard) / (1 - (C - 1) / m) ** 3
    return EigenspaceDefect(float(centred), float(centred) + 1 / m)
