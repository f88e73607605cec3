"""`BlockNorms`: mean squared norms of blocks on and off the diagonal, measured or predicted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import SupportsIndex, overload

from rmt_hessian._types import Elementwise

NAN = float("nan")


@dataclass(frozen=True)
class BlockNorms(Sequence[float]):
    """Mean of ``‖H_ii‖_F²`` and mean of ``‖H_ij‖_F²`` over i ≠ j: a pair, ``diagonal`` first.

    Of a Hessian (`LayerHessian.mean_squared_block_norms`), in expectation (`theory.block_norms`)
    and of softmax regression at its optimum (`TrainedSoftmax.block_norms`): side by side as they
    are.

    Attributes
    ----------
    diagonal, off_diagonal : float
        The second is NaN where there is one unit.
    diagonal_error, off_diagonal_error, ratio_error : float
        Standard errors; 0 where the numbers are exact.
    n_units : int or None
        k, over all of whose blocks these are means; None of the blocks of two units.

    References
    ----------
    ``docs/norms.md`` *Two samples decide*.

    Examples
    --------
    >>> norms = BlockNorms(4.0, 1.0, n_units=3)
    >>> diagonal, off_diagonal = norms
    >>> norms.ratio, norms.share  # 3 blocks on the diagonal, 6 off it
    (0.25, 0.3333333333333333)
    """

    diagonal: float
    off_diagonal: float
    diagonal_error: float = 0.0
    off_diagonal_error: float = 0.0
    ratio_error: float = 0.0
    n_units: int | None = None

    @property
    def ratio(self) -> float:
        """``R``, off-diagonal over diagonal; NaN where the diagonal is not positive."""
        return self.off_diagonal / self.diagonal if self.diagonal > 0 else NAN

    @property
    def share(self) -> float:
        """``Σ_{i≠j} ‖H_ij‖² / ‖H‖²``, from the ratio and the number of units.

        Raises
        ------
        ValueError
            If these are norms of the blocks of two units, which say nothing of the others.
        """
        if self.n_units is None:
            raise ValueError("share must be of means over all blocks, got the norms of two units")
        return share_of_ratio(self.ratio, self.n_units)

    def __len__(self) -> int:
        return 2

    @overload
    def __getitem__(self, index: SupportsIndex) -> float: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[float, ...]: ...
    def __getitem__(self, index: SupportsIndex | slice) -> float | tuple[float, ...]:
        return (self.diagonal, self.off_diagonal)[index]


def share_of_ratio(ratio: Elementwise, n_units: int) -> Elementwise:
    """``(k-1)R / (1 + (k-1)R)``, of all squared norms what is off the diagonal; 0 of one unit.

    Examples
    --------
    >>> share_of_ratio(0.5, 3)
    0.5
    """
    if n_units == 1:
        return 0.0
    off = (n_units - 1) * ratio
    return off / (1 + off)


def ratio_of_share(share: Elementwise, n_units: int) -> Elementwise:
    """R of k units, the inverse of `share_of_ratio`; NaN of one unit.

    Examples
    --------
    >>> ratio_of_share(0.5, 3)  # twice as many blocks off the diagonal, half the norm² each
    0.5
    """
    return share / ((1 - share) * (n_units - 1)) if n_units > 1 else NAN
