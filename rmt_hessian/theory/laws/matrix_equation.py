r"""The matrix equation of a whole layer, for a sample of output Hessians.

**Statement.** For ``H = (1/N) Σ_n M_n ⊗ z_n z_nᵀ`` with k×k output Hessians M_n, k fixed, features
``z_n ~ (0, I_p)`` on which M_n depends through few directions, and ``p, N → ∞``, ``p/N → γ``, the
spectrum tends to the law with ``s(z) = tr G(z)/k`` and

    ``G = ( E[ M (I + γ G M)^{-1} ] - z I )^{-1}``,   Im G > 0 for Im z > 0.

k = 1 is the generalised Marchenko–Pastur law; γ → 0 the spectrum of ``E[M]``, the Kronecker
approximation ``E[M] ⊗ I``. [D] has the blocks; the equation for the layer is derived in
``docs/laws.md``. The expectation is a mean over the given sample of M.

**Solution.** The right-hand side maps matrices of positive imaginary part to themselves, with one
fixed point (Helton, Rashidi Far, Speicher 2007). It is found by Anderson-accelerated iteration
from the solution at a neighbouring z, and by Newton's method where that is slow, near an edge at 0;
where both fail, by continuation in the imaginary part: from ``z + iη`` with η of the size of the
support, divided by 10, or less where that fails, until it is the one asked for. A solution that is
not reached raises, with the residual.
"""

import numpy as np

from rmt_hessian.theory.laws.matrix_kernels import mean_transform

DEPTH = 6  # iterates that Anderson's method combines
ITERATIONS = 40
NEWTON_ITERATIONS = 12
SMALLEST_STEP = 0.9  # of the continuation: η falls by at least a tenth
TOLERANCE = 1e-8  # of the residual of G, relative to its largest entry


class MatrixEquation:
    """The equation for equal masses on the output Hessians M, (n, k, k), symmetric and PSD."""

    def __init__(self, M, aspect_ratio):
        self.M = np.ascontiguousarray(M, dtype=np.float64)
        self.gamma = float(aspect_ratio)
        self.k = self.M.shape[1]
        self.mean = self.M.mean(axis=0)
        self.reach = self.upper_bound()

    def upper_bound(self):
        """A bound of the support, ``1.1 (√λ_max(E M) + √(γ λ_max(M)))²``."""
        top = np.linalg.eigvalsh(self.mean)[-1]
        largest = np.linalg.eigvalsh(self.M)[:, -1].max()
        return float(1.1 * (np.sqrt(top) + np.sqrt(self.gamma * largest)) ** 2)

    def mean_transform(self, G):
        """``E[M (I + γ G M)^{-1}]``."""
        G = np.asarray(G, dtype=np.complex128)
        real, imag = mean_transform(self.M, G.real.copy(), G.imag.copy(), self.gamma)
        return real + 1j * imag

    def step(self, G, z):
        """The right-hand side of the equation."""
        return np.linalg.inv(self.mean_transform(G) - z * np.eye(self.k))

    def residual(self, G, z):
        """Largest entry of the difference of the two sides, relative to that of G."""
        return float(np.abs(self.step(G, z) - G).max() / np.abs(G).max())

    def solve(self, z, start=None, tolerance=TOLERANCE):
        """G(z) for Im z > 0.

        Raises
        ------
        RuntimeError
            If the iteration does not reach the tolerance.
        """
        z = complex(z)
        if start is not None:
            G, residual = self._iterate(z, start, tolerance)
            if residual <= tolerance:
                return G
        eta, factor = max(z.imag, self.reach), 0.1
        G = -np.eye(self.k) / (z.real + 1j * eta)
        G, residual = self._iterate(z.real + 1j * eta, G, tolerance)
        while eta > z.imag and factor < SMALLEST_STEP:
            lower = max(factor * eta, z.imag)
            found, residual = self._iterate(z.real + 1j * lower, G, tolerance)
            if residual <= tolerance:
                G, eta = found, lower
            else:
                factor = np.sqrt(factor)
        if residual > tolerance:
            raise RuntimeError(
                f"the matrix equation is not solved at z = {z:.6g}: residual {residual:.2g}"
            )
        return G

    def _iterate(self, z, G, tolerance):
        """G and its residual, in the domain, or an infinite residual."""
        G, residual = self._anderson(z, G, tolerance)
        if residual > tolerance:
            G, residual = self._newton(z, G, tolerance)
        lowest = np.linalg.eigvalsh(G.imag)[0]
        return G, residual if lowest >= -TOLERANCE * np.abs(G).max() else np.inf

    def _newton(self, z, G, tolerance):
        """Newton's method: ``dG - γ G E[B dG B] G = step(G) - G``, ``B = M (I + γ G M)^{-1}``."""
        k, residual = self.k, np.inf
        for _ in range(NEWTON_ITERATIONS):
            B = self.transforms(G)
            image = np.linalg.inv(B.mean(axis=0) - z * np.eye(k))
            change = image - G
            residual = float(np.abs(change).max() / np.abs(image).max())
            if residual <= tolerance:
                return image, residual
            pairs = B.reshape(-1, k * k).T @ B.reshape(-1, k * k) / len(B)  # E[B_ia B_bj]
            pairs = pairs.reshape(k, k, k, k).transpose(0, 3, 1, 2).reshape(k * k, k * k)
            jacobian = np.eye(k * k) - self.gamma * np.kron(image, image.T) @ pairs
            dG = np.linalg.solve(jacobian, change.ravel()).reshape(k, k)
            dG, share = (dG + dG.T) / 2, 1.0
            while share > 1e-6 and np.linalg.eigvalsh((G + share * dG).imag)[0] <= 0:
                share /= 4  # stay in the domain
            G = G + share * dG
        return G, residual

    def transforms(self, G):
        """``M (I + γ G M)^{-1}`` of each sample, (n, k, k)."""
        return self.M @ np.linalg.inv(np.eye(self.k) + self.gamma * G @ self.M)

    def _anderson(self, z, G, tolerance):
        """Anderson acceleration of ``G ← step(G)``; returns G and its last residual."""
        points, changes = [], []
        residual = np.inf
        for _ in range(ITERATIONS):
            image = self.step(G, z)
            change = (image - G).ravel()
            residual = float(np.abs(change).max() / np.abs(image).max())
            if residual <= tolerance:
                return image, residual
            points, changes = [*points, G.ravel()][-DEPTH:], [*changes, change][-DEPTH:]
            if len(points) > 1:
                dx, df = np.diff(points, axis=0).T, np.diff(changes, axis=0).T
                mix = np.linalg.lstsq(df, change, rcond=1e-10)[0]
                G = (points[-1] + change - (dx + df) @ mix).reshape(G.shape)
                G = (G + G.T) / 2
            else:
                G = image
            if np.linalg.eigvalsh(G.imag)[0] <= 0:  # left the domain: a plain step returns to it
                G, points, changes = image, [], []
        return G, residual
