"""The Lanczos recurrence with full reorthogonalisation.

References
----------
Golub and Meurant (2010).
"""

import numpy as np
from numpy.linalg import norm

ROUNDING = 1e-13  # lengths below this fraction of ‖H‖ are rounding errors of the products
ASYMMETRY = 1e-4  # of ‖H‖; far above the rounding of a product in single precision


def lanczos(multiply, start, basis):
    """Lanczos recurrence with full reorthogonalisation, ``A Q = Q T + β_k q_{k+1} e_kᵀ``.

    After the three-term recurrence the new vector is made orthogonal to all before it, by two
    matrix-vector products with the basis; once more where this took away more than rounding
    (Daniel, Gragg, Kaufman, Stewart: twice is enough). So no copy of an eigenvalue appears twice.

    Where ``β_k`` is within rounding of ‖A‖ the space is invariant: the recurrence stops and
    β_k = 0. Rounding may hide this (after a small β it is amplified); then the steps go on in an
    orthogonal direction coupled to the space by rounding. The decomposition holds either way, so
    the measure is the same: one eigenvalue may hold two coinciding nodes that share its weight.

    All is done by NumPy, in units of the first product: the threads of SciPy's BLAS would wait on
    the cores for those of NumPy's, and no square over- or underflows.

    Parameters
    ----------
    multiply : callable
        (n,) -> (n,), a new array each time.
    start : numpy.ndarray, shape (n,)
        Of norm 1.
    basis : numpy.ndarray, shape (m, n)
        Overwritten: its first k rows become Qᵀ.

    Returns
    -------
    alpha, beta : numpy.ndarray, shape (k,), k <= m
        Diagonal of T; ``β_1 … β_{k-1}`` beside it and ``β_k`` last.
    """
    n_steps, scale, unit = basis.shape[0], 0.0, 1.0
    alpha, beta = np.zeros(n_steps), np.zeros(n_steps)
    basis[0] = start
    for j in range(n_steps):
        Q, w = basis[: j + 1], multiply(basis[j])
        if j == 0:
            unit = power_of_two(np.abs(w).max())
        w /= unit
        length = norm(w)
        if not np.isfinite(length):
            raise ValueError("H @ v must be finite, got infinite or NaN entries")
        scale = max(scale, length)
        # three terms, then what is left along the basis: rounding, unless A is not symmetric
        if j > 0:
            w -= beta[j - 1] * basis[j - 1]
        alpha[j] = basis[j] @ w
        w -= alpha[j] * basis[j]
        before = norm(w)
        overlaps = Q @ w
        if np.abs(overlaps).max() > ASYMMETRY * scale:
            asymmetry = np.abs(overlaps).max() / scale
            raise ValueError(f"H must be symmetric, got qᵀHv - vᵀHq = {asymmetry:.2g} |H|")
        w -= overlaps @ Q
        after = norm(w)
        if after < before / np.sqrt(2):
            w -= (Q @ w) @ Q
            after = norm(w)
        if after <= ROUNDING * scale:
            return alpha[: j + 1] * unit, beta[: j + 1] * unit
        beta[j] = after
        if j + 1 < n_steps:
            np.divide(w, after, out=basis[j + 1])
    return alpha * unit, beta * unit


def power_of_two(size):
    """The power of 2 next above a positive number; 1 for 0, infinity and NaN."""
    return float(np.ldexp(1.0, np.frexp(size)[1])) if np.isfinite(size) and size > 0 else 1.0
