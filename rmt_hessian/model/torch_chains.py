"""Fully connected networks of PyTorch, as weights, biases and activations.

The graph of a module must be a chain of steps, each on the result of the one before. In evaluation
a BatchNorm is affine, ``s ∘ z + t`` with ``s = γ/√(var + ε)`` and ``t = β - s ∘ mean``, and is
folded into a Linear: into the one just before it, ``W' = diag(s) W`` and ``b' = s ∘ b + t``, else
into the next, ``W' = W diag(s)`` and ``b' = b + W t``.

References
----------
BatchNorm: Ioffe and Szegedy, arXiv 1502.03167.
"""

from __future__ import annotations

import copy
from typing import Any

import numpy as np

from rmt_hessian._checks.arguments import describe
from rmt_hessian._types import FloatArray
from rmt_hessian.activations import Activation, get_activation, leaky_relu_of
from rmt_hessian.model.torch_import import torch_package
from rmt_hessian.model.torch_steps import Step, called, one_line, steps_of

ROUNDING = 1e-9  # of the logits in float64, relative to the largest
N_TRIED = 7  # inputs at which the module and the network are compared


class TorchChain:
    """A module as the layers of a network.

    Attributes
    ----------
    weights, biases : list of numpy.ndarray
        Folded; None for a layer without bias.
    activations : list of Activation
        Of the hidden layers; the identity between two Linears in a row.

    Raises
    ------
    ImportError
        If torch is not installed.
    ValueError
        If the module is no chain, or has a step that is not covered.
    """

    def __init__(self, module: Any) -> None:
        torch = torch_package()
        if not isinstance(module, torch.nn.Module):
            raise ValueError(f"module must be a torch.nn.Module, got {describe(module)}")
        _refuse_lazy_or_hooked(torch, module)
        self._model = _in_float64(module)
        self._steps = steps_of(torch, self._model)
        sizes = [step.module.in_features for step in self._steps if step.kind == "Linear"]
        if not sizes:
            raise ValueError(f"module must have a Linear, got {describe(module)} without")
        self.inputs = np.random.default_rng(0).standard_normal((N_TRIED, sizes[0]))
        self.logits = self._computed(torch)
        self.weights: list[Any] = []
        self.biases: list[Any] = []
        self.activations: list[Activation] = []
        with torch.no_grad():
            self._fold(torch)
        self.weights = [W.numpy() for W in self.weights]
        self.biases = [b if b is None else b.numpy() for b in self.biases]

    def _computed(self, torch: Any) -> FloatArray:
        """What the module makes of the inputs, in float64."""
        try:
            with torch.no_grad():
                found: FloatArray = self._model(torch.from_numpy(self.inputs)).numpy()
        except Exception as error:  # of torch or of the module, of many kinds
            wanted = f"take rows of {self.inputs.shape[1]} numbers, images flattened"
            raise ValueError(f"module must {wanted}, got {one_line(error)}") from None
        return found

    def refuse_other(self, logits: FloatArray) -> None:
        """Raise if these, of the network at `inputs`, are not what the module computes."""
        largest = np.abs(self.logits).max(initial=0.0)
        same_shape = logits.shape == self.logits.shape
        error = np.abs(logits - self.logits).max() if same_shape else np.inf
        if not error <= ROUNDING * largest:
            wanted = f"be the chain of its steps, to {ROUNDING:g} of the largest logit"
            raise ValueError(f"module must {wanted}, got another function of random inputs")

    def _fold(self, torch: Any) -> None:
        """Go through the steps: Linears are kept, with what is affine between them folded in."""
        used: list[Any] = []
        above: Activation | None = None  # of the last Linear
        scale: Any = None  # of the features, and their shift, up to the next Linear
        shift: Any = None
        for step in self._steps:
            if step.kind == "Linear":
                W, b = step.module.weight, step.module.bias
                if any(one is other for one in (step.module, W, b) for other in used):
                    step.refuse("have weights of its own, got a layer that is there twice")
                used += [part for part in (step.module, W, b) if part is not None]
                W, b = W.detach(), b if b is None else b.detach()
                if scale is not None:
                    b = W @ shift if b is None else b + W @ shift
                    W = W * scale
                if self.weights:
                    self.activations.append(above or get_activation("identity"))
                self.weights.append(W)
                self.biases.append(b)
                above = scale = shift = None
            elif step.kind == "BatchNorm1d":
                s, t = _scale_and_shift(torch, step.module)
                if self.weights and above is None:
                    b = self.biases[-1]
                    self.weights[-1] = s[:, None] * self.weights[-1]
                    self.biases[-1] = t if b is None else s * b + t
                else:
                    scale, shift = (s, t) if scale is None else (s * scale, s * shift + t)
            elif not self.weights or above is not None:
                step.refuse("follow a Linear (or a BatchNorm after one): one activation a layer")
            else:
                above = _activation(step)
        if above is not None:
            last = [step for step in self._steps if step.kind not in ("Linear", "BatchNorm1d")][-1]
            last.refuse(
                "be left out: logits are what the last Linear gives, and the loss has the rest"
            )


def _refuse_lazy_or_hooked(torch: Any, module: Any) -> None:
    for name, part in module.named_modules():
        own = [*part._parameters.values(), *part._buffers.values()]
        if any(torch.nn.parameter.is_lazy(one) for one in own):
            wanted = "have its weights already: call the module on a batch first"
            raise ValueError(f"{called(name, part)} must {wanted}")
        if part._forward_hooks or part._forward_pre_hooks:
            wanted = "have no forward hooks, which may change what it computes: remove them"
            how = "of pruning by torch.nn.utils.prune.remove"
            raise ValueError(f"{called(name, part)} must {wanted}, those {how}")


def _in_float64(module: Any) -> Any:
    """A copy on the CPU, whose float16, bfloat16 and float32 are widened: the same numbers."""
    try:
        return copy.deepcopy(module).cpu().double()
    except Exception as error:
        raise ValueError(f"module must be one that can be copied, got {one_line(error)}") from None


def _activation(step: Step) -> Activation:
    if step.kind == "LeakyReLU":
        return leaky_relu_of(step.module.negative_slope)
    if step.kind == "GELU" and step.module.approximate == "tanh":
        return get_activation("gelu_tanh")
    return get_activation(step.kind.lower())


def _scale_and_shift(torch: Any, norm: Any) -> tuple[Any, Any]:
    """``s`` and ``t`` of a BatchNorm in evaluation."""
    s = 1.0 / torch.sqrt(norm.running_var + norm.eps)
    s = s if norm.weight is None else norm.weight * s
    t = -s * norm.running_mean
    return s, t if norm.bias is None else norm.bias + t
