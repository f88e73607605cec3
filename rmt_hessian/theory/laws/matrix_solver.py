"""Equations in ``E[M (I + γ G M)^{-1}]`` over a sample of M: how their G is found.

G is complex symmetric, and whatever has ``Im G > 0`` and solves is the solution: that the equations
in `matrix_equation` and `matrix_convolution` have in common. It is found by Newton's method from a
neighbour, and where that fails by continuation in the imaginary part: from ``z + iη`` with η of the
size of the support, down to the one asked for in steps that grow while they succeed. A solution
that is not reached raises, with the residual.

References
----------
``docs/laws.md`` §4 and §8.
"""

import numpy as np

from rmt_hessian.theory.laws.matrix_factors import atom_at_zero, factors
from rmt_hessian.theory.laws.matrix_kernels import transforms
from rmt_hessian.theory.laws.symmetric_matrices import SymmetricMatrices

NEWTON_ITERATIONS = 40  # beside a hard edge, a double root, they only halve the error
SMALLEST_STEP = 0.9  # of the continuation: η falls by at least a tenth
UNSEEN = 1e4  # constant of its quadratic convergence, before two steps show it
STALLED = 1e6  # tolerances: steps below, which do not shrink, are rounding, as beside a hard edge
LARGEST_STEP = 1e3  # relative: further off it is lost
CLEAR = 1e-6  # eigenvalue of Im G, relative, whose sign is certain
ROUNDING = 1e-14  # by how much it may look negative a little higher
NO_ROWS = np.empty((0, 0))


class MatrixSolver:
    """The sample, Newton's method, the continuation; a subclass has the equation ``Φ(G; z) = 0``.

    Its ``_linearised(z, G)`` returns -Φ, the derivative of Φ in G, an operator on vectors of
    `symmetric`, and the one in z, with a minus; ``_far(z)`` is G where z is large;
    ``_found(z, G, slope)`` makes a `Solution`. It sets ``scale``, the unit of z here, ``bound``, an
    upper one of the support, ``far``, one of its size, ``smallest``, the eigenvalue of H that a
    single M of size 1 can have, relative, ``height``, of z over the axis, relative, and ``higher``,
    see `_in_domain`.

    Parameters
    ----------
    M : numpy.ndarray, shape (n, k, k)
        Symmetric.
    weights : numpy.ndarray, shape (n,)
    gamma : float
    precision : float
        The ε in which M came, for ranks.
    """

    rows = 1  # Φ is of the kind of G^{-1}, or with -1 of that of G
    tolerance = 1e-12  # of G, relative: what is left after Newton's last step

    def __init__(self, M, weights, gamma, precision):
        self.k, self.gamma, self.precision = M.shape[1], gamma, precision
        self.weights = weights
        self.L, self.ranks, self.signs = factors(M, precision)
        self.symmetric = SymmetricMatrices(self.k)

    def atom_at_zero(self, residue=None):
        """Mass of the atom at 0; of units in general position, or with the residue of -G."""
        return atom_at_zero(self.L, self.ranks, self.weights, self.gamma, residue, self.precision)

    def solution(self, z, starts=(), tolerance=None):
        """`Solution` at z, from the first of the starts that leads there, or from far above.

        Raises
        ------
        RuntimeError
            If none does.
        """
        tolerance = self.tolerance if tolerance is None else tolerance
        for start in starts:
            found = self._attempt(z, start, tolerance)
            if found.solved:
                return found
        eta, factor = max(z.imag, self.far), 0.1
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

    def _attempt(self, z, start, tolerance):
        """What Newton's method reaches, and whether it is the solution."""
        return self._found(z, *self._newton(z, start, tolerance))

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
        """Newton's method in the symmetric matrices; rows and columns are scaled to a G of size 1.

        Returns G, of relative error ``tolerance``, and its derivative ``dG/dz``, which has the same
        matrix, or None where steps do not end.
        """
        space, before = self.symmetric, None
        for _ in range(NEWTON_ITERATIONS):
            scale = np.sqrt(np.linalg.norm(G, axis=0))
            scale = space.vector(np.outer(scale, scale))
            rows = scale if self.rows > 0 else 1.0 / scale
            try:
                defect, jacobian, in_z = self._linearised(z, G)
                sides = space.vector(defect), space.vector(in_z)
                step, slope = np.linalg.solve(
                    rows[:, None] * jacobian * scale, rows[:, None] * np.stack(sides, axis=1)
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

    # --- the sample -------------------------------------------------------------------------

    @property
    def signed(self):
        """Whether an M has a negative eigenvalue that counts."""
        return bool((self.signs < 0).any())

    def _bounds(self, bound):
        """Of a function of L, its values for the positive part of each M, and for ``|M|``."""
        size = bound(self.L)
        if not self.signed:
            return size, size
        return bound(np.where(self.signs[:, None, :] > 0, self.L, 0.0)), size

    def _means(self, G):
        """``E[B]``, ``B = M (I + γ G M)^{-1}``, and the angles of `transforms`."""
        real, imag, angle = transforms(
            self.L, self.ranks, self.signs, self.weights, *_parts(G), self.gamma, NO_ROWS, NO_ROWS
        )
        return real + 1j * imag, angle

    def _means_and_squares(self, G):
        """``E[B]``, over pairs of entries of its upper triangle ``E[B_p B_q]``, and the angles."""
        shape = len(self.L), self.symmetric.dimension
        B_real, B_imag = np.zeros(shape), np.zeros(shape)
        real, imag, angle = transforms(
            self.L, self.ranks, self.signs, self.weights, *_parts(G), self.gamma, B_real, B_imag
        )
        weighted = self.weights[:, None] * B_real
        cross = weighted.T @ B_imag
        second = weighted.T @ B_real - (self.weights[:, None] * B_imag).T @ B_imag
        return real + 1j * imag, second + 1j * (cross + cross.T), angle


def merged(M):
    """Distinct M and their shares."""
    flat, counts = np.unique(M.reshape(len(M), -1), axis=0, return_counts=True)
    return flat.reshape(-1, *M.shape[1:]), counts / len(M)


def _parts(G):
    G = np.asarray(G, dtype=np.complex128)
    return np.ascontiguousarray(G.real), np.ascontiguousarray(G.imag)
