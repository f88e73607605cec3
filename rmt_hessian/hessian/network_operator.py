"""Products with the Hessian of the whole network, which is never formed."""

from dataclasses import dataclass

import numpy as np

from rmt_hessian._threads import CHUNK_SIZE, slices
from rmt_hessian._validation import instance_of, positive_integer, real_dtype
from rmt_hessian.hessian.gram import add_product
from rmt_hessian.hessian.kernels import apply_mask
from rmt_hessian.hessian.layer import layers_from_pass
from rmt_hessian.hessian.operators import SymmetricOperator
from rmt_hessian.hessian.output_hessians import times
from rmt_hessian.model.losses import check_targets, get_loss
from rmt_hessian.model.networks import Network


def full_hessian_operator(net, X, y, loss, *, dtype="float64", chunk_size=CHUNK_SIZE):
    """Hessian of the mean loss with respect to all weights, as a `LinearOperator`.

    The same matrix as `full_hessian`, cross-layer blocks included. A direction ``U_0 … U_L`` of
    the weights moves the forward pass, ``ȧ_l = U_l z_l + W_l ż_l``, ``ż_{l+1} = D_l ȧ_l``, and the
    backward pass, ``δ̇_L = A_n ȧ_L``, ``δ̇_{l-1} = D_{l-1} (W_lᵀ δ̇_l + U_lᵀ δ_l)``, where ``δ_L =
    ∂ℓ/∂f``; the product is ``(1/N) Σ_n (δ̇_l z_lᵀ + δ_l ż_lᵀ)`` in layer l (the mask of a ReLU
    does not move).

    Parameters
    ----------
    net : Network
    X : array_like, shape (N, d)
    y : array_like, shape (N,) or (N, C)
        Integer labels, or targets (CE: distributions over classes). Labels that are text count in
        sorted order, which a warning tells; see `encode_labels`.
    loss : {"ce", "mse"}
    dtype : {"float64", "float32"}
        See `layer_hessian`.
    chunk_size : int
        How many numbers a temporary array may hold; samples go through in chunks.

    Returns
    -------
    scipy.sparse.linalg.LinearOperator, shape (P, P)
        Symmetric, with matvec and matmat.

    Raises
    ------
    ValueError
        On bad inputs, labels, loss, dtype or chunk size; see `layer_hessian`.

    Examples
    --------
    >>> from rmt_hessian.model.networks import Network
    >>> net = Network([[[1.0]], [[2.0]]])
    >>> full_hessian_operator(net, [[1.0]], [[0.0]], "mse") @ np.eye(2)
    array([[4., 4.],
           [4., 1.]])
    """
    loss = get_loss(loss, instance_of(net, Network, "net").widths[-1])
    dtype = real_dtype(dtype)
    chunk_size = positive_integer(chunk_size, "chunk_size")
    forward = net.forward(X)
    y = check_targets(y, forward.features[0].shape[0], net.widths[-1], loss)
    layers = layers_from_pass(net, forward, loss, range(net.n_layers), dtype, chunk_size)
    weights = [W.astype(dtype, copy=False) for W in net.weights]
    product = _Product(layers, weights, forward.masks, y, loss, chunk_size).matmat
    return SymmetricOperator(product, sum(W.size for W in weights), dtype)


@dataclass(frozen=True, eq=False)
class _Product:
    """The factors of `full_hessian_operator`."""

    layers: list
    weights: list
    masks: tuple
    y: np.ndarray
    loss: object
    chunk_size: int

    def matmat(self, v):
        """``H v``, (P, q) -> (P, q), in chunks of samples."""
        ends = np.cumsum([W.size for W in self.weights])[:-1]
        q = v.shape[1]
        if q == 0:
            return np.empty(v.shape, self.weights[0].dtype)
        directions = [
            np.ascontiguousarray(part.T, W.dtype).reshape(q, *W.shape)
            for part, W in zip(np.split(v, ends), self.weights, strict=True)
        ]
        sums = [np.zeros_like(U) for U in directions]
        n_samples = self.layers[0].n_samples
        widest = max(max(W.shape) for W in self.weights)
        for samples in slices(n_samples, self.chunk_size // (q * widest)):
            self._add(sums, directions, samples)
        return np.concatenate([s.reshape(q, -1).T for s in sums]) / n_samples

    def _add(self, sums, directions, samples):
        """Add the samples' products to ``sums``, for each layer (q, k, p)."""
        features = [layer.features[samples] for layer in self.layers]
        masks = [mask[samples] for mask in self.masks]
        tangents = _push(features, masks, self.weights, directions)
        logits = features[-1] @ self.weights[-1].T
        delta = self.loss.residual(logits, self.y[samples]).astype(logits.dtype, copy=False)
        delta = delta[:, None]
        moved = self.layers[-1].output_hessians.curvature.apply(tangents[-1], samples)
        for l in reversed(range(len(self.weights))):
            U, z_moved = directions[l], tangents[l]
            q, k, p = U.shape
            add_product(sums[l].reshape(q * k, p), moved.reshape(-1, q * k), features[l])
            if l == 0:
                break
            sums[l] += (delta[:, 0].T @ z_moved.reshape(-1, q * p)).reshape(k, q, p).swapaxes(0, 1)
            U_moves = delta[:, 0] @ U.swapaxes(0, 1).reshape(k, q * p)
            moved = times(moved, self.weights[l]) + U_moves.reshape(-1, q, p)
            delta = times(delta, self.weights[l])
            apply_mask(moved, masks[l - 1])
            apply_mask(delta, masks[l - 1])


def _push(features, masks, weights, directions):
    """``ż_1 … ż_L`` at places 1 … L, then ``ȧ_L``, the motion of the logits; each (n, q, width)."""
    tangents = [None]
    for l, U in enumerate(directions):
        q, k, p = U.shape
        moved = (features[l] @ U.reshape(q * k, p).T).reshape(-1, q, k)
        if l > 0:
            moved += times(tangents[l], weights[l].T)
        if l < len(masks):
            apply_mask(moved, masks[l])
        tangents.append(moved)
    return tangents
