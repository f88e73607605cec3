"""The Hessian of the whole network, cross-layer blocks included."""

import numpy as np

from rmt_hessian.hessian.jacobian import ReLUJacobian
from rmt_hessian.hessian.kernels import apply_curvature, apply_mask
from rmt_hessian.hessian.layer import layer_from_pass
from rmt_hessian.model.losses import as_targets, get_loss


def full_hessian(net, X, y, loss):
    """Dense Hessian of the mean loss with respect to all weights.

    Parameters are ordered layer by layer, each weight matrix row-major. Diagonal blocks are the
    layer Hessians. Between layers ``l < k``, with the residual ``r_n = ∂ℓ/∂f``,

    ``(1/N) Σ_n z_{l,a} [ (B_lᵀ A B_k)_ij z_{k,b} + (B_kᵀ r)_j ∂z_{k,b}/∂a_{l,i} ]``

    is entry ((l; i, a), (k; j, b)), where ``a_l`` is the pre-activation of layer l: the only place
    where labels enter.

    Parameters
    ----------
    net : ReLUNetwork
    X : array_like, shape (N, d)
    y : array_like, shape (N,) or (N, C)
        Integer labels, or targets (CE: distributions over classes).
    loss : {"ce", "mse"}

    Returns
    -------
    numpy.ndarray, shape (P, P)
        ``P`` is the number of weights; memory is 8 P² bytes.

    Raises
    ------
    ValueError
        On bad inputs, labels or loss; see `layer_hessian` and `as_targets`.

    Examples
    --------
    >>> from rmt_hessian.model.networks import ReLUNetwork
    >>> net = ReLUNetwork([[[1.0]], [[2.0]]])
    >>> full_hessian(net, [[1.0]], [[0.0]], "mse")
    array([[4., 4.],
           [4., 1.]])
    """
    loss = get_loss(loss, net.widths[-1])
    forward = net.forward(X)
    targets = as_targets(y, *forward.logits.shape, loss)
    residual = loss.residual(forward.logits, targets)
    layers = [layer_from_pass(net, forward, l, loss) for l in range(net.n_layers)]
    ends = np.cumsum([W.size for W in net.weights])
    place = [slice(end - W.size, end) for end, W in zip(ends, net.weights, strict=True)]
    H = np.empty((ends[-1], ends[-1]))
    for l, lower in enumerate(layers):
        H[place[l], place[l]] = lower.to_dense()
        for k in range(l + 1, net.n_layers):
            cross = _cross_block(net, forward, lower, layers[k], (l, k), residual)
            H[place[l], place[k]] = cross
            H[place[k], place[l]] = cross.T
    return H


def _cross_block(net, forward, lower, upper, pair, residual):
    """Block between the layers ``pair = (l, k)``, shape (k_l p_l, k_k p_k)."""
    l, k = pair
    A = lower.curvature
    back_residual = upper.jacobian.pull(residual)  # B_kᵀ r, (N, k_k)
    out = np.empty((lower.n_blocks, lower.block_size, upper.n_blocks, upper.block_size))
    for i in range(lower.n_blocks):
        # row i of B_lᵀ A B_k, one column per unit of the upper layer
        tangent = lower.jacobian.push_unit(i)
        tangent = apply_curvature(tangent, A.diagonal, A.rank_one, A.reference)
        row = upper.jacobian.pull(tangent)
        sensitivity = _feature_sensitivity(net, forward, (l, k), i)
        for j in range(upper.n_blocks):
            right = row[:, j, None] * upper.features + back_residual[:, j, None] * sensitivity
            out[i, :, j, :] = lower.features.T @ right
    return out.reshape(lower.shape[0], upper.shape[0]) / lower.n_samples


def _feature_sensitivity(net, forward, pair, i):
    """``∂z_k/∂a_{l,i}``, shape (N, p_k): ``D_{k-1} W_{k-1} … W_{l+1} D_l e_i``."""
    l, k = pair
    if k == l + 1:
        unit = np.zeros(forward.masks[l].shape)
        unit[:, i] = 1.0
        return apply_mask(unit, forward.masks[l])
    between = tuple(zip(forward.masks[l : k - 1], net.weights[l + 1 : k], strict=True))
    return apply_mask(ReLUJacobian(between).push_unit(i), forward.masks[k - 1])
