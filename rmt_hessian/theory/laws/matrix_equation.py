r"""The matrix equation of a whole layer, for a sample of output Hessians.

**Statement.** For ``H = (1/N) Σ_n M_n ⊗ z_n z_nᵀ`` with k×k output Hessians M_n, k fixed, features
``z_n ~ (0, I_p)`` on which M_n depends through few directions, and ``p, N → ∞``, ``p/N → γ``, the
spectrum tends to the law with ``s(z) = tr G(z)/k`` and

    ``G = ( E[ M (I + γ G M)^{-1} ] - z I )^{-1}``,   Im G > 0 for Im z > 0.

k = 1 is the generalised Marchenko–Pastur law; γ → 0 the spectrum of ``E[M]``, the Kronecker
approximation ``E[M] ⊗ I``. [D] has the blocks; the equation for the layer is derived in
``docs/laws.md``. The expectation is a mean over the given sample of M.

**Distribution.** With ``K = E[M (I + γ G M)^{-1}]``

    ``∫ log(z - x) dμ(x) = (1/k) { log det(z - K) + (1/γ) E log det(I + γ G M) - tr(K G) }``

is stationary in K and in G, and its derivative in z is ``-s``. Its imaginary part on the real axis
is π times the mass to the right, so that the distribution function is known at every point,

    ``F = 1 - (1/kπ) { Σ Arg eig(z - K) + (1/γ) E Σ Arg eig(I + γ M^{1/2} G M^{1/2})
    - Im tr(K G) }``,

all arguments in [0, π], to second order in the error of G. No mass needs quadrature.

**Solution.** The right-hand side maps matrices of positive imaginary part to themselves, with one
fixed point (Helton, Rashidi Far, Speicher 2007): whatever has ``Im G > 0`` and solves is the
solution. It is found by Newton's method from a neighbour, and where that fails by continuation in
the imaginary part: from ``z + iη`` with η of the size of the support, down to the one asked for in
steps that grow while they succeed. A solution that is not reached raises, with the residual.
"""

import numpy as np

from rmt_hessian.theory.laws.matrix_factors import atom_at_zero, factors, null_space_removed
from rmt_hessian.theory.laws.matrix_kernels import transforms
from rmt_hessian.theory.laws.matrix_solution import Solution
from rmt_hessian.theory.laws.symmetric_matrices import SymmetricMatrices

NEWTON_ITERATIONS = 40  # beside a hard edge, a double root, they only halve the error
SMALLEST_STEP = 0.9  # of the continuation: η falls by at least a tenth
TOLERANCE = 1e-12  # of G, relative: what is left after Newton's last step
ACCEPTED = 1e-6  # residual: rounding, that of K - z for γ → 0; beside a pole steps are small too
UNSEEN = 1e4  # constant of its quadratic convergence, before two steps show it
STALLED = 1e6  # tolerances: steps below, which do not shrink, are rounding, as beside a hard edge
LARGEST_STEP = 1e3  # relative: further off it is lost
CLEAR = 1e-6  # eigenvalue of Im G, relative, whose sign is certain
HIGHER = 1e-4  # of |z|: where the sign of another is seen
ROUNDING = 1e-14  # by how much it may look negative there
HEIGHT, SMALLEST_HEIGHT = 1e-8, 1e-13  # of z over the axis, relative, for γ >= 1 and for γ → 0
NO_ROWS = np.empty((0, 0))


class MatrixEquation:
    """The equation for equal masses on the output Hessians M, (n, k, k), symmetric and PSD.

    `solve`, `residual`, ``mean`` and ``reach`` speak of G, z and M as they come; `solution` and
    what it returns are in units of ``scale``, a power of two near the largest entry, and in a
    basis of the units in which the null space of ``E[M]`` are units.

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
        A bound of the support, ``1.1 (√λ_max(E M) + √(γ λ_max(M)))²``.
    """

    def __init__(self, M, aspect_ratio, precision=2.0**-52):
        M = np.ascontiguousarray(M, dtype=np.float64)
        self.k, self.gamma, self.precision = M.shape[1], float(aspect_ratio), precision
        self.scale = 2.0 ** (int(np.frexp(np.abs(M).max())[1]) - 1)
        M = M / self.scale
        mean = M.mean(axis=0)
        self.mean = mean * self.scale
        self.averages = np.linalg.eigvalsh(mean)
        self.mean_square = float(np.einsum("nij,nij->", M, M)) / len(M)
        M, self.weights = _merged(M)
        M, self.basis = null_space_removed(M, mean, precision)
        self.L, self.ranks = factors(M, precision)
        largest = (self.L**2).sum(axis=1).max(initial=0.0)
        self.bound = 1.1 * (np.sqrt(self.averages[-1]) + np.sqrt(self.gamma * largest)) ** 2
        self.reach = float(self.bound) * self.scale
        narrow = min(1.0, np.sqrt(self.gamma))  # width of components
        self.height = max(HEIGHT * narrow, SMALLEST_HEIGHT)
        self.higher = HIGHER * narrow
        self.symmetric = SymmetricMatrices(self.k)

    def atom_at_zero(self, residue=None):
        """Mass of the atom at 0; of units in general position, or with ``residue = -z G(z)``."""
        return atom_at_zero(self.L, self.ranks, self.weights, self.gamma, residue, self.precision)

    def residual(self, G, z):
        """Largest entry of the difference of the two sides, relative to that of G."""
        G = self.inward(G)
        return self._residual(G, z / self.scale, self._means(G)[0])

    def _residual(self, G, z, K):
        image = np.linalg.inv(K - z * np.eye(self.k))
        return float(np.abs(image - G).max() / np.abs(image).max())

    def solve(self, z, start=None, tolerance=TOLERANCE):
        """G(z) for Im z > 0.

        Raises
        ------
        RuntimeError
            If it is not reached.
        """
        starts = () if start is None else (self.inward(start),)
        return self.outward(self.solution(complex(z) / self.scale, starts, tolerance).G)

    def solution(self, z, starts=(), tolerance=TOLERANCE):
        """`Solution` at z, from the first of the starts that leads there, or from far above.

        Raises
        ------
        RuntimeError
            If none does.
        """
        for start in starts:
            found = self._attempt(z, start, tolerance)
            if found.solved:
                return found
        eta, factor = max(z.imag, self.bound), 0.1
        at = last = self._attempt(z.real + 1j * eta, self._far(z.real + 1j * eta), tolerance)
        while at.solved and eta > z.imag and factor < SMALLEST_STEP:
            lower = max(factor * eta, z.imag)
            start = at.G + 1j * (lower - eta) * at.slope if factor > 0.3 else at.G
            last = self._attempt(z.real + 1j * lower, start, tolerance)
            if last.solved:
                at, eta, factor = last, lower, factor**1.5
            else:
                factor = np.sqrt(factor)
        if not last.solved:
            raise RuntimeError(
                f"the matrix equation is not solved at z = {z * self.scale:.6g}: "
                f"residual {last.residual:.2g}"
            )
        return at

    # --- Newton's method --------------------------------------------------------------------

    def _far(self, z):
        """G where z is large, ``(E M - z)^{-1}``."""
        M = np.einsum("n,nic,njc->ij", self.weights, self.L, self.L)
        return np.linalg.inv(M - z * np.eye(self.k))

    def _attempt(self, z, start, tolerance):
        """What Newton's method reaches, and whether it is the solution."""
        G, slope = self._newton(z, start, tolerance)
        if slope is None:
            return Solution(z, G, slope, None, 0.0, np.inf, solved=False)
        K, angle = self._means(G)
        residual = self._residual(G, z, K)
        solved = residual <= ACCEPTED and self._in_domain(z, G, slope)
        return Solution(z, G, slope, K, angle, residual, solved)

    def _in_domain(self, z, G, slope):
        """Whether ``Im G > 0``, seen where its sign is certain.

        In the gap of a unit ``Im G = η G'``, with ``G' > 0`` at the solution and ``G' < 0`` at
        other roots; near a pole of K both are hardly more than rounding. So it is looked at a
        little higher, ``Im G(z + ih) = Im G + h Re G'``.
        """
        D = 1.0 / np.sqrt(np.linalg.norm(G, axis=0))
        here = np.linalg.eigvalsh(D[:, None] * G.imag * D)[0]
        if abs(here) > CLEAR:
            return here > 0
        higher = G.imag + self.higher * abs(z) * slope.real
        return np.linalg.eigvalsh(D[:, None] * higher * D)[0] > -ROUNDING

    def _newton(self, z, G, tolerance):
        """Newton's method for ``K(G) - z - G^{-1} = 0`` in the symmetric matrices.

        With ``dK = -γ E[B dG B]`` and ``d(G^{-1}) = -G^{-1} dG G^{-1}``; rows and columns are
        scaled so that G is of size 1. Returns G, of relative error ``tolerance``, and its
        derivative ``dG/dz``, which has the same matrix, or None where steps do not end.
        """
        space, before = self.symmetric, None
        eye = np.eye(self.k)
        for _ in range(NEWTON_ITERATIONS):
            scale = np.sqrt(np.linalg.norm(G, axis=0))
            scale = space.vector(np.outer(scale, scale))
            K, second = self._means_and_squares(G)
            try:
                inverse = np.linalg.inv(G)
                h = space.vector(inverse)
                jacobian = space.operator(np.outer(h, h) - self.gamma * second)
                sides = space.vector(inverse - K + z * eye), space.vector(eye)
                step, slope = np.linalg.solve(
                    scale[:, None] * jacobian * scale, scale[:, None] * np.stack(sides, axis=1)
                ).T
            except np.linalg.LinAlgError:
                break
            size = float(np.abs(step).max())
            if not size < LARGEST_STEP:
                break
            G = G + space.matrix(scale * step)
            # quadratic convergence, with the constant seen so far
            left = size**2 * (UNSEEN if before is None else max(1.0, size / before**2))
            stalled = before is not None and before <= size < STALLED * tolerance
            if left <= tolerance or stalled:
                return G, space.matrix(scale * slope)
            before = size
        return G, None

    def _means(self, G):
        """``E[B]`` and the angles of `transforms`."""
        real, imag, angle = transforms(
            self.L, self.ranks, self.weights, *_parts(G), self.gamma, NO_ROWS, NO_ROWS
        )
        return real + 1j * imag, angle

    def _means_and_squares(self, G):
        """``E[B]`` and, over pairs of entries of its upper triangle, ``E[B_p B_q]``."""
        shape = len(self.L), self.symmetric.dimension
        B_real, B_imag = np.zeros(shape), np.zeros(shape)
        real, imag, _ = transforms(
            self.L, self.ranks, self.weights, *_parts(G), self.gamma, B_real, B_imag
        )
        weighted = self.weights[:, None] * B_real
        cross = weighted.T @ B_imag
        second = weighted.T @ B_real - (self.weights[:, None] * B_imag).T @ B_imag
        return real + 1j * imag, second + 1j * (cross + cross.T)

    # --- units and basis --------------------------------------------------------------------

    def inward(self, G):
        """G in the units and the basis of `solution`."""
        G = np.asarray(G) * self.scale
        return G if self.basis is None else self.basis.T @ G @ self.basis

    def outward(self, G):
        """The inverse of `inward`."""
        G = G if self.basis is None else self.basis @ G @ self.basis.T
        return G / self.scale


def _merged(M):
    """Distinct M and their shares."""
    flat, counts = np.unique(M.reshape(len(M), -1), axis=0, return_counts=True)
    return flat.reshape(-1, *M.shape[1:]), counts / len(M)


def _parts(G):
    G = np.asarray(G, dtype=np.complex128)
    return np.ascontiguousarray(G.real), np.ascontiguousarray(G.imag)
