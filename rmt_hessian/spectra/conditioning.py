"""Condition number before and after one learning rate per block, as Adam-mini has them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike
from scipy.linalg import eigvalsh

from rmt_hessian._checks.arguments import (
    describe,
    list_of,
    one_of,
    positive_integer,
    positive_real,
    refuse_given,
)
from rmt_hessian._checks.precision import type_precision
from rmt_hessian._rounding import FEW
from rmt_hessian._threads import consecutive_slices
from rmt_hessian._types import FloatArray, MatrixLike, RealArray
from rmt_hessian.hessian.layer import LayerHessian
from rmt_hessian.hessian.network import NetworkHessian
from rmt_hessian.spectra.operands import symmetric_operand
from rmt_hessian.spectra.rank import numerical_rank


@dataclass(frozen=True, eq=False)
class BlockPreconditioning:
    """Condition numbers on the range, of H and of ``D^{1/2} H D^{1/2}``.

    Attributes
    ----------
    before, after : float
        ``max|λ| / min|λ|`` of the ``rank`` eigenvalues of largest size.
    rates : numpy.ndarray, shape (B,)
        ``η_b = 1/‖H_bb‖₂``, and 0 of a block that is left out.
    rank : int
        r, how many eigenvalues of H are not zero up to rounding.

    References
    ----------
    ``docs/structure.md`` §7.
    """

    before: float
    after: float
    rates: FloatArray
    rank: int


def block_preconditioning(
    H: MatrixLike,
    blocks: ArrayLike | None = None,
    *,
    by: Literal["unit", "layer"] | None = None,
    tolerance: float | None = None,
) -> BlockPreconditioning:
    """What one learning rate per diagonal block does to the condition number of a Hessian.

    With ``D = diag(η_1 I, …, η_B I)``, ``η_b = 1/‖H_bb‖₂``, gradient descent with the rates η_b
    sees ``D^{1/2} H D^{1/2}``: the motivation of [D] for its block structure, and of Adam-mini.

    **No rates do better if H is block-diagonal.** Then ``D^{1/2} H D^{1/2}`` has the blocks ``η_b
    H_bb``, whose eigenvalues are among its own, so that its condition number is at least
    ``κ(H_bb)`` for every b, whatever η: at least ``max_b κ(H_bb)``. With ``η_b = 1/‖H_bb‖₂`` the
    largest eigenvalue of each block is 1 and the smallest ``1/κ(H_bb)``, and the bound is reached.

    **Otherwise it may do harm, but little if H is positive semidefinite**: ``after <= B before``.
    For ``x = (x_1, …, x_B)``, ``‖D^{1/2} H D^{1/2}‖ <= B max_b η_b ‖H_bb‖ = B``, since ``xᵀ A x <=
    (Σ_b ‖A_bb‖^{1/2} ‖x_b‖)²``; and by Ostrowski's theorem the r-th eigenvalue is at least
    ``λ_r(H) min_b η_b >= λ_r(H)/‖H‖``. The last example below is made worse. Of an indefinite H
    nothing is guaranteed: there ‖H_bb‖ says little about ``H_bc``.

    Hessians are singular (A1 = 0 of the softmax, dead units, fewer samples than features): κ is
    that on the range. Its dimension r is found once, of H, and kept, because congruence preserves
    the signs of eigenvalues (Sylvester), where D is invertible; blocks whose rows are zero have no
    rate and change no nonzero eigenvalue. Where a block is so small that its eigenvalues come near
    the tolerance (a saturated unit), r counts some of them only, and ``before`` and ``after`` are
    those of the r eigenvalues of largest size.

    Parameters
    ----------
    H : LayerHessian, NetworkHessian or array_like, shape (P, P)
        Or another symmetric matrix, as in `rmt_hessian.eigenvalues`. It is formed, and all
        eigenvalues are taken by a dense solver: a few times 8 P² bytes.
    blocks : array_like of int, shape (B,), optional
        Sizes of consecutive blocks, of sum P. Needed where H is no Hessian of this package.
    by : {"unit", "layer"}, optional
        Blocks of a Hessian of this package: the weights into one unit (default), or a layer.
    tolerance : float, optional
        Eigenvalues up to ``tolerance · max|λ|`` are zero, as in `numerical_rank`: ``max(P, 500) ε``
        of the precision in which H comes. So are blocks, all of whose entries in H are that small.

    Returns
    -------
    BlockPreconditioning

    Raises
    ------
    ValueError
        If H is not symmetric and finite, or is zero; if the sizes are not those of blocks of H; if
        a block is zero, or 1 over its norm overflows, where its rows are not zero, so that no rate
        fits it: a unit of a network without weights above it, but not in the Gauss–Newton part.

    References
    ----------
    ``docs/structure.md`` §7; Ostrowski (1959).

    Examples
    --------
    >>> found = block_preconditioning(np.diag([4.0, 2.0, 0.02, 0.01]), [2, 2])
    >>> round(found.before, 9), round(found.after, 9), found.rates
    (400.0, 2.0, array([ 0.25, 50.  ]))
    >>> harmed = block_preconditioning([[2.0, 4.0, 1.0], [4.0, 9.0, 2.0], [1.0, 2.0, 1.0]], [2, 1])
    >>> round(harmed.before, 1), round(harmed.after, 1)
    (68.3, 106.1)
    """
    places = consecutive_slices(_block_sizes(H, blocks, by))
    operand = symmetric_operand(H, "H")
    A = operand.to_dense()
    if places[-1].stop != len(A):
        raise ValueError(f"blocks must have the sum {len(A)}, got {places[-1].stop}")
    if tolerance is None:
        tolerance = max(len(A), FEW) * type_precision(H if operand.kind == "array" else A)
    tolerance = positive_real(tolerance, "tolerance")
    A = np.asarray(A, np.float64)
    values = eigvalsh(A)
    rank = numerical_rank(values, tolerance)
    if rank == 0:
        raise ValueError("H must not be zero, got zeros only")
    rates = _rates(A, places, tolerance * np.abs(values).max())
    root = np.repeat(np.sqrt(rates), [place.stop - place.start for place in places])
    after = eigvalsh(root[:, None] * A * root)
    return BlockPreconditioning(_condition(values, rank), _condition(after, rank), rates, rank)


def _block_sizes(H: Any, blocks: ArrayLike | None, by: str | None) -> list[int]:
    """Of the blocks asked for, or of those that the Hessian has."""
    if blocks is not None:
        refuse_given(by, "by", "blocks of given sizes")
        sizes = [positive_integer(b, "blocks") for b in list_of(blocks, "blocks", "sizes")]
        if not sizes:
            raise ValueError("blocks must not be empty, got no sizes")
        return sizes
    if not isinstance(H, LayerHessian | NetworkHessian):
        refuse_given(by, "by", "a matrix without units and layers")
        raise ValueError(f"blocks must be given for a matrix of its own, got {describe(H)}")
    layers = H.layers if isinstance(H, NetworkHessian) else (H,)
    if one_of("unit" if by is None else by, ("unit", "layer"), "by") == "layer":
        return [layer.shape[0] for layer in layers]
    return [layer.block_size for layer in layers for _ in range(layer.n_blocks)]


def _rates(A: RealArray, places: list[slice], rounding: float) -> FloatArray:
    """``1/‖A_bb‖₂``, and 0 where all rows of the block are zero up to rounding."""
    rates = np.zeros(len(places))
    for b, place in enumerate(places):
        if np.abs(A[place]).max() <= rounding:
            continue
        norm = np.abs(eigvalsh(A[place, place])).max()
        with np.errstate(divide="ignore", over="ignore"):
            rates[b] = 1 / norm
        if not np.isfinite(rates[b]):
            raise ValueError(
                f"block {b} of H must not be zero where its rows are not: no rate fits, "
                f"got the norm {norm:g}"
            )
    return rates


def _condition(values: FloatArray, rank: int) -> float:
    size = np.sort(np.abs(values))[::-1]
    return float(size[0] / size[rank - 1])
