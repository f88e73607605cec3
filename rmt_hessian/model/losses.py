"""Losses: value and residual. The loss of a data set is the mean over its samples."""

import numpy as np
from scipy.special import logsumexp

from rmt_hessian._validation import finite_array, one_of
from rmt_hessian.model.kernels import softmax


class CrossEntropy:
    """Softmax cross-entropy, ``ℓ = log Σ_c exp(f_c) - f_y``."""

    name = "ce"
    min_classes = 2

    def value(self, logits, targets):
        """Mean loss; ``targets`` are distributions over classes, shape (N, C)."""
        return float(np.mean(logsumexp(logits, axis=1) - np.sum(targets * logits, axis=1)))

    def residual(self, logits, targets):
        """``∂ℓ/∂f = p - y`` per sample, shape (N, C); targets (N, C) or checked labels (N,)."""
        p = softmax(logits)
        if targets.ndim == 2:
            return p - targets
        labelled = np.arange(len(p)), targets
        p[labelled] = 0.0
        p[labelled] = -p.sum(axis=1)  # p_y - 1, without its cancellation
        return p

    def check_targets(self, targets):
        """Targets must be distributions: no entry below 0, each row summing to 1."""
        if targets.min() < 0:
            raise ValueError(f"CE targets must not be negative, got {targets.min():g}")
        worst = np.abs(targets.sum(axis=1) - 1.0).max()
        if worst > 1e-8:
            raise ValueError(f"each row of CE targets must sum to 1, got a sum off by {worst:.3g}")


class MeanSquaredError:
    """Squared error, ``ℓ = ½ ‖f - y‖²``, a sum over classes, so that ``A = I_C``."""

    name = "mse"
    min_classes = 1

    def value(self, logits, targets):
        """Mean loss; ``targets`` has shape (N, C)."""
        return float(np.mean(np.sum((logits - targets) ** 2, axis=1)) / 2)

    def residual(self, logits, targets):
        """``∂ℓ/∂f = f - y`` per sample, shape (N, C); targets (N, C) or checked labels (N,)."""
        if targets.ndim == 2:
            return logits - targets
        residual = logits.copy()
        residual[np.arange(len(logits)), targets] -= 1.0
        return residual

    def check_targets(self, targets):
        """Any real targets will do."""


LOSSES = {loss.name: loss for loss in (CrossEntropy(), MeanSquaredError())}


def get_loss(name, n_classes):
    """Return the loss called ``name``, "ce" or "mse", for ``n_classes`` outputs.

    Raises
    ------
    ValueError
        If the name is unknown, or the loss needs more classes (CE needs two).
    """
    loss = LOSSES[one_of(name, tuple(LOSSES), "loss")]
    if n_classes < loss.min_classes:
        raise ValueError(
            f"loss {name!r} needs at least {loss.min_classes} classes, got {n_classes}"
        )
    return loss


def check_targets(y, n_samples, n_classes, loss):
    """Return a copy of ``y`` as integer labels, shape (N,), or float targets, shape (N, C).

    Raises
    ------
    ValueError
        If the shape is neither (N,) nor (N, C), a label is not an integer of ``0 … C-1``, an
        entry is not finite, or the loss refuses the targets (CE: rows must be distributions).
    """
    y = np.array(y)
    if y.shape == (n_samples,):
        if not np.issubdtype(y.dtype, np.integer):
            raise ValueError(f"labels must be integers, got dtype {y.dtype}")
        if y.min() < 0 or y.max() >= n_classes:
            raise ValueError(f"labels must lie in 0 … {n_classes - 1}, got {y.min()} … {y.max()}")
        return y
    if y.shape != (n_samples, n_classes):
        raise ValueError(
            f"y must have shape ({n_samples},) or ({n_samples}, {n_classes}), got {y.shape}"
        )
    targets = finite_array(y, "y", ndim=2)
    loss.check_targets(targets)
    return targets
