"""What a posterior costs in the bound that is minimised, McAllester's.

References
----------
``docs/bounds.md`` §1 and §2.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from rmt_hessian._types import FloatArray
from rmt_hessian.bounds.inequalities import complexity
from rmt_hessian.bounds.posterior import gaussian_kl
from rmt_hessian.bounds.prior import PriorVariances
from rmt_hessian.model.gradients import DivergenceError


@dataclass(frozen=True)
class Cost:
    """Of one posterior, at the best prior.

    Attributes
    ----------
    prior_index : int
        j.
    prior_variance : float
        ``λ_j``.
    kl : float
    value : float
        ``B = √((KL + log(π² j²/6) + log(ξ(N)/δ))/(2N))``.
    slope : float
        ``∂B/∂KL = 1/(4NB)``.
    """

    prior_index: int
    prior_variance: float
    kl: float
    value: float
    slope: float


@dataclass(frozen=True)
class Penalty:
    """``B``, with the j that makes it smallest.

    Attributes
    ----------
    n_samples : int
        N.
    delta : float
        δ.
    prior : PriorVariances
    """

    n_samples: int
    delta: float
    prior: PriorVariances = field(default_factory=PriorVariances)

    def of(self, squared_distance: float, variances: FloatArray) -> Cost:
        """Of the posterior with this ``‖θ - θ_0‖²`` and these variances.

        Raises
        ------
        DivergenceError
            If the KL is infinite.
        """
        second_moment = squared_distance + variances.sum()
        if not (np.isfinite(second_moment) and variances.min() > 0):  # NaN is not
            raise DivergenceError("an infinite or NaN KL")
        j = self.prior.best(second_moment, variances.size)
        lam = self.prior.variance(j)
        kl = gaussian_kl(squared_distance, variances, lam)
        if not np.isfinite(kl):
            raise DivergenceError("an infinite or NaN KL")
        value = np.sqrt(complexity(kl + self.prior.log_cost(j), self.n_samples, self.delta) / 2)
        return Cost(j, lam, kl, float(value), float(1 / (4 * self.n_samples * value)))
