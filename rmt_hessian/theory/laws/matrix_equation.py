r"""The matrix equation of a whole layer, for a sample of output Hessians.

**Statement.** For ``H = (1/N) Σ_n M_n ⊗ z_n z_nᵀ`` with k×k output Hessians M_n, k fixed, features
``z_n ~ (0, I_p)`` on which M_n depends through few directions, and ``p, N → ∞``, ``p/N → γ``, the
spectrum tends to the law with ``s(z) = tr G(z)/k`` and

    ``G = ( E[ M (I + γ G M)^{-1} ] - z I )^{-1}``,   Im G > 0 for Im z > 0.

k = 1 is the generalised Marchenko–Pastur law; γ → 0 the spectrum of ``E[M]``, the Kronecker
approximation ``E[M] ⊗ I``. [D] has the blocks. The expectation is a mean over the given sample of
M.

**Distribution.** With ``K = E[M (I + γ G M)^{-1}]``

    ``∫ log(z - x) dμ(x) = (1/k) { log det(z - K) + (1/γ) E log det(I + γ G M) - tr(K G) }``

is stationary in K and in G, and its derivative in z is ``-s``. Its imaginary part on the real axis
is π times the mass to the right, so that the distribution function is known at every point,

    ``F = 1 - (1/kπ) { Σ Arg eig(z - K) + (1/γ) E Σ Arg eig(I + γ M^{1/2} G M^{1/2})
    - Im tr(K G) }``,

all arguments in [0, π], to second order in the error of G. No mass needs quadrature.

**Solution.** The right-hand side maps matrices of positive imaginary part to themselves, with one
fixed point (Helton, Rashidi Far and Speicher 2007): whatever has ``Im G > 0`` and solves is the
solution. How it is found: `matrix_solver`.

References
----------
``docs/laws.md`` §4; Helton, Rashidi Far and Speicher (2007).
"""

import numpy as np

from rmt_hessian.theory.laws.matrix_factors import any_negative, mean_size, null_space_removed
from rmt_hessian.theory.laws.matrix_solution import Solution
from rmt_hessian.theory.laws.matrix_solver import MatrixSolver, merged

ACCEPTED = 1e-6  # residual: rounding, that of K - z for γ → 0; beside a pole steps are small too
HIGHER = 1e-4  # of |z|: where the sign of Im G is seen
HEIGHT, SMALLEST_HEIGHT = 1e-8, 1e-13  # of z over the axis, relative, for γ >= 1 and for γ → 0


class MatrixEquation(MatrixSolver):
    """The equation for equal masses on the output Hessians M, (n, k, k), symmetric.

    `solve`, `residual`, ``mean`` and ``reach`` speak of G, z and M as they come; `solution` and
    what it returns are in units of ``scale``, a power of two near the largest entry, and in a
    basis of the units in which the null space of ``E |M|`` are units.

    Parameters
    ----------
    M : array_like, shape (n, k, k)
    aspect_ratio : float
    precision : float
        The ε in which M came, for ranks.

    Attributes
    ----------
    mean : numpy.ndarray, shape (k, k)
        ``E[M]``.
    reach : float
        An upper bound of the support, ``1.1 (√λ_max(E M₊) + √(γ λ_max(M₊)))²``.
    """

    def __init__(self, M, aspect_ratio, precision=2.0**-52):
        M = np.ascontiguousarray(M, dtype=np.float64)
        self.scale = 2.0 ** (int(np.frexp(np.abs(M).max())[1]) - 1)
        M = M / self.scale
        mean = M.mean(axis=0)
        self.mean = mean * self.scale
        self.averages = np.linalg.eigvalsh(mean)
        self.mean_square = float(np.einsum("nij,nij->", M, M)) / len(M)
        M, weights = merged(M)
        size = mean_size(M, weights) if any_negative(M, precision) else mean
        M, self.basis = null_space_removed(M, size, precision)
        super().__init__(M, weights, float(aspect_ratio), precision)
        self.bound, self.far = self._bounds(self._bound)
        self.reach, self.smallest = float(self.bound) * self.scale, float(self.weights.min())
        narrow = min(1.0, np.sqrt(self.gamma))  # width of components
        self.height = max(HEIGHT * narrow, SMALLEST_HEIGHT)
        self.higher = HIGHER * narrow

    def _bound(self, L):
        """Of the support, for ``M = L Lᵀ``."""
        largest = (L**2).sum(axis=1).max(initial=0.0)
        of_mean = self.averages[-1]
        if self.signed:
            of_mean = np.linalg.eigvalsh(np.einsum("n,nic,njc->ij", self.weights, L, L))[-1]
        return 1.1 * (np.sqrt(of_mean) + np.sqrt(self.gamma * largest)) ** 2

    def residual(self, G, z):
        """Largest entry of the difference of the two sides, relative to that of G."""
        G = self.inward(G)
        return self._residual(G, z / self.scale, self._means(G)[0])

    def _residual(self, G, z, K):
        image = np.linalg.inv(K - z * np.eye(self.k))
        return float(np.abs(image - G).max() / np.abs(image).max())

    def solve(self, z, start=None, tolerance=None):
        """G(z) for Im z > 0.

        Raises
        ------
        RuntimeError
            If it is not reached.
        """
        starts = () if start is None else (self.inward(start),)
        return self.outward(self.solution(complex(z) / self.scale, starts, tolerance).G)

    # --- the equation ---------------------------------------------------------------------------

    def _far(self, z):
        """G where z is large, ``(E M - z)^{-1}``."""
        M = np.einsum("n,nic,nc,njc->ij", self.weights, self.L, self.signs, self.L)
        return np.linalg.inv(M - z * np.eye(self.k))

    def _found(self, z, G, slope):
        if slope is None:
            return Solution(z, G, slope, None, 0.0, np.inf, solved=False)
        K, angle = self._means(G)
        residual = self._residual(G, z, K)
        solved = residual <= ACCEPTED and self._in_domain(z, G, slope)
        return Solution(z, G, slope, K, angle, residual, solved)

    def _linearised(self, z, G):
        """``Φ = K(G) - z - G^{-1}``: ``dK = -γ E[B dG B]``, ``d(G^{-1}) = -G^{-1} dG G^{-1}``."""
        K, second, _ = self._means_and_squares(G)
        inverse, eye = np.linalg.inv(G), np.eye(self.k)
        h = self.symmetric.vector(inverse)
        jacobian = self.symmetric.operator(np.outer(h, h) - self.gamma * second)
        return inverse - K + z * eye, jacobian, eye

    # --- units and basis --------------------------------------------------------------------

    def inward(self, G):
        """G in the units and the basis of `solution`."""
        G = np.asarray(G) * self.scale
        return G if self.basis is None else self.basis.T @ G @ self.basis

    def outward(self, G):
        """The inverse of `inward`."""
        G = G if self.basis is None else self.basis @ G @ self.basis.T
        return G / self.scale
