"""What a posterior bounds, and the terms that its bound is made of."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from rmt_hessian._checks.arrays import finite_array
from rmt_hessian._types import FloatArray
from rmt_hessian.bounds.inequalities import (
    complexity,
    langford_seeger_bound,
    mcallester_bound,
    upper_confidence_bound,
)
from rmt_hessian.bounds.penalty import Cost, Penalty
from rmt_hessian.bounds.posterior import GaussianPosterior


@dataclass(frozen=True, eq=False, repr=False)
class PacBayesBound:
    """A bound on the share of wrong labels of networks drawn from a posterior, and its terms.

    With probability at least `confidence` over samples and draws, the posterior's mean error on new
    samples of the same distribution is at most `bound`.

    Attributes
    ----------
    posterior : GaussianPosterior
    risks : numpy.ndarray, shape (n,)
        Errors on the samples, of n networks of the posterior.
    penalty : Penalty
        N, δ and the prior variances.
    loss_scale : float
        c of the objective.
    risk_delta : float
        δ' of the mean over draws.

    References
    ----------
    ``docs/bounds.md`` §1 and, of the variances, §3.
    """

    posterior: GaussianPosterior
    risks: FloatArray
    penalty: Penalty
    loss_scale: float
    risk_delta: float

    @cached_property
    def _cost(self) -> Cost:
        q = self.posterior
        return self.penalty.of(q.squared_distance, q.variances)

    @property
    def kl(self) -> float:
        """``KL(Q‖P)``, without `prior_cost`."""
        return self._cost.kl

    @property
    def prior_index(self) -> int:
        """The best j: 1 is the largest variance of the grid."""
        return self._cost.prior_index

    @property
    def prior_variance(self) -> float:
        """``λ_j``."""
        return self._cost.prior_variance

    @property
    def prior_cost(self) -> float:
        """``log(π² j²/6)``, which the choice of j adds to the KL."""
        return self.penalty.prior.log_cost(self.prior_index)

    @property
    def empirical_risk(self) -> float:
        """Mean error on the samples over the draws."""
        return float(self.risks.mean())

    @property
    def risk_bound(self) -> float:
        """What it is below in the limit of many draws, up to δ': `upper_confidence_bound`."""
        return upper_confidence_bound(self.risks, self.risk_delta)

    @property
    def sampling_term(self) -> float:
        """`risk_bound` less `empirical_risk`: what finitely many draws add."""
        return self.risk_bound - self.empirical_risk

    @property
    def complexity(self) -> float:
        """``(KL + log(π² j²/6) + log(ξ(N)/δ))/N``."""
        _, divergence, n_samples, delta = self._terms
        return complexity(divergence, n_samples, delta)

    @property
    def bound(self) -> float:
        """`langford_seeger_bound` of `risk_bound` and `kl` + `prior_cost`."""
        return langford_seeger_bound(*self._terms)

    @property
    def mcallester(self) -> float:
        """``risk_bound + √(complexity/2)``; it may be above 1."""
        return mcallester_bound(*self._terms)

    @property
    def _terms(self) -> tuple[float, float, int, float]:
        divergence = self.kl + self.prior_cost
        return self.risk_bound, divergence, self.penalty.n_samples, self.penalty.delta

    @property
    def confidence(self) -> float:
        """``1 - δ - δ'``."""
        return 1.0 - self.penalty.delta - self.risk_delta

    def quadratic_variances(self, curvatures: npt.ArrayLike) -> FloatArray:
        """``1/(1/λ + β h_i)``, the best variances of a quadratic loss at this λ and this β.

        Of any loss they are stationary for h the mean over the posterior of ``u_iᵀ H u_i``.
        ``β = 4 N B c``, c the scale of the loss, B McAllester's penalty.

        Parameters
        ----------
        curvatures : array_like, shape (P,)
            h, not negative, along the directions of the posterior: see `curvatures`. Of a
            posterior with one variance their mean counts.

        Raises
        ------
        ValueError
            If they are not as many, or one is negative.
        """
        beta = self.loss_scale / self._cost.slope
        h = finite_array(curvatures, "curvatures", ndim=1)
        if h.shape != self.posterior.variances.shape or h.min() < 0:
            wanted = f"{self.posterior.variances.size} numbers that are not negative"
            raise ValueError(f"curvatures must be {wanted}, got {h.size}, the least {h.min():.3g}")
        if np.ptp(self.posterior.variances) == 0:
            h = np.full_like(h, h.mean())
        return 1.0 / (1.0 / self.prior_variance + beta * h)

    def __repr__(self) -> str:
        told = f"risk {self.empirical_risk:.4f} + {self.sampling_term:.4f}"
        return (
            f"PacBayesBound({self.bound:.4f}: {told}, KL {self.kl:.1f}, N {self.penalty.n_samples})"
        )
