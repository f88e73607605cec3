"""A linear layer inside a model: the samples it sees, and second derivatives at its outputs.

References
----------
``docs/computation.md`` §6.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from rmt_hessian._threads import ALL, CHUNK_SIZE
from rmt_hessian._types import FloatArray, IntArray
from rmt_hessian.autograd.mean_loss import MeanLoss
from rmt_hessian.hessian.row_curvature import RowCurvature
from rmt_hessian.model.torch_import import torch_package

MIXED = 1e-12  # a second derivative between two samples, relative to the largest within one


class Cut:
    """A hook at a module: its inputs are kept, and its outputs ``a`` become variables.

    Attributes
    ----------
    calls : int
    z, a : torch.Tensor
        Inputs and outputs of the last call, in the module's own shapes.
    """

    def __init__(self) -> None:
        self.calls = 0

    def __call__(self, module: Any, args: Any, kwargs: Any, output: Any) -> Any:
        """What PyTorch calls after the module, whose output this replaces."""
        self.calls += 1
        self.z = (args[0] if args else next(iter(kwargs.values()))).detach()
        self.a = output.detach().requires_grad_()
        return self.a.clone()  # what follows may work in place

    @contextmanager
    def at(self, module: Any) -> Iterator[Cut]:
        """While the model runs."""
        handle = module.register_forward_hook(self, with_kwargs=True)
        try:
            yield self
        finally:
            handle.remove()


class TorchCurvature(RowCurvature):
    """``M_n = N ∂²L/∂a_n ∂a_n`` at the outputs of a module, made anew by differentiation.

    Parameters
    ----------
    module : torch.nn.Linear
        Inside the model of the loss.
    loss : MeanLoss
    n_rows : list of int
        Samples that the module sees in each batch.
    kept : slice or numpy.ndarray of int
        Those that count, among all.
    """

    dtype = np.dtype(np.float64)

    def __init__(
        self,
        module: Any,
        loss: MeanLoss,
        n_rows: list[int],
        kept: slice | IntArray,
        chunk_size: int = CHUNK_SIZE,
    ) -> None:
        self.module, self.loss, self.chunk_size = module, loss, chunk_size
        self.starts = np.cumsum([0, *n_rows])
        self.kept = np.arange(self.starts[-1])[kept]
        self.n_samples, self.n_classes = self.kept.size, module.out_features

    # --- derivatives of one batch -----------------------------------------------------------

    def gradient(self, batch: int) -> tuple[Any, Any]:
        """The module's outputs, (…, k), and ``N ∂L_b/∂a``, which can be differentiated again."""
        torch = torch_package()
        cut = Cut()
        with torch.enable_grad(), cut.at(self.module):
            loss = self.loss(batch) * self.n_samples
            if not loss.requires_grad:
                raise ValueError("loss must depend on the outputs of module, got one that does not")
            (g,) = torch.autograd.grad(loss, cut.a, create_graph=True)
        return cut.a, g

    def product(self, a: Any, g: Any, v: Any) -> Any:
        """``Σ_m N ∂²L_b/∂a_n ∂a_m v_m``, shape (rows, k), of v of that shape."""
        torch = torch_package()
        if not g.requires_grad:  # linear
            return torch.zeros_like(v)
        (h,) = torch.autograd.grad(
            g, a, v.reshape(a.shape), retain_graph=True, materialize_grads=True
        )
        return h.reshape(-1, self.n_classes)

    def refuse_mixed(self, batch: int, rng: np.random.Generator) -> None:
        """Raise ValueError where samples interact.

        For every bit of the place of a sample: no second derivative between samples of which one
        has it and the other does not. Two samples differ in one at least. Of those left out also no
        first derivative.
        """
        torch = torch_package()
        a, g = self.gradient(batch)
        n, first = a.numel() // self.n_classes, self.starts[batch]
        out = np.setdiff1d(np.arange(n), self.kept - first)
        slopes = g.detach().reshape(-1, self.n_classes)
        if float(slopes[out].abs().max() if out.size else 0.0) > MIXED * float(slopes.abs().max()):
            raise ValueError(
                "module must see each sample once, got samples left out on which other losses "
                "depend: ignore_index and weights of 0 leave out outputs, not them"
            )
        v = torch.as_tensor(rng.standard_normal((n, self.n_classes)))
        bit = 1
        while bit < n:
            mine = torch.as_tensor(np.arange(n) & bit > 0)[:, None]
            h = self.product(a, g, v * mine).abs()
            size, mixed = float(h.max()), float((h * ~mine).max())
            if mixed > MIXED * size:
                raise ValueError(
                    "module must see each sample once, and no two may interact above it, got a "
                    f"second derivative between two of {mixed / size:.2g} of the largest within "
                    "one; torch_operator takes its weights as they are"
                )
            bit *= 2

    # --- what Hessians ask ------------------------------------------------------------------

    def _batches(self, samples: Any) -> Iterator[tuple[int, IntArray, IntArray]]:
        """Batches, the places of their rows in a selection of samples, and within the batch."""
        rows = self.kept[samples]
        of = np.searchsorted(self.starts, rows, side="right") - 1
        for batch in np.unique(of):
            places = np.flatnonzero(of == batch)
            yield int(batch), places, rows[places] - self.starts[batch]

    def rows(self, units: IntArray, samples: Any = ALL) -> FloatArray:
        """Some rows of each ``M_n``, (n, u, k): a product each, of all samples of a batch."""
        torch = torch_package()
        out = np.empty((self.kept[samples].size, len(units), self.n_classes))
        for batch, places, rows in self._batches(samples):
            a, g = self.gradient(batch)
            for place, unit in enumerate(units):
                v = torch.zeros(a.numel() // self.n_classes, self.n_classes, dtype=a.dtype)
                v[:, unit] = 1.0
                out[places, place] = self.product(a, g, v).numpy()[rows]
        return out

    def apply(self, F: FloatArray, samples: Any = ALL) -> FloatArray:
        """``M_n F_n``, (n, q, k) -> (n, q, k), in the place of F."""
        torch = torch_package()
        for batch, places, rows in self._batches(samples):
            a, g = self.gradient(batch)
            for q in range(F.shape[1]):
                v = torch.zeros(a.numel() // self.n_classes, self.n_classes, dtype=a.dtype)
                v[rows] = torch.as_tensor(F[places, q])
                F[places, q] = self.product(a, g, v).numpy()[rows]
        return F
