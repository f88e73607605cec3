"""Products with the Hessian of the whole network, which is never formed.

A direction ``U_0 … U_L`` of the weights moves the forward pass, ``ȧ_l = U_l z_l + W_l ż_l``,
``ż_{l+1} = D_l ȧ_l``, and the backward pass, ``δ̇_L = A_n ȧ_L``, ``δ̇_{l-1} = D_{l-1} (W_lᵀ δ̇_l +
U_lᵀ δ_l) + s_{l-1} ∘ ȧ_{l-1}``, where ``δ_L = ∂ℓ/∂f`` and ``s_l = σ''(a_l) ∘ W_{l+1}ᵀ δ_{l+1}``;
the product is ``(1/N) Σ_n (δ̇_l z_lᵀ + δ_l ż_lᵀ)`` in layer l. A constant feature does not move.

References
----------
``docs/computation.md`` §3; Pearlmutter (1994).
"""

import numpy as np

from rmt_hessian._threads import slices
from rmt_hessian.hessian.gram import add_product
from rmt_hessian.hessian.kernels import apply_slopes
from rmt_hessian.hessian.output_hessians import times


def network_product(H, v):
    """``H v`` of a `NetworkHessian`, (P, q) -> (P, q), in chunks of samples."""
    q = v.shape[1]
    directions = [
        np.ascontiguousarray(v[place].T, H.dtype).reshape(q, layer.n_blocks, layer.block_size)
        for place, layer in zip(H.places, H.layers, strict=True)
    ]
    sums = [np.zeros_like(U) for U in directions]
    widest = max(max(W.shape) for W in H.weights)
    for samples in slices(H.n_samples, H.chunk_size // (q * widest)):
        _add_samples(sums, H, directions, samples)
    return np.concatenate([s.reshape(q, -1).T for s in sums]) / H.n_samples


def _add_samples(sums, H, directions, samples):
    """Add the samples' products to ``sums``, for each layer (q, k, p)."""
    features = [layer.features[samples] for layer in H.layers]
    slopes = [D[samples] for D in H.slopes]
    bends = [layer.output_hessians.bends for layer in H.layers[:-1]]
    moved_features, preactivations = _forward(features, slopes, bends, H.weights, directions)
    delta = H.residual(samples)[:, None]
    moved = H.layers[-1].output_hessians.apply(preactivations[-1], samples)
    for l in reversed(range(H.n_layers)):
        U, W, z_moved = directions[l], H.weights[l], moved_features[l]
        q, k, p = U.shape
        add_product(sums[l].reshape(q * k, p), moved.reshape(-1, q * k), features[l])
        if l == 0:  # the inputs do not move
            break
        p = W.shape[1]  # without the constant feature
        of_moved_features = delta[:, 0].T @ z_moved.reshape(-1, q * p)
        sums[l][:, :, :p] += of_moved_features.reshape(k, q, p).swapaxes(0, 1)
        U_moves = delta[:, 0] @ U[:, :, :p].swapaxes(0, 1).reshape(k, q * p)
        moved = times(moved, W) + U_moves.reshape(-1, q, p)
        delta = times(delta, W)
        apply_slopes(moved, slopes[l - 1])
        apply_slopes(delta, slopes[l - 1])
        if bends[l - 1] is not None:
            moved += bends[l - 1][samples][:, None] * preactivations[l - 1]


def _forward(features, slopes, bends, weights, directions):
    """``ż_l``, None for the inputs, and ``ȧ_l`` where σ'' or the loss needs it: (n, q, width)."""
    moved_features, preactivations = [None], []
    for l, U in enumerate(directions):
        q, k, p = U.shape
        moved = (features[l] @ U.reshape(q * k, p).T).reshape(-1, q, k)
        if l > 0:
            moved += times(moved_features[l], weights[l].T)
        preactivations.append(moved)
        if l < len(slopes):
            kept = moved if bends[l] is None else moved.copy()
            apply_slopes(kept, slopes[l])
            moved_features.append(kept)
    return moved_features, preactivations
