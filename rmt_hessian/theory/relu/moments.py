r"""Moments of ReLU features and of their masks, for Gaussian pre-activations.

With ``a_i = σ_i (t_i + g_i)``, ``t_i = E[a_i]/σ_i`` and ``ρ = corr(g_i, g_j)``:

    ``P_ij   = P(a_i > 0, a_j > 0) = Φ₂(t_i, t_j; ρ)``,
    ``E[h_i] = σ_i (t_i Φ(t_i) + φ(t_i))``,
    ``E[h_i h_j] = σ_i σ_j [(t_i t_j + ρ) P_ij + t_i φ(t_j) Φ(u_ij) + t_j φ(t_i) Φ(u_ji)``
    ``             + √(1-ρ²) φ(t_j) φ(u_ij)]``,   ``u_ij = (t_i - ρ t_j)/√(1-ρ²)``

(Rosenbaum 1961). At zero mean ``P_ij = ¼ + asin(ρ)/(2π)`` and
``E[h_i h_j]`` is the arc-cosine kernel.

References
----------
Rosenbaum (1961); Cho and Saul (2009).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import ndtr

from rmt_hessian._checks.arrays import finite_array
from rmt_hessian._checks.matrices import positive_semidefinite, symmetric_part
from rmt_hessian._types import FloatArray
from rmt_hessian.theory.relu.orthant import (
    BEYOND,
    density,
    orthant,
    residual,
    sine,
    within_reach,
)


@dataclass(frozen=True, eq=False)
class ReLUMoments:
    """Moments of ``h = relu(a)`` and of the masks ``D = 1[a > 0]`` of k Gaussians a.

    Attributes
    ----------
    mean : numpy.ndarray, shape (k,)
        ``E[h]``.
    covariance : numpy.ndarray, shape (k, k)
        ``Cov(h)``.
    both_active : numpy.ndarray, shape (k, k)
        ``E[D_i D_j]``; ``E[D_i]`` on the diagonal.

    References
    ----------
    Rosenbaum (1961).
    """

    mean: FloatArray
    covariance: FloatArray
    both_active: FloatArray

    @property
    def second_moment(self) -> FloatArray:
        """``E[h hᵀ]``, shape (k, k)."""
        return self.covariance + np.outer(self.mean, self.mean)


def relu_moments(mean: ArrayLike, covariance: ArrayLike) -> ReLUMoments:
    """Moments of ``relu(a)`` and of its masks for ``a ~ N(mean, covariance)``, in closed form.

    The covariance is found with ``E[h_i] E[h_j]`` subtracted term by term, so that a mean much
    larger than the standard deviation costs no digits. A unit of variance 0 is the constant
    ``relu(mean)``, active if its mean is positive.

    Parameters
    ----------
    mean : array_like, shape (k,)
    covariance : array_like, shape (k, k)
        Symmetric and positive semidefinite, up to rounding.

    Returns
    -------
    ReLUMoments

    Raises
    ------
    ValueError
        If the shapes do not fit, an entry is not finite, or the covariance is not symmetric and
        positive semidefinite.

    References
    ----------
    Rosenbaum (1961); at zero mean Cho and Saul (2009).

    Examples
    --------
    >>> moments = relu_moments([0.0, 0.0], [[1.0, 0.5], [0.5, 1.0]])
    >>> moments.both_active.round(6)
    array([[0.5     , 0.333333],
           [0.333333, 0.5     ]])
    >>> moments.second_moment.round(6)
    array([[0.5     , 0.304499],
           [0.304499, 0.5     ]])
    """
    mean = finite_array(mean, "mean", ndim=1)
    return moments_of(mean, positive_semidefinite(covariance, "covariance", mean.size))


def moments_of(mean: FloatArray, covariance: FloatArray) -> ReLUMoments:
    """`relu_moments` of arrays that are as they should be."""
    sigma, t = standardised(mean, covariance)
    alive = np.where(sigma > 0, sigma, 1.0)
    rho = np.clip(covariance / alive / alive[:, None], -1.0, 1.0)
    np.fill_diagonal(rho, 1.0)

    P, Phi, phi = orthant(t[:, None], t, rho), ndtr(t), density(t)
    u = residual(t[:, None], t, rho)  # u_ij
    cross = t[:, None] * phi * (ndtr(u) - Phi[:, None])
    scaled = np.outer(t, t) * (P - np.outer(Phi, Phi)) + rho * P + cross + cross.T
    scaled += phi * (sine(rho) * density(u) - phi[:, None])
    return ReLUMoments(
        mean=np.maximum(mean * Phi + sigma * phi, 0.0),
        covariance=symmetric_part(scaled * np.outer(sigma, sigma)),
        both_active=symmetric_part(P),
    )


def standardised(mean: FloatArray, covariance: FloatArray) -> tuple[FloatArray, FloatArray]:
    """``σ_i`` and ``t_i``, cut off where nothing changes; ``P(a_i > 0) = Φ(t_i)``."""
    sigma = np.sqrt(np.maximum(np.diag(covariance), 0.0))
    with np.errstate(over="ignore"):  # means far beyond the standard deviation are cut off
        t = mean / np.where(sigma > 0, sigma, 1.0)
    return sigma, within_reach(np.where(sigma > 0, t, np.where(mean > 0, BEYOND, -BEYOND)))
