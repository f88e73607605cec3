"""Features of a shallow network at points of the directions on which its output Hessians depend.

References
----------
``docs/structure.md`` §2.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Self

import numpy as np

from rmt_hessian._types import FloatArray
from rmt_hessian.ensemble import Ensemble
from rmt_hessian.theory.relu.moments import relu_moments
from rmt_hessian.theory.weights.given_weights import GivenWeights


@dataclass(frozen=True)
class GaussianFeatures:
    """``z = (f(u), g)``: g standard Gaussians, ``rest`` of them, on which M does not depend.

    Attributes
    ----------
    of : callable
        f, (n, r) -> (n, directions).
    second_moment : numpy.ndarray, shape (directions, directions)
        ``E[f fᵀ]``, exact: the part of Σ that is not the identity on g.
    rest : int
    """

    of: Callable[[FloatArray], FloatArray]
    second_moment: FloatArray
    rest: int

    @classmethod
    def of_layer(cls, ens: Ensemble, given: GivenWeights) -> Self:
        """Those of the layer of a shallow ensemble with given weights."""
        if ens.layer:
            return cls.relu(given.factor)
        return cls.inputs(given.n_directions, ens.widths[0])

    @classmethod
    def inputs(cls, n_directions: int, n_features: int) -> Self:
        """Standard Gaussian inputs, of which u are coordinates."""
        return cls(lambda u: u, np.eye(n_directions), n_features - n_directions)

    @classmethod
    def relu(cls, factor: FloatArray) -> Self:
        """``relu(u R)``."""
        moments = relu_moments(np.zeros(factor.shape[1]), factor.T @ factor)
        return cls(lambda u: np.maximum(u @ factor, 0.0), moments.second_moment, 0)

    @property
    def directions(self) -> int:
        """The number of components of f."""
        return len(self.second_moment)

    @property
    def trace(self) -> float:
        """``tr Σ``."""
        return np.trace(self.second_moment) + self.rest

    @property
    def squared_norm(self) -> float:
        """``‖Σ‖_F²``."""
        return np.sum(self.second_moment**2) + self.rest

    def fourth_moment(self, f: FloatArray) -> FloatArray:
        """``E[‖z‖⁴ | u]``, (n,): ``‖z‖² = ‖f‖² + χ²`` of ``rest`` degrees of freedom."""
        q, rest = np.sum(f**2, axis=1), self.rest
        return q**2 + 2 * q * rest + rest**2 + 2 * rest
