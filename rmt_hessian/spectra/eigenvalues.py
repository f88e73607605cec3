"""Eigenvalues and extreme eigenspaces of symmetric matrices."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy.linalg import eigh, eigvalsh

from rmt_hessian._checks.arguments import (
    function_or_none,
    instance_of,
    one_of,
    positive_integer,
    positive_real,
)
from rmt_hessian._threads import one_thread_for_short
from rmt_hessian._types import Extreme, IntArray, MatrixLike, Progress, RealArray
from rmt_hessian.hessian.layer import LayerHessian
from rmt_hessian.spectra.lanczos import power_of_two
from rmt_hessian.spectra.operands import Operand, symmetric_operand
from rmt_hessian.spectra.thick_restart import HEIGHTS, NotConverged, extreme_eigenpairs

DENSE = 2000  # sizes up to which a dense solver takes a second
FEW = 200  # the same for operators, which take n products to form
FORMED = 8192  # sizes up to which a matrix that has no entries yet is formed: 512 MB
# n / products that take about as long as forming the matrix and a dense solver, 4n³/3 operations
WORTH = {"array": 16, "sparse": 2, "factors": 2, "operator": 1}
RESIDUAL = 1000  # rounding errors: residuals of clustered eigenvalues never reach one alone


def eigenvalues(matrix: MatrixLike) -> RealArray:
    """All eigenvalues of a symmetric matrix, ascending.

    Parameters
    ----------
    matrix : LayerHessian, array_like, sparse array or LinearOperator, shape (n, n)
        Anything but an array is formed first, 8 n² bytes; an operator by n products.

    Returns
    -------
    numpy.ndarray, shape (n,)

    Raises
    ------
    ValueError
        If the matrix is not square, real, finite and symmetric: to 1e-10 of its largest entry, or
        6e-5 in single precision.

    Examples
    --------
    >>> eigenvalues([[0.0, 1.0], [1.0, 0.0]])
    array([-1.,  1.])
    """
    return eigvalsh(symmetric_operand(matrix, "matrix").to_dense())


def block_eigenvalues(H: LayerHessian, i: ArrayLike, j: ArrayLike) -> RealArray:
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
        If H is no `LayerHessian`; see `LayerHessian.blocks`.

    Examples
    --------
    >>> from rmt_hessian.hessian.from_network import layer_hessian
    >>> from rmt_hessian.model.networks import Network
    >>> H = layer_hessian(Network([np.zeros((2, 1))]), [[2.0]], layer=0, loss="ce")
    >>> block_eigenvalues(H, [0, 0], [0, 1])
    array([[ 1.],
           [-1.]])
    """
    blocks = instance_of(H, LayerHessian, "H").blocks(i, j)
    return np.stack([eigvalsh(block) for block in blocks])


def top_eigenpairs(
    matrix: MatrixLike,
    k: int,
    *,
    which: Extreme = "largest",
    tol: float | None = None,
    max_iterations: int = 10_000,
    progress: Progress | None = None,
) -> tuple[RealArray, RealArray]:
    """The k largest, smallest or largest absolute eigenvalues, and orthonormal eigenvectors.

    Up to n = 2000 (operators: 200), and for k > n/10, by a dense solver. Larger ones are multiplied
    with vectors only (Lanczos with thick restarts, `rmt_hessian.spectra.thick_restart`), for about
    as long as a dense solver would take; then that takes over, up to n = 8192 where the
    matrix has to be formed first. So no spectrum, however clustered, takes many times longer.

    Parameters
    ----------
    matrix : array_like, sparse array, LayerHessian or LinearOperator, shape (n, n)
        Symmetric; or whatever has ``shape`` and ``@``, such as a `KroneckerProduct`. That the
        products of an operator are symmetric is trusted.
    k : int
        From 1 to n.
    which : {"largest", "smallest", "magnitude"}
        The largest or smallest eigenvalues, or those that are largest in absolute value.
    tol : float, optional
        Bound of the residuals, ``‖A u - λ u‖ <= tol ‖A‖``, with ‖A‖ the largest absolute Ritz
        value; errors of separate eigenvalues are about ``tol²``. Default: 1000 rounding errors of
        the precision of the products, 2.2e-13, or 1.2e-4 in float32. The dense solver ignores it.
    max_iterations : int
        Products with the matrix, at most.
    progress : callable, optional
        Called as ``progress(done, k)`` after every few products, with the number of pairs that
        have converged so far; it stays k while copies are looked for.

    Returns
    -------
    values : numpy.ndarray, shape (k,)
        Ascending; for ``which="magnitude"`` their absolute values are, so the largest comes last.
    vectors : numpy.ndarray, shape (n, k)
        Those of single precision for an operator of float32.

    Raises
    ------
    ValueError
        If the matrix is not square, real, finite and symmetric, or an argument is not as stated.
    RuntimeError
        If not all have converged after ``max_iterations``, where forming the matrix is not
        possible: it says how many have, and the residuals.

    Notes
    -----
    Every copy of a multiple eigenvalue counts. From products, copies are looked for
    from a fresh random vector, with about half to four fifths of the products that all else takes.
    One that lies at the distance γ‖A‖ above the smallest of the k found is missed with a
    probability of about 1e-4, unless γ is so small that the eigenvalues found are as close
    together as ``tol``: the value returned for it is then too small by γ‖A‖. Memory: ``max(3k + 1,
    40)`` vectors.

    References
    ----------
    ``docs/computation.md`` §4; Wu and Simon (2000).

    Examples
    --------
    >>> values, vectors = top_eigenpairs(np.diag([3.0, 1.0, 2.0]), 2)
    >>> values
    array([2., 3.])
    >>> np.abs(vectors[:, 1])
    array([1., 0., 0.])
    >>> top_eigenpairs(np.diag([3.0, -4.0, 2.0]), 2, which="magnitude")[0]
    array([ 3., -4.])
    """
    operand = symmetric_operand(matrix, "matrix")
    n, eps = operand.size, float(np.finfo(operand.dtype).eps)
    k = positive_integer(k, "k")
    if k > n:
        raise ValueError(f"k must be at most {n}, the size of the matrix, got {k}")
    one_of(which, HEIGHTS, "which")
    tol = RESIDUAL * eps if tol is None else positive_real(tol, "tol")
    if tol >= 1:
        raise ValueError(f"tol must be below 1, got {tol:g}")
    max_iterations = positive_integer(max_iterations, "max_iterations")
    progress = function_or_none(progress, "progress", "done, total")
    can_be_formed = operand.kind == "array" or n <= FORMED
    small = FEW if operand.kind == "operator" else DENSE
    if n <= small or (10 * k > n and can_be_formed):
        return _dense_eigenpairs(operand, k, which, progress)
    worth = n // WORTH[operand.kind] if can_be_formed else np.inf
    try:
        return _from_products(operand, k, which, tol, min(worth, max_iterations), progress)
    except NotConverged as reached:
        if max_iterations <= worth:
            raise RuntimeError(
                f"max_iterations must be more than {max_iterations} for this matrix, {reached}"
            ) from None
    return _dense_eigenpairs(operand, k, which, progress)


def _dense_eigenpairs(
    operand: Operand, k: int, which: Extreme, progress: Progress | None
) -> tuple[RealArray, RealArray]:
    A, n = operand.to_dense(), operand.size
    ends = {"largest": [n - k, n - 1], "smallest": [0, k - 1], "magnitude": None}
    values, vectors = eigh(A, subset_by_index=ends[which])
    if which == "magnitude":
        order = _ascending(values, which)[-k:]
        values, vectors = values[order], vectors[:, order]
    if progress is not None:
        progress(k, k)
    return values, vectors


def _from_products(
    operand: Operand,
    k: int,
    which: Extreme,
    tol: float,
    max_products: float,
    progress: Progress | None,
) -> tuple[RealArray, RealArray]:
    """`extreme_eigenpairs` of A in units of a typical entry of its products."""
    probe = np.random.default_rng(0).standard_normal(operand.size).astype(operand.dtype)
    unit = power_of_two(np.abs(operand.multiply(probe)).max())

    def multiply(v: RealArray) -> RealArray:
        return operand.multiply(v) / unit

    with one_thread_for_short(operand.size):
        values, rows = extreme_eigenpairs(
            multiply,
            operand.size,
            k,
            which,
            tolerance=tol,
            max_products=max_products,
            dtype=operand.dtype,
            progress=progress,
        )
    order = _ascending(values, which)
    return (values[order] * unit).astype(operand.dtype), np.ascontiguousarray(rows[order].T)


def _ascending(values: RealArray, which: Extreme) -> IntArray:
    return np.lexsort((values, np.abs(values))) if which == "magnitude" else np.argsort(values)


def top_eigenspace(
    matrix: MatrixLike,
    k: int,
    *,
    which: Extreme = "largest",
    tol: float | None = None,
    max_iterations: int = 10_000,
    progress: Progress | None = None,
) -> RealArray:
    """Orthonormal eigenvectors of the k extreme eigenvalues, shape (n, k), in their order.

    The second part of `top_eigenpairs`, which describes the arguments and what is raised.

    Examples
    --------
    >>> np.abs(top_eigenspace(np.diag([3.0, 1.0]), 1)[:, 0])
    array([1., 0.])
    """
    return top_eigenpairs(
        matrix, k, which=which, tol=tol, max_iterations=max_iterations, progress=progress
    )[1]
