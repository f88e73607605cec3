"""Inputs and targets of a model as tensors, and cut into batches."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from rmt_hessian._checks.arguments import describe, positive_integer, to_numpy
from rmt_hessian._threads import slices
from rmt_hessian.autograd.evaluation import DOUBLE, plainly
from rmt_hessian.model.torch_import import torch_package


class Batches:
    """What a model takes, in batches of its first axis.

    Parameters
    ----------
    inputs : array_like, tuple or mapping
        An array or tensor; several, in order or by name.
    batch_size : int or None
        None for all.
    dtype : numpy.dtype
        Of what has fractions.

    Attributes
    ----------
    inputs : torch.Tensor, tuple or dict
        All, see `tensors`.
    n_inputs : int
    parts : list of slice
        The inputs of each batch.
    """

    def __init__(self, inputs: Any, batch_size: int | None, dtype: np.dtype[Any] = DOUBLE) -> None:
        torch = torch_package()
        self.dtype = dtype
        self.inputs = self.tensors(inputs, "inputs")
        arrays: list[Any] = []
        _each(arrays.append, self.inputs)
        lengths = [len(x) for x in arrays if isinstance(x, torch.Tensor) and x.ndim]
        if not lengths or lengths[0] == 0:
            raise ValueError(
                f"inputs must have an axis of samples first, got {describe(inputs)} without samples"
            )
        self.n_inputs = lengths[0]
        size = self.n_inputs if batch_size is None else positive_integer(batch_size, "batch_size")
        self.parts = list(slices(self.n_inputs, size))

    def tensors(self, values: Any, name: str) -> Any:
        """Tensors on the CPU, of ``dtype`` where they have fractions; what is no array stays.

        Raises
        ------
        ValueError
            If something is no numbers, None or text, or is not finite.
        """
        return _each(lambda value: _tensor(value, name, self.dtype), values)

    def __len__(self) -> int:
        return len(self.parts)

    def size(self, batch: int) -> int:
        """How many inputs a batch has."""
        return self.parts[batch].stop - self.parts[batch].start

    def cut(self, values: Any, part: slice) -> Any:
        """Some samples of all; what has no axis of samples first stays as it is."""

        def some(value: Any) -> Any:
            has_samples = isinstance(value, torch_package().Tensor) and value.ndim
            return value[part] if has_samples and len(value) == self.n_inputs else value

        return _each(some, values)

    def run(self, model: Any, part: slice) -> Any:
        """What the model makes of some inputs.

        Raises
        ------
        ValueError
            If the model raises.
        """
        inputs = self.cut(self.inputs, part)
        try:
            with plainly(self.dtype):
                if isinstance(inputs, dict):
                    return model(**inputs)
                return model(*inputs) if isinstance(inputs, tuple) else model(inputs)
        except Exception as error:
            said = " ".join(f"{type(error).__name__}: {error}".split())[:200]
            raise ValueError(f"inputs must be what the model takes, got {said}") from error


def _each(function: Callable[[Any], Any], values: Any) -> Any:
    if isinstance(values, Mapping):
        return {name: function(value) for name, value in values.items()}
    return tuple(map(function, values)) if isinstance(values, tuple) else function(values)


def _tensor(value: Any, name: str, dtype: np.dtype[Any]) -> Any:
    torch = torch_package()
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if not isinstance(value, torch.Tensor):
        try:
            value = torch.as_tensor(np.array(to_numpy(value)))
        except (TypeError, ValueError, RuntimeError):
            raise ValueError(f"{name} must be numbers, got {describe(value)}") from None
    value = value.detach().cpu()
    if value.is_complex():
        raise ValueError(f"{name} must be real, got complex numbers")
    if not value.is_floating_point():
        return value
    if not torch.isfinite(value).all():
        raise ValueError(f"{name} must be finite, got an infinite or NaN entry")
    return value.to(getattr(torch, dtype.name))
