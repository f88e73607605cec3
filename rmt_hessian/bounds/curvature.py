"""Second derivatives of the mean loss along the directions of a basis."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.special import softmax

from rmt_hessian._checks.arguments import instance_of
from rmt_hessian._threads import CHUNK_SIZE, slices
from rmt_hessian._types import FloatArray
from rmt_hessian.bounds.bases import Basis, gauss_newton, without_overflow
from rmt_hessian.model.networks import Network
from rmt_hessian.model.parameter_vector import layer_sizes


def curvatures(net: Network, X: npt.ArrayLike, basis: Basis) -> FloatArray:
    """``h_i = u_iᵀ G u_i``, (P,), G the Gauss–Newton part of the Hessian of CE.

    ``M_n = Σ_c p_nc g_nc g_ncᵀ`` with ``g_nc`` the gradient of sample n were its label c. So along
    ``r_i ⊗ x_a`` it is ``(1/N) Σ_n Σ_c p_nc (r_iᵀ g_nc)² (x_aᵀ z_n)²``: a sum of squares, nothing
    cancels.

    Parameters
    ----------
    net : Network
    X : array_like, shape (N, d)
    basis : Basis
        Of this network, or of another one of its sizes: see `basis_of`.

    Raises
    ------
    ValueError
        If the basis has other sizes, or on bad inputs, see `layer_hessian`.

    References
    ----------
    ``docs/bounds.md`` §3; that the curvature of CE is a mean over labels drawn from p:
    ``docs/structure.md`` §1.

    Examples
    --------
    >>> from rmt_hessian.bounds.bases import basis_of
    >>> net, X = Network([[[0.0, 0.0], [0.0, 0.0]]]), [[1.0, 1.0], [2.0, 2.0]]
    >>> curvatures(net, X, basis_of(net, X, [0, 1], "standard"))
    array([0.625, 0.625, 0.625, 0.625])
    >>> curvatures(net, X, basis_of(net, X, [0, 1], "kronecker")).round(6)
    array([0. , 0. , 0. , 2.5])
    """
    instance_of(net, Network, "net")
    instance_of(basis, Basis, "basis")
    X, sizes = net.forward(X).features[0], layer_sizes(net)
    if [np.prod(layer.shape) for layer in basis.layers] != [k * p for k, p in sizes]:
        shapes = [layer.shape for layer in basis.layers]
        raise ValueError(f"basis must be of layers {sizes}, got one of {shapes}")
    result = np.zeros(sum(k * p for k, p in sizes))
    of_layers = [result[place] for place in basis.places]
    widest = max(net.widths)
    with np.errstate(over="ignore", invalid="ignore"):
        for samples in slices(len(X), CHUNK_SIZE // widest):
            _add_products(of_layers, net, X[samples], basis)
    result /= len(X)
    for l, (layer, size) in enumerate(zip(basis.layers, sizes, strict=True)):
        if layer.shape != size:
            H, U = gauss_newton(net, X, None, l).to_dense(), layer.left
            h = H.diagonal() if U is None else np.einsum("ij,ij->j", U, H @ U)
            of_layers[l][:] = np.maximum(h, 0.0)  # below 0 by rounding
    return without_overflow(result)


def _add_products(of_layers: list[FloatArray], net: Network, X: FloatArray, basis: Basis) -> None:
    """Sums over samples and classes, for layers whose basis is a product."""
    passed = net.forward(X)
    p = softmax(passed.logits, axis=1)
    squares = [
        _squared(Z if b is None else np.column_stack([Z, np.ones(len(Z))]), layer.right)
        if layer.shape == size
        else None
        for Z, b, layer, size in zip(
            passed.features, net.biases, basis.layers, layer_sizes(net), strict=True
        )
    ]
    for c in range(p.shape[1]):
        g = p - np.eye(p.shape[1])[c]
        g *= np.sqrt(p[:, c : c + 1])
        for l in reversed(range(net.n_layers)):
            of_features = squares[l]
            if of_features is not None:
                of_units = _squared(g, basis.layers[l].left)
                of_layers[l] += (of_units.T @ of_features).ravel()
            if l > 0:
                g = (g @ net.weights[l]) * passed.slopes[l - 1]


def _squared(rows: FloatArray, vectors: FloatArray | None) -> FloatArray:
    return np.square(rows if vectors is None else rows @ vectors)
