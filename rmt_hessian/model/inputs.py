"""Inputs and labels."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from rmt_hessian._checks.arguments import (
    boolean,
    positive_integer,
    positive_real,
    real_at_least_zero,
)
from rmt_hessian._checks.arrays import finite_array, real_array
from rmt_hessian._checks.matrices import covariance_spectrum
from rmt_hessian._random import random_generator
from rmt_hessian._types import FloatArray, IntArray, RandomState


def _shape(n_samples: int, n_inputs: int) -> tuple[int, int]:
    return positive_integer(n_samples, "n_samples"), positive_integer(n_inputs, "n_inputs")


def gaussian_inputs(
    n_samples: int, n_inputs: int, rng: RandomState, *, mean: ArrayLike = 0.0
) -> FloatArray:
    """Draw Gaussian inputs, ``x_n ~ N(b, I_d)``, standard by default.

    Parameters
    ----------
    n_samples, n_inputs : int
        N and d, both at least 1.
    rng : None, int, SeedSequence or Generator
    mean : float or array_like, shape (d,)
        b; a number stands for all coordinates.

    Returns
    -------
    numpy.ndarray, shape (N, d)

    Raises
    ------
    ValueError
        If N or d is not a positive integer, or the mean is not finite or of another shape.

    References
    ----------
    Definition.

    Examples
    --------
    >>> import numpy as np
    >>> gaussian_inputs(3, 2, np.random.default_rng(0)).shape
    (3, 2)
    """
    shape = _shape(n_samples, n_inputs)
    b = real_array(mean, "mean")
    b = finite_array(b, "mean", ndim=b.ndim)
    if b.shape not in ((), shape[1:]):
        raise ValueError(f"mean must be a number or of shape {shape[1:]}, got shape {b.shape}")
    return random_generator(rng).standard_normal(shape) + b


def rademacher_inputs(n_samples: int, n_inputs: int, rng: RandomState) -> FloatArray:
    """Draw independent signs, ``P(x = 1) = P(x = -1) = ½``: fourth moment 1, the least possible.

    Parameters, result and errors are those of `gaussian_inputs`, without a mean.

    References
    ----------
    Definition.

    Examples
    --------
    >>> import numpy as np
    >>> rademacher_inputs(1, 4, np.random.default_rng(0))
    array([[ 1.,  1.,  1., -1.]])
    """
    bits = random_generator(rng).integers(2, size=_shape(n_samples, n_inputs))
    return 2.0 * bits.astype(np.float64) - 1.0


def uniform_inputs(n_samples: int, n_inputs: int, rng: RandomState) -> FloatArray:
    """Draw independent entries, uniform on ``[-√3, √3]``: mean 0, variance 1.

    Parameters, result and errors are those of `gaussian_inputs`, without a mean.

    References
    ----------
    Definition.

    Examples
    --------
    >>> import numpy as np
    >>> bool(abs(uniform_inputs(9, 9, np.random.default_rng(0))).max() <= 3**0.5)
    True
    """
    shape = _shape(n_samples, n_inputs)
    return random_generator(rng).uniform(-np.sqrt(3.0), np.sqrt(3.0), size=shape)


def student_inputs(
    n_samples: int, n_inputs: int, rng: RandomState, *, degrees_of_freedom: float
) -> FloatArray:
    """Draw independent entries with Student's law of ν degrees of freedom: heavy tails.

    For ν > 2 the entries are divided by their standard deviation ``√(ν/(ν - 2))``, so that they
    have variance 1; moments of order ν and above are infinite all the same. For ν <= 2 there is no
    variance, and the entries are Student's own, unscaled (ν = 1: Cauchy).

    Parameters
    ----------
    n_samples, n_inputs : int
        N and d, both at least 1.
    rng : None, int, SeedSequence or Generator
    degrees_of_freedom : float
        ν, positive.

    Returns
    -------
    numpy.ndarray, shape (N, d)

    Raises
    ------
    ValueError
        If N or d is not a positive integer, or ν is not positive and finite.

    References
    ----------
    Definition.

    Examples
    --------
    >>> import numpy as np
    >>> student_inputs(3, 2, np.random.default_rng(0), degrees_of_freedom=5).shape
    (3, 2)
    """
    nu = positive_real(degrees_of_freedom, "degrees_of_freedom")
    scale = np.sqrt((nu - 2.0) / nu) if nu > 2 else 1.0
    return scale * random_generator(rng).standard_t(nu, size=_shape(n_samples, n_inputs))


def correlated_inputs(
    n_samples: int, eigenvalues: ArrayLike, rng: RandomState, *, rotate: bool = False
) -> FloatArray:
    """Draw Gaussian inputs of a given covariance spectrum, ``x_n = Q Σ^{1/2} g_n``.

    Σ is diagonal with the given eigenvalues; Q is the identity, or a Haar orthogonal matrix.

    Parameters
    ----------
    n_samples : int
        N, at least 1.
    eigenvalues : array_like, shape (d,)
        The spectrum of the covariance, not negative, but for rounding.
    rng : None, int, SeedSequence or Generator
    rotate : bool
        Whether the eigenvectors are Haar distributed (costs O(d³ + N d²)) or the axes.

    Returns
    -------
    numpy.ndarray, shape (N, d)

    Raises
    ------
    ValueError
        If N is not a positive integer, or the eigenvalues are empty, not finite or negative.

    References
    ----------
    Definition.

    Examples
    --------
    >>> import numpy as np
    >>> correlated_inputs(2, [0.0, 0.0, 4.0], np.random.default_rng(0)).all(axis=0)
    array([False, False,  True])
    """
    spectrum, rng = covariance_spectrum(eigenvalues, "eigenvalues"), random_generator(rng)
    rotate = boolean(rotate, "rotate")
    X = gaussian_inputs(n_samples, spectrum.size, rng) * np.sqrt(spectrum)
    if not rotate:
        return X
    # Q of a Gaussian matrix is Haar up to signs of its columns, to which symmetric g are blind
    return X @ np.linalg.qr(rng.standard_normal((spectrum.size, spectrum.size))).Q.T


def clustered_inputs(
    n_samples: int, n_inputs: int, n_clusters: int, rng: RandomState, *, noise: float = 0.1
) -> tuple[FloatArray, IntArray]:
    """Draw inputs about cluster centres on the unit sphere, ``x_n = c_{k_n} + noise · g_n``.

    The centres are uniform on the unit sphere of R^d, the label ``k_n`` is uniform over clusters,
    and ``g_n ~ N(0, I_d)``: ``noise`` is the standard deviation of one coordinate, so that the
    noise of a sample has length ``noise · √d`` about.

    Parameters
    ----------
    n_samples, n_inputs, n_clusters : int
        N, d and the number of clusters, all at least 1.
    rng : None, int, SeedSequence or Generator
    noise : float
        Not negative.

    Returns
    -------
    X : numpy.ndarray, shape (N, d)
    labels : numpy.ndarray of int, shape (N,)
        ``k_n``, in ``0 … n_clusters-1``.

    Raises
    ------
    ValueError
        If a count is not a positive integer, or the noise is negative or not finite.

    References
    ----------
    Definition.

    Examples
    --------
    >>> import numpy as np
    >>> X, labels = clustered_inputs(5, 3, 2, np.random.default_rng(0), noise=0.0)
    >>> np.linalg.norm(X, axis=1).round(12)
    array([1., 1., 1., 1., 1.])
    """
    shape = _shape(n_samples, n_inputs)
    sigma, rng = real_at_least_zero(noise, "noise"), random_generator(rng)
    centres = rng.standard_normal((positive_integer(n_clusters, "n_clusters"), shape[1]))
    centres /= np.linalg.norm(centres, axis=1, keepdims=True)
    labels = random_labels(n_samples, n_clusters, rng)
    return centres[labels] + sigma * rng.standard_normal(shape), labels


def standardise(Z: ArrayLike) -> FloatArray:
    """Features with mean 0 and variance 1 over the samples, the statistics held fixed.

    ``(z_na - mean_a)/std_a``, the standard deviation with 1/N; a constant feature becomes 0. To
    standardise the features of a layer inside a network, see `Network.above`.

    Parameters
    ----------
    Z : array_like, shape (N, p)

    Returns
    -------
    numpy.ndarray, shape (N, p)

    Raises
    ------
    ValueError
        If Z is not a finite two-dimensional array.

    References
    ----------
    Definition.

    Examples
    --------
    >>> standardise([[1.0, 5.0], [3.0, 5.0]])
    array([[-1.,  0.],
           [ 1.,  0.]])
    """
    Z = finite_array(Z, "Z", ndim=2)
    centred = Z - Z.mean(axis=0)
    scale = np.sqrt(np.mean(centred**2, axis=0))
    constant = scale <= 1e-12 * np.abs(Z).max(axis=0)  # rounding of the mean
    return np.where(constant, 0.0, centred / np.where(constant, 1.0, scale))


def random_labels(n_samples: int, n_classes: int, rng: RandomState) -> IntArray:
    """Draw labels uniformly from ``0 … C-1``, independent of the inputs.

    Parameters
    ----------
    n_samples, n_classes : int
        N and C, both at least 1.
    rng : None, int, SeedSequence or Generator

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
    n_classes = positive_integer(n_classes, "n_classes")
    return random_generator(rng).integers(n_classes, size=n_samples)
