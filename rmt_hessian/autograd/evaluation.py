"""A model made ready: a copy in one precision, in evaluation, differentiated twice."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from rmt_hessian._checks.arguments import describe
from rmt_hessian.model.torch_import import torch_package

DOUBLE = np.dtype(np.float64)


def evaluation_copy(model: Any, dtype: np.dtype[Any] = DOUBLE) -> Any:
    """The model in one precision on the CPU, no parameter of which asks for a gradient.

    Raises
    ------
    ValueError
        If it is no module, or samples would not pass it alone and always alike.
    """
    torch = torch_package()
    if not isinstance(model, torch.nn.Module) or isinstance(model, torch.jit.ScriptModule):
        raise ValueError(f"model must be a torch.nn.Module, got {describe(model)}")
    for name, part in model.named_modules():
        refuse_training(part, name)
    lazy = (torch.nn.parameter.UninitializedParameter, torch.nn.parameter.UninitializedBuffer)
    if any(isinstance(p, lazy) for p in (*model.parameters(), *model.buffers())):
        raise ValueError("model must have seen an input, got one with parameters without a shape")
    try:
        copied = copy.deepcopy(model)
    except (RuntimeError, TypeError) as error:  # weights that are no leaves, handles of the system
        said = " ".join(str(error).split())[:120]
        raise ValueError(f"model must be one that copy.deepcopy takes, got {said}") from error
    return copied.to("cpu", getattr(torch, dtype.name)).requires_grad_(False)


def refuse_training(part: Any, name: str) -> None:
    """Raise ValueError if a part of a model mixes samples, or draws random numbers."""
    modules = torch_package().nn.modules
    called = f"{type(part).__name__} {name!r}" if name else type(part).__name__
    normalises = isinstance(part, modules.batchnorm._BatchNorm)
    dropout = part.p if isinstance(part, modules.dropout._DropoutNd) else None
    if dropout is None:
        dropout = getattr(part, "dropout", 0)
    if part.training and (normalises or (isinstance(dropout, int | float) and dropout > 0)):
        raise ValueError(f"model must be in evaluation, model.eval(), got {called} in training")
    if normalises and part.running_mean is None:
        raise ValueError(
            f"model must let samples pass alone, got {called} without running statistics"
        )


def name_of(model: Any, module: Any) -> str:
    """Where in the model a module is, by itself or by its name.

    Raises
    ------
    ValueError
        If it is not there.
    """
    parts = dict(model.named_modules())
    if isinstance(module, str):
        if module in parts:
            return module
        raise ValueError(f"module must be one of the model's, got the name {module!r}")
    for name, part in parts.items():
        if part is module:
            return name
    raise ValueError(f"module must be one of the model's, or its name, got {describe(module)}")


@contextmanager
def plainly(dtype: np.dtype[Any]) -> Iterator[None]:
    """Where attention is computed by what has a second derivative, without its short cut.

    Numbers that a model makes on its way, masks or scales, are of the precision of its copy.
    """
    torch = torch_package()
    attention, fast = torch.nn.attention, torch.backends.mha.get_fastpath_enabled()
    own = torch.get_default_dtype()
    torch.backends.mha.set_fastpath_enabled(False)
    torch.set_default_dtype(getattr(torch, dtype.name))
    try:
        with attention.sdpa_kernel(attention.SDPBackend.MATH):
            yield
    finally:
        torch.set_default_dtype(own)
        torch.backends.mha.set_fastpath_enabled(fast)
