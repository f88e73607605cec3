r"""The law of a sample covariance matrix, in the statistician's words.

For n samples x of p variables, of covariance Σ, the matrix ``(1/n) Σ_i x_i x_iᵀ`` is that of
`separable` with all weights 1: ``κ = 1/(1 + δ)``, and with ``c = p/n`` and ``m = -1/(z (1 + δ))``,

    ``z = -1/m + c ∫ t/(1 + t m) dH(t)``,   ``m = -(1 - c)/z + c s``,

the equation of Silverstein (1995) for the companion transform m, H the spectrum of Σ.

**Two ratios.** The γ of this package is features over samples, p/N: it is Silverstein's c and the
y of Bai & Silverstein's book. A block ``(1/N) Σ λ_n z_n z_nᵀ`` with white features has the spectrum
of a sample covariance too, but for zeros: of p samples of N variables with covariance
``γ diag(λ)``, so of the ratio 1/γ.

References
----------
``docs/laws.md`` §10; Silverstein (1995).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from rmt_hessian._checks.arguments import positive_real
from rmt_hessian._checks.matrices import covariance_spectrum
from rmt_hessian.theory.laws.separable import SeparableLaw


class SilversteinLaw(SeparableLaw):
    """Limiting law of the sample covariance ``(1/n) Σ_i x_i x_iᵀ`` of n samples, p × p.

    ``z = -1/m + c ∫ t/(1 + t m) dH(t)``, ``c = p/n``, H the law of the population, and
    ``m = -(1 - c)/z + c s``.

    Parameters
    ----------
    population : array_like, shape (L,)
        Eigenvalues of the covariance of x, not negative: all of them, or the atoms of their law.
        Equal ones are merged.
    ratio : float
        ``p/n``, variables over samples: this package's γ.
    population_probabilities : array_like, shape (L,), optional
        Of the atoms; equal masses without them.

    Raises
    ------
    ValueError
        If arrays differ in shape, are empty or not finite, an eigenvalue or a probability is
        negative, probabilities do not sum to 1, or the ratio is not positive.
    RuntimeError
        If the equation is not solved at some point.

    Notes
    -----
    Samples are centred at a known mean; centred at their own, n is the number of samples less 1.
    Outliers of a spiked covariance: `outliers`.

    References
    ----------
    ``docs/laws.md`` §10; Silverstein (1995).

    Examples
    --------
    >>> law = SilversteinLaw([1.0, 1.0, 5.0], ratio=0.1)
    >>> np.round(law.components(), 3)
    array([[0.521, 1.527],
           [3.429, 7.073]])
    >>> (outlier,) = law.outliers(20.0)
    >>> round(outlier.place, 3), round(outlier.overlap, 3)  # of its eigenvector with the spike's
    (20.292, 0.982)
    """

    def __init__(
        self,
        population: ArrayLike,
        ratio: float,
        population_probabilities: ArrayLike | None = None,
    ) -> None:
        self.ratio = positive_real(ratio, "ratio")
        if population_probabilities is None:
            size = covariance_spectrum(population, "population").size
            population_probabilities = np.full(size, 1.0 / size)
        super().__init__([1.0], [1.0], population, population_probabilities, self.ratio)

    def _parameters(self) -> dict[str, Any]:
        of_atoms = "population_probabilities"
        return {name: getattr(self, name) for name in ("population", "ratio", of_atoms)}
