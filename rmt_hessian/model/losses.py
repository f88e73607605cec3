"""Losses: values and residuals. The loss of a data set is the mean over its samples.

References
----------
``docs/laws.md`` §1.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Sequence
from types import FrameType
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import logsumexp

from rmt_hessian._checks.arguments import describe, one_of, to_numpy
from rmt_hessian._checks.arrays import finite_array, refuse_masked
from rmt_hessian._checks.distributions import distributions
from rmt_hessian._types import FloatArray, IntArray, Loss
from rmt_hessian.model.kernels import label_losses, softmax

Targets: TypeAlias = FloatArray | NDArray[np.integer]  # distributions or values (N, C), labels (N,)

SHOWN = 5  # classes that a message names


class CrossEntropy:
    """Softmax cross-entropy, ``ℓ = log Σ_c exp(f_c) - f_y``."""

    name = "ce"
    min_classes = 2

    def values(self, logits: FloatArray, targets: Targets) -> FloatArray:
        """``ℓ`` per sample, shape (N,); targets (N, C) or checked labels (N,)."""
        if targets.ndim == 1:
            return label_losses(logits, targets)
        losses = logsumexp(logits, axis=1) - np.sum(targets * logits, axis=1)
        rows, labels = _one_hot(targets)
        losses[rows] = label_losses(logits[rows], labels)  # without the cancellation
        return losses

    def residual(self, logits: FloatArray, targets: Targets) -> FloatArray:
        """``∂ℓ/∂f = p - y`` per sample, shape (N, C); targets (N, C) or checked labels (N,)."""
        p = softmax(logits)
        if targets.ndim == 1:
            rows, labels = np.arange(len(p)), targets
        else:
            rows, labels = _one_hot(targets)
            p -= targets
        p[rows, labels] = 0.0
        others = p if rows.size == len(p) else p[rows]
        p[rows, labels] = -others.sum(axis=1)  # p_y - 1, without its cancellation
        return p

    def check_targets(self, targets: ArrayLike) -> FloatArray:
        """Distributions over classes, from ``targets`` in whatever precision they came."""
        return distributions(targets, "y", ndim=2)


def _one_hot(targets: Targets) -> tuple[IntArray, IntArray]:
    """Which distributions are a label, and which one."""
    rows = np.flatnonzero(np.max(targets, axis=1) == 1.0)
    return rows, np.argmax(targets[rows], axis=1)


class MeanSquaredError:
    """Squared error, ``ℓ = ½ ‖f - y‖²``, a sum over classes, so that ``A = I_C``."""

    name = "mse"
    min_classes = 1

    def values(self, logits: FloatArray, targets: Targets) -> FloatArray:
        """``ℓ`` per sample, shape (N,); targets (N, C) or checked labels (N,)."""
        return np.sum(self.residual(logits, targets) ** 2, axis=1) / 2

    def residual(self, logits: FloatArray, targets: Targets) -> FloatArray:
        """``∂ℓ/∂f = f - y`` per sample, shape (N, C); targets (N, C) or checked labels (N,)."""
        if targets.ndim == 2:
            return logits - targets
        residual = logits.copy()
        residual[np.arange(len(logits)), targets] -= 1.0
        return residual

    def check_targets(self, targets: ArrayLike) -> FloatArray:
        """Any real targets will do."""
        return finite_array(targets, "y", ndim=2).copy()


LOSSES = {loss.name: loss for loss in (CrossEntropy(), MeanSquaredError())}


def get_loss(name: Loss, n_classes: int) -> CrossEntropy | MeanSquaredError:
    """Return the loss called ``name``, "ce" or "mse", for ``n_classes`` outputs.

    Raises
    ------
    ValueError
        If the name is unknown, or the loss needs more classes (CE needs two).
    """
    loss = LOSSES[one_of(name, tuple(LOSSES), "loss")]
    if n_classes < loss.min_classes:
        raise ValueError(
            f"loss {name!r} needs at least {loss.min_classes} classes, got {n_classes}; "
            "one logistic output: put a row of zeros before its weights"
        )
    return loss


def check_targets(
    y: ArrayLike, n_samples: int, n_classes: int, loss: CrossEntropy | MeanSquaredError
) -> Targets:
    """Return a copy of ``y`` as integer labels, shape (N,), or float targets, shape (N, C).

    Labels that are text are encoded as by `encode_labels`; a warning says which class is which.

    Raises
    ------
    ValueError
        If the shape is neither (N,) nor (N, C), a label is not an integer of ``0 … C-1``, text
        does not name C classes, an entry is not finite, or the loss refuses the targets (CE: rows
        must be distributions).
    """
    if check_target_shape(y, n_samples, n_classes) == (n_samples,):
        return _checked_labels(y, n_classes)
    return loss.check_targets(y)


def check_target_shape(y: ArrayLike, n_samples: int, n_classes: int) -> tuple[int, ...]:
    """Return the shape of ``y``; its entries are not looked at.

    Raises
    ------
    ValueError
        If it is neither (N,) nor (N, C), or an entry is masked.
    """
    refuse_masked(y, "y")
    try:
        shape = np.shape(to_numpy(y))
    except (TypeError, ValueError):
        shape = None
    if shape not in ((n_samples,), (n_samples, n_classes)):
        raise ValueError(
            f"y must have shape ({n_samples},) or ({n_samples}, {n_classes}), "
            f"got {shape if shape else describe(y)}"
        )
    return shape


def _checked_labels(y: ArrayLike, n_classes: int) -> IntArray:
    labels = np.array(to_numpy(y))
    if _is_text(labels):
        labels, classes = encode_labels(y)
        if len(classes) != n_classes:
            raise ValueError(
                f"labels must name {n_classes} classes, got {len(classes)}, {_some(classes)}; "
                "integers of your own encoding are taken as they are"
            )
        told = ", ".join(f"{name} is class {c}" for c, name in enumerate(classes[:SHOWN]))
        more = "" if len(classes) <= SHOWN else ", …, in sorted order"
        warnings.warn(
            f"labels are text, see encode_labels: {told}{more}", stacklevel=_level_of_the_user()
        )
    if not np.issubdtype(labels.dtype, np.integer):
        column = ", y[:, None]" if n_classes == 1 else ""
        raise ValueError(
            f"labels must be integers, got dtype {labels.dtype}; targets have shape (N, C){column}"
        )
    check_label_range(labels, n_classes)
    return labels


def check_label_range(labels: IntArray, n_classes: int) -> None:
    """Raise ValueError unless integer labels are among ``0 … C-1``."""
    if labels.min() < 0 or labels.max() >= n_classes:
        raise ValueError(
            f"labels must lie in 0 … {n_classes - 1} (one value may be left out by ignore_index), "
            f"got {labels.min()} … {labels.max()}"
        )


def _level_of_the_user() -> int:
    """How many calls above the function that asks is the first one outside of this package."""
    package, frame, level = __name__.partition(".")[0], sys._getframe(1), 1
    while frame.f_back is not None and _package_of(frame) == package:
        frame, level = frame.f_back, level + 1
    return level


def _package_of(frame: FrameType) -> str:
    return str(frame.f_globals.get("__name__", "")).partition(".")[0]


def _is_text(labels: np.ndarray) -> bool:
    return labels.dtype.kind in "UST" or (
        labels.dtype.kind == "O" and any(isinstance(label, str | bytes) for label in labels)
    )


def encode_labels(labels: ArrayLike) -> tuple[IntArray, list[Any]]:
    """Integer labels from labels of any kind, and which class is which.

    Classes are numbered in sorted order, as scikit-learn's encoders do.

    Parameters
    ----------
    labels : array_like, shape (N,)
        Text, or numbers.

    Returns
    -------
    encoded : numpy.ndarray of int, shape (N,)
        ``0 … C-1``.
    classes : list, length C
        ``classes[c]`` is the label of class c.

    Raises
    ------
    ValueError
        If there are no labels along one axis, one is masked or missing (None, NaN), or they are
        not all text or all numbers.

    Examples
    --------
    >>> encode_labels(["dog", "cat", "dog"])
    (array([1, 0, 1]), ['cat', 'dog'])
    """
    refuse_masked(labels, "labels")
    given = labels.tolist() if hasattr(labels, "tolist") else labels
    entries = [x for x in given if not isinstance(x, list)] if np.iterable(given) else []
    missing = sum(map(_is_missing, entries))
    if missing:
        raise ValueError(f"labels must have no missing entries, got {missing}")
    try:
        array = np.array(to_numpy(labels))
    except (TypeError, ValueError):  # rows of different lengths
        array = np.empty(0)
    if array.ndim != 1 or array.size == 0:
        raise ValueError(f"labels must lie along one axis, got {describe(labels)}")
    text = [isinstance(x, str | bytes) for x in entries]
    if any(text) and not all(text):
        raise ValueError("labels must be all text or all numbers, got both")
    if not any(text) and array.dtype.kind not in "biuf":
        raise ValueError(f"labels must be text or numbers, got {describe(labels)}")
    classes, encoded = np.unique(array, return_inverse=True)
    return encoded, classes.tolist()


def _is_missing(label: Any) -> bool:
    """Whether it is None, NaN, which differs from itself, or what pandas has in their place."""
    try:
        return label is None or bool(label != label)
    except (TypeError, ValueError):
        return True


def _some(classes: Sequence[Any]) -> str:
    shown = ", ".join(repr(name) for name in classes[:SHOWN])
    return shown if len(classes) <= SHOWN else f"{shown}, …"
