"""Inputs that are a Gaussian mixture, one class a component."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from rmt_hessian._checks.arguments import positive_integer
from rmt_hessian._random import random_generator
from rmt_hessian._types import FloatArray, IntArray, RandomState
from rmt_hessian.mixture import Mixture


def mixture_inputs(
    n_samples: int,
    n_inputs: int,
    n_classes: int,
    rng: RandomState,
    *,
    separation: float,
    groups: tuple[int, float] | None = None,
    frequencies: ArrayLike | None = None,
    means: ArrayLike | None = None,
) -> tuple[FloatArray, IntArray]:
    """Draw inputs about the means of their classes, ``x_n = ρ m_{y_n} + g_n``, ``g_n ~ N(0, I_d)``.

    The means have unit length and are a Haar random frame of R^d, orthonormal or correlated within
    groups, ``[m_1 … m_K]ᵀ = Gram^{1/2} [q_1 … q_K]ᵀ``. They are drawn first, so that training and
    test sets of one mixture are parts of one draw.

    Parameters
    ----------
    n_samples, n_inputs, n_classes : int
        N, d and K, all at least 1, and K <= d.
    rng : None, int, SeedSequence or Generator
    separation : float
        ρ, not negative; at 0 labels are independent of the inputs.
    groups : tuple of int and float, optional
        The number of groups, each of K/number consecutive classes, and the correlation κ in [0, 1]
        of two means of a group (1: they coincide); means of two groups are orthogonal. None: all
        means are.
    frequencies : array_like, shape (K,), optional
        Positive, of any sum: labels are drawn independently with such probabilities. None: balanced
        labels, each class exactly ⌊N/K⌋ or ⌈N/K⌉ times, in random order.
    means : array_like, shape (K, d), optional
        The very m, of any length; nothing is drawn then. Not beside groups.

    Returns
    -------
    X : numpy.ndarray, shape (N, d)
    labels : numpy.ndarray of int, shape (N,)
        ``y_n``, in ``0 … K-1``.

    Raises
    ------
    ValueError
        If an argument is not as above.

    See Also
    --------
    rmt_hessian.mixture.Mixture : The description of it.

    References
    ----------
    ``docs/training.md`` §1.

    Examples
    --------
    >>> import numpy as np
    >>> X, labels = mixture_inputs(9, 4, 3, np.random.default_rng(0), separation=2.0)
    >>> X.shape, np.bincount(labels)
    ((9, 4), array([3, 3, 3]))
    """
    mixture = Mixture(separation, groups, frequencies, means)
    return draw_mixture(mixture, n_samples, n_inputs, n_classes, rng)


def draw_mixture(
    mixture: Mixture, n_samples: int, n_inputs: int, n_classes: int, rng: RandomState
) -> tuple[FloatArray, IntArray]:
    """`mixture_inputs` of a `Mixture`."""
    rng, N = random_generator(rng), positive_integer(n_samples, "n_samples")
    means = mixture_means(mixture, n_classes, n_inputs, rng)
    K, d = means.shape
    if mixture.frequencies is None:
        labels = rng.permutation(rng.permutation(K)[np.arange(N) % K])
    else:
        labels = rng.choice(K, size=N, p=mixture.probabilities(K))
    X = rng.standard_normal((N, d))
    X += mixture.separation * means[labels]
    return X, labels


def mixture_means(
    mixture: Mixture, n_classes: int, n_inputs: int, rng: np.random.Generator
) -> FloatArray:
    """Means of a `Mixture`, shape (K, d): of unit length, with its Gram matrix, Haar in R^d."""
    K, d = mixture.probabilities(n_classes).size, positive_integer(n_inputs, "n_inputs")
    mixture.refuse_other_sizes(K, d)
    if mixture.means is not None:
        return np.asarray(mixture.means)
    Q, R = np.linalg.qr(rng.standard_normal((d, K)))
    frame = (Q * np.copysign(1.0, np.diagonal(R))).T  # the signs of QR are not random
    if mixture.groups is None:
        return frame
    # the Gram matrix of a group of s is (1-κ)I + κ11ᵀ, its root √(1-κ) I + c 11ᵀ
    n_groups, kappa = mixture.groups
    s = K // n_groups
    c = (np.sqrt(1 - kappa + kappa * s) - np.sqrt(1 - kappa)) / s
    sums = frame.reshape(n_groups, s, d).sum(axis=1)
    return np.sqrt(1 - kappa) * frame + c * np.repeat(sums, s, axis=0)
