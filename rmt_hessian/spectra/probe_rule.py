r"""The spectral measure of one probe, from its Gauss rule: distribution function and bounds.

θ_j are the nodes, w_j their weights, r_j their residuals, as `slq` states them.

**Bounds.** Chebyshev, Markov, Stieltjes: ``Σ_{j<k} w_j <= μ_v(-∞, θ_k)`` and
``μ_v(-∞, θ_k] <= Σ_{j<=k} w_j``. The bounds hold for the measure of each probe.

**CDF.** ``θ_j`` is an eigenvalue of H up to ``r_j²/g`` (Kato, Temple), with the residual
``r_j = ‖H Q s_j - θ_j Q s_j‖ = β_m |(s_j)_m|`` and the gap g to the rest of the spectrum. So
half the mass of a node is spread evenly towards each neighbour, over ``min(g, r_j²/g)``, with the
distance to that neighbour for g; outside all nodes there is no mass. In a continuous part this is
linear interpolation through ``(θ_k, Σ_{j<k} w_j + w_k/2)``; at a converged node (an outlier, the
null space) it is a jump. Either way it lies between the bounds.

References
----------
Szegő (1939), theorem 3.41.1.
"""

import numpy as np
from scipy.linalg import eigh_tridiagonal

from rmt_hessian._types import FloatArray
from rmt_hessian.spectra.lanczos import ROUNDING


def gauss_rule(alpha: FloatArray, beta: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Nodes, weights and residuals of one probe from its tridiagonal matrix."""
    nodes, vectors = eigh_tridiagonal(alpha, beta[:-1])
    nodes[np.abs(nodes) <= ROUNDING * np.abs(nodes).max()] = 0.0
    weights = vectors[0] ** 2
    return nodes, weights / weights.sum(), beta[-1] * np.abs(vectors[-1])


def cdf(x: FloatArray, nodes: FloatArray, weights: FloatArray, residuals: FloatArray) -> FloatArray:
    """CDF of one probe: half of each weight spreads evenly towards each neighbouring node.

    For x between the nodes θ_k and θ_{k+1}: ``Σ_{j<=k} w_j``, less what of the right half of w_k
    lies beyond x, and what of the left half of w_{k+1} does not.
    """
    gaps, scale = np.diff(nodes), np.abs(nodes).max()
    towards_right = np.append(_reach(residuals[:-1], gaps, scale), 0.0)
    towards_left = np.insert(_reach(residuals[1:], gaps, scale), 0, 0.0)
    k = np.searchsorted(nodes, x, side="right")  # nodes up to x
    last, following = np.maximum(k - 1, 0), np.minimum(k, nodes.size - 1)
    # 0 before the first node and after the last
    last_weight, following_weight = np.insert(weights, 0, 0.0)[k], np.append(weights, 0.0)[k]
    beyond = 1 - _share(x - nodes[last], towards_right[last])
    reached = 1 - _share(nodes[following] - x, towards_left[following])
    return _cumulative(weights)[k] + (following_weight * reached - last_weight * beyond) / 2


def cdf_bounds(
    x: FloatArray, nodes: FloatArray, weights: FloatArray, residuals: FloatArray
) -> FloatArray:
    """Chebyshev–Markov–Stieltjes bounds of one probe: the node next to x counts, or does not."""
    k, total = np.searchsorted(nodes, x, side="right"), _cumulative(weights)
    slack = int(residuals.any())
    below, above = np.maximum(k - slack, 0), np.minimum(k + slack, nodes.size)
    return np.stack([total[below], total[above]])


def _reach(residuals: FloatArray, gaps: FloatArray, scale: float) -> FloatArray:
    """``min(g, r²/g)``, 0 where it is within rounding; no r² that could underflow."""
    ratio = np.divide(np.minimum(residuals, gaps), gaps, where=gaps > 0, out=np.zeros_like(gaps))
    reach = gaps * ratio**2
    return np.where(reach > ROUNDING * scale, reach, 0.0)


def _share(distance: FloatArray, reach: FloatArray) -> FloatArray:
    """Share of a mass spread over ``reach`` that lies within ``distance``; 1 where reach is 0."""
    return np.divide(
        np.clip(distance, 0.0, reach), reach, where=reach > 0, out=np.ones(np.shape(distance))
    )


def _cumulative(weights: FloatArray) -> FloatArray:
    """``Σ_{j<k} w_j`` for k = 0 … m, the last exactly 1."""
    total = np.insert(np.cumsum(weights), 0, 0.0)
    return total / total[-1]
