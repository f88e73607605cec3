r"""How far a layer Hessian is from ``E[M] ⊗ E[z zᵀ]``, the decoupling of [W].

For features of second moment ``Σ = E[z zᵀ]`` and a sample of N, let H be the layer Hessian and K
the Kronecker product of its sample means: ``H - K`` is the sample covariance of M and ``z zᵀ``, so

    ``E‖H - K‖² ≈ ‖E[M ⊗ (z zᵀ - Σ)]‖² + E[‖M - E M‖² ‖z zᵀ - Σ‖²]/N``,
    ``E‖H‖²     = (1 - 1/N) ‖E[M ⊗ z zᵀ]‖² + E[‖M‖² ‖z‖⁴]/N``

in Frobenius norms. In units of ``‖E M‖² ‖Σ‖²``, with the plateau τ, the first term, and the moments
φ and ψ divided by N in the others,

    ``‖H - K‖²/‖H‖² ≈ (τ + φ/N)/(1 + τ + (ψ - 1 - τ)/N)``.

Where ``‖z‖²`` hardly varies, ``φ ≈ n (r - 1)`` and ``ψ ≈ n r``, with the spread
``r = E‖M‖²/‖E M‖² >= 1`` and the participation number ``n = (tr Σ)²/‖Σ‖²``, p for isotropic
features: the error falls like √γ in the aspect ratio ``γ = n/N``, and ``‖H‖²`` is then the second
moment of the layer law. τ, from the few directions on which M depends, is O(1/p).
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import Self

import numpy as np

from rmt_hessian._checks.arguments import positive_integer
from rmt_hessian._types import FloatArray, RandomState
from rmt_hessian.ensemble import Ensemble
from rmt_hessian.theory.coverage import given_weights, shallow
from rmt_hessian.theory.structure.gaussian_features import GaussianFeatures, refuse_many
from rmt_hessian.theory.weights.sampled_weights import GivenWeights, gaussian_points

BLOCKS, LOG2_POINTS = 8, 11


@dataclass(frozen=True)
class Decoupling:
    """What decides the error of ``E[M] ⊗ E[z zᵀ]``: see the module.

    Attributes
    ----------
    spread : float
        ``r = E‖M‖_F²/‖E M‖_F²``, at least 1.
    participation : float
        ``n = (tr Σ)²/‖Σ‖_F²``, from 1 to p.
    plateau : float
        τ: the squared relative error tends to ``τ/(1 + τ)`` as ``N → ∞``. An estimate, which noise
        may make negative.
    fluctuation : float
        ``φ = E[‖M - E M‖² ‖z zᵀ - Σ‖²]/(‖E M‖² ‖Σ‖²)``, about ``n (r - 1)``.
    second_moment : float
        ``ψ = E[‖M‖² ‖z‖⁴]/(‖E M‖² ‖Σ‖²)``, about ``n r``.
    """

    spread: float
    participation: float
    plateau: float
    fluctuation: float
    second_moment: float

    def relative_error(self, n_samples: float) -> float:
        """Predicted ``‖H - K‖_F/‖H‖_F`` for N samples; ``np.inf`` gives the plateau.

        Raises
        ------
        ValueError
            If N is not a positive integer.
        """
        N = n_samples if n_samples == np.inf else positive_integer(n_samples, "n_samples")
        tau = self.plateau
        norm = 1 + tau + (self.second_moment - 1 - tau) / N
        return float(np.sqrt(max(tau + self.fluctuation / N, 0.0) / norm))


def decoupling(ens: Ensemble, *, rng: RandomState = 0) -> Decoupling:
    """`Decoupling` of a layer with given weights and inputs ``N(0, I)``.

    Parameters
    ----------
    ens : Ensemble
        Of two or three widths, all weights given.
    rng : None, int, SeedSequence or Generator
        Scrambles the Sobol' points.

    Returns
    -------
    Decoupling

    Raises
    ------
    ValueError
        If weights are missing or the network is deeper, ``E[M]`` is zero or overflows, there are
        more than 128 units or directions of the features, or their product exceeds 2000.

    Examples
    --------
    >>> from rmt_hessian.ensemble import Ensemble
    >>> ens = Ensemble([50, 2], layer=0, loss="mse", n_samples=100, weights=[np.eye(2, 50)])
    >>> d = decoupling(ens)
    >>> round(d.spread, 9), round(d.participation, 9)
    (1.0, 50.0)
    """
    given_weights(shallow(ens))
    given = GivenWeights.of(ens)
    features = GaussianFeatures.of_layer(ens, given)
    refuse_many(given.n_units, features.directions)
    points = gaussian_points(given.n_directions, rng, BLOCKS, LOG2_POINTS)
    blocks = [_Moments.of(given, features, u) for u in points]
    # products of independent blocks: squares of means without the noise of a mean
    pairs = list(combinations(blocks, 2))
    square_mean = np.mean([np.sum(a.M * b.M) for a, b in pairs])
    if not 0 < square_mean < np.inf:
        raise ValueError(f"E[M] must be finite and not zero, got the squared norm {square_mean:g}")
    excess = np.mean([np.sum(a.excess * b.excess) for a, b in pairs])
    unit = square_mean * features.squared_norm
    spread, fluctuation, second_moment = np.mean(
        [(block.mean_square, block.fluctuation, block.second_moment) for block in blocks], axis=0
    )
    return Decoupling(
        spread=float(max(spread / square_mean, 1.0)),
        participation=float(features.trace**2 / features.squared_norm),
        plateau=float(excess / unit),
        fluctuation=float(fluctuation / unit),
        second_moment=float(second_moment / unit),
    )


@dataclass(frozen=True)
class _Moments:
    """Means over one block of points: M, its covariance with ``f fᵀ``, and the scalars."""

    M: FloatArray
    excess: FloatArray
    mean_square: float
    fluctuation: float
    second_moment: float

    @classmethod
    def of(cls, given: GivenWeights, features: GaussianFeatures, u: FloatArray) -> Self:
        n = len(u)
        M, f = given.output_hessians(u).reshape(n, -1), features.of(u)
        pairs = (f[:, :, None] * f[:, None, :]).reshape(n, -1)
        mean, squares = M.mean(axis=0), np.sum(M**2, axis=1)
        fourth = features.fourth_moment(f)
        form = pairs @ features.second_moment.ravel() + features.rest  # zᵀ Σ z
        distance = fourth - 2 * form + features.squared_norm  # ‖z zᵀ - Σ‖²
        return cls(
            M=mean,
            excess=(M - mean).T @ pairs / n,
            mean_square=float(squares.mean()),
            fluctuation=float(np.mean(np.sum((M - mean) ** 2, axis=1) * distance)),
            second_moment=float(np.mean(squares * fourth)),
        )
