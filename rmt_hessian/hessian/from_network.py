"""The factors of Hessians from a network and its inputs: the only place that knows of layers."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from rmt_hessian._checks.arguments import index_below, instance_of, positive_integer, real_dtype
from rmt_hessian._threads import CHUNK_SIZE, slices
from rmt_hessian._types import Loss, Precision
from rmt_hessian.hessian.layer import LayerHessian
from rmt_hessian.hessian.network import NetworkHessian
from rmt_hessian.hessian.output_hessians import HiddenLayerOutputHessians, LastLayerOutputHessians
from rmt_hessian.hessian.softmax_curvature import SoftmaxCurvature
from rmt_hessian.hessian.unit_curvature import UnitCurvature
from rmt_hessian.model.losses import CrossEntropy, MeanSquaredError, check_targets, get_loss
from rmt_hessian.model.networks import ForwardPass, Network

CURVATURES = {"ce": SoftmaxCurvature, "mse": UnitCurvature}


def layer_hessian(
    net: Network,
    X: npt.ArrayLike,
    layer: int,
    loss: Loss,
    *,
    dtype: Precision = "float64",
    chunk_size: int = CHUNK_SIZE,
) -> LayerHessian:
    """Hessian of one layer of a ReLU network, as a lazy `LayerHessian`.

    Parameters
    ----------
    net : Network
    X : array_like, shape (N, d)
        Inputs. No labels: the Hessian within a layer does not depend on them.
    layer : int
        0 is the first layer, -1 the last.
    loss : {"ce", "mse"}
        Softmax cross-entropy, or ``½‖f - y‖²`` (other conventions multiply H by a constant).
    dtype : {"float64", "float32"}
        Precision of products, norms and blocks; features are made in float64. In float32, at up
        to twice the speed and half the memory, relative errors of norms and products are about
        1e-6 for logits of order 1, and grow with the logits; eigenvalues below about 1e-7 of the
        largest are noise, and squares of entries of ``M_n`` below 1e-38 are lost to norms.
    chunk_size : int
        How many numbers a temporary array may hold. Probabilities of N samples and C classes are
        kept if N C is at most that, and made again when needed if not.

    Returns
    -------
    LayerHessian

    Raises
    ------
    ValueError
        If ``X`` is empty, not finite or of the wrong shape, the logits overflow, the loss or the
        dtype is unknown, or CE is asked of a network with one output.
    IndexError
        If there is no such layer.

    Examples
    --------
    >>> from rmt_hessian.model.networks import Network
    >>> net = Network([np.zeros((2, 3))])
    >>> H = layer_hessian(net, np.ones((4, 3)), layer=0, loss="ce")
    >>> H.block_weights(0, 1)
    array([-0.25, -0.25, -0.25, -0.25])
    """
    loss = get_loss(loss, instance_of(net, Network, "net").widths[-1])
    dtype = real_dtype(dtype)
    chunk_size = positive_integer(chunk_size, "chunk_size")
    layer = index_below(layer, net.n_layers, "layer")
    return layers_from_pass(net, net.forward(X), loss, [layer], dtype, chunk_size)[0]


def layers_from_pass(
    net: Network,
    forward: ForwardPass,
    loss: CrossEntropy | MeanSquaredError,
    layers: Iterable[int],
    dtype: npt.DTypeLike = np.float64,
    chunk_size: int = CHUNK_SIZE,
) -> list[LayerHessian]:
    """Fill the factors of some layers from a forward pass: the only place that knows of layers."""
    features = [z.astype(dtype, copy=False) for z in forward.features]
    weights = [W.astype(dtype, copy=False) for W in net.weights]
    curvature = CURVATURES[loss.name].from_last_layer(features[-1], weights[-1], chunk_size)
    last = LastLayerOutputHessians(curvature, np.arange(weights[-1].shape[0]))
    result = []
    for layer in layers:
        chain = tuple(zip(forward.masks[layer:], weights[layer + 1 :], strict=True))
        hidden = HiddenLayerOutputHessians(curvature, chain, chunk_size)
        result.append(LayerHessian(features[layer], hidden if chain else last, chunk_size))
    return result


def network_hessian(
    net: Network,
    X: npt.ArrayLike,
    y: npt.ArrayLike,
    loss: Loss,
    *,
    dtype: Precision = "float64",
    chunk_size: int = CHUNK_SIZE,
) -> NetworkHessian:
    """Hessian with respect to all weights of a ReLU network, as a lazy `NetworkHessian`.

    Parameters
    ----------
    net : Network
    X : array_like, shape (N, d)
    y : array_like, shape (N,) or (N, C)
        Integer labels, or targets (CE: distributions over classes). Labels that are text count in
        sorted order, which a warning tells; see `encode_labels`. With the network's own
        predictions as targets H is its Gauss–Newton part.
    loss : {"ce", "mse"}
    dtype : {"float64", "float32"}
        See `layer_hessian`.
    chunk_size : int
        How many numbers a temporary array of a product may hold; blocks between layers take some
        of samples × width besides.

    Returns
    -------
    NetworkHessian

    Raises
    ------
    ValueError
        On bad inputs, labels, loss, dtype or chunk size; see `layer_hessian` and `check_targets`.

    Examples
    --------
    >>> from rmt_hessian.model.networks import Network
    >>> H = network_hessian(Network([[[1.0]], [[2.0]]]), [[1.0]], [[0.0]], "mse")
    >>> H.to_dense()
    array([[4., 4.],
           [4., 1.]])
    >>> H @ np.ones(2), H.diagonal(), H.block_norms()[0, 1]
    (array([8., 5.]), array([4., 1.]), np.float64(4.0))
    """
    loss = get_loss(loss, instance_of(net, Network, "net").widths[-1])
    dtype = real_dtype(dtype)
    chunk_size = positive_integer(chunk_size, "chunk_size")
    forward = net.forward(X)
    targets = check_targets(y, forward.features[0].shape[0], net.widths[-1], loss)
    layers = layers_from_pass(net, forward, loss, range(net.n_layers), dtype, chunk_size)
    weights = tuple(W.astype(dtype, copy=False) for W in net.weights)
    H = NetworkHessian(tuple(layers), weights, forward.masks, targets, loss, chunk_size)
    for samples in slices(H.n_samples, chunk_size // net.widths[-1]):
        H.residual(samples)  # raises where a logit overflows
    return H
