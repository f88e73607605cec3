"""Kronecker factors of a convolution.

With the patches ``z_nt`` that a convolution sees at the positions t of its output, and ``M_n,ts``
the second derivatives of the loss of a sample between its outputs at t and at s, k × k,

    ``H = (1/N) Σ_n Σ_ts M_n,ts ⊗ z_nt z_nsᵀ``.

References
----------
``docs/computation.md`` §6; Grosse and Martens (2016).
"""

from __future__ import annotations

from typing import Any, Literal

from rmt_hessian._checks.arguments import describe, one_of
from rmt_hessian.autograd.batches import Batches
from rmt_hessian.autograd.evaluation import evaluation_copy, name_of
from rmt_hessian.autograd.mean_loss import MeanLoss
from rmt_hessian.autograd.rows import Cut
from rmt_hessian.kronecker_product import KroneckerProduct
from rmt_hessian.model.torch_import import torch_package

Patches = Literal["each", "mean"]


def convolution_factors(
    model: Any,
    module: Any,
    inputs: Any,
    targets: Any,
    loss: Any = "ce",
    *,
    patches: Patches = "each",
    batch_size: int | None = None,
) -> KroneckerProduct:
    """``E[Σ_ts M_ts] ⊗ E[z zᵀ]``, the Kronecker approximation of the Hessian of a convolution.

    The output Hessian, summed over pairs of positions, is the Hessian with respect to what is
    added to a channel everywhere, its bias. With it stands the autocorrelation of the patches, of
    each position or of their mean over positions: for ``M_n,ts`` the same for all pairs of
    positions the second is what decoupling leaves. One position is a linear layer, where both are
    `kronecker_approximation`. (To take M for 0 between different positions, as Kronecker-factored
    preconditioners do, is another approximation.)

    Parameters
    ----------
    model, inputs, targets, loss, batch_size
        As of `torch_layer`.
    module : torch.nn.Conv1d, Conv2d or Conv3d, or str
        Of the model, of one group, called once.
    patches : {"each", "mean"}
        ``E[z zᵀ]`` over samples and positions, or of ``z̄_n``, the mean over positions.

    Returns
    -------
    KroneckerProduct
        ``left`` (k, k), the channels, and ``right`` (p, p), p the entries of a patch in the order
        of the weights: rows are those of `torch_operator`.

    Raises
    ------
    ImportError
        If torch, of the extra ``torch`` of this package, is not installed.
    ValueError
        If the module is no such convolution, or another argument is not as above.

    References
    ----------
    ``docs/computation.md`` §6; [W], convolutions; Grosse and Martens (2016), the other one.

    Examples
    --------
    >>> import pytest
    >>> nn = pytest.importorskip("torch").nn
    >>> model = nn.Sequential(nn.Conv1d(1, 2, 3), nn.ReLU(), nn.Flatten(), nn.Linear(6, 2)).eval()
    >>> convolution_factors(model, "0", [[[0.0, 1.0, 0.5, 0.2, 0.1]]], [1])
    KroneckerProduct((2, 2) ⊗ (3, 3))
    """
    torch = torch_package()
    nn = torch.nn
    one_of(patches, ("each", "mean"), "patches")
    copied = evaluation_copy(model)
    conv = copied.get_submodule(name_of(model, module))
    if not isinstance(conv, nn.Conv1d | nn.Conv2d | nn.Conv3d) or conv.groups != 1:
        raise ValueError(f"module must be a convolution of one group, got {describe(conv)}")
    batches = Batches(inputs, batch_size)
    mean = MeanLoss(copied, batches, targets, loss, {})
    k = conv.out_channels
    left = torch.zeros(k, k, dtype=torch.float64)
    p = conv.weight[0].numel()
    right = torch.zeros(p, p, dtype=torch.float64)
    for batch in range(len(batches)):
        cut = Cut()
        with torch.enable_grad(), cut.at(conv):
            value = mean(batch)
            if cut.calls != 1 or not value.requires_grad:
                raise ValueError(
                    f"module must be called once, and matter to the loss, got {cut.calls} calls"
                )
            (g,) = torch.autograd.grad(value, cut.a, create_graph=True)
            left += _summed_over_positions(g, cut.a)
        z = patches_of(conv, cut.z)  # (n, positions, p)
        z = z.mean(1) if patches == "mean" else z.reshape(-1, p) / z.shape[1] ** 0.5
        right += z.T @ z / batches.n_inputs
    return KroneckerProduct(((left + left.T) / 2).numpy(), right.numpy())


def _summed_over_positions(g: Any, a: Any) -> Any:
    """Second derivatives along moves of a whole channel, (k, k)."""
    torch = torch_package()
    k = a.shape[1]
    rows = torch.zeros(k, k, dtype=a.dtype)
    if g.requires_grad:
        for channel in range(k):
            v = torch.zeros_like(a)
            v[:, channel] = 1.0
            (h,) = torch.autograd.grad(g, a, v, retain_graph=True, materialize_grads=True)
            rows[channel] = h.transpose(0, 1).reshape(k, -1).sum(1)
    return rows


def patches_of(conv: Any, x: Any) -> Any:
    """What a convolution multiplies by its weights, (n, positions, p), of inputs (n, c, …)."""
    torch = torch_package()
    mode = "constant" if conv.padding_mode == "zeros" else conv.padding_mode
    x = torch.nn.functional.pad(x, conv._reversed_padding_repeated_twice, mode=mode)
    spatial = len(conv.kernel_size)
    for axis, size, step, gap in zip(
        range(2, 2 + spatial), conv.kernel_size, conv.stride, conv.dilation, strict=True
    ):
        x = x.unfold(axis, gap * (size - 1) + 1, step)[..., ::gap]
    # (n, c, positions …, kernel …) -> (n, positions …, c, kernel …)
    order = [0, *range(2, 2 + spatial), 1, *range(2 + spatial, 2 + 2 * spatial)]
    x = x.permute(order)
    return x.reshape(len(x), -1, conv.weight[0].numel())
