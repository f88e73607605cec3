"""The Hessian of the last layer of any model, from its features and its weights or logits.

References
----------
``docs/computation.md`` §1.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from rmt_hessian._checks.arguments import (
    positive_integer,
    positive_real,
    real_dtype,
    refuse_given,
)
from rmt_hessian._checks.arrays import finite_array
from rmt_hessian._checks.distributions import distributions
from rmt_hessian._checks.precision import in_precision
from rmt_hessian._threads import CHUNK_SIZE
from rmt_hessian._types import Loss, Precision, RealArray
from rmt_hessian.hessian.factors import output_curvature
from rmt_hessian.hessian.layer import LayerHessian
from rmt_hessian.hessian.logits import GivenLogits, LinearLogits
from rmt_hessian.hessian.output_hessians import LastLayerOutputHessians
from rmt_hessian.model.losses import get_loss
from rmt_hessian.model.sample_weights import counted_samples


def head_hessian(
    features: npt.ArrayLike,
    weights: npt.ArrayLike | None = None,
    bias: npt.ArrayLike | None = None,
    *,
    loss: Loss = "ce",
    temperature: float = 1.0,
    sample_weight: npt.ArrayLike | None = None,
    class_weight: npt.ArrayLike | None = None,
    ignore_index: int | None = None,
    y: npt.ArrayLike | None = None,
    logits: npt.ArrayLike | None = None,
    probabilities: npt.ArrayLike | None = None,
    dtype: Precision = "float64",
    chunk_size: int = CHUNK_SIZE,
) -> LayerHessian:
    """Hessian of a model's last layer with respect to its weights, as a lazy `LayerHessian`.

    With logits ``f = W z + b`` and the loss ``ℓ(f/T)`` it is ``(1/N) Σ_n A(f_n/T)/T² ⊗ z_n z_nᵀ``,
    exact whatever is below. Give the ``weights`` (and ``bias``), or ``logits``, or
    ``probabilities``. For the bias among the parameters append a constant 1 to the features, and
    the bias to the weights.

    Parameters
    ----------
    features : array_like, shape (N, p)
        ``z_n``, what the last layer gets.
    weights : array_like, shape (C, p), optional
    bias : array_like, shape (C,), optional
        Beside weights.
    loss : {"ce", "mse"}
    temperature : float
        T.
    sample_weight, class_weight, ignore_index, y
        As of `layer_hessian`. Labels matter to ``class_weight`` and ``ignore_index`` only.
    logits : array_like, shape (N, C), optional
        f.
    probabilities : array_like, shape (N, C), optional
        The softmax of ``f/T``, for "ce". Entries that differ from 1 by rounding only have lost
        their digits: logits keep them.
    dtype : {"float64", "float32"}
    chunk_size : int
        See `layer_hessian`.

    Returns
    -------
    LayerHessian

    Raises
    ------
    ValueError
        If not exactly one of weights, logits and probabilities is given, shapes do not match, an
        entry is not finite, logits overflow, 1/T² does not fit the dtype, or another argument is
        not as above.

    References
    ----------
    ``docs/computation.md`` §1.

    Examples
    --------
    >>> H = head_hessian([[2.0], [1.0]], logits=[[0.0, 0.0], [3.0, 3.0]], temperature=0.5)
    >>> H.to_dense()
    array([[ 2.5, -2.5],
           [-2.5,  2.5]])
    """
    Z = finite_array(features, "features", ndim=2)
    T = positive_real(temperature, "temperature")
    dtype, chunk_size = real_dtype(dtype), positive_integer(chunk_size, "chunk_size")
    given = {"weights": weights, "logits": logits, "probabilities": probabilities}
    names = [name for name, value in given.items() if value is not None]
    if len(names) != 1:
        raise ValueError(
            f"one of {', '.join(given)} must be given, got {' and '.join(names) or 'none'}"
        )
    if weights is None:
        refuse_given(bias, "bias", f"{names[0]} given")
        values = _outputs(given[names[0]], names[0], len(Z))
    else:
        values = finite_array(weights, "weights", ndim=2)
        if values.shape[1] != Z.shape[1]:
            wanted = f"(C, {Z.shape[1]}) for features of shape {Z.shape}"
            raise ValueError(f"weights must have shape {wanted}, got {values.shape}")
    C = values.shape[0 if weights is not None else 1]
    checked_loss = get_loss(loss, C)
    if probabilities is not None and checked_loss.name != "ce":
        raise ValueError("probabilities must come with loss 'ce', got loss 'mse'")
    samples = counted_samples(
        len(Z),
        C,
        checked_loss,
        y,
        with_targets=False,
        sample_weight=sample_weight,
        class_weight=class_weight,
        ignore_index=ignore_index,
    )
    Z = in_precision(Z[samples.kept], dtype, "features")
    source: LinearLogits | GivenLogits
    if weights is None:
        source = GivenLogits(values[samples.kept], dtype, T if logits is not None else None)
    else:
        b = None if bias is None else _bias(bias, C)
        with np.errstate(over="ignore"):  # looked for where logits are made
            source = LinearLogits(
                (Z / T).astype(dtype, copy=False),
                in_precision(values, dtype, "weights"),
                None if b is None else (b / T).astype(dtype, copy=False),
            )
    omega, factor = samples.weights, _inverse_square(T, len(Z), dtype)
    scale = None
    if omega is not None or T != 1.0:
        scale = (np.full(len(Z), factor) if omega is None else omega * factor).astype(dtype)
    curvature = output_curvature(source, checked_loss, scale, chunk_size)
    M = LastLayerOutputHessians(curvature, np.arange(C))
    return LayerHessian(Z, M, chunk_size, omega)


def _inverse_square(temperature: float, n_samples: int, dtype: np.dtype[Any]) -> float:
    """``1/T²``, of which `n_samples` times as much, a sample of all the weight, fits the dtype."""
    kind = np.finfo(dtype)
    with np.errstate(over="ignore", under="ignore"):
        factor = float(np.divide(1.0, temperature) ** 2)
    if not float(kind.tiny) <= factor <= float(kind.max) / n_samples:
        raise ValueError(
            f"temperature must have 1/T² within the range of {dtype}, got {temperature:g}"
        )
    return factor


def _outputs(values: npt.ArrayLike, name: str, n_samples: int) -> RealArray:
    """Logits or probabilities of as many samples as there are features, (N, C)."""
    outputs = finite_array(values, name, ndim=2)
    if len(outputs) != n_samples:
        raise ValueError(f"{name} must have {n_samples} rows as features has, got {outputs.shape}")
    return distributions(values, name, ndim=2) if name == "probabilities" else outputs


def _bias(values: npt.ArrayLike, n_classes: int) -> RealArray:
    bias = finite_array(values, "bias", ndim=1)
    if bias.size != n_classes:
        raise ValueError(f"bias must have shape ({n_classes},), got {bias.shape}")
    return bias
