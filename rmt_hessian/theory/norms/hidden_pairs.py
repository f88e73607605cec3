r"""``E[M_ij M'_ij]`` of a hidden layer with CE, exact over the weights that no logit sees.

Two samples with hidden features h and h' have logits ``V h`` and ``V h'``. With an orthonormal
frame Q (m, 2) of a plane that holds both, and entries of V of variance v,

    ``Vᵀ = Q S + T``,   S (2, C) of entries N(0, v),   T of columns N(0, v Π),   ``Π = I - Q Qᵀ``.

The probabilities p, p' of both samples are functions of S alone, so ``M = Vᵀ A V`` with
``A = diag(p) - p pᵀ`` is quadratic in a Gaussian matrix T, and Isserlis' theorem gives

    ``E_T[M_ij M'_ij] = (Q SASᵀQᵀ + v tr(A) Π)_ij (Q SA'SᵀQᵀ + v tr(A') Π)_ij``
    ``+ v [X_ii Π_jj + Π_ii X_jj + (X_ij + X_ji) Π_ij] + v² tr(AA') [Π_ii Π_jj + Π_ij²]``

with ``X = Q SAA'Sᵀ Qᵀ``. It costs two numbers a class instead of m.

References
----------
``docs/norms.md`` *Two samples decide*; Isserlis (1918).
"""

import numpy as np

from rmt_hessian._types import BoolArray, FloatArray

ROUNDING = 1e-9  # of a direction
DEPENDENT = 1e-12  # of its length: what is left of a vector that lies in the span of another


def planes(features: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Frames of the planes of n pairs of vectors; a column of zeros where one direction is enough.

    LAPACK fills that column with a direction of which rounding decides, another on each machine.

    Parameters
    ----------
    features : array, shape (n, m, 2)
        m at least 2.

    Returns
    -------
    Q, coordinates : array, shapes (n, m, 2) and (n, 2, 2)
        ``features = Q · coordinates``.

    Examples
    --------
    >>> np.abs(planes(np.array([[[3.0, 3.0], [4.0, 4.0]]]))[0])
    array([[[0.6, 0. ],
            [0.8, 0. ]]])
    """
    Q, coordinates = np.linalg.qr(features)
    second = np.linalg.norm(features[:, :, 1], axis=1)
    needless = np.abs(coordinates[:, 1, 1]) <= DEPENDENT * second
    Q[needless, :, 1] = coordinates[needless, 1] = 0.0
    turned = _turned_by_rounding(Q, coordinates)
    Q[turned, :, 1] *= -1.0
    coordinates[turned, 1] *= -1.0
    return Q, coordinates


def _turned_by_rounding(Q: FloatArray, coordinates: FloatArray) -> BoolArray:
    """Where rounding may have decided on the sign of the second column, and has the other one.

    Householder's second reflection takes a vector x to ``-sign(x_1) ‖x‖ e_1``, but leaves it as it
    is where all else is exactly 0. So do we where all else is rounding; where x_1 is, it counts as
    0⁺. The first reflection, undone, tells ``x_1/(±‖x‖)`` from the columns.
    """
    first, second = Q[:, :, 0], Q[:, :, 1]
    share = second[:, 1] + first[:, 1] * second[:, 0] / (1.0 - np.minimum(first[:, 0], 0.0))
    return np.where(np.abs(share) <= ROUNDING, coordinates[:, 1, 1] > 0, share <= -(1.0 - ROUNDING))


def mean_products(
    Q: FloatArray, S: FloatArray, p: FloatArray, p_other: FloatArray, variance: float
) -> FloatArray:
    """``E_T[M_ij M'_ij]`` of n pairs of samples.

    Parameters
    ----------
    Q : array, shape (n, m, 2)
        Orthonormal columns whose span holds both features, or columns of zeros.
    S : array, shape (n, 2, C)
        Rows of V in these coordinates.
    p, p_other : array, shape (n, C)
        Probabilities of the two samples.
    variance : float
        v, of an entry of V.

    Returns
    -------
    array, shape (n, m, m)

    Examples
    --------
    Off the plane nothing is left when m = 2: the product itself.

    >>> S, p = np.array([[[1.0, 0.0], [0.0, 2.0]]]), np.array([[0.5, 0.5]])
    >>> mean_products(np.eye(2)[None], S, p, p, 1.0)
    array([[[0.0625, 0.25  ],
            [0.25  , 1.    ]]])
    """
    SA, SA_other = _times_curvature(S, p), _times_curvature(S, p_other)
    on_plane, on_plane_other = _in_frame(Q, S, SA), _in_frame(Q, S, SA_other)
    X = _in_frame(Q, SA, SA_other)
    off = np.eye(Q.shape[1]) - Q @ Q.transpose(0, 2, 1)  # Π
    trace, trace_other = _curvature_trace(p), _curvature_trace(p_other)
    pp = np.einsum("nc,nc->n", p, p_other)
    trace_of_both = pp + pp**2 - np.einsum("nc,nc,nc->n", p, p_other, p + p_other)
    X_ii, off_ii = np.einsum("nii->ni", X), np.einsum("nii->ni", off)
    linear = X_ii[:, :, None] * off_ii[:, None, :] + X * off
    square = off_ii[:, :, None] * off_ii[:, None, :] + off**2
    return (
        (on_plane + variance * trace * off) * (on_plane_other + variance * trace_other * off)
        + variance * (linear + linear.transpose(0, 2, 1))
        + variance**2 * trace_of_both[:, None, None] * square
    )


def _times_curvature(S: FloatArray, p: FloatArray) -> FloatArray:
    """``S A``, ``A = diag(p) - p pᵀ``; (n, 2, C)."""
    return p[:, None] * (S - S @ p[:, :, None])


def _curvature_trace(p: FloatArray) -> FloatArray:
    """``tr A``, (n, 1, 1)."""
    return 1.0 - np.einsum("nc,nc->n", p, p)[:, None, None]


def _in_frame(Q: FloatArray, left: FloatArray, right: FloatArray) -> FloatArray:
    """``Q left rightᵀ Qᵀ``, (n, m, m)."""
    return Q @ (left @ right.transpose(0, 2, 1)) @ Q.transpose(0, 2, 1)
