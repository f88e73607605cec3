r"""Joint moments of output Hessians M and features z, on which products in place of H depend.

With ``Σ = E[z zᵀ]`` and ``T = E[M ⊗ z zᵀ] - E M ⊗ Σ``, in Frobenius norms and in units of
``‖E M‖² ‖Σ‖²``,

    ``τ = ‖T‖²``,  ``μ = ‖E[M ⊗ z zᵀ]‖² = 1 + 2⟨E M ⊗ Σ, T⟩ + τ``.

With cross-entropy the cross term is negative and larger than τ, as large features make a class
certain and M small. Squares of means are products of independent blocks of Sobol' points, which
have no noise of a mean; Σ is exact, so that μ = 1 of constant M, whatever the points.

References
----------
``docs/structure.md`` §2; ``docs/decoupled.md`` *The matrices, exactly*.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import combinations, permutations
from typing import Self

import numpy as np

from rmt_hessian._checks.arguments import list_of
from rmt_hessian._types import FloatArray, RandomState
from rmt_hessian.ensemble import Ensemble
from rmt_hessian.theory.coverage import given_weights, shallow, units
from rmt_hessian.theory.structure.gaussian_features import GaussianFeatures
from rmt_hessian.theory.weights.given_weights import GivenWeights, gaussian_points

BLOCKS, LOG2_POINTS = 8, 11
LARGEST = 2000  # units times directions, whose joint moments are formed
WIDEST = 128  # units, or directions


@dataclass(frozen=True)
class BlockMoments:
    """Means over one block of points; of matrices M as rows, (k²,), and ``f fᵀ``, (directions²,).

    Attributes
    ----------
    M, M_fourth : numpy.ndarray, shape (k²,)
        ``E M`` and ``E[M ‖z‖⁴]``.
    excess : numpy.ndarray, shape (k², directions²)
        T, the covariance of M and ``f fᵀ``.
    squares, fourth, product : float
        Of ``‖M‖²``, of ``‖z‖⁴``, and of the one times the other.
    covariance : float
        ``E[‖M - E M‖² ‖z zᵀ - Σ‖²]``.
    """

    M: FloatArray
    M_fourth: FloatArray
    excess: FloatArray
    squares: float
    fourth: float
    product: float
    covariance: float

    @classmethod
    def of(cls, M: FloatArray, features: GaussianFeatures, u: FloatArray) -> Self:
        """M, (n, k²), at the points u."""
        n, f = len(u), features.of(u)
        pairs = (f[:, :, None] * f[:, None, :]).reshape(n, -1)
        mean, squares, fourth = M.mean(axis=0), np.sum(M**2, axis=1), features.fourth_moment(f)
        form = pairs @ features.second_moment.ravel() + features.rest  # zᵀ Σ z
        distance = fourth - 2 * form + features.squared_norm  # ‖z zᵀ - Σ‖²
        return cls(
            M=mean,
            M_fourth=M.T @ fourth / n,
            excess=(M - mean).T @ pairs / n,
            squares=float(squares.mean()),
            fourth=float(fourth.mean()),
            product=float(np.mean(squares * fourth)),
            covariance=float(np.mean(np.sum((M - mean) ** 2, axis=1) * distance)),
        )


@dataclass(frozen=True)
class JointMoments:
    """Moments of M and ``z zᵀ`` from independent blocks of points: see the module."""

    blocks: list[BlockMoments]
    features: GaussianFeatures
    squared_M: float
    """``‖E M‖²``."""

    @classmethod
    def of_layer(cls, ens: Ensemble, rng: RandomState, pair: tuple[int, int] | None = None) -> Self:
        """Those of a layer, or of one block, with given weights and inputs ``N(0, I)``.

        Raises
        ------
        ValueError, IndexError
            If weights are missing, the network is deeper, there are no such units, or as `of`.
        """
        given_weights(shallow(ens))
        block = None if pair is None else _units(ens, pair)
        given = GivenWeights.of(ens)

        def output_hessians(u: FloatArray) -> FloatArray:
            if block:
                return given.block_weights(u, *block)[:, None]
            return given.output_hessians(u).reshape(len(u), -1)

        features = GaussianFeatures.of_layer(ens, given)
        _refuse_many(1 if block else given.n_units, features.directions)
        return cls.of(output_hessians, features, given.n_directions, rng)

    @classmethod
    def of(
        cls,
        output_hessians: Callable[[FloatArray], FloatArray],
        features: GaussianFeatures,
        n_directions: int,
        rng: RandomState,
    ) -> Self:
        """M as rows, (n, r) -> (n, k²).

        Raises
        ------
        ValueError
            If ``E[M]`` is zero or overflows.
        """
        points = gaussian_points(n_directions, rng, BLOCKS, LOG2_POINTS)
        blocks = [BlockMoments.of(output_hessians(u), features, u) for u in points]
        squared_M = np.mean([np.sum(a.M * b.M) for a, b in combinations(blocks, 2)])
        if not 0 < squared_M < np.inf:
            raise ValueError(
                f"E[M] must be finite and not zero, got the squared norm {squared_M:g}"
            )
        return cls(blocks, features, float(squared_M))

    @property
    def unit(self) -> float:
        """``‖E M‖² ‖Σ‖²``."""
        return self.squared_M * self.features.squared_norm

    def plateau(self) -> float:
        """``τ = ‖T‖²`` in these units; noise may make it negative."""
        squares = [np.sum(a.excess * b.excess) for a, b in combinations(self.blocks, 2)]
        return float(np.mean(squares) / self.unit)

    def squared_mean(self) -> float:
        """``μ = ‖E[M ⊗ z zᵀ]‖²`` in these units. T is 0 on the ``rest`` of the features."""
        along = [(b.M, b.excess @ self.features.second_moment.ravel()) for b in self.blocks]
        cross = np.mean([M @ t for (M, _), (_, t) in permutations(along, 2)])
        return float(1 + 2 * cross / self.unit + self.plateau())

    def mean(self, name: str) -> FloatArray:
        """One field of `BlockMoments`, in the mean over all blocks; () of numbers."""
        return np.asarray(np.mean([getattr(block, name) for block in self.blocks], axis=0))


def _units(ens: Ensemble, pair: tuple[int, int]) -> tuple[int, int]:
    values = list_of(pair, "pair", "two units")
    if len(values) != 2:
        raise ValueError(f"pair must be two units, got {len(values)}")
    i, j = units(ens, *values)
    return i, j


def _refuse_many(n_units: int, n_directions: int) -> None:
    if n_units * n_directions > LARGEST or max(n_units, n_directions) > WIDEST:
        raise ValueError(
            f"units and directions must be at most {WIDEST} each and {LARGEST} multiplied, "
            f"got {n_units} and {n_directions}"
        )
