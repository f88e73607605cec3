"""The best variances of a posterior where the loss is quadratic, in closed form.

References
----------
``docs/bounds.md`` §3.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rmt_hessian._types import FloatArray
from rmt_hessian.bounds.penalty import Cost, Penalty

TOLERANCE = 1e-12  # of β, relative
MOST = 10_000  # rounds
SMALLEST = float(np.finfo(float).tiny) * 1e20  # prior variance that is tried


@dataclass(frozen=True, eq=False)
class QuadraticOptimum:
    """``s_i = 1/(1/λ + β h_i)``.

    Attributes
    ----------
    variances : numpy.ndarray, shape (P,)
        s.
    beta : float
        β, from the scaled loss over the slope of the penalty.
    cost : Cost
        KL, penalty and prior variance λ there.
    excess_loss : float
        ``½ Σ_i h_i s_i``: the mean loss of the posterior above the loss at its mean.
    """

    variances: FloatArray
    beta: float
    cost: Cost
    excess_loss: float


def quadratic_optimum(
    curvatures: FloatArray, squared_distance: float, penalty: Penalty, loss_scale: float
) -> QuadraticOptimum:
    """Variances that minimise ``c E L + B`` where ``E L = L + ½ Σ_i h_i s_i``, the mean given.

    ``∂/∂s_i`` is ``c h_i/2 + B' (1/λ - 1/s_i)/2``, so ``s_i = 1/(1/λ + β h_i)`` with ``β = c/B' =
    4 N B c``; λ and B depend on s. B is concave in the KL, so each round, s from the last β
    and the λ near the last that is best with its own s, minimises a bound of ``c E L + B`` that
    touches it: no round raises it. Of all orthonormal bases the eigenvectors of H have the smallest
    optimum, and one variance for all the largest, since ``Σ log(1/λ + β h_i)`` is Schur-concave and
    the h_i of any basis majorise their mean and are majorised by the eigenvalues.

    Parameters
    ----------
    curvatures : numpy.ndarray, shape (P,)
        ``h_i = u_iᵀ H u_i``, not negative; all of them their mean where a posterior has one
        variance.
    squared_distance : float
        ``‖θ - θ_0‖²``.
    penalty : Penalty
    loss_scale : float
        c.

    Raises
    ------
    RuntimeError
        If the iteration does not converge.
    """
    cost = penalty.of(squared_distance, np.full(curvatures.size, penalty.prior.variance(1)))
    for _ in range(MOST):
        beta = loss_scale / cost.slope
        lam = penalty.prior.variance(_best_place(curvatures, squared_distance, penalty, beta, cost))
        variances = 1.0 / (1.0 / lam + beta * curvatures)
        before, cost = cost, penalty.of(squared_distance, variances)
        change = abs(cost.slope - before.slope)
        if cost.prior_index == before.prior_index and change <= TOLERANCE * cost.slope:
            return QuadraticOptimum(variances, beta, cost, float(curvatures @ variances) / 2)
    raise RuntimeError(f"no best variances after {MOST} rounds: β still moves by {change:.3g}")


def _best_place(
    curvatures: FloatArray, squared_distance: float, penalty: Penalty, beta: float, cost: Cost
) -> int:
    """Of j and places 1, 2, 4, … beside it the best at this β, each with its own variances.

    With given variances those of flat directions, which are λ_j, would hold j where it is.
    """
    steps = 2 ** np.arange(14)
    near = np.unique(np.maximum(1, cost.prior_index + np.concatenate([-steps, [0], steps])))

    def paid(j: int) -> float:
        lam = penalty.prior.variance(j)
        if lam < SMALLEST:
            return np.inf
        spread = np.log1p(lam * beta * curvatures).sum() + squared_distance / lam
        return float(spread) / 2 + penalty.prior.log_cost(j)

    return int(near[np.argmin([paid(int(j)) for j in near])])
