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

from dataclasses import dataclass

import numpy as np

from rmt_hessian.theory.laws.matrix_factors import atom_at_zero, factors, null_space_removed
from rmt_hessian.theory.laws.matrix_kernels import transforms

NEWTON_ITERATIONS = 10
SMALLEST_STEP = 0.9  # of the continuation: η falls by at least a tenth
TOLERANCE = 1e-12  # of G, relative: what is left after Newton's last step
ACCEPTED = 1e-8  # residual: where G solves it is far less, beside a pole Newton's steps mislead
UNSEEN = 1e4  # constant of its quadratic convergence, before two steps show it
STALLED = 1e-6  # below it, steps that do not shrink are rounding: at a hard edge K nearly cancels 1/G
LARGEST_STEP = 1e3  # relative: further off it is lost
CLEAR = 1e-6  # eigenvalue of Im G, relative, whose sign is certain
HIGHER = 1e-4  # of |z|: where the sign of another is seen
ROUNDING = 1e-14  # by how much it may look negative there
HEIGHT = 1e-8  # of z over the axis, relative, for γ >= 1
OUTSIDE = 4.0  # ``Im s/(η |s'|)`` up to which a point is outside: there it is 1
NO_ROWS = np.empty((0, 0))


@dataclass(frozen=True)
class Solution:
    """G at one z, in the basis of the equation, its derivative, and what `_means` has there."""

    z: complex
    G: np.ndarray
    slope: np.ndarray
    K: np.ndarray
    angle: float
    residual: float

    @property
    def s(self):
        """``tr G/k``."""
        return complex(np.trace(self.G)) / len(self.G)

    @property
    def s_slope(self):
        """``ds/dz``."""
        return complex(np.trace(self.slope)) / len(self.G)

    @property
    def inside(self):
        """Of z just above the real axis: if x lies in the support. Outside, ``Im s = η s'``."""
        return self.s.imag > OUTSIDE * self.z.imag * abs(self.s_slope)

    @property
    def density(self):
        """``Im s/π`` on the axis below z, to second order in Im z; 0 outside the support."""
        if not self.inside:
            return 0.0
        return max(self.s.imag - self.z.imag * self.s_slope.real, 0.0) / np.pi

    @property
    def density_slope(self):
        """Its derivative in x."""
        return self.s_slope.imag / np.pi

    @property
    def real_part(self):
        """``Re s`` on the axis below z, likewise."""
        return self.s.real + self.z.imag * self.s_slope.imag


class MatrixEquation:
    """The equation for equal masses on the output Hessians M, (n, k, k), symmetric and PSD."""

    def __init__(self, M, aspect_ratio, precision=2.0**-52):
        M = np.ascontiguousarray(M, dtype=np.float64)
        self.gamma = float(aspect_ratio)
        self.precision = precision
        self.k = M.shape[1]
        self.height = HEIGHT * min(1.0, np.sqrt(self.gamma))  # components are as narrow as √γ
        self.mean = M.mean(axis=0)
        self.mean_square = float(np.einsum("nij,nij->", M, M)) / len(M)
        flat = M.reshape(len(M), -1)
        flat, counts = np.unique(flat, axis=0, return_counts=True)
        M, self.weights = flat.reshape(-1, self.k, self.k), counts / counts.sum()
        M, self.basis = null_space_removed(M, self.mean, precision)
        self.L, self.ranks = factors(M, precision)
        self.reach = self.upper_bound()
        self._pairs, self._tensors = _symmetric_indices(self.k)

    def upper_bound(self):
        """A bound of the support, ``1.1 (√λ_max(E M) + √(γ λ_max(M)))²``."""
        top = np.linalg.eigvalsh(self.mean)[-1]
        largest = (self.L**2).sum(axis=1).max(initial=0.0)
        return float(1.1 * (np.sqrt(top) + np.sqrt(self.gamma * largest)) ** 2)

    # --- what the law needs -----------------------------------------------------------------

    def distribution(self, solution):
        """F at ``Re z``; ``Im z = η`` moves it by ``η Re s/π`` to first order, which is taken off."""
        G, z = solution.G, solution.z
        D = np.sqrt(np.linalg.norm(G, axis=0))  # a congruence, which turns no sum of arguments
        values = np.linalg.eigvals(D[:, None] * (z * np.eye(self.k) - solution.K) * D)
        arguments = np.arctan2(np.maximum(values.imag, 0.0), values.real).sum()
        F = 1.0 - (arguments + solution.angle / self.gamma) / (self.k * np.pi)
        return F - z.imag * solution.s.real / np.pi

    def atom_at_zero(self, residue=None):
        """Mass of the atom at 0; of units in general position, or with ``residue = -z G(z)``."""
        return atom_at_zero(
            self.L, self.ranks, self.weights, self.gamma, residue, self.precision
        )

    def residual(self, G, z):
        """Largest entry of the difference of the two sides, relative to that of G."""
        K, _ = self._means(self.inward(G))
        image = self.outward(np.linalg.inv(K - z * np.eye(self.k)))
        return float(np.abs(image - G).max() / np.abs(image).max())

    def solve(self, z, start=None, tolerance=TOLERANCE):
        """G(z) for Im z > 0.

        Raises
        ------
        RuntimeError
            If it is not reached.
        """
        starts = () if start is None else (self.inward(start),)
        return self.outward(self.solution(complex(z), starts, tolerance).G)

    def solution(self, z, starts=(), tolerance=TOLERANCE):
        """`Solution` at z, from the first of the starts that leads there, or from far above."""
        for start in starts:
            found = self._attempt(z, start, tolerance)
            if found.residual <= ACCEPTED:
                return found
        eta, factor = max(z.imag, self.reach), 0.1
        at = self._attempt(z.real + 1j * eta, self._far(z.real + 1j * eta), tolerance)
        left = at.residual
        while eta > z.imag and factor < SMALLEST_STEP:
            lower = max(factor * eta, z.imag)
            start = at.G + 1j * (lower - eta) * at.slope if factor > 0.3 else at.G
            found = self._attempt(z.real + 1j * lower, start, tolerance)
            left = found.residual
            if left <= ACCEPTED:
                at, eta, factor = found, lower, factor**1.5
            else:
                factor = np.sqrt(factor)
        if not (eta <= z.imag and left <= ACCEPTED):
            raise RuntimeError(
                f"the matrix equation is not solved at z = {z:.6g}: residual {left:.2g}"
            )
        return at

    # --- Newton's method --------------------------------------------------------------------

    def _far(self, z):
        return np.linalg.inv(self.inward(self.mean) - z * np.eye(self.k))

    def _attempt(self, z, start, tolerance):
        """What Newton's method reaches; of infinite residual where that is not the solution."""
        G, slope = self._newton(z, start, tolerance)
        if slope is None or not self._in_domain(z, G, slope):
            return Solution(z, G, slope, None, 0.0, np.inf)
        K, angle = self._means(G)
        image = np.linalg.inv(K - z * np.eye(self.k))
        residual = float(np.abs(image - G).max() / np.abs(image).max())
        return Solution(z, G, slope, K, angle, residual)

    def _in_domain(self, z, G, slope):
        """``Im G > 0``, here and a little higher, where no gap hides the sign.

        In a gap of a unit ``Im G = η G'`` there, which rounding and a wrong root near a pole, with
        G' < 0, would leave at nothing; ``Im G(z + ih) = Im G + h Re G'``.
        """
        D = 1.0 / np.sqrt(np.linalg.norm(G, axis=0))
        here = np.linalg.eigvalsh(D[:, None] * G.imag * D)[0]
        if abs(here) > CLEAR:
            return here > 0
        higher = G.imag + HIGHER * abs(z) * min(1.0, np.sqrt(self.gamma)) * slope.real
        return np.linalg.eigvalsh(D[:, None] * higher * D)[0] > -ROUNDING

    def _newton(self, z, G, tolerance):
        """Newton's method for ``K(G) - z - G^{-1} = 0`` in the symmetric matrices.

        With ``dK = -γ E[B dG B]`` and ``d(G^{-1}) = -G^{-1} dG G^{-1}``; rows and columns are
        scaled so that G is of size 1. Returns G, of relative error ``tolerance``, and its
        derivative ``dG/dz``, which has the same matrix, or None where steps do not end.
        """
        (i, j), eye = self._pairs, np.eye(self.k)
        before = None
        for _ in range(NEWTON_ITERATIONS):
            scale = np.sqrt(np.linalg.norm(G, axis=0))
            scale = scale[i] * scale[j]
            K, second = self._means_and_squares(G)
            inverse = np.linalg.inv(G)
            wrong = (K - z * eye - inverse)[i, j]
            products = np.multiply.outer(inverse[i, j], inverse[i, j]) - self.gamma * second
            jacobian = scale[:, None] * self._on_pairs(products) * scale
            sides = scale[:, None] * np.stack([-wrong, eye[i, j]], axis=1)
            try:
                step, slope = scale * np.linalg.solve(jacobian, sides).T
            except np.linalg.LinAlgError:
                break
            size = float(np.abs(step / scale).max())
            if not size < LARGEST_STEP:
                break
            G = G + self._matrix(step)
            # quadratic convergence, with the constant seen so far
            left = size**2 * (UNSEEN if before is None else max(1.0, size / before**2))
            stalled = before is not None and before <= size < STALLED
            before = size
            if left <= tolerance or stalled:
                return G, self._matrix(slope)
        return G, None

    def _matrix(self, upper):
        """The symmetric matrix of an upper triangle."""
        matrix = np.empty((self.k, self.k), dtype=upper.dtype)
        i, j = self._pairs
        matrix[i, j] = matrix[j, i] = upper
        return matrix

    def _on_pairs(self, products):
        """``X ↦ Σ A_ai X_ij A_jb`` on upper triangles, from the products of entries of A."""
        first, second, share = self._tensors
        return (products[first] + products[second]) * share

    def _means(self, G):
        """``E[B]`` and the angles of `transforms`."""
        real, imag, angle = transforms(
            self.L, self.ranks, self.weights, *_parts(G), self.gamma, NO_ROWS, NO_ROWS
        )
        return real + 1j * imag, angle

    def _means_and_squares(self, G):
        """``E[B]`` and, over pairs of entries of its upper triangle, ``E[B_p B_q]``."""
        shape = len(self.L), len(self._pairs[0])
        B_real, B_imag = np.zeros(shape), np.zeros(shape)
        real, imag, _ = transforms(
            self.L, self.ranks, self.weights, *_parts(G), self.gamma, B_real, B_imag
        )
        weighted = self.weights[:, None] * B_real
        cross = weighted.T @ B_imag
        second = weighted.T @ B_real - (self.weights[:, None] * B_imag).T @ B_imag
        return real + 1j * imag, second + 1j * (cross + cross.T)

    # --- the basis --------------------------------------------------------------------------

    def inward(self, G):
        return np.asarray(G) if self.basis is None else self.basis.T @ G @ self.basis

    def outward(self, G):
        return G if self.basis is None else self.basis @ G @ self.basis.T


def _parts(G):
    G = np.asarray(G, dtype=np.complex128)
    return np.ascontiguousarray(G.real), np.ascontiguousarray(G.imag)


def _symmetric_indices(k):
    """Rows and columns of the upper triangle, and the places of products that `_on_pairs` adds."""
    i, j = np.triu_indices(k)
    place = np.empty((k, k), dtype=np.intp)
    place[i, j] = place[j, i] = np.arange(i.size)
    a, b = i[:, None], j[:, None]
    first, second = (place[a, i], place[j, b]), (place[a, j], place[i, b])
    return (i, j), (first, second, np.where(i == j, 0.5, 1.0))
