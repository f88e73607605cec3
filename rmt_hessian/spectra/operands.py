"""One view of every symmetric matrix that is measured: arrays, sparse ones, and products only."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.sparse import issparse

from rmt_hessian._checks.matrices import (
    refuse_other_than_real,
    refuse_other_than_square,
    symmetric_array,
    symmetric_sparse,
)
from rmt_hessian._threads import slices
from rmt_hessian._types import Function, RealArray

AT_ONCE = 2**22  # numbers of the rows or columns that are looked at at a time


@dataclass(frozen=True, eq=False)
class Operand:
    """A symmetric matrix by what can be done with it.

    Attributes
    ----------
    size : int
        n.
    dtype : numpy.dtype
        float32 where products are in single precision, else float64.
    product : callable
        ``A v`` for a vector (n,) or several (n, q).
    form : callable
        The matrix with all its entries, shape (n, n).
    kind : {"array", "sparse", "factors", "operator"}
        What it is made of. Products alone take n of them to form it.
    name : str
        For messages.
    """

    size: int
    dtype: np.dtype
    product: Function
    form: Callable[[], Any]
    kind: str
    name: str

    def multiply(self, v: RealArray) -> RealArray:
        """``A v`` as a new array of the type of v.

        Raises
        ------
        ValueError
            If it is complex or has another shape than v.
        """
        product = np.asarray(self.product(v))
        if product.shape != v.shape or product.dtype.kind not in "biuf":
            raise ValueError(
                f"{self.name} @ v must be real, of shape {v.shape}, got {product.dtype}, "
                f"{product.shape}"
            )
        return np.array(product, dtype=v.dtype)

    def to_dense(self) -> RealArray:
        """The matrix as a symmetric array of ``dtype``, shape (n, n).

        Raises
        ------
        ValueError
            If products turn out not to be those of a finite and symmetric matrix.
        """
        dense = self.form()
        if self.kind == "array":
            return dense
        return symmetric_array(dense, self.name).astype(self.dtype, copy=False)


def symmetric_operand(matrix: Any, name: str) -> Operand:
    """Take a symmetric matrix in any of its forms.

    Parameters
    ----------
    matrix : object
        An array (anything with ``__array__``, nested lists), a sparse array or matrix of SciPy of
        any format, or what has ``shape`` and ``@`` or `to_operator`: a `LinearOperator`, a
        `LayerHessian`, a Kronecker product. Of any real type. That products are symmetric is
        trusted.

    Returns
    -------
    Operand

    Raises
    ------
    ValueError
        If it is not square and real, or, where it has entries, not finite and symmetric.
    """
    if issparse(matrix):
        A = symmetric_sparse(matrix, name)
        return Operand(A.shape[0], A.dtype, A.__matmul__, A.toarray, "sparse", name)
    products = hasattr(matrix, "__matmul__") and not hasattr(matrix, "__array__")
    if not (products or hasattr(matrix, "to_operator")):
        A = symmetric_array(matrix, name)
        return Operand(len(A), A.dtype, A.__matmul__, lambda: A, "array", name)
    shape = tuple(getattr(matrix, "shape", ()))
    refuse_other_than_square(shape, name)
    dtype = _precision(getattr(matrix, "dtype", None), name)
    operator = matrix.to_operator() if hasattr(matrix, "to_operator") else matrix
    if hasattr(matrix, "to_dense"):
        return Operand(shape[0], dtype, operator.__matmul__, matrix.to_dense, "factors", name)

    def form() -> RealArray:
        dense = np.empty(shape, dtype)
        for columns in slices(shape[0], AT_ONCE // shape[0]):
            width = min(columns.stop, shape[0]) - columns.start
            part = np.asarray(operator @ np.eye(shape[0], width, -columns.start, dtype=dtype))
            dense[:, columns] = part
        return dense

    return Operand(shape[0], dtype, operator.__matmul__, form, "operator", name)


def _precision(dtype: Any, name: str) -> np.dtype[Any]:
    """float32, or float64 for every other real type and where none is stated."""
    dtype = np.dtype(np.float64 if dtype is None else dtype)
    refuse_other_than_real(dtype, name)
    return dtype if dtype == np.float32 else np.dtype(np.float64)
