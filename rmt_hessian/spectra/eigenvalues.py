"""Eigenvalues and top eigenspaces of symmetric matrices."""

import numpy as np
from scipy.linalg import eigh, eigvalsh
from scipy.sparse.linalg import LinearOperator, eigsh

from rmt_hessian._validation import finite_array, positive_integer, real_dtype
from rmt_hessian.hessian.layer import LayerHessian

DENSE = 1500  # sizes up to which a dense solver is faster than it matters
RESIDUAL = 1000  # rounding errors: residuals of clustered eigenvalues never reach one alone
MISSED = 100 * RESIDUAL  # as much above the k eigenvalues found was missed


def symmetric_array(values, name):
    """Return ``values`` as a finite, symmetric array (to 1e-10 of its largest entry)."""
    A = finite_array(values, name, ndim=2)
    if A.shape[0] != A.shape[1]:
        raise ValueError(f"{name} must be square, got shape {A.shape}")
    scale = np.abs(A).max()
    asymmetry = np.abs(A - A.T).max()
    if asymmetry > 1e-10 * scale:
        raise ValueError(f"{name} must be symmetric, got |A - Aᵀ| up to {asymmetry / scale:.2g}|A|")
    return A


def _dense(matrix):
    """Return a symmetric array from a `LayerHessian` or an array."""
    if isinstance(matrix, LayerHessian):
        return matrix.to_dense()
    return symmetric_array(matrix, "matrix")


def eigenvalues(matrix):
    """All eigenvalues of a symmetric matrix, ascending.

    Parameters
    ----------
    matrix : LayerHessian or array_like, shape (n, n)
        A `LayerHessian` is formed first: 8 n² bytes.

    Returns
    -------
    numpy.ndarray, shape (n,)

    Raises
    ------
    ValueError
        If the array is not square, finite and symmetric (to 1e-10 of its largest entry).

    Examples
    --------
    >>> eigenvalues([[0.0, 1.0], [1.0, 0.0]])
    array([-1.,  1.])
    """
    return eigvalsh(_dense(matrix))


def block_eigenvalues(H, i, j):
    """Eigenvalues of many blocks ``H_ij`` of a layer Hessian, each ascending.

    Parameters
    ----------
    H : LayerHessian
    i, j : array_like of int, shape (q,)
        Units, one pair a block. What the blocks share (probabilities, tangents) is made once.

    Returns
    -------
    numpy.ndarray, shape (q, p)

    Raises
    ------
    ValueError, IndexError
        See `LayerHessian.blocks`.

    Examples
    --------
    >>> from rmt_hessian.hessian.layer import layer_hessian
    >>> from rmt_hessian.model.networks import ReLUNetwork
    >>> H = layer_hessian(ReLUNetwork([np.zeros((2, 1))]), [[2.0]], layer=0, loss="ce")
    >>> block_eigenvalues(H, [0, 0], [0, 1])
    array([[ 1.],
           [-1.]])
    """
    return np.stack([eigvalsh(block) for block in H.blocks(i, j)])


def top_eigenpairs(matrix, k):
    """The k largest eigenvalues, ascending, and their orthonormal eigenvectors.

    A few eigenpairs of a large matrix (k < n/10; n > 1500, or a `LinearOperator`) come from
    products only, to residuals of 1000 rounding errors; anything else from a dense solver.

    Parameters
    ----------
    matrix : LayerHessian, scipy LinearOperator or array_like, shape (n, n)
        Symmetric and, an operator, of float64 or float32; that it is symmetric is trusted then.
    k : int
        From 1 to n.

    Returns
    -------
    values : numpy.ndarray, shape (k,)
        The largest last.
    vectors : numpy.ndarray, shape (n, k)

    Raises
    ------
    ValueError
        If the matrix is not square, real, finite and symmetric, or k is not in 1 … n.
    RuntimeError
        If the iteration does not converge.

    Examples
    --------
    >>> values, vectors = top_eigenpairs(np.diag([3.0, 1.0, 2.0]), 2)
    >>> values
    array([2., 3.])
    >>> np.abs(vectors[:, 1])
    array([1., 0., 0.])
    """
    operator = isinstance(matrix, LinearOperator)
    A = matrix if operator or isinstance(matrix, LayerHessian) else _dense(matrix)
    real_dtype(A.dtype)
    n = A.shape[0]
    if A.shape != (n, n):
        raise ValueError(f"matrix must be square, got shape {A.shape}")
    if positive_integer(k, "k") > n:
        raise ValueError(f"k must be at most {n}, the size of the matrix, got {k}")
    if k < n // 10 and (operator or n > DENSE):
        return _from_products(A.to_operator() if isinstance(A, LayerHessian) else A, k)
    dense = A @ np.eye(n, dtype=A.dtype) if operator else _dense(A)
    return eigh(dense, subset_by_index=[n - k, n - 1])


def _from_products(A, k):
    """`top_eigenpairs` by restarted Lanczos, with no copy of a multiple eigenvalue missed.

    In exact arithmetic the Krylov space of one vector holds one copy of each eigenvalue; the
    others come in by rounding, and may be late. So the eigenvalues found are lowered to the
    smallest of them: what still stands above it, as seen from a fresh vector, was missed and joins.
    """
    rng = np.random.default_rng(0)  # the same vectors every time
    start = rng.standard_normal(A.shape[0]).astype(A.dtype)
    scale = np.abs(A @ start).max()  # ARPACK stops by absolute residuals
    if not np.isfinite(scale):
        raise ValueError("matrix must be finite, got infinite or NaN products")
    if scale == 0:  # A = 0, which Lanczos cannot start from
        return np.zeros(k, A.dtype), np.eye(A.shape[0], k, dtype=A.dtype)
    A = LinearOperator(A.shape, matvec=lambda v, A=A: (A @ v) / scale, dtype=A.dtype)
    values, vectors = _lanczos(A, k, start)
    while k > 1:
        excess = values - values[0]

        def lowered(v, vectors=vectors, excess=excess):
            return A @ v - vectors @ (excess * (vectors.T @ v))

        rest = LinearOperator(A.shape, matvec=lowered, dtype=A.dtype)
        start = rng.standard_normal(A.shape[0]).astype(A.dtype)
        largest, vector = _lanczos(rest, 1, start)
        if largest[0] <= values[0] + MISSED * np.finfo(A.dtype).eps * np.abs(values).max():
            break
        Q = np.linalg.qr(np.hstack([vectors, vector]))[0]
        values, rotation = eigh(Q.T @ (A @ Q))
        values, vectors = values[1:], Q @ rotation[:, 1:]
    return values * scale, vectors


def _lanczos(A, k, start):
    n_vectors = min(A.shape[0], max(3 * k + 1, 20))
    tolerance = RESIDUAL * np.finfo(A.dtype).eps
    restarts = np.random.default_rng(0)  # after an invariant subspace: the same every time
    values, vectors = eigsh(A, k, which="LA", v0=start, ncv=n_vectors, tol=tolerance, rng=restarts)
    order = np.argsort(values)
    return values[order], vectors[:, order]


def top_eigenspace(matrix, k):
    """Orthonormal eigenvectors of the k largest eigenvalues, shape (n, k), largest last.

    The second part of `top_eigenpairs`.

    Raises
    ------
    ValueError
        If the matrix is not square, finite and symmetric, or k is not in 1 … n.
    RuntimeError
        If the iteration for a large matrix does not converge.

    Examples
    --------
    >>> np.abs(top_eigenspace(np.diag([3.0, 1.0]), 1)[:, 0])
    array([1., 0.])
    """
    return top_eigenpairs(matrix, k)[1]
