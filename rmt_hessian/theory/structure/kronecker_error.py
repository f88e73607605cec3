r"""How far a layer Hessian is from ``E[M] ⊗ E[z zᵀ]``, the decoupling of [W].

Measured it is `rmt_hessian.kronecker_error(H, rmt_hessian.kronecker_approximation(H))`.

For features of second moment ``Σ = E[z zᵀ]`` and a sample of N, let H be the layer Hessian and K
the Kronecker product of its sample means: ``H - K`` is the sample covariance of M and ``z zᵀ``, so

    ``E‖H - K‖² ≈ ‖E[M ⊗ (z zᵀ - Σ)]‖² + E[‖M - E M‖² ‖z zᵀ - Σ‖²]/N``,
    ``E‖H‖²     = (1 - 1/N) ‖E[M ⊗ z zᵀ]‖² + E[‖M‖² ‖z‖⁴]/N``

in Frobenius norms. In units of ``‖E M‖² ‖Σ‖²``, with the plateau τ, the first term, the squared
mean ``μ = ‖E[M ⊗ z zᵀ]‖²``, and the moments φ and ψ divided by N,

    ``‖H - K‖²/‖H‖² ≈ (τ + φ/N)/(μ + (ψ - μ)/N)``.

Where ``‖z‖²`` hardly varies, ``φ ≈ n (r - 1)`` and ``ψ ≈ n r``, with the spread
``r = E‖M‖²/‖E M‖² >= 1`` and the participation number ``n = (tr Σ)²/‖Σ‖²``, p for isotropic
features: the error falls like √γ in the aspect ratio ``γ = n/N``, and ``‖H‖²`` is then the second
moment of the layer law. τ and ``μ - 1``, from the few directions on which M depends, are O(1/p).

References
----------
``docs/structure.md`` §2; [W], decoupling.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rmt_hessian._checks.arguments import positive_integer
from rmt_hessian._types import RandomState
from rmt_hessian.ensemble import Ensemble
from rmt_hessian.theory.structure.joint_moments import JointMoments


@dataclass(frozen=True)
class KroneckerErrorTerms:
    """What decides the error of ``K = E[M] ⊗ E[z zᵀ]``, sample means, as an approximation of H.

    ``‖H - K‖²/‖H‖² ≈ (τ + φ/N)/(μ + (ψ - μ)/N)`` in Frobenius norms, ``Σ = E[z zᵀ]``.

    Attributes
    ----------
    spread : float
        ``r = E‖M‖_F²/‖E M‖_F²``, at least 1.
    participation : float
        ``n = (tr Σ)²/‖Σ‖_F²``, from 1 to p.
    plateau : float
        ``τ = ‖E[M ⊗ z zᵀ] - E M ⊗ Σ‖²/(‖E M‖² ‖Σ‖²)``: the squared relative error tends to
        ``τ/μ`` as ``N → ∞``. An estimate, which noise may make negative.
    fluctuation : float
        ``φ = E[‖M - E M‖² ‖z zᵀ - Σ‖²]/(‖E M‖² ‖Σ‖²)``, about ``n (r - 1)``.
    squared_mean : float
        ``μ = ‖E[M ⊗ z zᵀ]‖²/(‖E M‖² ‖Σ‖²)``, 1 but for O(1/p).
    second_moment : float
        ``ψ = E[‖M‖² ‖z‖⁴]/(‖E M‖² ‖Σ‖²)``, about ``n r``.

    References
    ----------
    ``docs/structure.md`` §2.
    """

    spread: float
    participation: float
    plateau: float
    fluctuation: float
    squared_mean: float
    second_moment: float

    def relative_error(self, n_samples: float) -> float:
        """Predicted ``‖H - K‖_F/‖H‖_F`` for N samples; ``np.inf`` gives the plateau.

        Raises
        ------
        ValueError
            If N is not a positive integer.
        """
        N = n_samples if n_samples == np.inf else positive_integer(n_samples, "n_samples")
        norm = self.squared_mean + (self.second_moment - self.squared_mean) / N
        return float(np.sqrt(max(self.plateau + self.fluctuation / N, 0.0) / norm))


def expected_kronecker_error(ens: Ensemble, *, rng: RandomState = 0) -> KroneckerErrorTerms:
    """`KroneckerErrorTerms` of a layer with given weights and inputs ``N(0, I)``.

    Parameters
    ----------
    ens : Ensemble
        Of two or three widths, all weights given.
    rng : None, int, SeedSequence or Generator
        Scrambles the Sobol' points.

    Returns
    -------
    KroneckerErrorTerms
        With the error at any number of samples, ``.relative_error(N)``.

    Raises
    ------
    ValueError
        If weights are missing or the network is deeper, ``E[M]`` is zero or overflows, there are
        more than 128 units or directions of the features, or their product exceeds 2000.

    References
    ----------
    ``docs/structure.md`` §2; of the product: [W], decoupling.

    Examples
    --------
    >>> from rmt_hessian.ensemble import Ensemble
    >>> ens = Ensemble([50, 2], layer=0, loss="mse", n_samples=100, weights=[np.eye(2, 50)])
    >>> terms = expected_kronecker_error(ens)
    >>> round(terms.spread, 9), round(terms.participation, 9)
    (1.0, 50.0)
    """
    moments = JointMoments.of_layer(ens, rng)
    features, unit = moments.features, moments.unit
    return KroneckerErrorTerms(
        spread=max(float(moments.mean("squares")) / moments.squared_M, 1.0),
        participation=float(features.trace**2 / features.squared_norm),
        plateau=moments.plateau(),
        fluctuation=float(moments.mean("covariance") / unit),
        squared_mean=moments.squared_mean(),
        second_moment=float(moments.mean("product") / unit),
    )
