"""Overlap of eigenspaces."""

import numpy as np

from rmt_hessian._validation import finite_array


def subspace_overlap(U, V):
    """Eigenspace overlap ``‖Uᵀ V‖_F² / k`` of two orthonormal frames ([W], section 4).

    1 for the same space, 0 for orthogonal ones; two random k-spaces of Rⁿ give k/n on average.

    Parameters
    ----------
    U, V : array_like, shape (n, k)
        Orthonormal columns.

    Returns
    -------
    float in [0, 1]

    Raises
    ------
    ValueError
        If the shapes differ or the columns of either are not orthonormal (to 1e-8).

    Examples
    --------
    >>> subspace_overlap(np.eye(3)[:, :2], np.eye(3)[:, 1:])
    0.5
    """
    U, V = finite_array(U, "U", ndim=2), finite_array(V, "V", ndim=2)
    if U.shape != V.shape:
        raise ValueError(f"U and V must have the same shape, got {U.shape} and {V.shape}")
    for frame, name in ((U, "U"), (V, "V")):
        defect = np.abs(frame.T @ frame - np.eye(frame.shape[1])).max()
        if defect > 1e-8:
            raise ValueError(f"{name} must have orthonormal columns, got a defect of {defect:.2g}")
    return float(min(np.sum((U.T @ V) ** 2) / U.shape[1], 1.0))
