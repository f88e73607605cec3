"""Which samples a loss counts, and how much: ``Σ_n w_n ℓ_n / Σ_n w_n``.

References
----------
Definition.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from rmt_hessian._checks.arguments import describe, integer, to_numpy
from rmt_hessian._checks.arrays import finite_array, refuse_masked
from rmt_hessian._types import FloatArray, IntArray
from rmt_hessian.model.losses import (
    CrossEntropy,
    MeanSquaredError,
    Targets,
    check_label_range,
    check_target_shape,
    check_targets,
)


@dataclass(frozen=True, eq=False)
class CountedSamples:
    """The samples that count.

    Attributes
    ----------
    kept : slice or numpy.ndarray of int, shape (N,)
        Their places among all.
    weights : numpy.ndarray, shape (N,), or None
        ``ω_n = N w_n / Σ w``, of mean 1; None where all are equal.
    targets : numpy.ndarray, shape (N,) or (N, C), or None
        Of these, as `check_targets` returns them; None where they are not asked for.
    """

    kept: slice | IntArray
    weights: FloatArray | None
    targets: Targets | None


def counted_samples(
    n_samples: int,
    n_classes: int,
    loss: CrossEntropy | MeanSquaredError,
    y: ArrayLike | None,
    *,
    with_targets: bool,
    sample_weight: ArrayLike | None = None,
    class_weight: ArrayLike | None = None,
    ignore_index: int | None = None,
) -> CountedSamples:
    """Weights of samples from those given for samples and for classes, and from labels to ignore.

    A sample of weight 0, or with the label ``ignore_index``, is left out. The weight of class
    ``y_n`` multiplies that of sample n; where CE has distributions over classes, with v the
    weights of classes, ``Σ_c v_c y_nc`` does, and targets become ``v ∘ y_n`` over that sum.

    Raises
    ------
    ValueError
        If ``y`` has neither shape (N,) nor (N, C), or an integer label is no class and not ignored;
        if targets are asked for, as `check_targets`; if weights are negative, not finite, all zero
        or of another length; or if labels are missing to which ``class_weight`` or
        ``ignore_index`` would apply.
    """
    kept = np.ones(n_samples, bool)
    if ignore_index is not None:
        y = _labels_for(y, n_samples, "ignore_index")
        kept = np.asarray(y != integer(ignore_index, "ignore_index"))
        if not kept.any():
            raise ValueError(f"y must not be ignored altogether, got {ignore_index} only")
    w = np.ones(n_samples)
    if sample_weight is not None:
        w = _weights(sample_weight, n_samples, "sample_weight")
    targets = None
    if class_weight is not None:
        if isinstance(class_weight, str | dict):  # as scikit-learn has them
            wanted = f"shape ({n_classes},) ('balanced': N / (C * np.bincount(y)))"
            raise ValueError(f"class_weight must have {wanted}, got {describe(class_weight)}")
        of_classes = _weights(class_weight, n_classes, "class_weight")
        if y is None:
            raise ValueError("y must be given with class_weight, got None")
        targets = _checked(y, kept, n_classes, loss)
        if targets.ndim == 2 and loss.name != "ce":
            raise ValueError(
                f"y must be labels, shape ({n_samples},), with class_weight and loss 'mse', "
                f"got {describe(y)}"
            )
        of_labels = targets @ of_classes if targets.ndim == 2 else of_classes[targets]
        w[kept] *= of_labels
        if targets.ndim == 2:
            targets = targets * of_classes / np.where(of_labels > 0, of_labels, 1.0)[:, None]
    elif y is not None and with_targets:
        targets = _checked(y, kept, n_classes, loss)
    elif y is not None and check_target_shape(y, n_samples, n_classes) == (n_samples,):
        labels = np.asarray(to_numpy(y))[kept]
        if labels.dtype.kind in "iu":
            check_label_range(labels, n_classes)
    counted = kept & (w > 0)
    if not counted.any():
        raise ValueError("weights must not be zero for every sample that counts, got only zeros")
    if targets is not None:
        targets = targets[counted[kept]] if with_targets else None
    w = w[counted] / w[counted].max()
    equal = bool((w == 1.0).all())
    return CountedSamples(
        slice(None) if counted.all() else np.flatnonzero(counted),
        None if equal else w * (w.size / w.sum()),
        targets,
    )


def _weights(values: ArrayLike, size: int, name: str) -> FloatArray:
    w = finite_array(values, name, ndim=1).copy()
    if w.size != size:
        raise ValueError(f"{name} must have shape ({size},), got {w.shape}")
    if w.min() < 0:
        raise ValueError(f"{name} must not be negative, got {w.min():g}")
    if w.max() == 0:
        raise ValueError(f"{name} must not be zero everywhere, got zeros only")
    return w / w.max()


def _labels_for(y: ArrayLike | None, n_samples: int, name: str) -> Any:
    """Labels, shape (N,), without which the argument called ``name`` means nothing."""
    if y is None:
        raise ValueError(f"y must be given with {name}, got None")
    refuse_masked(y, "y")
    labels = np.asarray(to_numpy(y))
    wanted = f"y must be integer labels, shape ({n_samples},), with {name}"
    if labels.shape != (n_samples,):
        raise ValueError(f"{wanted} (sample_weight 0 leaves out any sample), got {describe(y)}")
    if labels.dtype.kind not in "iu":
        raise ValueError(f"{wanted}, got dtype {labels.dtype}")
    return labels


def _checked(y: Any, kept: Any, n_classes: int, loss: CrossEntropy | MeanSquaredError) -> Targets:
    if kept.all():
        return check_targets(y, kept.size, n_classes, loss)
    return check_targets(y[kept], int(kept.sum()), n_classes, loss)
