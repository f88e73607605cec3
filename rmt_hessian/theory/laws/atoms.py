"""Probabilities of atoms, made to sum to 1 once and never again."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from rmt_hessian._types import FloatArray

ROUNDINGS = 16 * np.finfo(float).eps  # of a sum of probabilities that were normalised before


def normalised(w: NDArray[Any]) -> FloatArray:
    """Return ``w`` over its sum; as it is, where the sum is 1 up to rounding.

    So a law made again from its own probabilities has the same to the last bit.

    Examples
    --------
    >>> w = normalised(np.array([0.1, 0.3, 0.3, 0.2]))
    >>> bool((normalised(w) == w).all()), round(float(w.sum()), 12)
    (True, 1.0)
    """
    total = w.sum()
    return w if abs(total - 1.0) <= ROUNDINGS else w / total
