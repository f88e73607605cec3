"""Real data that need no download."""

from rmt_hessian._checks.arguments import boolean
from rmt_hessian._types import FloatArray, IntArray
from rmt_hessian.model.inputs import standardise


def digits(standardised: bool = False) -> tuple[FloatArray, IntArray]:
    """The 1797 handwritten digits, 8 × 8 pixels, that come with scikit-learn.

    Parameters
    ----------
    standardised : bool
        False: grey values from 0 to 1, all pixels of one sign, so with a strong mean. True: each
        pixel with mean 0 and variance 1 over the images; pixels that are always empty are 0.

    Returns
    -------
    X : numpy.ndarray, shape (1797, 64)
    labels : numpy.ndarray of int, shape (1797,)
        0 … 9.

    Raises
    ------
    ImportError
        If scikit-learn, the extra ``data`` of this package, is not installed.

    Examples
    --------
    >>> X, labels = digits()
    >>> X.shape, float(X.min()), float(X.max())
    ((1797, 64), 0.0, 1.0)
    """
    standardised = boolean(standardised, "standardised")
    try:
        from sklearn.datasets import load_digits
    except ImportError:
        raise ImportError("digits needs scikit-learn: pip install 'rmt_hessian[data]'") from None
    X, labels = load_digits(return_X_y=True)
    return (standardise(X) if standardised else X / 16.0), labels
