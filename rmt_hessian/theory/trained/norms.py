r"""Expected squared norms of trained blocks, at finite p and N.

Two samples decide the norm of a block. With white features, w their coordinates in the r
directions of `directions` and Λ the product of their weights λ^{ij},

    ``E‖H_ij‖² = (1 - 1/N) E[Λ ((w·w')² + p - r)] + (1/N) E[λ² ((‖w‖² + p - r)² + 2 (p - r))]``,

the second sample independent of the first. Of other features, to leading order in p, the moments of
``z·z'`` and of ``‖z‖²`` given the two classes stand there.

References
----------
``docs/trained.md`` §4.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from rmt_hessian._types import FloatArray, IntArray
from rmt_hessian.block_norms import BlockNorms
from rmt_hessian.theory.trained.class_moments import ClassMoments
from rmt_hessian.theory.trained.samples import TrainedSample

MOST_PAIRED = 2**11  # samples, half of which are paired with the other half


class Coordinates(NamedTuple):
    """Of w given the logits: mean (n, R), ``w̄ᵀ C w̄`` (n,), ``tr C``, ``tr C²`` and r."""

    mean: FloatArray
    spread: FloatArray
    trace: float
    trace_of_square: float
    dimension: int


def block_norms(
    sample: TrainedSample,
    moments: ClassMoments,
    coordinates: Coordinates | None,
    population: bool = False,
) -> BlockNorms:
    """Norms of a Hessian; coordinates of white features, None of others.

    Of the population, N → ∞ at these weights, pairs of different samples alone count. Samples are
    paired at random where there are more than `MOST_PAIRED`.
    """
    n, K = len(sample.labels), moments.n_classes
    of_own = 0.0 if population else 1 / moments.n_samples
    size = min(n, MOST_PAIRED) // 2
    first, second = np.random.default_rng(0).permutation(n)[: 2 * size].reshape(2, size)
    if coordinates is None:
        pairs, alone = _of_classes(moments, sample, first, second)
    else:
        pairs, alone = _of_directions(moments, coordinates, first, second)
    p, w = sample.fitted.probabilities, sample.masses
    lam = p * (1 - p)
    masses = np.outer(w[first], w[second])
    masses /= masses.sum()
    both, squares = p[first] @ p[second].T, p[first] ** 2 @ (p[second] ** 2).T
    found = []
    for of_pair, of_one in (
        (lam[first] @ lam[second].T, (lam**2).sum(axis=1)),
        (both**2 - squares, (p**2).sum(axis=1) ** 2 - (p**4).sum(axis=1)),
    ):
        total = (1 - of_own) * (masses * of_pair * pairs).sum() + of_own * (w @ (of_one * alone))
        found.append(float(total))
    return BlockNorms(found[0] / K, found[1] / (K * (K - 1)), n_units=K)


def _of_directions(
    moments: ClassMoments, at: Coordinates, first: IntArray, second: IntArray
) -> tuple[FloatArray, FloatArray]:
    """``E (z·z')²`` of pairs and ``E ‖z‖⁴``, given the logits of the samples."""
    rest = moments.n_features - at.dimension
    spread = at.spread[first][:, None] + at.spread[second] + at.trace_of_square
    pairs = (at.mean[first] @ at.mean[second].T) ** 2 + spread + rest
    length = (at.mean**2).sum(axis=1) + at.trace + rest
    return pairs, length**2 + 4 * at.spread + 2 * at.trace_of_square + 2 * rest


def _of_classes(
    moments: ClassMoments, sample: TrainedSample, first: IntArray, second: IntArray
) -> tuple[FloatArray, FloatArray]:
    """The same given the classes."""
    p, a = moments.n_features, moments.eigenvalues
    trace, trace_of_square = p * moments.shares @ a, p * moments.shares @ a**2
    gram = moments.grams.sum(axis=0)
    forms = np.einsum("a,akk->k", a, moments.grams)  # μᵀ Σ μ
    y, one, other = sample.labels, sample.labels[first], sample.labels[second]
    pairs = trace_of_square + forms[one][:, None] + forms[other] + gram[np.ix_(one, other)] ** 2
    length = trace + np.diag(gram)[y]
    return pairs, length**2 + 2 * trace_of_square + 4 * forms[y]
