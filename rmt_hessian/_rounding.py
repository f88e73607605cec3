"""Which eigenvalues are equal: the one place that says how far rounding moves them."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from rmt_hessian._checks.arguments import to_numpy
from rmt_hessian._checks.precision import type_precision

FEW = 500  # a small spectrum is that of a matrix whose entries are sums over many samples


def relative_rounding(*spectra: ArrayLike) -> float:
    """``max(n, 500) ε`` of spectra of at most n eigenvalues, ε the precision in which they came.

    A dense solver moves eigenvalues by n ε of the largest at most; in float64 this is 1e-13 for n
    up to 500.

    Examples
    --------
    >>> relative_rounding([1.0, 2.0]) < 1e-12 < relative_rounding(np.float32([1.0, 2.0])) < 1e-4
    True
    """
    most = max(FEW, *(np.size(to_numpy(values)) for values in spectra))
    return most * max(map(type_precision, spectra))


def rounding(*spectra: ArrayLike, scale: float = 0.0) -> float:
    """`relative_rounding` times ``max|λ|``, or times ``scale`` if that is larger.

    Examples
    --------
    >>> rounding([1.0, 2.0]) == 2 * relative_rounding([1.0, 2.0]) == rounding([1.0], scale=2.0)
    True
    """
    largest = max(float(np.abs(to_numpy(values)).max()) for values in spectra)
    return relative_rounding(*spectra) * max(scale, largest)
