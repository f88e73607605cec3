"""Eigenvalues and top eigenspaces of symmetric matrices."""

import numpy as np
from scipy.linalg import eigh, eigvalsh

from rmt_hessian._validation import finite_array, positive_integer
from rmt_hessian.hessian.layer import LayerHessian


def _symmetric(matrix):
    """Return a dense, finite, symmetric array from a `LayerHessian` or an array."""
    if isinstance(matrix, LayerHessian):
        return matrix.to_dense()
    A = finite_array(matrix, "matrix", ndim=2)
    if A.shape[0] != A.shape[1]:
        raise ValueError(f"matrix must be square, got shape {A.shape}")
    scale = np.abs(A).max()
    asymmetry = np.abs(A - A.T).max()
    if asymmetry > 1e-10 * scale:
        raise ValueError(f"matrix must be symmetric, got |A - Aᵀ| up to {asymmetry / scale:.2g}|A|")
    return A


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
    return eigvalsh(_symmetric(matrix))


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


def top_eigenspace(matrix, k):
    """Orthonormal eigenvectors of the k largest eigenvalues, shape (n, k), largest last.

    Raises
    ------
    ValueError
        If the matrix is not square, finite and symmetric, or k is not in 1 … n.

    Examples
    --------
    >>> np.abs(top_eigenspace(np.diag([3.0, 1.0]), 1)[:, 0])
    array([1., 0.])
    """
    A = _symmetric(matrix)
    n = A.shape[0]
    if positive_integer(k, "k") > n:
        raise ValueError(f"k must be at most {n}, the size of the matrix, got {k}")
    return eigh(A, subset_by_index=[n - k, n - 1])[1]
