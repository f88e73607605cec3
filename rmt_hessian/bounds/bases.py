"""Orthonormal bases of the weights of a network, layer by layer, along which a posterior varies."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np

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
    """Of all parameters, in the order of `network_hessian`."""

    layers: tuple[LayerBasis, ...]

    def coordinates(self, theta: FloatArray) -> FloatArray:
        """Of parameters, both of shape (P,)."""
        return self._mapped(theta, LayerBasis.coordinates)

    def vector(self, coordinates: FloatArray) -> FloatArray:
        """The parameters of these coordinates."""
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


def basis_of(name: BasisName, net: Network, X: FloatArray, y: IntArray) -> Basis:
    """The basis of a name at a network and its samples.

    "isotropic" and "standard": the weights themselves; "kronecker": eigenvectors of E[M] and of
    E[z zᵀ], of the Gauss–Newton part; "gradient": of E[g gᵀ] in the place of E[M], g gradients at
    the labels; "exact": eigenvectors of the Hessian of the layer, which is formed.
    """
    layers = range(net.n_layers)
    return Basis(tuple(_OF_LAYERS[name](net, X, y, layer) for layer in layers))


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
        factors = H.output_hessian(), H.input_autocorrelation()
        return LayerBasis((H.n_blocks, H.block_size), *(np.linalg.eigh(A)[1] for A in factors))

    return layer_basis


def _exact(net: Network, X: FloatArray, y: IntArray, layer: int) -> LayerBasis:
    H = gauss_newton(net, X, y, layer).to_dense()
    return LayerBasis((len(H), 1), np.linalg.eigh(H)[1])


_OF_LAYERS = {
    "isotropic": _standard,
    "standard": _standard,
    "kronecker": _of_factors(gauss_newton),
    "exact": _exact,
    "gradient": _of_factors(_gradients),
}
BASES = tuple(_OF_LAYERS)
OF_NETWORK = ("kronecker", "exact", "gradient")  # those that change with it
