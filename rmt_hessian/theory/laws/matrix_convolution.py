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
        self.height, self.higher = HEIGHT, HIGHER

    def _far(self, z):
        """G where z is large, ``-E[e]/z``."""
        return -(self.probabilities @ self.e) / z * np.eye(self.k)

    def _inverses(self, z, G, K):
        """``K^{-1}``, W, its inverse, R of every e, and their mean."""
        inverse = np.linalg.inv(K)
        W = z * (inverse - self.gamma * G)
        R = np.linalg.inv(self.e[:, None, None] * np.eye(self.k) - W)
        return inverse, W, np.linalg.inv(W), R, np.tensordot(self.probabilities, R, 1)

    def _derivatives(self, z, second, inverse, W_inverse, R):
        """Operators ``dK/dG``, ``dW/dG``, and of W ``d E[R]/dW`` and ``dm/dW``."""
        space = self.symmetric
        in_K = -self.gamma * space.operator(second)
        h = space.vector(inverse)
        in_W = z * (-space.operator(np.outer(h, h)) @ in_K - self.gamma * np.eye(space.dimension))
        r = R[:, space.rows, space.columns]
        mean = space.operator((self.probabilities[:, None] * r).T @ r)
        w = space.vector(W_inverse)
        in_m = self.gamma * mean + self.rankless * space.operator(np.outer(w, w))
        return in_K, in_W, mean, in_m

    def _linearised(self, z, G):
        """``Φ = T - D``, ``T = -(z m(W))^{-1} + D - K^{-1}``; ``d(-1/m) = m^{-1} dm m^{-1}``."""
        space = self.symmetric
        K, second, _ = self._means_and_squares(G)
        inverse, W, W_inverse, R, mean = self._inverses(z, G, K)
        image = -np.linalg.inv(self.gamma * mean - self.rankless * W_inverse)
        _, in_W, _, in_m = self._derivatives(z, second, inverse, W_inverse, R)
        h = space.vector(image)
        in_W_image = space.operator(np.outer(h, h)) @ in_m - np.eye(space.dimension)
        jacobian = in_W_image @ in_W / z - self.gamma * np.eye(space.dimension)
        T = (image - W) / z
        in_z = (space.matrix(in_W_image @ space.vector(W)) / z - T) / z
        return inverse - image / z, jacobian, -in_z

    def _found(self, z, G, slope):
        if slope is None:
            return ConvolutionSolution(z, G, slope, None, 0.0, np.inf, solved=False)
        space, k, gamma = self.symmetric, self.k, self.gamma
        K, second, angle = self._means_and_squares(G)
        inverse, W, W_inverse, R, mean = self._inverses(z, G, K)
        image = -np.linalg.inv(gamma * mean - self.rankless * W_inverse)
        difference = image / z - inverse  # T - D
        size = np.sqrt(np.linalg.norm(gamma * G, axis=0))
        residual = float(np.abs(difference / np.outer(size, size)).max())
        solved = residual <= ACCEPTED and self._in_domain(z, G, slope)
        # the transform and its derivative
        _, in_W, in_mean, _ = self._derivatives(z, second, inverse, W_inverse, R)
        W_slope = W / z + space.matrix(in_W @ space.vector(slope))
        mean_slope = space.matrix(in_mean @ space.vector(W_slope))
        s = np.sum(W * mean) / (k * z)
        s_slope = (np.sum(W_slope * mean + W * mean_slope) / k - s) / z
        # the potential
        values, image_angles = _upper_eigenvalues(W), np.angle(_upper_eigenvalues(image)).sum()
        turns = self.probabilities @ np.angle(values - self.e[:, None]).sum(axis=1)
        turns += k * np.angle(z) - np.angle(values).sum()
        angle += np.sum(K * (gamma * G + difference)).imag  # `transforms` has taken Im tr(D K) off
        turns += (np.angle(values).sum() - image_angles + angle) / gamma
        return ConvolutionSolution(
            z, G, slope, K, angle, residual, solved, s=s, s_slope=s_slope, turns=float(turns)
        )


def _upper_eigenvalues(A):
    """Eigenvalues of a matrix whose imaginary part is positive, rounding left out."""
    values = np.linalg.eigvals(A)
    return values.real + 1j * np.maximum(values.imag, 0.0)
