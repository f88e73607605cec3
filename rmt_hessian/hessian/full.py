"""The dense Hessian of the whole network, cross-layer blocks included."""

import numpy as np

from rmt_hessian._threads import A_WRITE, parallel_map, shares
from rmt_hessian._validation import instance_of
from rmt_hessian.hessian.assembly import fill_dense
from rmt_hessian.hessian.kernels import apply_mask, masked_rows, pack_cross, transpose_into
from rmt_hessian.hessian.layer import layers_from_pass
from rmt_hessian.hessian.output_hessians import times
from rmt_hessian.model.losses import check_targets, get_loss
from rmt_hessian.model.networks import Network


def full_hessian(net, X, y, loss):
    """Dense Hessian of the mean loss with respect to all weights.

    Parameters are ordered layer by layer, each weight matrix row-major. Diagonal blocks are the
    layer Hessians. Between layers ``l < k``, with the residual ``r_n = ∂ℓ/∂f``,

    ``(1/N) Σ_n z_{l,a} [ (B_lᵀ A B_k)_ij z_{k,b} + (B_kᵀ r)_j ∂z_{k,b}/∂a_{l,i} ]``

    is entry ((l; i, a), (k; j, b)), where ``a_l`` is the pre-activation of layer l: the only place
    where labels enter.

    Parameters
    ----------
    net : Network
    X : array_like, shape (N, d)
    y : array_like, shape (N,) or (N, C)
        Integer labels, or targets (CE: distributions over classes). Labels that are text count in
        sorted order, which a warning tells; see `encode_labels`.
    loss : {"ce", "mse"}

    Returns
    -------
    numpy.ndarray, shape (P, P)
        ``P`` is the number of weights; memory is 8 P² bytes. Where that is too much, see
        `full_hessian_operator`.

    Raises
    ------
    ValueError
        On bad inputs, labels or loss; see `layer_hessian` and `check_targets`.

    Examples
    --------
    >>> from rmt_hessian.model.networks import Network
    >>> net = Network([[[1.0]], [[2.0]]])
    >>> full_hessian(net, [[1.0]], [[0.0]], "mse")
    array([[4., 4.],
           [4., 1.]])
    """
    loss = get_loss(loss, instance_of(net, Network, "net").widths[-1])
    forward = net.forward(X)
    y = check_targets(y, forward.features[0].shape[0], net.widths[-1], loss)
    residual = loss.residual(forward.logits, y)
    layers = layers_from_pass(net, forward, loss, range(net.n_layers))
    ends = np.cumsum([W.size for W in net.weights])
    place = [slice(end - W.size, end) for end, W in zip(ends, net.weights, strict=True)]
    H = np.empty((ends[-1], ends[-1]))
    for l, lower in enumerate(layers):
        fill_dense(H[place[l], place[l]], lower)
        for k in range(l + 1, net.n_layers):
            cross, mirror = H[place[k], place[l]], H[place[l], place[k]]
            _fill_cross(cross, net, forward, lower, layers[k], (l, k), residual)
            parallel_map(
                lambda rows, cross=cross, mirror=mirror: transpose_into(
                    mirror, cross, rows.start, rows.stop
                ),
                shares(cross.shape[0], A_WRITE * cross.shape[1]),
            )
    return H


def _fill_cross(out, net, forward, lower, upper, pair, residual):
    """Write the block between the layers ``pair = (l, k)`` to ``out``, (k_k p_k, k_l p_l).

    For unit i of layer l, ``Σ_n [R_nj z_nb + r_nj s_nb] z_{l,n}``, with ``R = (B_lᵀ A B_k)_i``,
    ``r = B_kᵀ ∂ℓ/∂f`` over the units j and ``z = z_k``, ``s = ∂z_k/∂a_{l,i}`` over the features b
    of layer k: a product for each of the fewer of j and b, of the rows that are not zero.
    """
    blocks = out.reshape(upper.n_blocks, upper.block_size, lower.n_blocks, lower.block_size)
    r = upper.output_hessians.pull(residual[:, None])[:, 0]
    curvature = lower.output_hessians.curvature
    by_features = upper.block_size <= upper.n_blocks
    blocks = blocks.swapaxes(0, 1) if by_features else blocks  # the fewer first

    def fill(units):
        for i in units:
            fill_unit(i)

    def fill_unit(i):
        row = curvature.apply(lower.output_hessians.unit_tangents([i]))
        units = upper.output_hessians.pull(row)[:, 0], r
        features = upper.features, _feature_sensitivity(net, forward, pair, i)
        few, many = (features, units) if by_features else (units, features)
        active = forward.masks[pair[0]][:, i]
        most = np.count_nonzero(active)
        left, right = (np.empty((most, A.shape[1])) for A in (lower.features, many[0]))
        for c in range(few[0].shape[1]):
            s, t = few[0][:, c] / lower.n_samples, few[1][:, c] / lower.n_samples
            kept = pack_cross(active, lower.features, s, many[0], t, many[1], left, right)
            np.matmul(right[:kept].T, left[:kept], out=blocks[c, :, i])

    parallel_map(fill, shares(lower.n_blocks, lower.n_samples * lower.block_size * upper.shape[0]))


def _feature_sensitivity(net, forward, pair, i):
    """``∂z_k/∂a_{l,i}``, shape (N, p_k): ``D_{k-1} W_{k-1} … W_{l+1} D_l e_i``."""
    l, k = pair
    mask = forward.masks[l]
    if k == l + 1:
        unit = np.zeros(mask.shape)
        unit[:, i] = mask[:, i]
        return unit
    W = net.weights[l + 1]
    tangent = np.empty((len(mask), 1, len(W)))
    masked_rows(mask[:, [i]], np.ascontiguousarray(W[:, [i]].T), tangent)
    for hidden in range(l + 1, k - 1):
        apply_mask(tangent, forward.masks[hidden])
        tangent = times(tangent, net.weights[hidden + 1].T)
    apply_mask(tangent, forward.masks[k - 1])
    return tangent[:, 0]
