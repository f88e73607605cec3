"""A Gaussian posterior over networks, beside an isotropic Gaussian prior.

References
----------
``docs/bounds.md`` §2.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from rmt_hessian._checks.arguments import positive_integer, positive_real
from rmt_hessian._random import random_generator
from rmt_hessian._types import FloatArray, RandomState
from rmt_hessian.bounds.bases import Basis, checked_labels
from rmt_hessian.model.forward_pass import forward_pass
from rmt_hessian.model.networks import Network
from rmt_hessian.model.parameter_vector import network_at, parameter_vector, weights_and_biases


def gaussian_kl(squared_distance: float, variances: FloatArray, prior_variance: float) -> float:
    """``KL(N(θ, U diag(s) Uᵀ) ‖ N(θ_0, λI)) = ½ Σ (s_i/λ - 1 - log(s_i/λ)) + ‖θ - θ_0‖²/(2λ)``.

    U, orthogonal, is not in it.
    """
    ratios = variances / prior_variance
    with np.errstate(divide="ignore"):
        spread = (ratios - 1.0 - np.log(ratios)).sum()
    return float(spread + squared_distance / prior_variance) / 2


@dataclass(frozen=True, eq=False, repr=False)
class GaussianPosterior:
    """``N(θ, U diag(s) Uᵀ)`` over the parameters of a network, in the order of `network_hessian`.

    Attributes
    ----------
    initial : Network
        At the mean of the prior, ``θ_0``.
    displacement : numpy.ndarray, shape (P,)
        ``Uᵀ(θ - θ_0)``.
    variances : numpy.ndarray, shape (P,)
        s, along the directions of the basis.
    basis : Basis
        U.

    References
    ----------
    ``docs/bounds.md`` §2.
    """

    initial: Network
    displacement: FloatArray
    variances: FloatArray
    basis: Basis

    def __repr__(self) -> str:
        return f"GaussianPosterior({self.variances.size} parameters of {self.initial!r})"

    @property
    def squared_distance(self) -> float:
        """``‖θ - θ_0‖²``."""
        return float(self.displacement @ self.displacement)

    @property
    def network(self) -> Network:
        """At the mean."""
        return network_at(self.initial, self._parameters(self.displacement))

    def kl(self, prior_variance: float) -> float:
        """The KL from ``N(θ_0, λI)``, in nats.

        ``½ Σ_i (s_i/λ - 1 - log(s_i/λ)) + ‖θ - θ_0‖²/(2λ)``.

        Raises
        ------
        ValueError
            If λ is not positive.
        """
        lam = positive_real(prior_variance, "prior_variance")
        return gaussian_kl(self.squared_distance, self.variances, lam)

    def draw(self, rng: RandomState) -> Network:
        """One network of the posterior."""
        return network_at(self.initial, self._drawn(random_generator(rng)))

    def _drawn(self, rng: np.random.Generator) -> FloatArray:
        noise = rng.standard_normal(self.variances.size)
        return self._parameters(self.displacement + np.sqrt(self.variances) * noise)

    def _parameters(self, displacement: FloatArray) -> FloatArray:
        return parameter_vector(self.initial) + self.basis.vector(displacement)

    def risks(
        self, X: npt.ArrayLike, y: npt.ArrayLike, n_draws: int, rng: RandomState
    ) -> FloatArray:
        """Shares of wrong labels, the largest logit against y, of networks of the posterior.

        Parameters
        ----------
        X : array_like, shape (N, d)
        y : array_like, shape (N,)
            Integer labels.
        n_draws : int
        rng : None, int, SeedSequence or Generator

        Returns
        -------
        numpy.ndarray, shape (n_draws,)

        Raises
        ------
        ValueError
            On bad inputs or labels, see `layer_hessian`.
        """
        X, rng = self.initial.forward(X).features[0], random_generator(rng)
        labels = checked_labels(self.initial, len(X), y)
        risks = np.empty(positive_integer(n_draws, "n_draws"))
        for n in range(len(risks)):
            parameters = weights_and_biases(self.initial, self._drawn(rng))
            logits = forward_pass(X, *parameters, self.initial.activations).logits
            risks[n] = np.mean(logits.argmax(axis=1) != labels)
        return risks
