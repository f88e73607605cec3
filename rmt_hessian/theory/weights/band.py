"""How far the law of a finite sample of weights strays from its limit."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from rmt_hessian._checks.arguments import instance_of, positive_integer
from rmt_hessian._checks.distributions import probability
from rmt_hessian._random import random_generator
from rmt_hessian._types import RandomState
from rmt_hessian.ensemble import Ensemble
from rmt_hessian.theory.coverage import white_features
from rmt_hessian.theory.laws.conditional import conditional_law
from rmt_hessian.theory.weights.law import WeightLaw
from rmt_hessian.theory.weights.of_ensemble import weight_law


def sampling_band(
    ens: Ensemble,
    i: int,
    j: int,
    *,
    level: float = 0.95,
    n_draws: int = 19,
    n_points: int = 40,
    rng: RandomState = 0,
) -> float:
    """Quantile of ``sup_x |F_sample(x) - F(x)|`` over samples of N weights of block (i, j).

    F is the limiting law of the block, F_sample that of N weights drawn from the law of λ.
    A spectrum lies this far from F, of order ``sd λ/(|E λ| √N)``, although it sits on its
    conditional law.

    Parameters
    ----------
    ens : Ensemble
        Of a layer whose features are the inputs.
    i, j : int
        As in `weight_law`.
    level : float
        A fresh sample stays within the band with this probability, on average over ``rng``: the
        largest of 19 distances is exceeded once in 20. One band of 19 draws is itself uncertain
        by about a fifth; give each comparison its own ``rng``, or take more draws.
    n_draws, n_points : int
        Simulated samples, and quantiles of the law at which the distance is taken, beside a
        point in each of its gaps.
    rng : None, int, SeedSequence or Generator

    Returns
    -------
    float in [0, 1]

    Raises
    ------
    ValueError
        As `weight_law`; if the features are not the inputs, a count is not positive, or the level
        not in [0, 1].

    References
    ----------
    Definition. Why it is of this order: ``docs/decoupled.md`` *The spectra*.

    Examples
    --------
    >>> from rmt_hessian.ensemble import Ensemble
    >>> sampling_band(Ensemble([4, 3], layer=0, loss="mse", n_samples=8), 0, 0)
    0.0
    """
    white_features(ens, offsets=True)
    weights, rng = weight_law(ens, i, j), random_generator(rng)
    p, N = ens.n_features, ens.n_samples
    return band_of_weights(weights, p, N, level=level, n_draws=n_draws, n_points=n_points, rng=rng)


def band_of_weights(
    weights: WeightLaw,
    n_features: int,
    n_samples: int,
    *,
    level: float = 0.95,
    n_draws: int = 19,
    n_points: int = 40,
    rng: RandomState = 0,
) -> float:
    """`sampling_band` of any `WeightLaw`, for p features and N samples."""
    p = positive_integer(n_features, "n_features")
    n = positive_integer(n_samples, "n_samples")
    instance_of(weights, WeightLaw, "weights")
    level, rng = probability(level, "level"), random_generator(rng)
    law = weights.block_law(p / n)
    # in a gap the deviation of the masses beside it shows whole: at quantiles it may not
    gaps = [(a[1] + b[0]) / 2 for a, b in pairwise(law.components())]
    n_points = positive_integer(n_points, "n_points")
    x = np.unique([*law.ppf((np.arange(n_points) + 0.5) / n_points), *gaps])
    F = law.cdf(x)
    distances = []
    for _ in range(positive_integer(n_draws, "n_draws")):
        sample = rng.choice(weights.nodes, size=n, p=weights.probabilities)
        distances.append(np.abs(conditional_law(sample, p).cdf(x) - F).max())
    return float(np.quantile(distances, level, method="higher"))
