"""The Hessian of a linear layer inside any model of PyTorch.

References
----------
``docs/computation.md`` §6.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from rmt_hessian._checks.arguments import boolean, describe, positive_integer
from rmt_hessian._checks.arrays import finite_array
from rmt_hessian._random import random_generator
from rmt_hessian._threads import ALL, CHUNK_SIZE
from rmt_hessian.autograd.batches import Batches
from rmt_hessian.autograd.evaluation import evaluation_copy, name_of
from rmt_hessian.autograd.mean_loss import MeanLoss
from rmt_hessian.autograd.rows import Cut, TorchCurvature
from rmt_hessian.hessian.layer import LayerHessian
from rmt_hessian.hessian.output_hessians import LastLayerOutputHessians
from rmt_hessian.hessian.row_curvature import GivenCurvature
from rmt_hessian.model.torch_import import torch_package

KEPT = 2**27  # numbers of all M_n, 1 GB: more are made anew when they are asked for


def torch_layer(
    model: Any,
    module: Any,
    inputs: Any,
    targets: Any,
    loss: Any = "ce",
    *,
    bias: bool = False,
    sample_weight: npt.ArrayLike | None = None,
    class_weight: npt.ArrayLike | None = None,
    ignore_index: int | None = None,
    batch_size: int | None = None,
    chunk_size: int = CHUNK_SIZE,
) -> LayerHessian:
    """Hessian with respect to the weights of an `nn.Linear` inside any model of PyTorch.

    ``H = (1/N) Σ_n M_n ⊗ z_n z_nᵀ`` with the inputs ``z_n`` that the layer gets, rows of its input
    one after another, and ``M_n = N ∂²L/∂a_n ∂a_n``, k × k, by automatic differentiation of the
    mean loss L at the layer's outputs a: exact whatever is below and above, if no two samples that
    the layer sees interact above it. Then L is a sum over them, and H has no other terms. That it
    is so is seen from second derivatives. In a language model the head and the last block's
    perceptron see each token once, and nothing above them mixes positions: tokens are the samples.

    A copy of the model is differentiated, in float64 on the CPU: k products with the Hessian of a
    batch. ``M_n`` are kept up to 1 GB, and otherwise made anew when asked for.

    Parameters
    ----------
    model : torch.nn.Module
        In evaluation.
    module : torch.nn.Linear or str
        Of the model, or its name there.
    inputs : array_like, tensor, tuple or mapping
        What the model takes, samples first; a tuple of several, or a mapping of their names.
    targets : array_like or tensor
        For a loss by name labels or values, as the model's outputs (N, …, C) have: labels (N, …),
        or (N, …, C). For a function whatever it takes.
    loss : {"ce", "mse"} or callable
        By name as of `layer_hessian`: the mean over all outputs. Or ``loss(outputs, targets)`` of
        a batch: a tensor of losses, whose mean over all batches is L; or a number, which counts as
        the mean over the inputs of the batch.
    bias : bool
        Whether the layer's bias is among the parameters: the constant feature 1, the last.
    sample_weight, class_weight, ignore_index
        Of outputs, for a loss by name; see `layer_hessian`. If the layer sees a sample for each
        output, those left out are no samples of H.
    batch_size : int, optional
        How many inputs are run at once; all by default.
    chunk_size : int
        See `layer_hessian`.

    Returns
    -------
    LayerHessian

    Raises
    ------
    ImportError
        If torch, of the extra ``torch`` of this package, is not installed.
    ValueError
        If the module is no linear layer of the model, is not called once or shares its weights;
        if samples interact above it, or something in training mixes or drops them; or if inputs,
        targets or the loss are not as above.

    References
    ----------
    ``docs/computation.md`` §6; Pearlmutter (1994), for products.

    Examples
    --------
    >>> import pytest
    >>> nn = pytest.importorskip("torch").nn
    >>> model = nn.Sequential(nn.LayerNorm(3), nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 2)).eval()
    >>> torch_layer(model, "1", np.eye(3), [0, 1, 1])
    LayerHessian(4 × 4 blocks of 3 × 3, 3 samples)
    """
    model_copy, layer = _linear_of(model, module)
    batches = Batches(inputs, batch_size)
    weights = {"sample_weight": sample_weight, "class_weight": class_weight}
    seen = _Rows()
    with seen.at(layer):
        mean = MeanLoss(
            model_copy, batches, targets, loss, weights | {"ignore_index": ignore_index}
        )
        features = seen.of_batches(mean, len(batches))
    n_rows = [len(z) for z in features]
    kept, omega = ALL, None
    if mean.counted is not None and n_rows == mean.n_outputs:
        kept, omega = mean.counted.kept, mean.counted.weights
    Z = finite_array(np.concatenate(features), "features of module", ndim=2)[kept]
    if boolean(bias, "bias"):
        if layer.bias is None:
            raise ValueError("bias must be False: module has none, got True")
        Z = np.hstack([Z, np.ones((len(Z), 1))])
    chunk_size = positive_integer(chunk_size, "chunk_size")
    curvature: Any = TorchCurvature(layer, mean, n_rows, kept, chunk_size)
    rng = random_generator(0)  # any will do: two samples that interact cancel with probability 0
    for batch in range(len(batches)):
        curvature.refuse_mixed(batch, rng)
    units = np.arange(curvature.n_classes)
    if len(Z) * units.size**2 <= KEPT:
        M = curvature.rows(units)
        curvature = GivenCurvature((M + M.swapaxes(1, 2)) / 2, chunk_size)
    return LayerHessian(Z, LastLayerOutputHessians(curvature, units), chunk_size, omega)


class _Rows(Cut):
    """A cut that remembers what its module has seen."""

    def of_batches(self, mean: MeanLoss, n_batches: int) -> list[npt.NDArray[Any]]:
        """The features of each batch, (rows, p)."""
        features = []
        for batch in range(n_batches):
            self.calls = 0
            with torch_package().no_grad():
                mean(batch)
            if self.calls != 1:
                how = "not at all (its weights may be used by another)" if not self.calls else ""
                raise ValueError(
                    "module must be called once for each batch, got "
                    f"{how or f'{self.calls} calls'}; torch_operator takes its weights as they are"
                )
            features.append(self.z.reshape(-1, self.z.shape[-1]).numpy().copy())
        return features


def _linear_of(model: Any, module: Any) -> tuple[Any, Any]:
    """A copy of the model, and in it the linear layer."""
    nn = torch_package().nn
    copied = evaluation_copy(model)
    layer = copied.get_submodule(name := name_of(model, module))
    if not isinstance(layer, nn.Linear):
        raise ValueError(
            f"module must be a torch.nn.Linear (torch_operator takes any), got {describe(layer)}"
        )
    others = {
        f"{owner}.{own}" if owner else own
        for owner, part in copied.named_modules()
        for own, parameter in part.named_parameters(recurse=False)
        if parameter is layer.weight
    }
    if len(others) > 1:
        shared = " and ".join(sorted(others))
        raise ValueError(
            f"module must have weights of its own, got {shared}, which are one; to take them as "
            f"two: {name}.weight = torch.nn.Parameter({name}.weight.detach().clone())"
        )
    return copied, layer
