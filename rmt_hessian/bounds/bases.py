"""Orthonormal bases of the weights of a network, layer by layer, along which a posterior varies.

References
----------
``docs/bounds.md`` §2.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from rmt_hessian._checks.arguments import describe, instance_of, one_of, to_numpy
from rmt_hessian._checks.arrays import refuse_masked
from rmt_hessian._types import FloatArray, IntArray
from rmt_hessian.hessian.from_network import layer_gradient_covariance, layer_hessian
from rmt_hessian.hessian.layer import LayerHessian
from rmt_hessian.model.networks import Network
from rmt_hessian.model.parameter_vector import layer_places, layer_sizes

BasisName: TypeAlias = Literal["isotropic", "standard", "kronecker", "exact", "gradient"]


@dataclass(frozen=True, eq=False)
class LayerBasis:
    """The columns of ``R ⊗ X``: coordinates of a vector, as a matrix, are ``Rᵀ V X``.

    Attributes
    ----------
    shape : (int, int)
        Of V. ``(k, p)``, units and features, for a product; ``(k p, 1)`` for any basis.
    left : numpy.ndarray or None
        R, orthogonal; None for the identity.
    right : numpy.ndarray or None
        X.

    References
    ----------
    ``docs/bounds.md`` §2.
    """

    shape: tuple[int, int]
    left: FloatArray | None = None
    right: FloatArray | None = None

    def coordinates(self, v: FloatArray) -> FloatArray:
        """Of a vector, both of shape (k p,)."""
        V = v.reshape(self.shape)
        V = V if self.left is None else self.left.T @ V
        return (V if self.right is None else V @ self.right).ravel()

    def vector(self, coordinates: FloatArray) -> FloatArray:
        """The vector of these coordinates."""
        V = coordinates.reshape(self.shape)
        V = V if self.left is None else self.left @ V
        return (V if self.right is None else V @ self.right.T).ravel()

    def variances(self, other: LayerBasis, variances: FloatArray) -> FloatArray:
        """Along this basis, of independent coordinates in another of the same shape."""
        V = variances.reshape(self.shape)
        V = _squared_products(self.left, other.left, V)
        return _squared_products(self.right, other.right, V.T).T.ravel()


def _squared_products(new: FloatArray | None, old: FloatArray | None, V: FloatArray) -> FloatArray:
    """``(newᵀ old)² V``, squared by entries; None is the identity."""
    if new is None:
        return V if old is None else np.square(old) @ V
    return np.square(new.T if old is None else new.T @ old) @ V


@dataclass(frozen=True, eq=False)
class Basis:
    """Directions of all parameters, in the order of `network_hessian`; orthonormal in each layer.

    Attributes
    ----------
    layers : tuple of LayerBasis

    References
    ----------
    ``docs/bounds.md`` §2.
    """

    layers: tuple[LayerBasis, ...]

    def coordinates(self, theta: FloatArray) -> FloatArray:
        """``Uᵀθ`` of parameters θ, both of shape (P,)."""
        return self._mapped(theta, LayerBasis.coordinates)

    def vector(self, coordinates: FloatArray) -> FloatArray:
        """The parameters of these coordinates, both of shape (P,)."""
        return self._mapped(coordinates, LayerBasis.vector)

    def variances(self, other: Basis, variances: FloatArray) -> FloatArray:
        """Along this basis, of independent coordinates in another one, (P,)."""
        result = np.empty_like(variances)
        for new, old, place in zip(self.layers, other.layers, self.places, strict=True):
            result[place] = new.variances(old, variances[place])
        return result

    def _mapped(
        self, v: FloatArray, mapped: Callable[[LayerBasis, FloatArray], FloatArray]
    ) -> FloatArray:
        result = np.empty_like(v)
        for layer, place in zip(self.layers, self.places, strict=True):
            result[place] = mapped(layer, v[place])
        return result

    @property
    def places(self) -> list[slice]:
        """Of each layer among the parameters."""
        return layer_places([layer.shape for layer in self.layers])


def basis_of(net: Network, X: npt.ArrayLike, y: npt.ArrayLike, name: BasisName) -> Basis:
    """A basis at a network and its samples, layer by layer.

    Parameters
    ----------
    net : Network
    X : array_like, shape (N, d)
    y : array_like, shape (N,)
        Integer labels, used by "gradient".
    name : {"isotropic", "standard", "kronecker", "exact", "gradient"}
        "isotropic" and "standard": the weights themselves; "kronecker": eigenvectors of E[M] and of
        E[z zᵀ], of the Gauss–Newton part of the Hessian of CE; "gradient": of E[g gᵀ] in the place
        of E[M], g gradients at the labels; "exact": eigenvectors of the Gauss–Newton part of the
        layer, which is formed.

    Raises
    ------
    ValueError
        On bad inputs, labels or names, see `layer_hessian`.

    References
    ----------
    ``docs/bounds.md`` §2; [W], PAC-Bayes bound.

    Examples
    --------
    >>> net = Network([[[0.0, 0.0], [0.0, 0.0]]])
    >>> basis = basis_of(net, [[1.0, 1.0], [2.0, 2.0]], [0, 1], "kronecker")
    >>> abs(basis.coordinates(np.array([1.0, 1.0, -1.0, -1.0]))).round(6)
    array([0., 0., 0., 2.])
    """
    layer_basis = _OF_LAYERS[one_of(name, BASES, "name")]
    instance_of(net, Network, "net")
    samples = net.forward(X).features[0]
    labels = checked_labels(net, len(samples), y)
    return Basis(tuple(layer_basis(net, samples, labels, l) for l in range(net.n_layers)))


def checked_labels(net: Network, n_samples: int, y: npt.ArrayLike) -> IntArray:
    """Integer labels of samples, (N,).

    Text is refused: which output of a trained network stands for it, only the user knows.

    Raises
    ------
    ValueError
        If they are not as many, not integers or out of range.
    """
    refuse_masked(y, "y")
    wanted = f"y must have labels, integers of shape ({n_samples},)"
    try:
        labels = np.asarray(to_numpy(y))
    except (TypeError, ValueError):  # rows of different lengths
        raise ValueError(f"{wanted}, got {describe(y)}") from None
    if labels.shape != (n_samples,):
        raise ValueError(f"{wanted}, got shape {labels.shape}")
    if labels.dtype.kind not in "iu":
        raise ValueError(f"{wanted}, got {labels.dtype}")
    last = net.widths[-1] - 1
    if labels.min() < 0 or labels.max() > last:
        raise ValueError(f"y must be in 0 … {last}, got {labels.min()} to {labels.max()}")
    return labels.astype(np.int64)


def _standard(net: Network, X: FloatArray, y: IntArray, layer: int) -> LayerBasis:
    return LayerBasis(layer_sizes(net)[layer])


def gauss_newton(net: Network, X: FloatArray, y: IntArray | None, layer: int) -> LayerHessian:
    """Of one layer, with its bias where it has one; y is not used."""
    bias = net.biases[layer] is not None
    return layer_hessian(net, X, layer, "ce", part="gauss-newton", bias=bias)


def _gradients(net: Network, X: FloatArray, y: IntArray, layer: int) -> LayerHessian:
    return layer_gradient_covariance(net, X, layer, "ce", y=y, bias=net.biases[layer] is not None)


def _of_factors(
    matrix: Callable[[Network, FloatArray, IntArray, int], LayerHessian],
) -> Callable[[Network, FloatArray, IntArray, int], LayerBasis]:
    def layer_basis(net: Network, X: FloatArray, y: IntArray, layer: int) -> LayerBasis:
        H = matrix(net, X, y, layer)
        with np.errstate(over="ignore", invalid="ignore"):
            factors = H.output_hessian(), H.input_autocorrelation()
        vectors = (np.linalg.eigh(without_overflow(A))[1] for A in factors)
        return LayerBasis((H.n_blocks, H.block_size), *vectors)

    return layer_basis


def _exact(net: Network, X: FloatArray, y: IntArray, layer: int) -> LayerBasis:
    with np.errstate(over="ignore", invalid="ignore"):
        H = gauss_newton(net, X, y, layer).to_dense()
    return LayerBasis((len(H), 1), np.linalg.eigh(without_overflow(H))[1])


def without_overflow(A: Any) -> Any:
    """An array, if it is finite."""
    if not np.isfinite(A).all():
        raise ValueError("X must not make the Hessian overflow, got infinite or NaN entries")
    return A


_OF_LAYERS = {
    "isotropic": _standard,
    "standard": _standard,
    "kronecker": _of_factors(gauss_newton),
    "exact": _exact,
    "gradient": _of_factors(_gradients),
}
BASES = tuple(_OF_LAYERS)
OF_NETWORK = ("kronecker", "exact", "gradient")  # those that change with it
