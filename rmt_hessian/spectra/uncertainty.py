"""Standard errors and intervals of what is measured from few repetitions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from rmt_hessian._checks.arguments import boolean, describe, positive_integer, positive_real
from rmt_hessian._checks.arrays import finite_array, real_array
from rmt_hessian._random import random_generator
from rmt_hessian._types import Elementwise, FloatArray, RandomState


def jackknife(
    statistic: Callable[[FloatArray], ArrayLike], groups: ArrayLike, *, correct_bias: bool = False
) -> tuple[Elementwise, Elementwise]:
    """A statistic of a mean and its standard error, by deleting one group at a time.

    With ``θ_g`` the statistic at the mean of all groups but g, and G groups,

        ``SE² = (G-1)/G Σ_g (θ_g - mean θ)²``,

    the usual standard error where the statistic is linear, and right to first order in the
    fluctuation of the mean for a smooth one. An eigenvalue within the fluctuation of its
    neighbours is not smooth. Noise biases a curved statistic by O(1/N), and raises a
    small ``1 - overlap``: estimated as ``(G-1)(mean θ - value)``, to be taken off if wanted.

    Parameters
    ----------
    statistic : callable
        Of an array of the shape of one group; returns a scalar or an array.
    groups : array_like, shape (G, …)
        G >= 2 independent means of equally many samples each.
    correct_bias : bool

    Returns
    -------
    value, standard_error : float or numpy.ndarray
        The statistic at the mean of all groups, and its error, of one shape.

    Raises
    ------
    ValueError
        If there are fewer than two groups, or an entry is not finite.

    References
    ----------
    Tukey (1958); Efron and Stein (1981).

    Examples
    --------
    >>> value, error = jackknife(np.log, [1.0, 2.0, 3.0])
    >>> round(float(value), 4), round(float(error), 4)
    (0.6931, 0.2957)
    """
    if not callable(statistic):
        raise ValueError(f"statistic must be a function of one array, got {describe(statistic)}")
    groups = real_array(groups, "groups")
    groups = finite_array(groups, "groups", ndim=max(1, groups.ndim))
    G = len(groups)
    if G < 2:
        raise ValueError("groups must be at least two, got one")
    correct_bias, mean = boolean(correct_bias, "correct_bias"), groups.mean(axis=0)
    without = np.array([statistic(mean + (mean - group) / (G - 1)) for group in groups])
    value, error = np.asarray(statistic(mean))[()], np.sqrt((G - 1) * without.var(axis=0))
    bias = (G - 1) * (without.mean(axis=0) - value) if correct_bias else 0.0
    return value - bias, error


@dataclass(frozen=True)
class Rate:
    """An exponent with its interval.

    Attributes
    ----------
    exponent : float
    low, high : float
        Ends of the interval.
    """

    exponent: float
    low: float
    high: float


def fitted_rate(
    sizes: ArrayLike,
    values: ArrayLike,
    rng: RandomState,
    *,
    level: float = 0.95,
    n_resamples: int = 2000,
) -> Rate:
    """The exponent a of ``values ∝ sizes^a``, with a percentile bootstrap interval.

    a is the least-squares slope of ``log mean_seeds(values)`` against ``log sizes``. The interval
    holds the middle ``level`` of the slopes of resampled data: seeds drawn with replacement,
    independently at every size. It covers the noise of the seeds, not a curvature of the data; with
    s seeds it is too narrow by about ``√(1 - 1/s)``.

    Parameters
    ----------
    sizes : array_like, shape (q,)
        Positive, not all equal.
    values : array_like, shape (q, s)
        Positive, one column a seed, s at least 2.
    rng : None, int, SeedSequence or Generator
    level : float
        Between 0 and 1.
    n_resamples : int

    Returns
    -------
    Rate

    Raises
    ------
    ValueError
        If the shapes do not match, a number is not positive, all sizes are equal, there is one
        seed, or the level is not between 0 and 1.

    References
    ----------
    Efron (1979): the bootstrap.

    Examples
    --------
    >>> sizes, noise = np.array([10.0, 20.0, 40.0]), np.array([0.9, 1.1])
    >>> rate = fitted_rate(sizes, noise / sizes[:, None], np.random.default_rng(0))
    >>> round(rate.exponent, 9), rate.low < -1 < rate.high
    (-1.0, True)
    """
    sizes, values = finite_array(sizes, "sizes", ndim=1), finite_array(values, "values", ndim=2)
    if len(sizes) != len(values):
        raise ValueError(f"values must have {len(sizes)} rows, one a size, got {values.shape}")
    if values.shape[1] < 2:
        raise ValueError("values must have at least two columns, one a seed, got one")
    for array, name in ((sizes, "sizes"), (values, "values")):
        if array.min() <= 0:
            raise ValueError(f"{name} must be positive, got {array.min():g}")
    if np.ptp(sizes) == 0:
        raise ValueError(f"sizes must not all be equal, got {sizes[0]:g} only")
    level, n_resamples = positive_real(level, "level"), positive_integer(n_resamples, "n_resamples")
    if level >= 1:
        raise ValueError(f"level must be below 1, got {level:g}")
    x = np.log(sizes) - np.log(sizes).mean()
    slope = x / (x @ x)
    seeds = random_generator(rng).integers(values.shape[1], size=(n_resamples, *values.shape))
    means = np.take_along_axis(values[None], seeds, axis=2).mean(axis=2)  # (n_resamples, q)
    low, high = np.quantile(np.log(means) @ slope, [(1 - level) / 2, (1 + level) / 2])
    return Rate(float(slope @ np.log(values.mean(axis=1))), float(low), float(high))
