"""Checks of the widths, the weight matrices and the biases of a network, for all that take them."""

from typing import Any

import numpy as np

from rmt_hessian._checks.arguments import describe, list_of, positive_integer
from rmt_hessian._checks.arrays import finite_array
from rmt_hessian._types import FloatArray


def layer_widths(values: Any) -> tuple[int, ...]:
    """Return ``values`` as a tuple ``(d, …, C)`` of at least two positive ints."""
    widths = tuple(
        positive_integer(width, f"widths[{l}]")
        for l, width in enumerate(list_of(values, "widths", "integers"))
    )
    if len(widths) < 2:
        raise ValueError(f"widths must hold at least two numbers, got {describe(values)}")
    return widths


def weight_chain(values: Any) -> list[FloatArray]:
    """Return ``W_0 … W_L`` as finite arrays, each with as many columns as the one before has rows.

    Examples
    --------
    >>> [W.shape for W in weight_chain([[[1.0, 2.0]], [[3.0]]])]
    [(1, 2), (1, 1)]
    """
    weights = [
        finite_array(W, f"weights[{l}]", ndim=2)
        for l, W in enumerate(list_of(values, "weights", "matrices"))
    ]
    if not weights:
        raise ValueError("weights must hold at least one matrix, got none")
    for l in range(1, len(weights)):
        wanted = weights[l - 1].shape[0]
        if weights[l].shape[1] != wanted:
            raise ValueError(
                f"weights[{l}] must have {wanted} columns to follow weights[{l - 1}], "
                f"got shape {weights[l].shape}"
            )
    return weights


def bias_chain(values: Any, sizes: list[int]) -> tuple[FloatArray | None, ...]:
    """Return the biases of layers of ``sizes`` units: read-only, None for a layer without.

    No ``values`` at all are none of any layer.

    Examples
    --------
    >>> bias_chain([[1.0, 2.0], None], [2, 3])
    (array([1., 2.]), None)
    """
    biases = [None] * len(sizes) if values is None else list_of(values, "biases", "vectors or None")
    if len(biases) != len(sizes):
        wanted = f"as many vectors or None as layers, {len(sizes)}"
        raise ValueError(f"biases must hold {wanted}, got {len(biases)}")
    checked = []
    for l, (b, size) in enumerate(zip(biases, sizes, strict=True)):
        if b is not None:
            b = finite_array(b, f"biases[{l}]", ndim=1)
            if b.shape != (size,):
                raise ValueError(f"biases[{l}] must have shape ({size},), got {b.shape}")
            b = read_only(b)
        checked.append(b)
    return tuple(checked)


def biases_of_widths(values: Any, widths: tuple[int, ...]) -> tuple[FloatArray | None, ...] | None:
    """Return the biases of layers of these widths as `bias_chain` does, None if no layer has any.

    Examples
    --------
    >>> biases_of_widths([None, None], (4, 3, 2))
    """
    if values is not None:
        values = list_of(values, "biases", "vectors or None")
        if all(b is None for b in values):  # also of an ensemble of other widths
            return None
    biases = bias_chain(values, list(widths[1:]))
    return None if values is None else biases


def weights_of_widths(values: Any, widths: tuple[int, ...]) -> tuple[FloatArray | None, ...]:
    """Return what is given of the weights of these widths: a tuple, None for what is drawn.

    Matrices are read-only; no ``values`` at all, or None for each, fit any widths.
    """
    weights = [] if values is None else list_of(values, "weights", "matrices or None")
    if all(W is None for W in weights):  # also of an ensemble of other widths
        return (None,) * (len(widths) - 1)
    if len(weights) != len(widths) - 1:
        wanted = f"as many matrices as layers, {len(widths) - 1}"
        raise ValueError(f"weights must hold {wanted}, got {len(weights)}")
    checked = []
    for l, W in enumerate(weights):
        if W is not None:
            W, shape = finite_array(W, f"weights[{l}]", ndim=2), (widths[l + 1], widths[l])
            if W.shape != shape:
                raise ValueError(f"weights[{l}] must have shape {shape}, got {W.shape}")
            W = read_only(W)
        checked.append(W)
    return tuple(checked)


def refuse_zero_rows(sizes: np.ndarray, name: str) -> None:
    """Raise if a row of the matrix ``name`` has the size 0: nothing is correlated with it."""
    if not sizes.all():
        raise ValueError(f"each row of {name} must have a nonzero entry, got a row of zeros")


def read_only(W: FloatArray) -> FloatArray:
    """``W`` itself if nobody can write to it, else a read-only copy.

    What is made from weights must not change under its user.
    """
    if W.flags.writeable or W.base is not None:
        W = W.copy()
        W.setflags(write=False)
    return W
