"""Output Hessians and block weights of given networks, at Sobol' points of the features' span.

Weights λ and output Hessians M depend on the features only through r directions. With Gaussian
features and coordinates ``u ~ N(0, I_r)`` in an orthonormal basis of that span, the pre-activations
are ``g = u R``, ``RᵀR = W Wᵀ``; equal masses on scrambled Sobol' points in u give the law of λ and
every mixed moment with u, which is what outliers need. Blocks of points are scrambled
independently, so that their spread is an honest standard error.
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtri

from rmt_hessian._random import random_generator
from rmt_hessian._validation import finite_array
from rmt_hessian.theory.weights.softmax_kernels import softmax

BLOCKS, LOG2_POINTS = 8, 8  # blocks of 256 points, scrambled independently


def gaussian_points(dimension, rng, blocks=BLOCKS, log2_points=LOG2_POINTS):
    """Yield blocks of standard Gaussian points u, each (2^log2_points, dimension)."""
    for t in _uniform_points(dimension, rng, blocks, log2_points):
        yield ndtri(t)


def _uniform_points(dimension, rng, blocks, log2_points):
    from scipy.stats import qmc  # a second to import, and few need it

    if dimension > qmc.Sobol.MAXDIM:
        raise ValueError(f"at most {qmc.Sobol.MAXDIM} directions can be sampled, got {dimension}")
    rng = random_generator(rng)
    for _ in range(blocks):
        yield np.clip(qmc.Sobol(dimension, rng=rng).random_base2(log2_points), 1e-16, 1 - 1e-16)


def active_points(factor, i, j, rng, blocks=BLOCKS, log2_points=LOG2_POINTS):
    """Yield blocks of Gaussian points u with ``g_i > 0`` and ``g_j > 0``, ``g = u R``.

    In the plane of columns i and j of R these are a sector of angle ``2π P(both active)``: its
    angle is uniform, its squared radius exponential. On the diagonal the coordinate along column i
    is half normal. So no point is lost, however small the sector.
    """
    first, second = factor[:, i], factor[:, j]
    columns = [first] if i == j else [first, second]
    n = min(len(columns), len(first))
    basis, triangle = np.linalg.qr(np.column_stack(columns[:n]), mode="complete")
    basis[:, :n] *= np.where(np.diag(triangle[:n]) < 0, -1.0, 1.0)  # each along its column
    sector = 2 * np.pi * active_probability(factor, i, j)
    for t in _uniform_points(len(first), rng, blocks, log2_points):
        coordinates = ndtri(t)
        if n == 1:
            coordinates[:, 0] = -ndtri(t[:, 0] / 2)
        else:
            radius, angle = np.sqrt(-2.0 * np.log(t[:, 0])), np.pi / 2 - sector * (1 - t[:, 1])
            coordinates[:, 0], coordinates[:, 1] = radius * np.cos(angle), radius * np.sin(angle)
        yield coordinates @ basis.T


def active_probability(factor, i, j):
    """``P(g_i > 0, g_j > 0) = ¼ + asin(ρ_ij)/(2π)`` (Sheppard), ½ on the diagonal.

    As ``atan2(‖x + y‖, ‖x - y‖)/π`` of the unit columns x, y, accurate for opposite ones too.
    """
    if i == j:
        return 0.5
    x, y = (factor[:, k] / np.linalg.norm(factor[:, k]) for k in (i, j))
    return np.arctan2(np.linalg.norm(x + y), np.linalg.norm(x - y)) / np.pi


def preactivation_factor(W, width):
    """R, (r, m), with ``W Wᵀ = Rᵀ R``: ``u R`` has the covariance of ``W x``; I without W.

    Raises
    ------
    ValueError
        If W has the wrong number of rows, or a row of zeros.
    """
    if W is None:
        return np.eye(width)
    W = finite_array(W, "W", ndim=2)
    if W.shape[0] != width:
        raise ValueError(f"W must have {width} rows, the columns of V, got shape {W.shape}")
    if not W.any(axis=1).all():
        raise ValueError("each row of W must have a nonzero entry, got a row of zeros")
    return np.linalg.qr(W.T, mode="r")


@dataclass(frozen=True)
class GivenWeights:
    """One layer of a network whose weights are known, in terms of u.

    Attributes
    ----------
    model : {"linear", "hidden", "output"}
    loss : {"ce", "mse"}
    V : numpy.ndarray, shape (C, m), or None for the linear model
    factor : numpy.ndarray, shape (r, units)
        R: pre-activations are ``g = u R``; the logits themselves for the linear model.
    """

    model: str
    loss: str
    V: np.ndarray
    factor: np.ndarray

    @classmethod
    def of(cls, model, loss, V, W=None, gain=1.0):
        """From V and, for a hidden or output layer, W; without W, ``g ~ N(0, gain I)``."""
        V = finite_array(V, "V", ndim=2)
        if model == "linear":
            return cls(model, loss, None, np.linalg.qr(V.T, mode="r"))
        V = V - V.mean(axis=0) if loss == "ce" else V  # A 1 = 0: only differences of classes
        factor = preactivation_factor(W, V.shape[1])
        return cls(model, loss, V, factor if W is not None else np.sqrt(gain) * factor)

    @property
    def n_directions(self):
        """The number r of directions."""
        return self.factor.shape[0]

    @property
    def n_units(self):
        """The number k of output units of the layer."""
        return self.V.shape[0] if self.model == "output" else self.factor.shape[1]

    def _factors(self, u):
        """``(a, b, active)`` at each point: ``A = diag(a) - b bᵀ`` and the mask of the units."""
        g = u @ self.factor
        active = g > 0 if self.model == "hidden" else np.ones((len(u), self.n_units), dtype=bool)
        if self.loss == "mse":
            a = np.ones((len(u), len(self._tangents())))
            return a, np.zeros_like(a), active
        p = softmax(g if self.V is None else np.maximum(g, 0.0) @ self.V.T)
        return p, p, active

    def _tangents(self):
        """B without the mask, (C, k): V for a hidden layer, I for the last."""
        return self.V if self.model == "hidden" else np.eye(self.n_units)

    def block_weights(self, u, i, j):
        """``λ^{ij} = Σ_c a_c (B_ci - Σ b B_i)(B_cj - Σ b B_j)`` at each point, (n,)."""
        a, b, active = self._factors(u)
        first, second = (B - (b @ B)[:, None] for B in self._tangents()[:, [i, j]].T)
        return np.einsum("nc,nc,nc->n", a, first, second) * active[:, i] * active[:, j]

    def output_hessians(self, u):
        """``M = Bᵀ A B`` at each point, (n, k, k), by the same sum over classes."""
        a, b, active = self._factors(u)
        B = self._tangents()
        centred = (B - (b @ B)[:, None, :]) * active[:, None, :]
        return np.einsum("nci,nc,ncj->nij", centred, a, centred, optimize=True)
