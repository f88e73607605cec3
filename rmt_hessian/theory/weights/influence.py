r"""What one weight adds to the Stieltjes transform of a block; what an independent copy changes.

With the law F of the weights and ``γ = p/N``, the transform s of the limiting law of a block solves
``1/s = ∫ λ/(1 + γ λ s) dF - z``. To first order in ``F_N - F``, F_N that of a sample,

    ``s[F_N] - s = (1/N) Σ_n h(λ_n)``,  ``h(λ) = κ (g(λ) - E g)``,  ``g(λ) = λ/(1 + γ λ s)``,
    ``κ = -s²/(1 - γ s² E g²)``:

the influence function. In a layer whose features are Gaussian inputs, weights depend on the inputs
through few directions u alone, so that off these the block is a sample covariance with independent
weights. Replacing all λ_n by those of an independent copy of the inputs changes its transform by

    ``s_H(z) - s_H̃(z) = (1/N) Σ_n [h(λ_n) - h(λ̃_n)] + O(1/N)``  at fixed γ and z:

Gaussian, of size 1/√N with this constant, and of mean O(r/p), r directions being a perturbation of
that rank. Other linear statistics of the spectrum differ by 1/√N likewise.

References
----------
``docs/decoupled.md`` *The spectra*.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from rmt_hessian._checks.arguments import describe, positive_integer
from rmt_hessian._checks.arrays import complex_array, finite_array
from rmt_hessian._types import FloatArray, RandomState
from rmt_hessian.ensemble import Ensemble
from rmt_hessian.theory.coverage import white_features
from rmt_hessian.theory.weights.of_ensemble import weight_law

MOST_STEPS, TOLERANCE = 100_000, 1e-13


@dataclass(frozen=True)
class WeightInfluence:
    """The influence function of the weights of a block at one z.

    ``h(λ) = κ (g(λ) - E g)``, ``g(λ) = λ/(1 + γ λ s)``, ``κ = -s²/(1 - γ s² E g²)``: a sample of
    weights moves ``s(z)`` by ``(1/N) Σ_n h(λ_n)`` to first order.

    Attributes
    ----------
    z, stieltjes : complex
        ``s(z)``, of the limiting law.
    aspect_ratio : float
    slope : complex
        κ.
    mean : complex
        ``E g(λ)``.
    variance : float
        ``E|h(λ)|²``.

    References
    ----------
    ``docs/decoupled.md`` *The spectra*.
    """

    z: complex
    stieltjes: complex
    aspect_ratio: float
    slope: complex
    mean: complex
    variance: float

    def of(self, weights: npt.ArrayLike) -> npt.NDArray[np.complex128]:
        """``h(λ_n)``, shape (N,), of weights (N,).

        Raises
        ------
        ValueError
            If the weights are not finite numbers along one axis.
        """
        lam = finite_array(weights, "weights", ndim=1)
        g = lam / (1 + self.aspect_ratio * self.stieltjes * lam)
        return np.asarray(self.slope * (g - self.mean))

    def decoupled_error(self, n_samples: int) -> float:
        """``√(2 E|h|²/N)``, of the root mean square of ``s_H(z) - s_H̃(z)`` the leading term.

        Raises
        ------
        ValueError
            If N is not a positive integer.
        """
        return float(np.sqrt(2 * self.variance / positive_integer(n_samples, "n_samples")))


def weight_influence(
    ens: Ensemble, i: int, j: int, z: complex, *, rng: RandomState = 0
) -> WeightInfluence:
    """`WeightInfluence` of the weights of block (i, j) at a complex z off the real axis.

    Parameters
    ----------
    ens : Ensemble
        Of a layer whose features are the inputs; see `weight_law`.
    i, j : int
        Units.
    z : complex
        With a positive imaginary part.
    rng : None, int, SeedSequence or Generator
        As in `weight_law`.

    Returns
    -------
    WeightInfluence

    Raises
    ------
    ValueError, IndexError
        As `weight_law`; if the features are not the inputs, or z is not in the upper half-plane.

    References
    ----------
    ``docs/decoupled.md`` *The spectra*.

    Examples
    --------
    >>> from rmt_hessian.ensemble import Ensemble
    >>> ens = Ensemble([400, 10], layer=0, loss="ce", n_samples=1000)
    >>> h = weight_influence(ens, 0, 0, 0.2j)
    >>> round(h.decoupled_error(1000) / abs(h.stieltjes), 3)
    0.01
    >>> h.decoupled_error(4000) / h.decoupled_error(1000)
    0.5
    """
    white_features(ens, offsets=True)
    point = complex_array(z, "z")
    if point.ndim or not point.imag > 0:
        raise ValueError(f"z must be one number of the upper half-plane, got {describe(z)}")
    weights, gamma = weight_law(ens, i, j, rng=rng), ens.aspect_ratio
    lam, p = weights.nodes, weights.probabilities
    s = _transform(complex(point), lam, p, gamma)
    g = lam / (1 + gamma * s * lam)
    mean = complex(p @ g)
    slope = -(s**2) / (1 - gamma * s**2 * complex(p @ g**2))
    variance = abs(slope) ** 2 * float(p @ np.abs(g - mean) ** 2)
    return WeightInfluence(complex(point), s, gamma, slope, mean, variance)


def _transform(z: complex, lam: FloatArray, p: FloatArray, gamma: float) -> complex:
    """The fixed point of ``T(s) = 1/(E g - z)``, the only one in the upper half-plane.

    T maps it into itself, so that iterating T converges; Newton steps where they halve the
    residual and stay inside are faster. No law is tabulated for the one z.
    """
    s = -1 / z
    for _ in range(MOST_STEPS):
        g = lam / (1 + gamma * s * lam)
        T = 1 / (complex(p @ g) - z)
        if abs(T - s) <= TOLERANCE * abs(T):
            return T
        newton = s + (T - s) / (1 - gamma * T**2 * complex(p @ g**2))
        if newton.imag > 0:
            at = 1 / (complex(p @ (lam / (1 + gamma * newton * lam))) - z)
            if 2 * abs(at - newton) < abs(T - s):
                s = newton
                continue
        s = T
    raise RuntimeError(f"s(z) at z = {z:g} after {MOST_STEPS} steps: residual {abs(T - s):.1e}")
