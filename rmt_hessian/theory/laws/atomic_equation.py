"""What the equations of weights and of features have in common: their atoms, and the rank.

References
----------
``docs/laws.md`` §6.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from rmt_hessian._types import FloatArray

DEPTH = 1e-30  # over the smallest λ a: where the search for components ends, no mass is left below
ROUNDING = 1e-12  # of sums of probabilities


def share(probabilities: FloatArray) -> float:
    """Their sum, exactly 1 where it is 1 up to rounding: no atom of 1e-16."""
    total = float(probabilities.sum())
    return 1.0 if abs(total - 1.0) < ROUNDING else total


def sums_from_0(probabilities: FloatArray) -> FloatArray:
    """Sums of the first 0, 1, 2, … of them."""
    sums = np.append(0.0, np.cumsum(probabilities))
    sums[-1] = share(probabilities)
    return sums


@dataclass(frozen=True)
class AtomicEquation:
    """Weights and eigenvalues of features, in units in which the largest |λ| and a are 1.

    Attributes
    ----------
    lam, w : numpy.ndarray, shape (K,)
        Weights other than 0, ascending, and their probabilities.
    a, p : numpy.ndarray, shape (L,)
        Eigenvalues of the features other than 0, ascending, and their probabilities: of their
        covariance, or of ``(1/N) Σ z_n z_nᵀ``.
    phi : float
        ``p/N``.
    """

    lam: FloatArray
    w: FloatArray
    a: FloatArray
    p: FloatArray
    phi: float

    @cached_property
    def w_nonzero(self) -> float:
        """``P(λ≠0)``."""
        return share(self.w)

    @cached_property
    def p_nonzero(self) -> float:
        """``P(a≠0)``."""
        return share(self.p)

    @cached_property
    def excess(self) -> float:
        """``φ P(a≠0) - P(λ≠0)``: below 0 the rank is that of the features, above of the weights."""
        excess = self.phi * self.p_nonzero - self.w_nonzero
        return 0.0 if abs(excess) < ROUNDING * self.w_nonzero else excess

    @property
    def continuous_mass(self) -> float:
        """``min(P(a≠0), P(λ≠0)/φ)``: the rank of H over p."""
        return self.p_nonzero if self.excess <= 0 else self.w_nonzero / self.phi
