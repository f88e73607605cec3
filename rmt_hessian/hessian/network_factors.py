"""Kronecker factors of the whole network: means of ``B_lᵀ A B_m`` and of ``z_l z_mᵀ``."""

from dataclasses import dataclass

import numpy as np

from rmt_hessian._threads import CHUNK_SIZE, slices
from rmt_hessian._validation import index_below, instance_of, positive_integer
from rmt_hessian.hessian.kernels import apply_mask
from rmt_hessian.hessian.layer import layers_from_pass
from rmt_hessian.hessian.output_hessians import times
from rmt_hessian.model.losses import get_loss
from rmt_hessian.model.networks import Network


@dataclass(frozen=True, eq=False)
class NetworkFactors:
    """``E[Bᵀ A B]`` over the units and ``E[z zᵀ]`` over the features of all layers.

    ``B = (B_0, B_1, …)``, (C, K), is the Jacobian of the logits with respect to all
    pre-activations, ``z = (z_0, z_1, …)``, (F,), the inputs of all layers. Both matrices are
    symmetric and positive semidefinite. Make them with `network_factors`.

    Attributes
    ----------
    output_hessian : numpy.ndarray, shape (K, K)
        ``K = Σ k_l``; block (l, m), (k_l, k_m), is ``E[B_lᵀ A B_m]``.
    autocorrelation : numpy.ndarray, shape (F, F)
        ``F = Σ p_l``; block (l, m), (p_l, p_m), is ``E[z_l z_mᵀ]``.
    units : tuple of int
        ``k_0, k_1, …``, the output units of each layer.
    features : tuple of int
        ``p_0, p_1, …``, the input features of each layer.
    """

    output_hessian: np.ndarray
    autocorrelation: np.ndarray
    units: tuple
    features: tuple

    def block(self, l, m):
        """``E[B_lᵀ A B_m]``, (k_l, k_m), and ``E[z_l z_mᵀ]``, (p_l, p_m), as views.

        Raises
        ------
        IndexError
            If there is no such layer; negative ones count from the end.
        """
        l, m = (index_below(layer, len(self.units), "layer") for layer in (l, m))
        return (
            self.output_hessian[_part(self.units, l), _part(self.units, m)],
            self.autocorrelation[_part(self.features, l), _part(self.features, m)],
        )


def _part(sizes, l):
    """The indices of layer l among those of all layers."""
    start = sum(sizes[:l])
    return slice(start, start + sizes[l])


def network_factors(net, X, loss, *, chunk_size=CHUNK_SIZE):
    """The factors of the decoupling of the whole Hessian ([W]), cross-layer blocks included.

    ``(1/N) Σ_n B_nᵀ A_n B_n`` and ``(1/N) Σ_n z_n z_nᵀ``, where ``B_n``, (C, K), and ``z_n``,
    (F,), hold all layers side by side: the Gauss–Newton part of the Hessian is the mean of the
    products ``(B_lᵀ A B_m) ⊗ z_l z_mᵀ`` of sample n, block by block. Diagonal blocks are
    `LayerHessian.output_hessian` and `LayerHessian.input_autocorrelation`.

    Parameters
    ----------
    net : Network
    X : array_like, shape (N, d)
        Inputs. No labels: neither factor depends on them.
    loss : {"ce", "mse"}
    chunk_size : int
        How many numbers a temporary array may hold; samples go through in chunks, and one sample
        needs ``B_n``, C K numbers.

    Returns
    -------
    NetworkFactors

    Raises
    ------
    ValueError
        On bad inputs, loss or chunk size; see `layer_hessian`.

    Examples
    --------
    >>> from rmt_hessian.model.networks import Network
    >>> factors = network_factors(Network([[[3.0]], [[2.0]]]), [[1.0], [-1.0]], "mse")
    >>> factors.output_hessian
    array([[2., 1.],
           [1., 1.]])
    >>> factors.autocorrelation
    array([[1. , 1.5],
           [1.5, 4.5]])
    """
    loss = get_loss(loss, instance_of(net, Network, "net").widths[-1])
    chunk_size = positive_integer(chunk_size, "chunk_size")
    forward = net.forward(X)
    (last,) = layers_from_pass(net, forward, loss, [net.n_layers - 1], chunk_size=chunk_size)
    return NetworkFactors(
        _output_hessian(net.weights, forward.masks, last),
        _autocorrelation(forward.features, chunk_size),
        tuple(net.widths[1:]),
        tuple(net.widths[:-1]),
    )


def _output_hessian(weights, masks, last):
    """``E[Bᵀ A B]``, (K, K): hidden layers by their ``B_n``, the last one by its classes."""
    hidden = sum(mask.shape[1] for mask in masks)
    M = np.empty((hidden + last.n_blocks,) * 2)
    M[hidden:, hidden:] = last.output_hessian()
    if hidden:
        M[:hidden] = _hidden_rows(weights, masks, last, hidden)
        M[hidden:, :hidden] = M[:hidden, hidden:].T
    return (M + M.T) / 2


def _hidden_rows(weights, masks, last, hidden):
    """Rows of ``E[Bᵀ A B]`` of the hidden layers: ``E[B_hᵀ A B_h]`` beside ``E[B_hᵀ A]``."""
    C, curvature = last.n_blocks, last.output_hessians.curvature
    rows = np.zeros((hidden, hidden + C))
    for samples in slices(last.n_samples, last.chunk_size // (C * hidden)):
        B = _hidden_jacobians(weights, [mask[samples] for mask in masks])
        AB = curvature.apply(B.swapaxes(1, 2).copy(), samples)  # (n, hidden, C)
        rows[:, :hidden] += AB.swapaxes(0, 1).reshape(hidden, -1) @ B.reshape(-1, hidden)
        rows[:, hidden:] += AB.sum(axis=0)
    return rows / last.n_samples


def _hidden_jacobians(weights, masks):
    """``B_n`` of the hidden layers side by side, ``B_l = B_{l+1} W_{l+1} D_l``: (n, C, hidden)."""
    top = np.repeat(weights[-1][None], len(masks[-1]), axis=0)
    apply_mask(top, masks[-1])
    parts = [top]
    for mask, W in zip(masks[-2::-1], weights[-2:0:-1], strict=True):
        B = times(parts[0], W)
        apply_mask(B, mask)
        parts.insert(0, B)
    return np.concatenate(parts, axis=2)


def _autocorrelation(features, chunk_size):
    """``E[z zᵀ]``, (F, F), of the inputs of all layers."""
    n_samples, F = len(features[0]), sum(z.shape[1] for z in features)
    S = np.zeros((F, F))
    for samples in slices(n_samples, chunk_size // F):
        Z = np.hstack([z[samples] for z in features])
        S += Z.T @ Z
    return S / n_samples
