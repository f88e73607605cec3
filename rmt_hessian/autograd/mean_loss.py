"""The mean loss of a model over samples, in batches.

References
----------
Definition.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from rmt_hessian._checks.arguments import describe, refuse_given, to_numpy
from rmt_hessian._checks.arrays import refuse_masked
from rmt_hessian.autograd.batches import Batches
from rmt_hessian.model.losses import get_loss
from rmt_hessian.model.sample_weights import CountedSamples, counted_samples
from rmt_hessian.model.torch_import import torch_package

Part = Callable[[int, Any], Any]  # of L, from a batch and what the model makes of it


class MeanLoss:
    """``L = Σ_b L_b``, a part for each batch of inputs.

    Parameters
    ----------
    model : torch.nn.Module
        As `evaluation_copy` makes it.
    batches : Batches
    targets : object
        For a loss by name labels or values, with samples, and positions, first.
    loss : {"ce", "mse"} or callable
        Of the outputs and targets of a batch: losses, whose mean over all batches is L, or a
        number, which counts as the mean over the inputs of the batch.
    weights : mapping
        ``sample_weight``, ``class_weight`` and ``ignore_index``, for a loss by name.

    Attributes
    ----------
    counted : CountedSamples or None
        Which outputs count, and how much; None where the loss is a function.
    n_outputs : list of int
        Of each batch, where the loss has a name.

    Raises
    ------
    ValueError
        If outputs, targets or losses are not as above, or not the same twice.
    """

    def __init__(
        self, model: Any, batches: Batches, targets: Any, loss: Any, weights: Mapping[str, Any]
    ) -> None:
        self.model, self.batches = model, batches
        self.counted: CountedSamples | None = None
        self.n_outputs: list[int] = []
        with torch_package().no_grad():
            if callable(loss):
                for name, value in weights.items():
                    refuse_given(value, name, "a loss that is a function")
                self._part = self._of_function(loss, batches.tensors(targets, "targets"))
            else:
                self._part = self._of_name(loss, targets, dict(weights))
            self._require_equal(self(0).item(), self(0).item(), "the same loss twice")

    def __call__(self, batch: int) -> Any:
        """``L_b``, a tensor without axes."""
        return self._part(batch, self._run(batch))

    def _run(self, batch: int) -> Any:
        return self.batches.run(self.model, self.batches.parts[batch])

    # --- by name ----------------------------------------------------------------------------

    def _of_name(self, loss: Any, targets: Any, weights: dict[str, Any]) -> Part:
        shapes: list[tuple[int, ...]] = []
        for batch in range(len(self.batches)):
            shapes.append(tuple(_logits(self._run(batch)).shape))
            if shapes[-1][0] != self.batches.size(batch) or shapes[-1][1:] != shapes[0][1:]:
                wanted = f"({self.batches.size(batch)}, …, C), samples first and classes last"
                raise ValueError(f"model must return {wanted}, got {shapes[-1]}")
        C, shape = shapes[0][-1], (self.batches.n_inputs, *shapes[0][1:-1])
        self.n_outputs = [int(np.prod(of_batch[:-1])) for of_batch in shapes]
        checked, name = get_loss(loss, C), "sample_weight"
        if targets is None:
            raise ValueError("targets must be given with a loss by name, got None")
        if weights.get(name) is not None:
            weights[name] = _flat(weights[name], name, shape)
        self.counted = counted_samples(
            sum(self.n_outputs),
            C,
            checked,
            _flat(targets, "targets", shape, C),
            with_targets=True,
            **weights,
        )
        return self._of_logits(checked.name, self.counted)

    def _of_logits(self, name: str, counted: CountedSamples) -> Part:
        """A sum over the outputs of the batch that count, over the number of all that do."""
        starts = np.cumsum([0, *self.n_outputs])
        kept = np.arange(starts[-1])[counted.kept]
        places = np.searchsorted(kept, starts)
        targets, omega = self.batches.tensors((counted.targets, counted.weights), "targets")

        def part(batch: int, outputs: Any) -> Any:
            logits, mine = _logits(outputs), slice(places[batch], places[batch + 1])
            f = logits.reshape(-1, logits.shape[-1])[kept[mine] - starts[batch]]
            values = _values(name, f, targets[mine])
            return (values if omega is None else values * omega[mine]).sum() / kept.size

        return part

    # --- a function -------------------------------------------------------------------------

    def _of_function(self, loss: Callable[..., Any], targets: Any) -> Part:
        torch, batches = torch_package(), self.batches

        def value(part: slice, outputs: Any) -> Any:
            found = loss(outputs, batches.cut(targets, part))
            if not isinstance(found, torch.Tensor) or not found.is_floating_point():
                raise ValueError(f"loss must return a tensor of numbers, got {describe(found)}")
            return found

        def whole(part: slice) -> Any:
            return value(part, batches.run(self.model, part))

        found = [whole(part) for part in batches.parts]
        if found[0].ndim:
            total = sum(values.numel() for values in found)
            return lambda batch, outputs: value(batches.parts[batch], outputs).sum() / total
        if len(batches) > 1:
            both, sizes = slice(0, batches.parts[1].stop), (batches.size(0), batches.size(1))
            mean = sum(n * f.item() for n, f in zip(sizes, found, strict=False)) / both.stop
            wanted = "losses, or a number that is the mean over the inputs of a batch"
            self._require_equal(mean, whole(both).item(), wanted)
        return lambda batch, outputs: (
            value(batches.parts[batch], outputs) * (batches.size(batch) / batches.n_inputs)
        )

    def _require_equal(self, a: float, b: float, wanted: str) -> None:
        if not (np.isfinite(a) and np.isfinite(b)):
            raise ValueError(f"loss must be finite, got {a} and {b}")
        if abs(a - b) > np.sqrt(np.finfo(self.batches.dtype).eps) * max(abs(a), abs(b)):
            raise ValueError(f"loss must be {wanted}, got {a:.9g} and {b:.9g}")


def _values(name: str, f: Any, y: Any) -> Any:
    """``ℓ = log Σ_c exp f_c - Σ_c y_c f_c``, or ``½ ‖f - y‖²``, of labels or values y."""
    torch = torch_package()
    if name == "ce":
        if y.ndim == 1:
            return torch.nn.functional.cross_entropy(f, y, reduction="none")
        return torch.logsumexp(f, 1) - (y * f).sum(1)
    values = torch.nn.functional.one_hot(y, f.shape[1]) if y.ndim == 1 else y
    return (f - values).square().sum(1) / 2


def _logits(outputs: Any) -> Any:
    """The logits among what a model returns."""
    outputs = getattr(outputs, "logits", outputs)
    if isinstance(outputs, torch_package().Tensor) and outputs.ndim >= 2:
        return outputs
    raise ValueError(
        "model must return logits, samples first and classes last, for a loss by name "
        f"(a function may take any outputs), got {describe(outputs)}"
    )


def _flat(values: Any, name: str, shape: tuple[int, ...], n_classes: int | None = None) -> Any:
    """Values of all outputs along one axis, (N,) or (N, C)."""
    refuse_masked(values, name)
    try:
        array = np.asarray(to_numpy(values))
    except (TypeError, ValueError):  # rows of different lengths
        array = None
    if array is not None and array.shape == shape:
        return array.reshape(-1)
    if array is not None and n_classes is not None and array.shape == (*shape, n_classes):
        return array.reshape(-1, n_classes)
    wanted = f"{shape}" if n_classes is None else f"{shape} or {(*shape, n_classes)}"
    got = describe(values) if array is None else array.shape
    raise ValueError(f"{name} must have shape {wanted}, got {got}")
