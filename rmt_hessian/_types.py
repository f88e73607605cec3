"""The types that public signatures name. Arrays that are taken are `numpy.typing.ArrayLike`."""

from collections.abc import Callable
from typing import Any, Literal, Protocol, TypeAlias

import numpy as np
import numpy.typing as npt

FloatArray: TypeAlias = npt.NDArray[np.float64]
ComplexArray: TypeAlias = npt.NDArray[np.complex128]
IntArray: TypeAlias = npt.NDArray[np.int64]
BoolArray: TypeAlias = npt.NDArray[np.bool_]
RealArray: TypeAlias = npt.NDArray[np.floating]  # float64, or float32 where that was asked
Rule: TypeAlias = tuple[FloatArray, FloatArray]  # nodes and probabilities
Intervals: TypeAlias = list[tuple[float, float]]
Elementwise: TypeAlias = Any  # as of NumPy's functions: a number for a number, else an array
Function: TypeAlias = Callable[..., Any]  # of numbers or arrays, elementwise
AnySize: TypeAlias = Any  # an int, or None for a size that goes to infinity

RandomState: TypeAlias = (
    int
    | np.random.SeedSequence
    | np.random.BitGenerator
    | np.random.Generator
    | np.random.RandomState
    | None
)
Loss: TypeAlias = Literal["ce", "mse"]
Init: TypeAlias = Literal["lecun", "he"]
ActivationName: TypeAlias = Literal[
    "relu",
    "leaky_relu",
    "identity",
    "tanh",
    "erf",
    "sigmoid",
    "softplus",
    "gelu",
    "gelu_tanh",
    "silu",
]
Extreme: TypeAlias = Literal["largest", "smallest", "magnitude"]
Precision: TypeAlias = (
    Literal["float64", "float32"] | type[np.float64] | type[np.float32] | np.dtype[Any]
)
Progress: TypeAlias = Callable[[int, int], object]  # progress(done, total)


class HasProducts(Protocol):
    """A matrix by its products: a `LayerHessian`, a `LinearOperator`, a sparse array."""

    @property
    def shape(self) -> tuple[int, ...]:
        """(n, n)."""

    def __matmul__(self, other: Any, /) -> Any: ...


MatrixLike: TypeAlias = npt.ArrayLike | HasProducts


class HasCDF(Protocol):
    """A law, of this package or of `scipy.stats`."""

    def cdf(self, x: Any, /) -> Any: ...
    def support(self) -> tuple[float, float]: ...


class HasComponents(HasCDF, Protocol):
    """A law whose continuous part lies on intervals, with an atom at 0 at most."""

    @property
    def atom_at_zero(self) -> float:
        """Mass of the atom at 0."""

    def components(self) -> Intervals: ...
    def component_masses(self) -> FloatArray: ...
    def ppf(self, q: Any, /) -> Any: ...


class HasMoments(Protocol):
    """A law by its first two moments."""

    def mean(self) -> float: ...
    def second_moment(self) -> float: ...
