"""Inputs and labels."""

from rmt_hessian._validation import positive_integer


def gaussian_inputs(n_samples, n_inputs, rng):
    """Draw standard Gaussian inputs, ``x_n ~ N(0, I_d)``.

    Parameters
    ----------
    n_samples, n_inputs : int
        N and d, both at least 1.
    rng : numpy.random.Generator

    Returns
    -------
    numpy.ndarray, shape (N, d)

    Raises
    ------
    ValueError
        If N or d is not a positive integer.

    Examples
    --------
    >>> import numpy as np
    >>> gaussian_inputs(3, 2, np.random.default_rng(0)).shape
    (3, 2)
    """
    shape = positive_integer(n_samples, "n_samples"), positive_integer(n_inputs, "n_inputs")
    return rng.standard_normal(shape)


def random_labels(n_samples, n_classes, rng):
    """Draw labels uniformly from ``0 … C-1``, independent of the inputs.

    Parameters
    ----------
    n_samples, n_classes : int
        N and C, both at least 1.
    rng : numpy.random.Generator

    Returns
    -------
    numpy.ndarray of int, shape (N,)

    Raises
    ------
    ValueError
        If N or C is not a positive integer.

    Examples
    --------
    >>> import numpy as np
    >>> random_labels(4, 1, np.random.default_rng(0))
    array([0, 0, 0, 0])
    """
    n_samples = positive_integer(n_samples, "n_samples")
    return rng.integers(positive_integer(n_classes, "n_classes"), size=n_samples)
