r"""The density of weights that are known by a sample, or by counts in bins.

The normal score ``z(λ)``, with ``F(λ) = Φ(z)``, is nearly straight for weights that are smooth
functions of many Gaussians. It is interpolated by a monotone cubic through a few dozen quantiles,
so that ``f = φ(z) z'`` is a smooth positive density which averages over all points between them. A
slowly varying factor makes its first two moments those of the sample.

References
----------
``docs/laws.md`` §2.5.
"""

import numpy as np
from scipy.interpolate import PchipInterpolator
from scipy.special import ndtr, ndtri

from rmt_hessian._types import FloatArray, Function, IntArray
from rmt_hessian.theory.laws.weight_density import WeightDensity

SCORE_STEP = 0.25  # between the quantiles, in z
FEWEST = 40  # points beyond the outermost quantiles
ROUNDING = 1e-7  # quantiles nearer than this, in the coordinate of the scores, are one
LINEAR = 0.3  # share of the quantiles about 0 between which that coordinate is linear
LEAST = 1e-290  # of the width of that part, in units of the largest quantile and of 1
HALVINGS = 40  # of the panels towards 0
TIES = 0.02  # a larger share of equal points is an atom


def sampled_density(values: FloatArray, zero: float = 0.0) -> WeightDensity | None:
    """Density of weights of which ``values`` is a sample, and a probability of 0 beside.

    Parameters
    ----------
    values : numpy.ndarray, shape (n,)
        Equally probable, none of them 0 by construction.
    zero : float
        ``P(λ = 0)``.

    Returns
    -------
    WeightDensity, or None
        None where the sample has atoms, too few points, or more scales than panels resolve.
    """
    x = np.sort(values)
    n = x.size
    if n < 8 * FEWEST or x[0] == x[-1]:
        return None
    z = _scores(FEWEST / n)
    knots = np.interp(n * ndtr(z) - 0.5, np.arange(n), x)
    # beyond the outermost quantiles: a straight line to the outermost point
    outer = -ndtri(0.5 / n)
    knots, z = np.concatenate([x[:1], knots, x[-1:]]), np.concatenate([[-outer], z, [outer]])
    return _density(knots, z, values.mean(), values.std(), zero)


def counted_density(
    edges: FloatArray, counts: FloatArray | IntArray, mean: float, second_moment: float
) -> WeightDensity | None:
    """Density of positive weights that were counted in bins, with the moments as given.

    Parameters
    ----------
    edges : numpy.ndarray, shape (K + 1,)
        Ends of the bins, ascending, positive.
    counts : numpy.ndarray, shape (K,)
    mean, second_moment : float
    """
    below = np.append(0.0, np.cumsum(counts)) / counts.sum()
    last = np.flatnonzero(counts)[-1] + 1
    kept = np.append(np.flatnonzero(counts), last)  # below each of them, and at the upper end
    z = _scores(FEWEST / counts.sum())
    knots = np.exp(np.interp(ndtr(z), below[kept], np.log(edges[kept])))
    outer = -ndtri(0.5 / counts.sum())
    knots = np.concatenate([edges[kept[:1]], knots, edges[last : last + 1]])
    z = np.concatenate([[-outer], z, [outer]])
    return _density(knots, z, mean, np.sqrt(second_moment - mean**2), 0.0)


def _scores(tail: float) -> FloatArray:
    """Normal scores of quantiles, down to a tail of this probability."""
    last = -ndtri(tail)
    return np.linspace(-last, last, 2 * int(np.ceil(last / SCORE_STEP)) + 1)


def _density(
    knots: FloatArray, z: FloatArray, mean: float, std: float, zero: float
) -> WeightDensity | None:
    """The density with scores z at the knots, made to have this mean and standard deviation."""
    straight, slope = _coordinate(knots)
    apart = np.diff(straight(knots)) > ROUNDING
    if (np.diff(ndtr(z))[~apart] > TIES).any():
        return None
    kept = np.append(apart, True)
    scores = PchipInterpolator(straight(knots[kept]), z[kept])

    def density(lam: FloatArray) -> FloatArray:
        at = straight(lam)
        return np.exp(-(scores(at) ** 2) / 2) * scores(at, 1) * slope(lam)

    try:
        raw = WeightDensity.of(density, _panels(knots[kept]))
        correction = _correction(raw, mean, std)
        return WeightDensity.of(lambda lam: density(lam) * correction(lam), raw.edges, zero)
    except (RuntimeError, ValueError):  # too many scales for panels, or for the correction
        return None


def _coordinate(knots: FloatArray) -> tuple[Function, Function]:
    """The coordinate in which scores are interpolated, and its slope: log|λ| for one sign, down to
    `LEAST`; else ``arsinh(λ/s)``, linear about 0.
    """
    if knots[0] >= LEAST or knots[-1] <= -LEAST:
        sign = np.sign(knots[0])
        return lambda lam: sign * np.log(np.abs(lam)), lambda lam: 1 / np.abs(lam)
    largest = np.abs(knots).max()
    s = np.quantile(np.abs(knots), LINEAR) or largest
    s = max(s, LEAST * largest, LEAST)  # λ/s and 1/s must be floats
    return lambda lam: np.arcsinh(lam / s), lambda lam: 1 / np.hypot(lam, s)


def _panels(knots: FloatArray) -> FloatArray:
    """Panels between the knots; those next to 0 halve towards it."""
    below, above = knots[knots < 0], knots[knots > 0]
    halving = 2.0 ** -np.arange(1, HALVINGS)
    parts = []
    if above.size:
        near = above[0] * halving[::-1] if below.size else []
        parts.append(np.concatenate([near, above]))
    if below.size:
        near = below[-1] * halving if above.size else []
        parts.insert(0, np.concatenate([below, near]))
    return np.concatenate([np.column_stack([ends[:-1], ends[1:]]) for ends in parts])


def _correction(law: WeightDensity, mean: float, std: float) -> Function:
    """``c₀ + c₁ t + c₂ t²``, which gives the law this mean and standard deviation.

    ``t = tanh(y/2)`` of the standardised weight y is bounded: no tail is turned over.
    """

    def powers(lam: FloatArray) -> FloatArray:
        return np.tanh((lam - mean) / (2 * std)) ** np.arange(3).reshape(-1, *[1] * lam.ndim)

    y = (law.nodes - mean) / std
    moments = (y ** np.arange(3)[:, None] * law.probabilities) @ powers(law.nodes).T
    c = np.linalg.solve(moments, [1.0, 0.0, 1.0])
    return lambda lam: np.tensordot(c, powers(lam), axes=1)
