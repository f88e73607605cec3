"""All parameters of a network as one vector θ, in the order of `network_hessian` with biases.

Layer by layer, unit by unit, the bias of a unit after its weights.
"""

from __future__ import annotations

import numpy as np

from rmt_hessian._threads import consecutive_slices
from rmt_hessian._types import FloatArray
from rmt_hessian.model.networks import Network


def layer_sizes(net: Network) -> list[tuple[int, int]]:
    """``(k, p)`` of each layer, its bias among the features."""
    pairs = zip(net.weights, net.biases, strict=True)
    return [(len(W), W.shape[1] + (b is not None)) for W, b in pairs]


def layer_places(sizes: list[tuple[int, int]]) -> list[slice]:
    """Of each layer in θ."""
    return consecutive_slices(k * p for k, p in sizes)


def parameter_vector(net: Network) -> FloatArray:
    """θ, shape (P,)."""
    pairs = zip(net.weights, net.biases, strict=True)
    return np.concatenate([_with_bias(W, b).ravel() for W, b in pairs])


def weights_and_biases(
    net: Network, theta: FloatArray
) -> tuple[list[FloatArray], list[FloatArray | None]]:
    """Those in θ of a network of these sizes, as views."""
    sizes = layer_sizes(net)
    places = layer_places(sizes)
    rows = [theta[place].reshape(size) for place, size in zip(places, sizes, strict=True)]
    inputs = [W.shape[1] for W in net.weights]
    weights = [A[:, :p] for A, p in zip(rows, inputs, strict=True)]
    with_bias = zip(rows, inputs, net.biases, strict=True)
    return weights, [None if b is None else A[:, p] for A, p, b in with_bias]


def network_at(net: Network, theta: FloatArray) -> Network:
    """The network of these sizes, and these activations, with parameters θ: a copy."""
    return Network(*weights_and_biases(net, theta), net.activations or net.activation)


def _with_bias(W: FloatArray, b: FloatArray | None) -> FloatArray:
    return W if b is None else np.column_stack([W, b])
