"""Hessians, and gradient covariances, of a network on its samples."""

from __future__ import annotations

from typing import Any, Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from rmt_hessian._checks.arguments import (
    describe,
    index_below,
    instance_of,
    one_of,
    positive_integer,
    real_dtype,
)
from rmt_hessian._checks.arrays import finite_array
from rmt_hessian._checks.calls import shows_call
from rmt_hessian._threads import CHUNK_SIZE, slices
from rmt_hessian._types import Loss, Precision
from rmt_hessian.hessian.factors import NetworkFactors
from rmt_hessian.hessian.layer import LayerHessian
from rmt_hessian.hessian.network import NetworkHessian
from rmt_hessian.model.losses import get_loss
from rmt_hessian.model.networks import Network
from rmt_hessian.model.sample_weights import counted_samples

Part: TypeAlias = Literal["full", "gauss-newton"]
PARTS = ("full", "gauss-newton")


@shows_call("layer_hessian(net, X, layer, loss, y=y): y by its name, where it is needed")
def layer_hessian(
    net: Network,
    X: npt.ArrayLike,
    layer: int,
    loss: Loss,
    *,
    y: npt.ArrayLike | None = None,
    bias: bool = False,
    part: Part = "full",
    sample_weight: npt.ArrayLike | None = None,
    class_weight: npt.ArrayLike | None = None,
    ignore_index: int | None = None,
    dtype: Precision = "float64",
    chunk_size: int = CHUNK_SIZE,
) -> LayerHessian:
    """Hessian of one layer of a network, as a lazy `LayerHessian`.

    Parameters
    ----------
    net : Network
        Of any depth and activation.
    X : array_like, shape (N, d)
        Inputs.
    layer : int
        0 is the first layer, -1 the last.
    loss : {"ce", "mse"}
        Softmax cross-entropy, or ``½‖f - y‖²`` (other conventions multiply H by a constant), the
        mean over samples.
    y : array_like, shape (N,) or (N, C), optional
        Integer labels, or targets. Needed where H depends on them: below a hidden layer whose
        activation has a second derivative (not ReLU, leaky ReLU and the identity), unless ``part``
        is "gauss-newton". Elsewhere shape and range of labels are checked.
    bias : bool
        Whether the bias of the layer is among the parameters: the constant feature 1, the last.
    part : {"full", "gauss-newton"}
        With or without the second derivatives of the activations.
    sample_weight : array_like, shape (N,), optional
        ``w_n``, of the loss ``Σ w_n ℓ_n / Σ w_n``. Samples of weight 0 are left out.
    class_weight : array_like, shape (C,), optional
        ``w_n`` is multiplied by that of the label (the mean, of targets that are distributions);
        see `rmt_hessian.model.sample_weights`.
    ignore_index : int, optional
        A label whose samples are left out.
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
        If ``X`` is empty, not finite or of the wrong shape, the logits overflow, an argument is
        not as above, ``y`` is missing, CE is asked of a network with one output, or ``bias`` of a
        layer that has none.
    IndexError
        If there is no such layer.

    References
    ----------
    ``docs/computation.md`` §1; Botev, Ritter and Barber, arXiv 1706.03662.

    Examples
    --------
    >>> from rmt_hessian.model.networks import Network
    >>> net = Network([[[0.0, 0.0], [0.0, 0.0]]])
    >>> H = layer_hessian(net, [[1.0, 2.0]] * 4, layer=0, loss="ce")
    >>> H.block_weights(0, 1)
    array([-0.25, -0.25, -0.25, -0.25])
    >>> net = Network([[[1.0]], [[2.0]]], biases=[[0.0], [0.0]], activation="tanh")
    >>> layer_hessian(net, [[0.0]], 0, "mse", y=[[1.0]], bias=True).to_dense()
    array([[0., 0.],
           [0., 4.]])
    """
    instance_of(net, Network, "net")
    layer = index_below(layer, net.n_layers, "layer")
    full = one_of(part, PARTS, "part") == "full"
    smooth = [sigma.name for sigma in net.activations[layer:] if not sigma.piecewise_linear]
    needs_y = full and bool(smooth)
    if needs_y and y is None:
        raise ValueError(
            f"y must be given: the Hessian below a layer of {smooth[0]} depends on it, "
            "but for part='gauss-newton', got None"
        )
    weights = {"sample_weight": sample_weight, "class_weight": class_weight}
    factors = _factors(
        net, X, y, loss, bias, full, needs_y, dtype, chunk_size, ignore_index, weights
    )
    _refuse_missing_bias(factors, [layer])
    return factors.layers(layer)[0]


@shows_call("layer_gradient_covariance(net, X, layer, loss, y=y)")
def layer_gradient_covariance(
    net: Network,
    X: npt.ArrayLike,
    layer: int,
    loss: Loss,
    *,
    y: npt.ArrayLike,
    bias: bool = False,
    sample_weight: npt.ArrayLike | None = None,
    class_weight: npt.ArrayLike | None = None,
    ignore_index: int | None = None,
    dtype: Precision = "float64",
    chunk_size: int = CHUNK_SIZE,
) -> LayerHessian:
    """Second moment of the gradients of the samples, ``(1/N) Σ_n ∇ℓ_n ∇ℓ_nᵀ``, of one layer.

    It is ``(1/N) Σ_n g_n g_nᵀ ⊗ z_n z_nᵀ`` with ``g_n = ∂ℓ_n/∂a_n``, so the same object as the
    Hessian, with ``g_n g_nᵀ`` for ``M_n``; with weights ``Σ_n w_n ∇ℓ_n ∇ℓ_nᵀ / Σ_n w_n``. (The
    empirical Fisher matrix. For CE with labels drawn from the network, its mean over them is the
    Fisher matrix, the Gauss–Newton part of the Hessian.)

    Parameters
    ----------
    net, X, layer, loss, bias, sample_weight, class_weight, ignore_index, dtype, chunk_size
        As of `layer_hessian`. N × k numbers are held, k the units of the layer.
    y : array_like, shape (N,) or (N, C)
        Integer labels, or targets.

    Returns
    -------
    LayerHessian

    Raises
    ------
    ValueError, IndexError
        As `layer_hessian`.

    References
    ----------
    ``docs/computation.md`` §1; ``docs/structure.md`` §1.

    Examples
    --------
    >>> from rmt_hessian.model.networks import Network
    >>> net = Network([[[0.0], [0.0]]])
    >>> layer_gradient_covariance(net, [[1.0], [3.0]], 0, "ce", y=[0, 1]).to_dense()
    array([[ 1.25, -1.25],
           [-1.25,  1.25]])
    """
    instance_of(net, Network, "net")
    layer = index_below(layer, net.n_layers, "layer")
    if y is None:
        raise ValueError("y must be given: gradients depend on it, got None")
    weights = {"sample_weight": sample_weight, "class_weight": class_weight}
    factors = _factors(net, X, y, loss, bias, True, True, dtype, chunk_size, ignore_index, weights)
    _refuse_missing_bias(factors, [layer])
    return factors.gradient_covariance(layer)


@shows_call("network_hessian(net, X, y, loss): of all layers")
def network_hessian(
    net: Network,
    X: npt.ArrayLike,
    y: npt.ArrayLike | None,
    loss: Loss,
    *,
    bias: bool = False,
    part: Part = "full",
    sample_weight: npt.ArrayLike | None = None,
    class_weight: npt.ArrayLike | None = None,
    ignore_index: int | None = None,
    dtype: Precision = "float64",
    chunk_size: int = CHUNK_SIZE,
) -> NetworkHessian:
    """Hessian with respect to all weights of a network, as a lazy `NetworkHessian`.

    Parameters
    ----------
    net : Network
    X : array_like, shape (N, d)
    y : array_like, shape (N,) or (N, C)
        Integer labels, or targets (CE: distributions over classes). Labels that are text count in
        sorted order, which a warning tells; see `rmt_hessian.model.losses.encode_labels`. None will
        do for the Gauss–Newton part.
    loss : {"ce", "mse"}
    bias : bool
        Whether biases are parameters too, in each layer that has them: the last of each row.
    part : {"full", "gauss-newton"}
        "gauss-newton" leaves out the residual: second derivatives of activations, and the labels'
        part of the blocks between layers.
    sample_weight, class_weight, ignore_index
        See `layer_hessian`.
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
        On bad inputs, labels, loss, dtype or chunk size; see `layer_hessian`.

    References
    ----------
    ``docs/computation.md`` §3; ``docs/training.md`` §3.

    Examples
    --------
    >>> from rmt_hessian.model.networks import Network
    >>> H = network_hessian(Network([[[1.0]], [[2.0]]]), [[1.0]], [[0.0]], "mse")
    >>> H.to_dense()
    array([[4., 4.],
           [4., 1.]])
    >>> H.diagonal(), H @ H.diagonal(), H.block_norms()[0, 1]
    (array([4., 1.]), array([20., 17.]), np.float64(4.0))
    """
    instance_of(net, Network, "net")
    full = one_of(part, PARTS, "part") == "full"
    if full and y is None:
        raise ValueError(
            "y must be given: the blocks between layers depend on it, but for "
            "part='gauss-newton', got None"
        )
    weights = {"sample_weight": sample_weight, "class_weight": class_weight}
    factors = _factors(net, X, y, loss, bias, full, full, dtype, chunk_size, ignore_index, weights)
    _refuse_missing_bias(factors, range(net.n_layers))
    layers = tuple(factors.layers(0))
    H = NetworkHessian(layers, factors.weights, factors.slopes, factors.residual, chunk_size)
    for samples in slices(H.n_samples, chunk_size // net.widths[-1]):
        H.residual(samples)  # raises where a logit overflows
    return H


def _factors(
    net: Network,
    X: npt.ArrayLike,
    y: npt.ArrayLike | None,
    loss: Loss,
    bias: bool,
    full: bool,
    with_targets: bool,
    dtype: Precision,
    chunk_size: int,
    ignore_index: int | None,
    weights: dict[str, Any],
) -> NetworkFactors:
    """The factors, from checked arguments and a forward pass of the samples that count."""
    checked_loss = get_loss(loss, net.widths[-1])
    X = finite_array(X, "X", ndim=2)
    samples = counted_samples(
        len(X),
        net.widths[-1],
        checked_loss,
        y,
        with_targets=with_targets,
        ignore_index=ignore_index,
        **weights,
    )
    return NetworkFactors(
        net,
        net.forward(X[samples.kept]),
        checked_loss,
        samples,
        _whether_bias(bias),
        full,
        real_dtype(dtype),
        positive_integer(chunk_size, "chunk_size"),
    )


def _whether_bias(bias: Any) -> bool:
    """A bool; the values of biases are the network's own."""
    if isinstance(bias, bool | np.bool_):
        return bool(bias)
    wanted = "True or False, whether biases are parameters too (their values are the network's)"
    raise ValueError(f"bias must be {wanted}, got {describe(bias)}")


def _refuse_missing_bias(factors: NetworkFactors, layers: Any) -> None:
    if factors.bias and all(factors.net.biases[l] is None for l in layers):
        of = f"layer {layers[0]}" if len(layers) == 1 else "the network"
        raise ValueError(f"bias must be False: {of} has no biases, got True")
