"""What is minimised over posteriors: a mean loss and McAllester's penalty, with its gradient.

References
----------
``docs/bounds.md`` §2.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rmt_hessian._types import FloatArray, IntArray
from rmt_hessian.bounds.penalty import Penalty
from rmt_hessian.bounds.posterior import GaussianPosterior
from rmt_hessian.model.gradients import Objective


@dataclass(frozen=True, eq=False)
class BoundObjective:
    """``J(ν, τ) = c E_ε L(θ_0 + U(d + √s ∘ ε)) + B``, ``d = d_0 + √s_0 ∘ ν``, ``s = s_0 e^{2τ}``.

    ε standard Gaussian, ``d_0`` and ``s_0`` those of the first posterior: steps of ν and τ are
    relative to its spread, so that one learning rate suits all of them.

    Attributes
    ----------
    loss : Objective
        L, with the network at the mean of the prior, ``θ_0``.
    first : GaussianPosterior
        Where the search begins: ν = 0, τ = 0.
    penalty : Penalty
        B.
    loss_scale : float
        c.
    rng : numpy.random.Generator
        Draws ε, anew for each gradient.
    isotropic : bool
        Whether all variances have the same factor, one τ.
    """

    loss: Objective
    first: GaussianPosterior
    penalty: Penalty
    loss_scale: float
    rng: np.random.Generator
    isotropic: bool = False

    @property
    def start(self) -> FloatArray:
        """``(ν, τ)`` of `first`: zeros, P and P or 1 of them."""
        P = self.first.variances.size
        return np.zeros(P + (1 if self.isotropic else P))

    @property
    def n_samples(self) -> int:
        """N."""
        return self.loss.n_samples

    def posterior(self, place: FloatArray) -> GaussianPosterior:
        """Of ``(ν, τ)``."""
        first, P = self.first, self.first.variances.size
        displacement = first.displacement + np.sqrt(first.variances) * place[:P]
        variances = first.variances * np.exp(2 * place[P:])
        return GaussianPosterior(first.initial, displacement, variances, first.basis)

    def gradient(self, place: FloatArray, samples: IntArray | None = None) -> FloatArray:
        """``∇J``, at one draw of ε, of the mean over some samples."""
        noise = self.rng.standard_normal(self.first.variances.size)
        return self.value_and_gradient(place, noise, samples)[1]

    def value_and_gradient(
        self, place: FloatArray, noise: FloatArray, samples: IntArray | None = None
    ) -> tuple[float, FloatArray]:
        """J and its gradient at one ε: unbiased for those of the mean.

        With g = ``Uᵀ ∇L``: ``∂/∂d = c g + B' d/λ`` and ``∂/∂τ = c √s ε g + B' (s/λ - 1)``, at the
        best λ, whose own derivative is 0.
        """
        q = self.posterior(place)
        spread = np.sqrt(q.variances) * noise
        theta = self.loss.start + q.basis.vector(q.displacement + spread)
        loss, gradient = self.loss.value_and_gradient(theta, samples)
        g = self.loss_scale * q.basis.coordinates(gradient)
        cost = self.penalty.of(q.squared_distance, q.variances)
        of_nu = np.sqrt(self.first.variances) * (
            g + cost.slope / cost.prior_variance * q.displacement
        )
        of_tau = spread * g + cost.slope * (q.variances / cost.prior_variance - 1.0)
        if self.isotropic:
            of_tau = of_tau.sum(keepdims=True)
        return self.loss_scale * loss + cost.value, np.concatenate([of_nu, of_tau])
