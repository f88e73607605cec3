"""The Hessian of any weights of any model of PyTorch, by products.

References
----------
``docs/computation.md`` §6.
"""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np
import numpy.typing as npt

from rmt_hessian._checks.arguments import boolean, describe, real_dtype
from rmt_hessian._threads import consecutive_slices
from rmt_hessian._types import Precision, RealArray
from rmt_hessian.autograd.batches import Batches
from rmt_hessian.autograd.evaluation import evaluation_copy, name_of
from rmt_hessian.autograd.mean_loss import MeanLoss
from rmt_hessian.model.torch_import import torch_package
from rmt_hessian.operators import SymmetricOperator


class TorchOperator(SymmetricOperator):
    """The Hessian of some parameters of a model, known by its products.

    Attributes
    ----------
    parameters : dict of str to tuple of int
        Names in the model, in the order of the rows, and shapes: each is flattened row-major.
    places : dict of str to slice
        The rows of each.

    References
    ----------
    ``docs/computation.md`` §6; Pearlmutter (1994).
    """

    def __init__(self, product: Any, parameters: dict[str, tuple[int, ...]]) -> None:
        sizes = [prod(shape) for shape in parameters.values()]
        super().__init__(product, sum(sizes), product.mean.batches.dtype)
        self.parameters = parameters
        self.places = dict(zip(parameters, consecutive_slices(sizes), strict=True))

    def __repr__(self) -> str:
        return f"TorchOperator({self.shape[0]} parameters: {', '.join(self.parameters)})"


def torch_operator(
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
    dtype: Precision = "float64",
) -> TorchOperator:
    """Hessian of the mean loss with respect to the weights of any modules of a model of PyTorch.

    ``H v = ∂/∂θ (v · ∂L/∂θ)`` by automatic differentiation of a copy of the model, on the CPU: a
    SciPy operator, which `top_eigenpairs`, `spectral_density`, `reshape_eigenvectors` and overlaps
    take. Convolutions, attention, normalisation, weights that are used more than once: what can be
    differentiated twice. Where all inputs are one batch the graph of the gradient is kept between
    products: a column takes about the time of one gradient of the model.

    Parameters
    ----------
    model : torch.nn.Module
        In evaluation.
    module : torch.nn.Module, str or list of these
        Of the model, or names there: all their parameters, in the order given, each once. The
        model itself, or "", for all.
    inputs, targets, loss, sample_weight, class_weight, ignore_index, batch_size
        As of `torch_layer`.
    bias : bool
        Whether parameters called ``bias``, or ``…_bias``, are among them.
    dtype : {"float64", "float32"}
        Precision of the model and of products; in float32 relative errors of products are 1e-6
        to 1e-5, in a quarter of the time or less where the model has convolutions.

    Returns
    -------
    TorchOperator

    Raises
    ------
    ImportError
        If torch, of the extra ``torch`` of this package, is not installed.
    ValueError
        If a module is not the model's, there are no weights, the loss does not depend on them, or
        an argument is not as above.

    References
    ----------
    ``docs/computation.md`` §6; Pearlmutter (1994).

    Examples
    --------
    >>> import pytest
    >>> nn = pytest.importorskip("torch").nn
    >>> conv = nn.Conv1d(1, 2, 3)
    >>> model = nn.Sequential(conv, nn.ReLU(), nn.Flatten()).eval()
    >>> H = torch_operator(model, conv, np.ones((4, 1, 5)), np.zeros((4, 6)), "mse")
    >>> H, H.parameters
    (TorchOperator(6 parameters: 0.weight), {'0.weight': (2, 1, 3)})
    """
    dtype = real_dtype(dtype)
    copied = evaluation_copy(model, dtype)
    modules = list(module) if isinstance(module, list | tuple) else [module]
    names = _parameters(copied, [name_of(model, part) for part in modules], boolean(bias, "bias"))
    if not names:
        raise ValueError(f"module must have weights, got {describe(module)}")
    weights = {"sample_weight": sample_weight, "class_weight": class_weight}
    batches = Batches(inputs, batch_size, dtype)
    mean = MeanLoss(copied, batches, targets, loss, weights | {"ignore_index": ignore_index})
    parameters = [copied.get_parameter(name).requires_grad_() for name in names]
    shapes = {name: tuple(theta.shape) for name, theta in zip(names, parameters, strict=True)}
    product = _Products(mean, parameters)
    product.gradient(0)
    return TorchOperator(product, shapes)


def _parameters(model: Any, modules: list[str], bias: bool) -> list[str]:
    """Names of the parameters of modules, each once."""
    names: dict[int, str] = {}
    for module in modules:
        for own, parameter in model.get_submodule(module).named_parameters():
            if bias or not own.rpartition(".")[2].endswith("bias"):
                names.setdefault(id(parameter), f"{module}.{own}" if module else own)
    return list(names.values())


class _Products:
    """``(P, q) -> (P, q)``: the graph of a single batch is kept."""

    def __init__(self, mean: MeanLoss, parameters: list[Any]) -> None:
        self.mean, self.parameters = mean, parameters
        self._kept: Any = None

    def gradient(self, batch: int) -> Any:
        """``∂L_b/∂θ`` along one axis, which can be differentiated again."""
        torch = torch_package()
        if self._kept is not None:
            return self._kept
        with torch.enable_grad():
            loss = self.mean(batch)
            if not loss.requires_grad:
                raise ValueError("loss must depend on the weights of module, got one that does not")
            g = torch.autograd.grad(
                loss, self.parameters, create_graph=True, materialize_grads=True
            )
            g = torch.cat([part.reshape(-1) for part in g])
        if len(self.mean.batches) == 1:
            self._kept = g
        return g

    def __call__(self, v: npt.NDArray[Any]) -> RealArray:
        torch = torch_package()
        result = np.zeros(v.shape, self.mean.batches.dtype)
        for batch in range(len(self.mean.batches)):
            g = self.gradient(batch)
            if not g.requires_grad:  # linear in the weights
                continue
            for q, column in enumerate(np.asarray(v, result.dtype).T):
                parts = torch.autograd.grad(
                    g,
                    self.parameters,
                    torch.as_tensor(np.ascontiguousarray(column)),
                    retain_graph=True,
                    materialize_grads=True,
                )
                result[:, q] += torch.cat([part.reshape(-1) for part in parts]).numpy()
        return result
