"""Which eigenvalues are equal: the one place that says how far rounding moves them."""

import numpy as np

FEW = 500  # a small spectrum is that of a matrix whose entries are sums over many samples


def precision(*spectra):
    """The largest ε of the floating types that came in, at least that of float64."""
    types = (np.asarray(values).dtype for values in spectra)
    floats = [np.float64, *(dtype for dtype in types if np.issubdtype(dtype, np.floating))]
    return max(float(np.finfo(dtype).eps) for dtype in floats)


def relative_rounding(*spectra):
    """``max(n, 500) ε`` of spectra of at most n eigenvalues, ε the precision in which they came.

    A dense solver moves eigenvalues by n ε of the largest at most; in float64 this is 1e-13 for n
    up to 500.

    Examples
    --------
    >>> relative_rounding([1.0, 2.0]) < 1e-12 < relative_rounding(np.float32([1.0, 2.0])) < 1e-4
    True
    """
    return max(FEW, *(np.size(values) for values in spectra)) * precision(*spectra)


def rounding(*spectra, scale=0.0):
    """`relative_rounding` times ``max|λ|``, or times ``scale`` if that is larger.

    Examples
    --------
    >>> rounding([1.0, 2.0]) == 2 * relative_rounding([1.0, 2.0]) == rounding([1.0], scale=2.0)
    True
    """
    return relative_rounding(*spectra) * max(scale, *(np.abs(values).max() for values in spectra))
