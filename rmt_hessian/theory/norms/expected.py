"""Expected squared block norms and their ratio ``R = E‖H_ij‖_F² / E‖H_ii‖_F²``, i ≠ j.

Two samples decide the norm of a block: with weights λ = λ^{ij}(x) and features z,

    ``E‖H_ij‖_F² = (1 - 1/N) E[(z·z')² λ λ'] + (1/N) E[‖z‖⁴ λ²]``.

A pair of samples travels through the random network as its Gram matrix (`sample_pairs`), and the
expectation is exact at any d, N, m, C: what remains for CE is an average over draws of a pair, with
a standard error.

MSE needs no draws. As ``d, N → ∞`` with ``d/N = γ`` and few directions in the weights the norm
tends to ``d [(E λ)² + γ E λ²]``, with the law of λ at that C: `block_norm_from_weights`.

References
----------
``docs/norms.md`` *Two samples decide*.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from rmt_hessian._checks.arguments import (
    list_of,
    positive_integer,
    positive_real,
    require_attributes,
)
from rmt_hessian._random import random_generator
from rmt_hessian._types import FloatArray, HasMoments, RandomState
from rmt_hessian.block_norms import BlockNorms
from rmt_hessian.ensemble import Ensemble
from rmt_hessian.theory.coverage import class_offsets
from rmt_hessian.theory.coverage import units as checked_units
from rmt_hessian.theory.norms.kinds import formulas_of, sizes_of
from rmt_hessian.theory.norms.sample_pairs import INNER

BATCH = 2**17  # numbers held at a time, or one draw: what fits in the cache


def block_norms(
    ens: Ensemble,
    *,
    units: tuple[int, int] | None = None,
    n_draws: int | None = None,
    rng: RandomState = 0,
) -> BlockNorms:
    """Expected squared block norms over random weights and inputs, exact in d, N, m and C.

    ``E‖H_ij‖_F² = (1 - 1/N) E[(z·z')² λ λ'] + (1/N) E[‖z‖⁴ λ²]``, z and λ the features and the
    weight of one sample, z' and λ' of another. CE is an average over draws of a pair, MSE closed.

    Parameters
    ----------
    ens : Ensemble
        Of two or three widths, no weights given, biases of the last layer or none; at least two
        classes and two hidden units.
    units : (int, int), optional
        Two units (i, j): the norms of ``H_ii`` and ``H_ij``. Only of the last layer with CE and
        biases are they unlike others; by default the means over all units and all pairs.
    n_draws : int, optional
        Pairs of samples drawn; by default as many as a few seconds allow, at least 1024.
    rng : None, int, SeedSequence or Generator
        The default is a fixed seed: the same call gives the same number.

    Returns
    -------
    BlockNorms
        With standard errors of the Monte Carlo average; 0 where the formula is closed.

    Raises
    ------
    ValueError
        If the ensemble is another, or the two units are one.
    IndexError
        If there is no such unit.

    Notes
    -----
    For the output layer with CE the average has heavy tails at small m: below m = 5 or so the
    standard errors are too small (for m = 4, C = 300 and 1024 draws, 15 % of the averages lay
    beyond three of them).

    References
    ----------
    ``docs/norms.md`` *Two samples decide*.

    Examples
    --------
    >>> from rmt_hessian.ensemble import Ensemble
    >>> norms = block_norms(Ensemble([5, 3], layer=0, loss="mse", n_samples=9))
    >>> round(norms.diagonal, 4), norms.off_diagonal, norms.ratio
    (8.3333, 0.0, 0.0)
    """
    formulas = formulas_of(ens, offsets=True)
    pair = None if units is None else _pair(ens, units)
    n_units = ens.n_units if pair is None else None
    (d, N, m, gain), C = sizes_of(ens), ens.n_classes
    if ens.loss == "mse":
        norms = zip(formulas.mse_factors(C), formulas.mse_class_norms(d, N, m, gain), strict=True)
        diagonal, off_diagonal = (factor * norm for factor, norm in norms)
        return BlockNorms(diagonal, off_diagonal, n_units=n_units)
    offsets = class_offsets(ens)
    draw = partial(formulas.ce_products, C, d, m, gain, offsets=offsets, pair=pair)
    cost, size = formulas.ce_cost(C, m)
    if offsets is not None and pair is not None:
        cost, size = cost + 64 * INNER, max(size, 4 * INNER)
    if n_draws is None:
        n_draws = max(1024, 2**26 // cost)
    n_draws = positive_integer(n_draws, "n_draws", minimum=2)
    rng = random_generator(rng)
    batch = max(1, min(n_draws, BATCH // size))
    totals = np.zeros((2, n_draws))
    for start in range(0, n_draws, batch):
        stop = min(start + batch, n_draws)
        for same, share in ((False, 1.0 - 1.0 / N), (True, 1.0 / N)):
            totals[:, start:stop] += share * np.stack(draw(stop - start, same, rng))
    return _average(totals, n_units)


def _pair(ens: Ensemble, values: Any) -> tuple[int, int]:
    """Two different units."""
    both = list_of(values, "units", "two units")
    if len(both) != 2:
        raise ValueError(f"units must be two, got {len(both)}")
    i, j = checked_units(ens, *both)
    if i == j:
        raise ValueError(f"units must be different, got {i} twice")
    return i, j


def _average(totals: FloatArray, n_units: int | None) -> BlockNorms:
    """Means over draws, standard errors, and the error of the ratio by the delta method."""
    diagonal, off_diagonal = totals.mean(axis=1)
    covariance = np.cov(totals) / totals.shape[1]
    errors = np.sqrt(covariance.diagonal())
    gradient = np.array([-off_diagonal / diagonal, 1.0]) / diagonal
    return BlockNorms(
        float(diagonal),
        float(off_diagonal),
        float(errors[0]),
        float(errors[1]),
        float(np.sqrt(max(gradient @ covariance @ gradient, 0.0))),
        n_units,
    )


def block_norm_from_weights(law: HasMoments, aspect_ratio: float) -> float:
    """``E‖H‖_F²/d → (E λ)² + γ E λ²`` as d, N → ∞ with ``d/N = γ``: the norm at finite C.

    The second moment of the spectrum of a block with isotropic features. With the law of the
    weights of a diagonal and of an off-diagonal block at some C, their ratio is R there.

    Parameters
    ----------
    law : object with ``mean()`` and ``second_moment()``
        The law of the weights λ of a block, for example a `WeightLaw`.
    aspect_ratio : float
        ``γ = p/N``.

    Returns
    -------
    float

    Raises
    ------
    ValueError
        If the law has not these two, or the aspect ratio is not positive.

    References
    ----------
    ``docs/laws.md`` §2.1: mean and variance of the law.

    Examples
    --------
    >>> from rmt_hessian.ensemble import Ensemble
    >>> from rmt_hessian.theory import weight_law
    >>> block_norm_from_weights(weight_law(Ensemble([4, 3], 0, "mse", 8), 0, 0), 0.5)
    1.5
    """
    require_attributes(law, ("mean", "second_moment"), "law", "the law of the weights")
    aspect_ratio = positive_real(aspect_ratio, "aspect_ratio")
    return float(law.mean() ** 2 + aspect_ratio * law.second_moment())
