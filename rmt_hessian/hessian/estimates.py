"""Estimates for infinitely many samples, from the pairs of different ones, with standard errors.

``Σ_{n≠m} h(n, m)`` is a U-statistic: the mean over pairs estimates what the whole sum tends to for
N → ∞, without bias. Leaving sample n out takes its row away twice,

    ``T_{-n} = T - 2 Σ_{m≠n} h(n, m)``,

so that the jackknife needs nothing but the sums of rows. (It loses digits of the error where the
pairs of one sample are nearly all of T.) Its variance is that of single samples and about twice
that of pairs (Efron and Stein 1981): errors are right where N is large and T does not tend to 0,
and too large by up to ``√(2(N-1)/(N-2))``, on average, where single samples tell nothing: a factor
of 2 for N = 3, of √2 for many.

References
----------
``docs/computation.md`` §2; Hoeffding (1948); Efron and Stein (1981).
"""

from typing import Any, NamedTuple

import numpy as np

from rmt_hessian._types import FloatArray, RealArray
from rmt_hessian.block_norms import BlockNorms
from rmt_hessian.hessian.norms import means_over_blocks, norm, square_sums

FEWEST = 3  # samples: of two, leaving one out leaves no pair


class Estimate(NamedTuple):
    """A number that was estimated.

    Attributes
    ----------
    value : float
    standard_error : float
    """

    value: float
    standard_error: float


def require_pairs(n_samples: int) -> None:
    """Raise if there are too few samples for an estimate from different ones."""
    if n_samples < FEWEST:
        raise ValueError(
            f"H must be of at least {FEWEST} samples for population=True, which takes pairs of "
            f"different ones, got {n_samples}"
        )


def population_sums(
    rows: FloatArray, sample_weights: RealArray | None = None
) -> tuple[FloatArray, FloatArray]:
    """What ``Σ_nm h(n, m)`` tends to for N → ∞, from all samples and with each of them left out.

    Parameters
    ----------
    rows : numpy.ndarray, shape (…, N)
        ``Σ_{m≠n} h(n, m)``; h has a factor ``ω_n ω_m/N²``.
    sample_weights : numpy.ndarray, shape (N,), or None
        ``ω_n > 0``, of mean 1; None for 1.

    Returns
    -------
    values : numpy.ndarray, shape (…)
        ``N² Σ_{n≠m} h / Σ_{n≠m} ω_n ω_m``.
    without : numpy.ndarray, shape (…, N)
        The same, of all samples but n.
    """
    N = rows.shape[-1]
    w = np.ones(N) if sample_weights is None else np.asarray(sample_weights, np.float64)
    (below, pairs_below), (above, pairs_above) = _before(w), (x[::-1] for x in _before(w[::-1]))
    T, pairs = rows.sum(axis=-1), np.sum(w * (below + above))
    without = N * N * (T[..., None] - 2 * rows) / (2 * (pairs_below + pairs_above + below * above))
    return N * N * T / pairs, without


def _before(w: FloatArray) -> tuple[FloatArray, FloatArray]:
    """``Σ_{m<n} ω_m`` and ``Σ_{l<m<n} ω_l ω_m``, (N,) each: sums without a difference."""
    first = np.append(0.0, np.cumsum(w)[:-1])
    return first, np.append(0.0, np.cumsum(w * first)[:-1])


def standard_error(without: FloatArray) -> float:
    """``√((N-1)/N Σ_n (θ_{-n} - mean θ)²)`` of a statistic with each sample left out, (N,)."""
    N = len(without)
    return float(np.sqrt((N - 1) / N)) * norm(without - without.mean())


def mean_squared_block_norms(H: Any, sample_weights: RealArray | None = None) -> BlockNorms:
    """`norms.mean_squared_block_norms` for N → ∞, with standard errors."""
    require_pairs(H.n_samples)
    k = H.n_blocks
    sums, scale = square_sums(H)
    values, without = population_sums(sums.rows, sample_weights)
    errors = map(standard_error, without)
    means = (number for x in (values, errors) for number in means_over_blocks(x, scale, k))
    diagonal, off_diagonal = without
    ratios = np.full_like(diagonal, np.nan)
    if k > 1:
        np.divide(off_diagonal, (k - 1) * diagonal, out=ratios, where=diagonal > 0)
    return BlockNorms(*means, ratio_error=standard_error(ratios), n_units=k)
