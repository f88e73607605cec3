"""The law of a block with isotropic features whose weights have a density.

References
----------
``docs/laws.md`` §2.5.
"""

import numpy as np

from rmt_hessian._checks.arguments import instance_of, positive_real
from rmt_hessian._types import FloatArray
from rmt_hessian.theory.laws.generalized_mp import GeneralizedMarchenkoPastur
from rmt_hessian.theory.laws.weight_density import WeightDensity

NODES_PER_PANEL = 4  # of the table of a component


class ContinuousMarchenkoPastur(GeneralizedMarchenkoPastur):
    """Limiting law of ``(1/N) Σ_n λ_n z_n z_nᵀ`` with weights that have a density.

    ``s = 1/(E[λ/(1 + γ λ s)] - z)`` as of `GeneralizedMarchenkoPastur`.

    Parameters
    ----------
    weights : WeightDensity
    aspect_ratio : float
        ``γ = p/N``, features over samples.

    Raises
    ------
    ValueError
        If the weights are no `WeightDensity`, or the aspect ratio is not positive.

    References
    ----------
    ``docs/laws.md`` §2.5; product integration: Helsing and Ojala (2008).

    Examples
    --------
    >>> weights = WeightDensity(np.array([[0.5, 1.5]]), np.ones((1, 8)))
    >>> law = ContinuousMarchenkoPastur(weights, 4.0)
    >>> len(law.components()), law.atom_at_zero  # eight atoms would show one by one
    (1, 0.75)
    """

    weights: WeightDensity  # type: ignore[assignment]

    def __init__(self, weights: WeightDensity, aspect_ratio: float) -> None:
        self.weights = density = instance_of(weights, WeightDensity, "weights")
        self.aspect_ratio = gamma = positive_real(aspect_ratio, "aspect_ratio")
        density = density.without_zeros()
        self._scale = density.root_mean_square()
        lam, self._w = density.nodes / self._scale, density.probabilities
        self._p, self._b = gamma * lam, self._w * lam
        self._m1 = float(self._w @ lam)
        self._p_nonzero = 1.0 - density.zero
        ends, shares = density.panels(gamma / self._scale)
        self._panels = ends, shares / gamma

    def _nodes(self, u_a: float, u_b: float, n_inside: int) -> FloatArray:
        """Nodes of one component, a few in each panel beside those of the bulk."""
        ends = self._panels[0]
        share = np.linspace(0.0, 1.0, NODES_PER_PANEL, endpoint=False)
        u = (ends[:, :1] + np.diff(ends, axis=1) * share).ravel()
        u = np.concatenate([super()._nodes(u_a, u_b, n_inside), u[(u_a < u) & (u < u_b)]])
        return np.unique(u)
