"""Symmetric matrices known by their products: operators, and what all such matrices can do."""

from __future__ import annotations

import numbers
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NoReturn, TypeAlias, overload

import numpy as np
import numpy.typing as npt
from scipy.sparse import issparse
from scipy.sparse.linalg import LinearOperator

from rmt_hessian._checks.arguments import real_number
from rmt_hessian._checks.arrays import number_array, refuse_complex
from rmt_hessian._checks.matrices import symmetric_array, symmetric_sparse

Product: TypeAlias = Callable[[npt.NDArray[Any]], npt.NDArray[Any]]  # (n, q) -> (n, q)


SMALLEST = 2.0**-1022  # number whose inverse is finite


class SymmetricArithmetic:
    """``-A``, ``2*A``, ``A/2``, ``A + B``, ``A - B`` of what has ``shape`` and ``to_operator()``.

    The result is a `SymmetricOperator`. A number that is added stands for that multiple of the
    identity, as δ in ``H + δ``. B is of this package or an array, dense or sparse, which must be
    symmetric; with a `LinearOperator` of another make the sum is SciPy's.
    """

    __array_ufunc__ = None  # arrays and numbers of NumPy leave their operators to this class

    if TYPE_CHECKING:

        @property
        def shape(self) -> tuple[int, ...]: ...  # noqa: D102
        def to_operator(self) -> SymmetricOperator: ...  # noqa: D102

    def __neg__(self) -> SymmetricOperator:
        return _combination([(-1.0, self)])

    def __mul__(self, number: float) -> SymmetricOperator:
        return _combination([(real_number(number, "the factor"), self)])

    __rmul__ = __mul__

    def __truediv__(self, number: float) -> SymmetricOperator:
        divisor = real_number(number, "the divisor")
        if abs(divisor) < SMALLEST:
            raise ValueError(f"the divisor must not be 0 nor so near it, got {divisor}")
        return _combination([(1 / divisor, self)])

    def __add__(self, other: Any) -> SymmetricOperator:
        return _sum(self, other, 1.0)

    __radd__ = __add__

    def __sub__(self, other: Any) -> SymmetricOperator:
        return _sum(self, other, -1.0)

    def __rsub__(self, other: Any) -> SymmetricOperator:
        return -self + other


class LazyMatrix(SymmetricArithmetic):
    """A symmetric matrix kept as factors: products, arithmetic, and no silent conversion."""

    if TYPE_CHECKING:

        @property
        def dtype(self) -> np.dtype[Any]: ...  # noqa: D102
        def to_dense(self) -> npt.NDArray[Any]: ...  # noqa: D102
        def diagonal(self) -> npt.NDArray[Any]: ...  # noqa: D102
        def trace(self) -> float: ...  # noqa: D102
        def frobenius_norm(self) -> float: ...  # noqa: D102

    def __matmul__(self, v: npt.ArrayLike) -> npt.NDArray[Any]:
        """``H v`` for a vector (n,), a matrix (n, q) or a stack (…, n, q)."""
        return self.to_operator() @ v

    def __rmatmul__(self, v: npt.ArrayLike) -> npt.NDArray[Any]:
        """``v H`` for a vector (n,), a matrix (q, n) or a stack (…, q, n)."""
        return v @ self.to_operator()

    def matvec(self, v: npt.ArrayLike) -> npt.NDArray[Any]:
        """``H v`` of a vector: by this name `scipy.sparse.linalg` takes the matrix as it is."""
        return self.to_operator().matvec(v)

    rmatvec = matvec

    def __array__(self, dtype: Any = None, copy: Any = None) -> NoReturn:
        kind = type(self).__name__
        raise TypeError(
            f"a {kind} is no array: to_dense() makes one of {self.shape[0]} × {self.shape[1]}; "
            "products (@, to_operator()), norms and rmt_hessian's functions do without"
        )


class SymmetricOperator(SymmetricArithmetic, LinearOperator):
    """A real symmetric matrix, n × n, known by its products.

    Products with a vector (n,), a matrix (n, q) and stacks of matrices (…, n, q), whatever SciPy's
    release; from the right likewise. Pickles where ``product`` does.

    Parameters
    ----------
    product : callable
        ``(n, q) -> (n, q)``, q at least 1.
    n : int
    dtype : numpy.dtype

    Raises
    ------
    ValueError
        From products with an array of another shape, complex numbers, or no numbers.
    """

    def __init__(self, product: Product, n: int, dtype: npt.DTypeLike) -> None:
        super().__init__(np.dtype(dtype), (n, n))
        self.product = product

    def to_operator(self) -> SymmetricOperator:
        """Itself."""
        return self

    def _matmat(self, v: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Stacks become further columns: (…, n, q) -> (n, … q) and back."""
        if v.size == 0:
            return np.zeros(v.shape, self.dtype)
        columns = np.moveaxis(v, -2, 0)
        result = self._columns(columns.reshape(len(columns), -1))
        return np.moveaxis(result.reshape(columns.shape), 0, -2)

    def _matvec(self, v: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """A vector (n,), as SciPy may ask also (n, 1), or a stack of vectors (…, n)."""
        return self._columns(v.reshape(-1, self.shape[0]).T).T.reshape(v.shape)

    def _columns(self, v: npt.NDArray[Any]) -> npt.NDArray[Any]:
        refuse_complex(v, "v")
        # BLAS may raise the flag "invalid" in lanes that hold no data (OpenBLAS, AVX-512)
        with np.errstate(invalid="ignore", over="ignore"):
            result = self.product(v)
        if not np.isfinite(result).all() and np.isfinite(v).all():
            raise ValueError(f"v must not make the product overflow {self.dtype}")
        return result

    def __array__(self, dtype: Any = None, copy: Any = None) -> NoReturn:
        raise TypeError(
            f"a SymmetricOperator is no array: its product with numpy.eye({self.shape[0]}) is one"
        )

    def _adjoint(self) -> SymmetricOperator:
        return self

    _transpose = _adjoint

    def dot(self, v: Any) -> Any:
        """``A v`` for a vector, a matrix or a stack; SciPy's meaning of anything else."""
        if isinstance(v, LinearOperator) or np.isscalar(v):
            return LinearOperator.dot(self, v)
        return self._times(v)

    def _times(self, v: Any) -> Any:
        v = self._checked(v, -2)
        return self._matvec(v) if v.ndim == 1 else self._matmat(v)

    def __mul__(self, v: Any) -> Any:
        """A multiple for a number, else as `dot`."""
        return super().__mul__(v) if _is_number(v) else self.dot(v)

    def __rmul__(self, v: Any) -> Any:
        """``v A = (A vᵀ)ᵀ``, likewise; ``v @ A`` comes here too."""
        if _is_number(v):
            return super().__rmul__(v)
        if isinstance(v, LinearOperator) or np.isscalar(v):
            return LinearOperator.__rmul__(self, v)
        v = self._checked(v, -1)
        return self._matvec(v) if v.ndim == 1 else self._matmat(v.swapaxes(-1, -2)).swapaxes(-1, -2)

    @overload
    def __matmul__(self, v: npt.NDArray[Any]) -> npt.NDArray[Any]: ...
    @overload
    def __matmul__(self, v: Any) -> Any: ...
    def __matmul__(self, v: Any) -> Any:
        """As `dot`, but for numbers, which ``*`` takes."""
        return (
            LinearOperator.__matmul__(self, v) if isinstance(v, LinearOperator) else self._times(v)
        )

    def _checked(self, v: Any, axis: int) -> npt.NDArray[Any]:
        """An array of numbers whose ``axis`` fits; any precision and kind, as SciPy's are."""
        n = self.shape[0]
        v = number_array(v, "v")
        if v.shape != (n,) and (v.ndim < 2 or v.shape[axis] != n):
            wanted = f"(…, {n}, q)" if axis == -2 else f"(…, q, {n})"
            raise ValueError(f"v must have shape ({n},) or {wanted}, got {v.shape}")
        return v


# --- sums ---------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class LinearCombination:
    """``v -> shift v + Σ_t c_t A_t v``, (n, q) -> (n, q)."""

    shift: float
    terms: tuple[tuple[float, Product], ...]  # c_t and the product of A_t
    dtype: np.dtype[Any]

    def __call__(self, v: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """The product with v."""
        result = v.astype(self.dtype) * self.shift
        for factor, product in self.terms:
            result += factor * product(v)
        return result


def _combination(
    terms: Sequence[tuple[float, SymmetricArithmetic]], shift: float = 0.0
) -> SymmetricOperator:
    """``shift I + Σ_t c_t A_t`` of matrices that have `to_operator`, as a `SymmetricOperator`.

    Of sums the terms are taken: a sum of many does not nest.
    """
    operators = [(factor, matrix.to_operator()) for factor, matrix in terms]
    products: list[tuple[float, Product]] = []
    for factor, operator in operators:
        product = operator.product
        if isinstance(product, LinearCombination):
            shift += factor * product.shift
            products += [(factor * inner, term) for inner, term in product.terms]
        else:
            products.append((factor, product))
    dtype = np.result_type(*(operator.dtype for _, operator in operators))
    n = operators[0][1].shape[0]
    return SymmetricOperator(LinearCombination(shift, tuple(products), dtype), n, dtype)


def _sum(matrix: SymmetricArithmetic, other: Any, sign: float) -> Any:
    """``matrix + sign other``."""
    if _is_number(other):
        return _combination([(1.0, matrix)], shift=sign * real_number(other, "the number"))
    if not isinstance(other, SymmetricArithmetic):
        if isinstance(other, LinearOperator):
            return LinearOperator.__add__(matrix.to_operator(), sign * other)
        other = _array_operator(other, matrix.shape[0])
    if other.shape != matrix.shape:
        raise ValueError(f"the other matrix must have shape {matrix.shape}, got {other.shape}")
    return _combination([(1.0, matrix), (sign, other)])


def _array_operator(array: Any, n: int) -> SymmetricOperator:
    """A symmetric array, dense or sparse, n × n, as an operator, which keeps its own numbers."""
    name, dtype = "the other matrix", getattr(array, "dtype", None)
    A = symmetric_sparse(array, name) if issparse(array) else symmetric_array(array, name, n)
    A = A.astype(np.float32 if dtype == np.float32 else np.float64)
    return SymmetricOperator(A.__matmul__, A.shape[0], A.dtype)


def _is_number(value: Any) -> bool:
    """Whether it is one real number, of Python or NumPy; an array without axes is one."""
    if isinstance(value, np.ndarray):
        return value.ndim == 0
    return isinstance(value, numbers.Real) and not isinstance(value, bool)
