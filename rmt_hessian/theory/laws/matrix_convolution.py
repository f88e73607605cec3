r"""The equation of a layer on given features: a sample of output Hessians, a spectrum of features.

Statement: `matrix_free_convolution`. With ``K = E[M (I + φ G M)^{-1}]``, ``D = φ G``, and m the
transform of the N × N matrix ``ZZᵀ/N``, ``m(w) = φ E[1/(e - w)] - (1 - φ)/w``, taken of a matrix,

    ``D = T(D; z) = -(m(W)^{-1} + W)/z``,   ``W = z (K^{-1} - D)``,   Im D > 0 for Im z > 0,

that is ``K + z m(W) = 0``, where ``K = 0`` is no solution.

A function of W is a mean of inverses, so that ``dm = φ E[R dW R] + (1 - φ) W^{-1} dW W^{-1}`` with
``R = (e - W)^{-1}``: like K, no eigenvectors of a matrix that is not normal are needed.

References
----------
``docs/laws.md`` §8.
"""

from dataclasses import dataclass

import numpy as np
import scipy.linalg

from rmt_hessian.theory.laws.matrix_solution import Solution
from rmt_hessian.theory.laws.matrix_solver import MatrixSolver

ACCEPTED = 1e-6  # residual
HEIGHT = 1e-10  # of z over the axis, relative
HIGHER = 1e-5  # of |z|: where the sign of Im G is seen
ROUNDED = 1e-12  # of ``1 - φ``


@dataclass(frozen=True)
class ConvolutionSolution(Solution):
    """`Solution` of a `MatrixConvolution`, with the transforms that it gives.

    Attributes
    ----------
    s, s_slope : complex
        ``s(z) = tr E[W (e - W)^{-1}]/(k z)`` and its derivative.
    turns : float
        The imaginary part of k times the potential, see `matrix_free_convolution`.
    """

    s: complex = np.nan
    s_slope: complex = np.nan
    turns: float = np.nan

    def distribution(self, gamma):
        """F at x, to second order in η and in the error of G."""
        return 1.0 - self.turns / (len(self.G) * np.pi) - self.z.imag * self.s.real / np.pi


class MatrixConvolution(MatrixSolver):
    """The equation for weighted M, (n, k, k), without a common null space, and positive e, (L,).

    Everything is in units in which M and e are of size 1; z is in units of ``scale``.
    """

    rows = -1

    def __init__(self, M, weights, e, probabilities, aspect_ratio, scale=1.0, precision=2.0**-52):
        super().__init__(M, weights, aspect_ratio, precision)
        self.e, self.probabilities, self.scale = e, probabilities, scale
        self.rankless = max(1.0 - aspect_ratio, 0.0)
        if self.rankless < ROUNDED:
            self.rankless = 0.0
        self.mean = np.tensordot(weights, M, 1)
        self.mean_square = float(np.einsum("n,nij,nij->", weights, M, M))
        self.averages = np.outer(np.linalg.eigvalsh(self.mean), e).ravel()
        self.bound, self.far = self._bounds(
            lambda L: 1.1 * (L**2).sum(axis=1).max(initial=0.0) * e.max()
        )
        self.smallest = float(weights.min() * e.min() / (e.max() or 1.0))
        self.height, self.higher = HEIGHT, HIGHER

    def _far(self, z):
        """G where z is large, ``-E[e]/z``."""
        return -(self.probabilities @ self.e) / z * np.eye(self.k)

    def _resolvents(self, z, G, K):
        """``I - KD``, ``Q = (eK - z(I - KD))^{-1}`` of every e, its mean, ``E[eQ]``, and P^{-1}."""
        eye = np.eye(self.k)
        rest = eye - self.gamma * K @ G
        Q = np.linalg.inv(self.e[:, None, None] * K - z * rest)
        mean, first = np.tensordot([self.probabilities, self.probabilities * self.e], Q, 1)
        return rest, Q, mean, first, self.rankless * eye - self.gamma * z * mean @ rest

    def _image(self, rest, first, P):
        """T."""
        return self.gamma * first @ rest @ P

    def _spread(self, K, second):
        """Operator C, ``dK + K dD K = C dD``: ``K dD K - E[B dD B]``."""
        k = self.symmetric.vector(K)
        return self.symmetric.operator(np.outer(k, k) - second)

    def _linearised(self, z, G):
        """``Φ = T - D``; ``dT = -S C dD``, and ``(S (K - KDK) - T) dz/z``."""
        space = self.symmetric
        K, second, _ = self._means_and_squares(G)
        rest, Q, _, first, P = self._resolvents(z, G, K)
        P = np.linalg.inv(P)
        T = self._image(rest, first, P)
        N = np.concatenate([P @ (self.e[:, None, None] * Q - first), (P @ first)[None]])
        S = space.congruence(N, self.gamma * np.append(self.probabilities, self.rankless))
        jacobian = -self.gamma * (S @ self._spread(K, second) + np.eye(space.dimension))
        in_z = (space.matrix(S @ space.vector(rest @ K)) - T) / z
        return self.gamma * G - T, jacobian, -in_z

    def _found(self, z, G, slope):
        if slope is None:
            return ConvolutionSolution(z, G, slope, None, 0.0, np.inf, solved=False)
        space, k, gamma = self.symmetric, self.k, self.gamma
        K, second, angle = self._means_and_squares(G)
        rest, Q, mean, first, P = self._resolvents(z, G, K)
        difference = self._image(rest, first, np.linalg.inv(P)) - gamma * G
        size = np.sqrt(np.linalg.norm(gamma * G, axis=0))
        residual = float(np.abs(difference / np.outer(size, size)).max())
        solved = residual <= ACCEPTED and self._in_domain(z, G, slope)
        # the transform and its derivative
        s = np.sum(mean.T * rest) / k
        Y = rest @ K - z * gamma * space.matrix(self._spread(K, second) @ space.vector(slope))
        s_slope = (self.probabilities * self.e) @ np.einsum("eia,ab,eib->e", Q, Y, Q, optimize=True)
        s_slope = (s_slope / k - s) / z
        # the potential
        w, of = scipy.linalg.eigvals(z * rest, K, homogeneous_eigvals=True)  # w/of, of W
        turns = self.probabilities @ _angles(w - self.e[:, None] * of, w).sum(axis=1)
        turns += k * np.angle(z)
        angle += np.sum(K * (gamma * G + difference)).imag  # `transforms` has taken Im tr(D K) off
        turns += (angle - _angles(1.0, np.linalg.eigvals(P)).sum()) / gamma
        return ConvolutionSolution(
            z, G, slope, K, angle, residual, solved, s=s, s_slope=s_slope, turns=float(turns)
        )


def _angles(a, b):
    """Arguments of a/b in the upper half plane, rounding left out."""
    ratio = a * np.conj(b)
    return np.arctan2(np.maximum(ratio.imag, 0.0), ratio.real)
